//! What the user teaches beside the built-in tables, in one place: the section `vocabulary` of the configuration.
//!
//! In: the section as it was written. Out: [`Taught`], or every fault. An entry beats the built-in one for the same key,
//! host, name or header; `off` switches the built-in one off. It knows no spans: who reads them asks it.

use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

use super::Fact::{self, *};
use super::Field::*;
use super::UsageFamily::Taught as Own;
use super::{Convention, KEYS, Layer, Profile, Trait};
use crate::call::{ErrorClass, Piece};
use crate::normalise::HOSTS;

/// Switches a built-in entry off.
const OFF: &str = "off";
/// Most entries of each list.
const ENTRIES: usize = 500;
/// Longest key, host, name or pattern.
const LONGEST: usize = 256;
/// Most bytes of a compiled pattern.
const PATTERN_BYTES: usize = 64 << 10;

/// The section as it was written.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VocabularyConfig {
    /// Attribute keys, and what each states; or the paths of a JSON object in it, and what each of those states.
    pub keys: BTreeMap<String, KeyConfig>,
    /// Instrumentation scopes.
    pub scopes: Vec<ScopeConfig>,
    /// Hosts, by their end, and who answers there.
    pub hosts: BTreeMap<String, String>,
    /// Names of providers as spans write them, and as they are meant.
    pub providers: BTreeMap<String, String>,
    /// Errors and their classes.
    pub errors: Vec<ErrorConfig>,
    /// Response headers of rate limits, and the known header that each is like.
    pub headers: BTreeMap<String, String>,
}

/// What a key states.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum KeyConfig {
    /// One thing.
    States(String),
    /// It is a JSON object.
    Object(BTreeMap<String, String>),
}

/// A scope.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScopeConfig {
    /// Its name, or the beginning of it with `*`.
    pub scope: String,
    /// How near the wire: `sdk`, `gateway`, `instrumentor`, `framework`, `agent`.
    #[serde(default)]
    pub layer: Option<String>,
    /// Whether `input` has the cached tokens in it: `inclusive`, `exclusive`.
    #[serde(default)]
    pub input: Option<String>,
    /// Whether its spans are calls.
    #[serde(default)]
    pub call: Option<bool>,
}

/// An error.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorConfig {
    /// A code or an exception's name, whole, in any case.
    #[serde(default)]
    pub code: Option<String>,
    /// A pattern that some text of the failure fits.
    #[serde(default)]
    pub text: Option<String>,
    /// Its class.
    pub class: String,
}

/// One mistake: the path below `vocabulary`, and what would be right.
pub type TaughtFault = (Vec<String>, String);

/// What `vocabulary` may say that a key states.
pub const STATES: &[(&str, Fact)] = &[
    ("input", Usage(Own, FreshInput)),
    ("input_including_cached", Usage(Own, Input)),
    ("input_audio", Usage(Own, InputAudio)),
    ("input_image", Usage(Own, InputImage)),
    ("input_video", Usage(Own, InputVideo)),
    ("cache_read", Usage(Own, CacheRead)),
    ("cache_write", Usage(Own, CacheWrite)),
    ("cache_write_1h", Usage(Own, CacheWrite1h)),
    ("output", Usage(Own, VisibleOutput)),
    ("output_including_reasoning", Usage(Own, Output)),
    ("output_audio", Usage(Own, OutputAudio)),
    ("output_image", Usage(Own, OutputImage)),
    ("reasoning", Usage(Own, Reasoning)),
    ("web_searches", Usage(Own, WebSearches)),
    ("file_searches", Pieces(Piece::StorageSearches)),
    ("rerank_searches", Pieces(Piece::RerankSearches)),
    ("audio_seconds", Pieces(Piece::AudioSeconds)),
    ("characters", Pieces(Piece::Characters)),
    ("pages", Pieces(Piece::Pages)),
    ("model", RequestModel(TOP)),
    ("response_model", ResponseModel(TOP)),
    ("routed_model", RoutedModel(TOP)),
    ("provider", Provider(TOP)),
    ("operation", Operation(TOP)),
    ("response_id", ResponseId(TOP)),
    ("call", Marker),
    ("host", ServerAddress(TOP)),
    ("url", Url),
    ("streaming", Streaming),
    ("time_to_first_token_seconds", FirstTokenSeconds),
    ("time_to_first_token_milliseconds", FirstTokenMillis),
    ("finish_reason", FinishReason),
    ("status_code", StatusCode),
    ("error_code", ErrorCode),
    ("error_type", ErrorType),
    ("error_message", ErrorMessage),
    ("service_tier", ServiceTier(TOP)),
    ("cost_usd", ReportedCost(TOP)),
    ("account", Account(TOP)),
    ("headers", HeaderObject),
];

const TOP: u8 = 200;

/// Headers that a header of the user's may be like, without `x-ratelimit-`.
const HEADERS: &[&str] = &[
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-tokens",
    "retry-after",
    "retry-after-ms",
];

/// The user's entries, ready to be asked.
#[derive(Debug, Default)]
pub struct Taught {
    /// Keys; `None` for one that is off.
    pub(super) keys: Vec<(String, Option<Fact>)>,
    objects: Vec<Vec<(Vec<String>, Fact)>>,
    scopes: Vec<(String, &'static Profile)>,
    hosts: Vec<(String, Option<String>)>,
    providers: Vec<(String, Option<String>)>,
    errors: Vec<TaughtError>,
    headers: Vec<(String, Option<&'static str>)>,
}

#[derive(Debug)]
struct TaughtError {
    code: Option<String>,
    text: Option<Regex>,
    class: ErrorClass,
}

/// What the user says of a host or a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said<'t> {
    /// This is it.
    Is(&'t str),
    /// The built-in entry is off.
    Off,
}

// === profiles ===

const LAYERS: [(&str, Layer); 5] = [
    ("sdk", Layer::Sdk),
    ("gateway", Layer::Gateway),
    ("instrumentor", Layer::Instrumentor),
    ("framework", Layer::Framework),
    ("agent", Layer::Agent),
];
const INPUTS: [(&str, Convention); 2] =
    [("inclusive", Convention::Inclusive), ("exclusive", Convention::Exclusive)];
const CALLS: [(Option<bool>, &[Trait]); 3] =
    [(None, &[]), (Some(true), &[Trait::TaughtCall]), (Some(false), &[Trait::TaughtNoCall])];

const PROFILE_COUNT: usize = LAYERS.len() * INPUTS.len() * CALLS.len();

/// Two digits each.
const NUMBERS: &str = "000102030405060708091011121314151617181920212223242526272829";

/// Every scope that can be described, so that a span's profile is as good as a built-in one.
pub(super) static PROFILES: [Profile; PROFILE_COUNT] = {
    let mut profiles =
        [const { Profile::new("vocabulary", "of your vocabulary", Layer::Framework) }; PROFILE_COUNT];
    let mut index = 0;
    while index < PROFILE_COUNT {
        profiles[index].layer = LAYERS[index % LAYERS.len()].1;
        profiles[index].convention = INPUTS[index / LAYERS.len() % INPUTS.len()].1;
        profiles[index].traits = CALLS[index / LAYERS.len() / INPUTS.len()].1;
        // Their names on disk; they hold for every version.
        profiles[index].before = NUMBERS.split_at(index * 2).1.split_at(2).0;
        index += 1;
    }
    profiles
};

// === impl VocabularyConfig ===

impl VocabularyConfig {
    /// Nothing is taught.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The entries, ready to be asked.
    ///
    /// # Errors
    /// Every fault, with its path.
    pub fn teach(&self) -> Result<Taught, Vec<TaughtFault>> {
        let (mut taught, mut faults) = (Taught::default(), Vec::new());
        for (key, states) in &self.keys {
            taught.add_key(key, states, &mut faults);
        }
        for (index, scope) in self.scopes.iter().enumerate() {
            taught.add_scope(index, scope, &mut faults);
        }
        for (index, error) in self.errors.iter().enumerate() {
            taught.add_error(index, error, &mut faults);
        }
        for (host, provider) in &self.hosts {
            let known = HOSTS.iter().any(|(known, _)| *known == host);
            let entry = entry(&["hosts", host], provider, known.then_some("host"), &mut faults);
            taught.hosts.push((host.to_ascii_lowercase(), entry));
        }
        for (name, provider) in &self.providers {
            let entry = entry(&["providers", name], provider, Some("name"), &mut faults);
            taught.providers.push((name.to_ascii_lowercase(), entry));
        }
        for (name, like) in &self.headers {
            let like = match like.as_str() {
                OFF => None,
                like => Some(among(&["headers", name], like, HEADERS, &mut faults).unwrap_or_default()),
            };
            taught.headers.push((name.to_ascii_lowercase(), like));
        }
        let lengths = [self.keys.len(), self.scopes.len(), self.hosts.len(), self.providers.len()];
        if lengths.into_iter().chain([self.errors.len(), self.headers.len()]).any(|length| length > ENTRIES) {
            faults.push((
                Vec::new(),
                format!("has a list of more than {ENTRIES} entries; fewer would be right"),
            ));
        }
        if faults.is_empty() { Ok(taught) } else { Err(faults) }
    }
}

fn path(steps: &[&str]) -> Vec<String> {
    steps.iter().map(|&step| step.to_owned()).collect()
}

fn among(
    steps: &[&str],
    written: &str,
    known: &[&'static str],
    faults: &mut Vec<TaughtFault>,
) -> Option<&'static str> {
    let found = known.iter().find(|known| known.eq_ignore_ascii_case(written)).copied();
    if found.is_none() {
        let message = match crate::config::closest(written, known.iter().copied()) {
            Some(near) => format!("`{written}` is not known; did you mean `{near}`?"),
            None => format!("`{written}` is not known; known here: {}", known.join(", ")),
        };
        faults.push((path(steps), message));
    }
    found
}

/// A host or a name, and whose it is.
fn entry(
    steps: &[&str],
    value: &str,
    can_be_off: Option<&str>,
    faults: &mut Vec<TaughtFault>,
) -> Option<String> {
    if value == OFF {
        if can_be_off.is_none() {
            faults.push((path(steps), format!("is no built-in host, so it cannot be {OFF}")));
        }
        return None;
    }
    let fine = (1..=LONGEST).contains(&value.len()) && !value.contains(char::is_whitespace);
    if !fine || steps[1].is_empty() || steps[1].len() > LONGEST {
        faults.push((
            path(steps),
            "wants the name of a provider, such as `openai` or one of your own".to_owned(),
        ));
    }
    Some(value.to_owned())
}

// === impl Taught ===

impl Taught {
    fn add_key(&mut self, key: &str, states: &KeyConfig, faults: &mut Vec<TaughtFault>) {
        let mut fact = |steps: &[&str], written: &str| {
            let names: Vec<&'static str> = STATES.iter().map(|(name, _)| *name).collect();
            let name = among(steps, written, &names, faults)?;
            STATES.iter().find(|(known, _)| *known == name).map(|(_, fact)| *fact)
        };
        let fact = match states {
            KeyConfig::States(word) if word == OFF => None,
            KeyConfig::States(word) => fact(&["keys", key], word),
            KeyConfig::Object(paths) => {
                let steps = |path: &str| path.split('.').map(str::to_owned).collect();
                let read = paths.iter().filter_map(|(path, word)| {
                    fact(&["keys", key, path], word).map(|fact| (steps(path), fact))
                });
                self.objects.push(read.collect());
                Some(TaughtObject((self.objects.len() - 1) as u16))
            }
        };
        if fact.is_none() && *states == KeyConfig::States(OFF.to_owned()) && !is_built_in(key) {
            faults.push((path(&["keys", key]), format!("is no built-in key, so it cannot be {OFF}")));
        }
        if key.is_empty() || key.len() > LONGEST {
            faults.push((path(&["keys", key]), format!("wants an attribute key of 1 to {LONGEST} bytes")));
        }
        self.keys.push((key.to_owned(), fact));
    }

    fn add_scope(&mut self, index: usize, scope: &ScopeConfig, faults: &mut Vec<TaughtFault>) {
        let at = index.to_string();
        let place = |known: &[&'static str],
                     key: &str,
                     written: &Option<String>,
                     usual: usize,
                     faults: &mut Vec<TaughtFault>| {
            let Some(written) = written else { return usual };
            let found = among(&["scopes", &at, key], written, known, faults);
            found.and_then(|found| known.iter().position(|known| *known == found)).unwrap_or(usual)
        };
        let layer = place(&LAYERS.map(|(name, _)| name), "layer", &scope.layer, 0, faults);
        let input = place(&INPUTS.map(|(name, _)| name), "input", &scope.input, 0, faults);
        let call = CALLS.iter().position(|(call, _)| *call == scope.call).unwrap_or(0);
        if scope.scope.trim_matches('*').is_empty() || scope.scope.len() > LONGEST {
            faults.push((
                path(&["scopes", &at, "scope"]),
                "wants a scope's name, or its beginning with `*`".to_owned(),
            ));
        }
        let profile = &PROFILES[layer + LAYERS.len() * (input + INPUTS.len() * call)];
        self.scopes.push((scope.scope.clone(), profile));
    }

    fn add_error(&mut self, index: usize, error: &ErrorConfig, faults: &mut Vec<TaughtFault>) {
        let at = index.to_string();
        let labels: Vec<&'static str> = ErrorClass::ALL.iter().skip(1).map(|class| class.label()).collect();
        let class = among(&["errors", &at, "class"], &error.class, &labels, faults);
        let class =
            ErrorClass::ALL.into_iter().find(|known| Some(known.label()) == class).unwrap_or_default();
        if error.code.is_some() == error.text.is_some() {
            faults.push((path(&["errors", &at]), "wants either `code` or `text`".to_owned()));
        }
        let text = error.text.as_deref().and_then(|pattern| {
            let built = RegexBuilder::new(pattern)
                .case_insensitive(true)
                .size_limit(PATTERN_BYTES)
                .dfa_size_limit(PATTERN_BYTES)
                .build();
            match built {
                Ok(built) if pattern.len() <= LONGEST && !built.is_match("") => Some(built),
                Ok(_) => {
                    let message = format!("fits everything, or is longer than {LONGEST} bytes");
                    faults.push((path(&["errors", &at, "text"]), message));
                    None
                }
                Err(problem) => {
                    let problem = problem.to_string();
                    let last = problem.lines().last().unwrap_or_default().trim_start_matches("error: ");
                    faults.push((path(&["errors", &at, "text"]), format!("is no pattern: {last}")));
                    None
                }
            }
        });
        self.errors.push(TaughtError { code: error.code.clone(), text, class });
    }

    /// Nothing is taught of hosts, names, errors and headers.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.hosts.is_empty()
            && self.providers.is_empty()
            && self.errors.is_empty()
            && self.headers.is_empty()
    }

    /// What a key is, if the user says.
    #[must_use]
    pub fn knows_key(&self, key: &[u8]) -> bool {
        self.keys.iter().any(|(known, _)| known.as_bytes() == key)
    }

    /// The paths of a JSON object, and what each states.
    #[must_use]
    pub fn object(&self, index: u16) -> &[(Vec<String>, Fact)] {
        self.objects.get(usize::from(index)).map_or(&[], Vec::as_slice)
    }

    /// The scope, and who it is.
    #[must_use]
    pub fn scope(&self, name: &str) -> Option<(&str, &'static Profile)> {
        let fits = |pattern: &str| match pattern.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => name == pattern,
        };
        let found = self.scopes.iter().find(|(pattern, _)| fits(pattern));
        found.map(|(pattern, profile)| (pattern.as_str(), *profile))
    }

    /// Who answers at a host: the entry, and what it says.
    #[must_use]
    pub fn host(&self, host: &str) -> Option<(&str, Said<'_>)> {
        let end = |entry: &str| {
            let start = host.len().checked_sub(entry.len())?;
            let same = host.is_char_boundary(start) && host[start..].eq_ignore_ascii_case(entry);
            let whole = start == 0 || entry.starts_with('.') || host.as_bytes()[start - 1] == b'.';
            (same && whole).then_some(entry.len())
        };
        let best = self.hosts.iter().filter_map(|entry| Some((end(&entry.0)?, entry)));
        best.max_by_key(|(length, _)| *length).map(|(_, entry)| said(entry))
    }

    /// Who is meant by a name.
    #[must_use]
    pub fn provider(&self, name: &str) -> Option<(&str, Said<'_>)> {
        let name = name.trim();
        self.providers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(said)
    }

    /// The class of a failure, by its codes and texts: the entry's number, and the class.
    #[must_use]
    pub fn class(&self, codes: &[&str], texts: &[&str]) -> Option<(usize, ErrorClass)> {
        let is = |known: &str, code: &str| {
            let last = code.rsplit(['.', ':']).next().unwrap_or(code);
            known.eq_ignore_ascii_case(code) || known.eq_ignore_ascii_case(last)
        };
        let fits = |error: &TaughtError| match (&error.code, &error.text) {
            (Some(known), _) => codes.iter().any(|code| is(known, code)),
            (None, Some(pattern)) => texts.iter().any(|text| pattern.is_match(text)),
            (None, None) => false,
        };
        self.errors
            .iter()
            .enumerate()
            .find(|(_, error)| fits(error))
            .map(|(index, error)| (index, error.class))
    }

    /// What a response header is like.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<Said<'static>> {
        let plain = |byte: u8| if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
        let same =
            |known: &str| known.len() == name.len() && known.bytes().map(plain).eq(name.bytes().map(plain));
        let found = self.headers.iter().find(|(known, _)| same(known))?;
        Some(found.1.map_or(Said::Off, Said::Is))
    }

    /// Every entry, as it is listed: kind, entry, what it says.
    pub fn rows(&self) -> impl Iterator<Item = (&'static str, &str, String)> {
        let keys = self.keys.iter().map(|(key, fact)| {
            ("keys", key.as_str(), fact.map_or(OFF.to_owned(), |fact| format!("{fact:?}")))
        });
        let scopes = self.scopes.iter().map(|(scope, profile)| {
            let call = CALLS.iter().find(|(_, traits)| *traits == profile.traits).and_then(|(call, _)| *call);
            let call = call.map_or(String::new(), |call| format!(", call {call}"));
            ("scopes", scope.as_str(), format!("{:?}, {:?}{call}", profile.layer, profile.convention))
        });
        let hosts = self
            .hosts
            .iter()
            .map(|(host, is)| ("hosts", host.as_str(), is.clone().unwrap_or(OFF.to_owned())));
        let providers = self
            .providers
            .iter()
            .map(|(name, is)| ("providers", name.as_str(), is.clone().unwrap_or(OFF.to_owned())));
        let errors = self.errors.iter().map(|error| {
            let sign = error.code.as_deref().or(error.text.as_ref().map(Regex::as_str)).unwrap_or("");
            ("errors", sign, error.class.label().to_owned())
        });
        let headers = self
            .headers
            .iter()
            .map(|(name, like)| ("headers", name.as_str(), like.unwrap_or(OFF).to_owned()));
        keys.chain(scopes).chain(hosts).chain(providers).chain(errors).chain(headers)
    }
}

fn said((entry, is): &(String, Option<String>)) -> (&str, Said<'_>) {
    (entry, is.as_deref().map_or(Said::Off, Said::Is))
}

fn is_built_in(key: &str) -> bool {
    KEYS.iter().flat_map(|table| table.iter()).any(|row| row.key == key)
}
