//! The ways that spans of known patterns go, attribute by attribute: followed by comparing bytes, not by asking what
//! each key means.
//!
//! In: the fields of a span, from its first attribute on. Out: where the way led, with the numbers on it stated to the
//! draft; or nothing, and the span is read as any other. A way is learned from a span of a known pattern, or from a
//! request of no interest whose path alone is its own. What it says of a span is what reading it in full would say.

use super::draft::Draft;
use super::pattern::{HeaderKey, TEXT_BOUND, header_key};
use super::role::may_be_endpoint;
use super::unread::never_tells;
use super::value::{host_of, path_of};
use crate::dialect::{Fact, Sharing, Vocabulary};
use crate::normalise::provider_of_host;
use crate::otlp::{Attribute, SpanHeader, first_attribute};

/// Steps and ends that are kept; beyond it all are forgotten and learned anew.
const STEPS: usize = 1 << 14;
/// Ways that part at one step, and ends there.
const WIDTH: usize = 12;
/// What ends at no pattern: spans of no call.
pub(super) const LINK: u32 = u32::MAX;
const NONE: u32 = 0;

/// See the module.
#[derive(Debug, Default)]
pub struct Trails {
    /// The first is none.
    steps: Vec<Step>,
    ends: Vec<End>,
    /// The step before the first, by place.
    roots: Vec<u32>,
}

#[derive(Debug)]
struct Step {
    what: What,
    /// Of what is shared, all of the attribute; else its key.
    bytes: Box<[u8]>,
    child: u32,
    sibling: u32,
    /// The first span that ends here.
    end: u32,
}

/// What an attribute on the way may be.
#[derive(Debug)]
enum What {
    /// This, to the byte.
    Shared,
    /// Anything: it says nothing.
    Foreign,
    /// The id of an answer.
    Id,
    /// A number of its own.
    Number(Fact),
    /// A text of which only the length counts.
    Length(Fact),
    /// An address that begins so, at the host of no provider, with no path of a call.
    Url(Box<[u8]>),
    /// A path of no call.
    Path,
}

#[derive(Debug)]
struct End {
    name: Box<str>,
    key: HeaderKey,
    number: u32,
    next: u32,
}

/// Where a way led.
#[derive(Clone, Copy, Debug)]
pub(super) struct Followed<'a> {
    step: u32,
    /// How many bytes of fields it took.
    pub(super) length: usize,
    pub(super) response_id: Option<&'a [u8]>,
}

impl Trails {
    /// Forgets all ways.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Follows a way to its end, which is where the attributes end.
    pub(super) fn follow<'a>(
        &self,
        place: u32,
        fields: &'a [u8],
        draft: &mut Draft<'a>,
    ) -> Option<Followed<'a>> {
        let mut step = self.steps.get(*self.roots.get(place as usize)? as usize)?;
        let (mut number, mut rest, mut response_id) = (NONE, fields, None);
        while is_attribute(rest) {
            let mut next = step.child;
            loop {
                let tried = self.steps.get(next as usize).filter(|_| next != NONE)?;
                if let Some(after) = tried.pass(rest, draft, &mut response_id) {
                    (number, step, rest) = (next, tried, after);
                    break;
                }
                next = tried.sibling;
            }
        }
        Some(Followed { step: number, length: fields.len() - rest.len(), response_id })
    }

    /// What a span is that ends where a way led: the number of a pattern, or [`LINK`].
    pub(super) fn end(&self, followed: &Followed<'_>, header: &SpanHeader<'_>) -> Option<u32> {
        let key = header_key(header)?;
        let mut next = self.steps.get(followed.step as usize)?.end;
        while next != NONE {
            let end = &self.ends[next as usize];
            if end.key == key && *end.name == *header.name {
                return Some(end.number);
            }
            next = end.next;
        }
        None
    }

    /// Learns the way of a span with so many attributes; `number` is the pattern that it is of, or [`LINK`].
    pub(super) fn learn(
        &mut self,
        (place, vocabulary): (u32, &Vocabulary),
        (mut fields, mut attributes): (&[u8], usize),
        header: &SpanHeader<'_>,
        number: u32,
    ) {
        let Some(key) = header_key(header) else { return };
        if self.steps.len() + attributes >= STEPS || self.ends.len() >= STEPS {
            self.forget();
        }
        let mut at = self.root(place);
        while attributes > 0 {
            let Some((attribute, whole, rest)) = first_attribute(fields) else { return };
            let Some(what) = What::of(&attribute, vocabulary, number) else { return };
            let bytes = if matches!(what, What::Shared) { whole } else { attribute.key() };
            let Some(next) = self.step_to(at, what, bytes) else { return };
            (at, fields, attributes) = (next, rest, attributes - 1);
        }
        if !is_attribute(fields) {
            self.add_end(at, End { name: header.name.into(), key, number, next: NONE });
        }
    }

    fn root(&mut self, place: u32) -> u32 {
        let place = place as usize;
        if self.roots.len() <= place {
            self.roots.resize(place + 1, NONE);
        }
        if self.steps.is_empty() {
            self.steps.push(Step::new(What::Foreign, &[]));
            self.ends.push(End { name: "".into(), key: HeaderKey::default(), number: LINK, next: NONE });
        }
        if self.roots[place] == NONE {
            self.roots[place] = self.steps.len() as u32;
            self.steps.push(Step::new(What::Foreign, &[]));
        }
        self.roots[place]
    }

    fn step_to(&mut self, from: u32, what: What, bytes: &[u8]) -> Option<u32> {
        let (mut next, mut ways) = (self.steps[from as usize].child, 0);
        while next != NONE {
            let step = &self.steps[next as usize];
            if *step.bytes == *bytes && step.what.is(&what) {
                return Some(next);
            }
            (next, ways) = (step.sibling, ways + 1);
        }
        let number = self.steps.len() as u32;
        (ways < WIDTH).then(|| {
            let mut step = Step::new(what, bytes);
            step.sibling = std::mem::replace(&mut self.steps[from as usize].child, number);
            self.steps.push(step);
            number
        })
    }

    fn add_end(&mut self, step: u32, mut end: End) {
        let first = self.steps[step as usize].end;
        let (mut next, mut ends) = (first, 0);
        while next != NONE {
            let known = &mut self.ends[next as usize];
            if known.key == end.key && known.name == end.name {
                known.number = end.number;
                return;
            }
            (next, ends) = (known.next, ends + 1);
        }
        if ends < WIDTH {
            end.next = first;
            self.steps[step as usize].end = self.ends.len() as u32;
            self.ends.push(end);
        }
    }
}

// === impl Step ===

impl Step {
    fn new(what: What, bytes: &[u8]) -> Self {
        Self { what, bytes: bytes.into(), child: NONE, sibling: NONE, end: NONE }
    }

    /// The fields after the attribute that they begin with, if that is of this step.
    #[inline]
    fn pass<'a>(
        &self,
        fields: &'a [u8],
        draft: &mut Draft<'a>,
        response_id: &mut Option<&'a [u8]>,
    ) -> Option<&'a [u8]> {
        if let What::Shared = self.what {
            return fields.strip_prefix(&*self.bytes);
        }
        let (attribute, _, rest) = first_attribute(fields)?;
        if *attribute.key() != *self.bytes {
            return None;
        }
        match &self.what {
            What::Shared | What::Foreign => {}
            What::Id => *response_id = Some(attribute.raw_text()?),
            What::Number(fact) => draft.state(*fact, attribute.raw_number()?),
            What::Length(fact) => draft.state_length(*fact, attribute.text_length()?),
            What::Url(beginning) => {
                let path = attribute.raw_text()?.strip_prefix(&**beginning)?;
                let ends = matches!(path.first(), None | Some(b'/' | b'?' | b'#'));
                return (ends && is_no_call(path)).then_some(rest);
            }
            What::Path => return is_no_call(attribute.raw_text()?).then_some(rest),
        }
        Some(rest)
    }
}

// === impl What ===

impl What {
    /// What an attribute of a span of this pattern is; none when it matters in another way.
    fn of(attribute: &Attribute<'_>, vocabulary: &Vocabulary, number: u32) -> Option<Self> {
        let Some((_, meaning)) = vocabulary.numbered(attribute.key()) else {
            return never_tells(attribute.key()).then_some(Self::Foreign);
        };
        // Each of its values is looked at.
        if meaning.counted != 0 {
            return None;
        }
        let text = || attribute.raw_text().and_then(|text| std::str::from_utf8(text).ok());
        match (meaning.sharing, meaning.fact) {
            (Sharing::Shared, _) => {
                attribute.raw_value().filter(|raw| raw.len() <= TEXT_BOUND).map(|_| Self::Shared)
            }
            (Sharing::Own, Some(Fact::ResponseId(_))) => Some(Self::Id),
            (Sharing::Own, Some(Fact::GatewayRequest)) => Some(Self::Foreign),
            (Sharing::Own, Some(fact @ (Fact::InputText | Fact::OutputText))) => Some(Self::Length(fact)),
            (Sharing::Own, Some(fact)) => Some(Self::Number(fact)),
            (Sharing::Odd, Some(Fact::Url)) if number == LINK && meaning.dimensions == 0 => {
                let url = text()?;
                let foreign = provider_of_host(host_of(url)).is_none() && !may_be_endpoint(path_of(url));
                foreign.then(|| Self::Url(url_beginning(url).as_bytes().into()))
            }
            (Sharing::Odd, Some(Fact::UrlPath)) if number == LINK && meaning.dimensions == 0 => {
                (!may_be_endpoint(text()?)).then_some(Self::Path)
            }
            (Sharing::Odd, _) | (Sharing::Own, None) => None,
        }
    }

    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Url(one), Self::Url(other)) => one == other,
            (Self::Number(one), Self::Number(other)) | (Self::Length(one), Self::Length(other)) => {
                one == other
            }
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

/// A path that is that of no call, at any host; what follows it does not matter.
fn is_no_call(path: &[u8]) -> bool {
    std::str::from_utf8(path).is_ok_and(|path| !may_be_endpoint(path_of(path)))
}

/// All of an address before its path.
fn url_beginning(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find(['/', '?', '#']).map_or(url.len(), |at| host + at);
    &url[..end]
}

#[inline]
fn is_attribute(fields: &[u8]) -> bool {
    const ATTRIBUTE: u8 = 9 << 3 | 2;
    fields.first() == Some(&ATTRIBUTE)
}
