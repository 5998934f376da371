//! A forgiving reader of the structured text that instrumentations put into attributes and messages.
//!
//! In: JSON, Python `repr` (single quotes, `None`, tuples, `Usage(input_tokens=3)`), JavaScript
//! `inspect` (bare keys), whole or cut off, alone or inside prose. Out: every scalar with its path,
//! through a visitor that borrows. It allocates nothing, never panics, takes one pass and stops at
//! the first byte that it cannot make sense of. What was cut off (a string without its closing
//! quote, a number that touches the end of a cut literal) is not reported: half a number is a wrong
//! number. It does not know what any key means.

use std::borrow::Cow;

/// Deepest nesting that is visited; what lies deeper is skipped.
pub const MAX_DEPTH: usize = 24;

/// One step from the root of a literal towards a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment<'a> {
    /// A key of an object, a keyword of a call; raw, as it is written between its quotes.
    Key(&'a str),
    /// A place in an array, tuple or set, from 0.
    Index(usize),
}

/// Where in a literal a scalar stands.
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    segments: [Segment<'a>; MAX_DEPTH],
    depth: usize,
}

/// A scalar, as it is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar<'a> {
    /// What stands between the quotes, escapes included; see [`unescape`].
    Text(&'a str),
    /// A whole number that fits.
    Int(i64),
    /// Any other finite number.
    Float(f64),
    /// `true`, `True`, `false`, `False`.
    Bool(bool),
    /// `null`, `None`, `undefined`, `NaN`, infinities.
    Null,
}

/// Reads the one literal at the start of `text` and reports each scalar in it, in order.
/// Anything after the literal is left alone.
pub fn scan<'a>(text: &'a str, visit: &mut dyn FnMut(&Path<'a>, Scalar<'a>)) {
    let mut scanner = Scanner { text, at: 0, path: Path::ROOT, visit };
    // A fault only ends the reading: what was seen before it was good.
    let _ended = scanner.value();
}

/// Where the first literal inside prose begins (`Error code: 429 - {'error': ...`), as a byte offset
/// of its `{`. A brace counts only when a key follows it, or a closing brace.
#[must_use]
pub fn find_object_start(text: &str) -> Option<usize> {
    memchr::memchr_iter(b'{', text.as_bytes()).find(|&at| begins_object(&text.as_bytes()[at + 1..]))
}

/// The literal that stands alone or inside prose, ready for [`scan`]; decoded once more when it was
/// encoded twice (`"{\"error\": ...}"`).
#[must_use]
pub fn embedded(text: &str) -> Option<Cow<'_, str>> {
    let rest = &text[find_object_start(text)?..];
    let twice = rest.as_bytes()[1..].trim_ascii_start().starts_with(b"\\\"");
    Some(if twice { unescape(rest) } else { Cow::Borrowed(rest) })
}

/// The content of a text that is one quoted string (`"\"CHAT_MODEL\""`), else the text itself.
#[must_use]
pub fn decoded(text: &str) -> Cow<'_, str> {
    let whole = text.trim_ascii();
    if !whole.starts_with(['"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut scanner = Scanner { text: whole, at: 0, path: Path::ROOT, visit: &mut |_, _| {} };
    match scanner.quoted() {
        Some(content) if scanner.at == whole.len() => unescape(content),
        _ => Cow::Borrowed(text),
    }
}

/// Text with its JSON and Python escapes resolved; borrowed when it has none. An escape that means
/// nothing stays as it is.
#[must_use]
pub fn unescape(raw: &str) -> Cow<'_, str> {
    let Some(first) = memchr::memchr(b'\\', raw.as_bytes()) else { return Cow::Borrowed(raw) };
    let mut plain = String::with_capacity(raw.len());
    let mut rest = raw;
    let mut next = Some(first);
    while let Some(at) = next {
        plain.push_str(&rest[..at]);
        let (decoded, length) = escape(&rest[at..]);
        match decoded {
            Some(character) => plain.push(character),
            None => plain.push_str(&rest[at..at + length]),
        }
        rest = &rest[at + length..];
        next = memchr::memchr(b'\\', rest.as_bytes());
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

struct Scanner<'a, 'v> {
    text: &'a str,
    at: usize,
    path: Path<'a>,
    visit: &'v mut dyn FnMut(&Path<'a>, Scalar<'a>),
}

// === impl Path ===

impl<'a> Path<'a> {
    /// Where every literal begins.
    pub const ROOT: Self = Self { segments: [Segment::Index(0); MAX_DEPTH], depth: 0 };

    /// One step further; none where that is too deep.
    #[must_use]
    pub fn with(&self, segment: Segment<'a>) -> Option<Self> {
        let mut further = *self;
        *further.segments.get_mut(self.depth)? = segment;
        further.depth += 1;
        Some(further)
    }

    /// The steps, from the root.
    #[must_use]
    pub fn segments(&self) -> &[Segment<'a>] {
        &self.segments[..self.depth]
    }

    /// The last key or index, `None` for a literal that is itself a scalar.
    #[must_use]
    pub fn last(&self) -> Option<Segment<'a>> {
        self.segments().last().copied()
    }

    /// The last key, when the last step is one.
    #[must_use]
    pub fn key(&self) -> Option<&'a str> {
        match self.last()? {
            Segment::Key(key) => Some(key),
            Segment::Index(_) => None,
        }
    }

    /// True when the whole path is `keys`; `"#"` stands for any index.
    #[must_use]
    pub fn is(&self, keys: &[&str]) -> bool {
        self.depth == keys.len() && self.ends_with(keys)
    }

    /// True when the path ends with `keys`; `"#"` stands for any index.
    #[must_use]
    pub fn ends_with(&self, keys: &[&str]) -> bool {
        let Some(start) = self.depth.checked_sub(keys.len()) else { return false };
        self.segments()[start..].iter().zip(keys).all(|(segment, key)| match segment {
            Segment::Key(own) => own == key,
            Segment::Index(_) => *key == "#",
        })
    }
}

impl PartialEq for Path<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.segments() == other.segments()
    }
}

// === impl Scanner ===

/// `None` ends the reading.
type Step = Option<()>;

impl<'a> Scanner<'a, '_> {
    fn value(&mut self) -> Step {
        self.skip_space();
        match self.peek()? {
            b'{' => self.container(b'}'),
            b'[' => self.container(b']'),
            b'(' => self.container(b')'),
            b'"' | b'\'' => {
                let text = self.quoted()?;
                self.report(Scalar::Text(text));
                Some(())
            }
            b'<' => self.angle(),
            b'-' | b'+' | b'0'..=b'9' | b'.' => self.number(),
            byte if is_word(byte) => self.word(),
            _ => None,
        }
    }

    /// An object, array, tuple, set or the arguments of a call, until `close`.
    fn container(&mut self, close: u8) -> Step {
        if self.path.depth == MAX_DEPTH {
            return self.skip_nested();
        }
        self.at += 1;
        let depth = self.path.depth;
        let mut index = 0;
        loop {
            self.skip_separators();
            if self.peek()? == close {
                self.at += 1;
                return Some(());
            }
            let key = if close == b']' { None } else { self.key() };
            self.path.segments[depth] = key.map_or(Segment::Index(index), Segment::Key);
            self.path.depth = depth + 1;
            self.value()?;
            self.path.depth = depth;
            index += 1;
        }
    }

    /// A key with its separator; `None`, and nothing consumed, when an element stands here.
    fn key(&mut self) -> Option<&'a str> {
        let start = self.at;
        let key = match self.peek()? {
            b'"' | b'\'' => self.quoted(),
            byte if is_word(byte) || byte == b'-' => {
                Some(self.take_while(|byte| is_word(byte) || byte == b'-'))
            }
            _ => None,
        };
        self.skip_space();
        match (key, self.peek()) {
            (Some(key), Some(b':' | b'=')) => {
                self.at += 1;
                Some(key)
            }
            _ => {
                self.at = start;
                None
            }
        }
    }

    /// What stands between a quote and the next one that is not escaped.
    fn quoted(&mut self) -> Option<&'a str> {
        let quote = self.peek()?;
        let start = self.at + 1;
        let mut from = start;
        loop {
            let found = from + memchr::memchr2(quote, b'\\', self.text.as_bytes().get(from..)?)?;
            if self.text.as_bytes()[found] == quote {
                self.at = found + 1;
                return self.text.get(start..found);
            }
            from = found + 2;
        }
    }

    fn number(&mut self) -> Step {
        let token =
            self.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.' | b'_'));
        if self.peek().is_none() && self.path.depth > 0 {
            return None;
        }
        if let Ok(whole) = token.parse() {
            self.report(Scalar::Int(whole));
        } else if let Ok(number) = token.parse::<f64>() {
            self.report(finite(number));
        }
        Some(())
    }

    /// `true`, `None`, `Decimal('1')`, `Usage(input_tokens=3)`, `b'text'`, or a word to pass over.
    fn word(&mut self) -> Step {
        let word = self.take_while(|byte| is_word(byte) || byte == b'.');
        match self.peek() {
            None if self.path.depth > 0 => return None,
            Some(b'(') if self.path.depth < MAX_DEPTH => return self.call(word),
            Some(b'(') => return self.skip_nested(),
            Some(b'"' | b'\'') if word.len() <= 2 => return self.value(),
            _ => {}
        }
        match word {
            "true" | "True" => self.report(Scalar::Bool(true)),
            "false" | "False" => self.report(Scalar::Bool(false)),
            "null" | "None" | "undefined" | "nil" | "NaN" | "nan" | "Infinity" | "inf" => {
                self.report(Scalar::Null);
            }
            _ => self.skip_prose(),
        }
        Some(())
    }

    /// The keywords of a call are keys of its place; of what is positional only `Decimal`s count.
    fn call(&mut self, name: &str) -> Step {
        if name.ends_with("Decimal") {
            return self.decimal();
        }
        if name.contains("datetime") || name.contains("date") && name.len() <= 4 {
            return self.skip_nested();
        }
        self.container(b')')
    }

    fn decimal(&mut self) -> Step {
        self.at += 1;
        self.skip_space();
        if matches!(self.peek()?, b'"' | b'\'') {
            let digits = self.quoted()?;
            if let Ok(number) = digits.parse::<f64>() {
                self.report(finite(number));
            }
        } else {
            self.number()?;
        }
        self.skip_space();
        (self.peek()? == b')').then(|| self.at += 1)
    }

    /// `<FinishReason.STOP: 'STOP'>` is worth what stands behind its colon; other reprs nothing.
    fn angle(&mut self) -> Step {
        let end = self.at + memchr::memchr(b'>', &self.text.as_bytes()[self.at..])?;
        let inside = &self.text[self.at + 1..end];
        self.at = end + 1;
        if let Some((_, value)) = inside.split_once(": ") {
            match value.as_bytes() {
                [quote @ (b'"' | b'\''), .., last] if quote == last => {
                    self.report(Scalar::Text(&value[1..value.len() - 1]));
                }
                _ => {
                    if let Ok(whole) = value.parse() {
                        self.report(Scalar::Int(whole));
                    }
                }
            }
        }
        Some(())
    }

    /// Passes over a bracket and all that it holds, without recursion.
    fn skip_nested(&mut self) -> Step {
        let mut open = 0_usize;
        loop {
            match self.peek()? {
                b'{' | b'[' | b'(' => open += 1,
                b'}' | b']' | b')' => open -= 1,
                b'"' | b'\'' => {
                    self.quoted()?;
                    continue;
                }
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                return Some(());
            }
        }
    }

    fn skip_prose(&mut self) {
        self.take_while(|byte| !matches!(byte, b',' | b'}' | b']' | b')'));
    }

    fn skip_space(&mut self) {
        self.take_while(|byte| byte.is_ascii_whitespace());
    }

    fn skip_separators(&mut self) {
        self.take_while(|byte| byte.is_ascii_whitespace() || byte == b',' || byte == b';');
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Both ends are beside an ASCII byte or an end of the text, so the slice is whole characters:
    /// every `keep` takes all bytes above 127 or none.
    fn take_while(&mut self, keep: impl Fn(u8) -> bool) -> &'a str {
        let start = self.at;
        while self.peek().is_some_and(&keep) {
            self.at += 1;
        }
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn report(&mut self, scalar: Scalar<'a>) {
        (self.visit)(&self.path, scalar);
    }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$'
}

const fn finite<'a>(number: f64) -> Scalar<'a> {
    if number.is_finite() { Scalar::Float(number) } else { Scalar::Null }
}

fn begins_object(rest: &[u8]) -> bool {
    let rest = rest.trim_ascii_start();
    match rest {
        [b'"' | b'\'' | b'}', ..] | [b'\\', b'"', ..] => true,
        _ => {
            let word = rest.iter().take(64).take_while(|byte| is_word(**byte)).count();
            word > 0 && matches!(rest.get(word), Some(b':' | b'='))
        }
    }
}

/// The character that the escape at the start of `text` stands for, and how many bytes it takes.
fn escape(text: &str) -> (Option<char>, usize) {
    let simple = |character| (Some(character), 2);
    match text.as_bytes().get(1) {
        Some(b'n') => simple('\n'),
        Some(b't') => simple('\t'),
        Some(b'r') => simple('\r'),
        Some(b'b') => simple('\u{8}'),
        Some(b'f') => simple('\u{c}'),
        Some(byte @ (b'"' | b'\'' | b'\\' | b'/')) => simple(char::from(*byte)),
        Some(b'x') => code_point(text, 2),
        Some(b'U') => code_point(text, 8),
        Some(b'u') => unicode(text),
        _ => (None, 1),
    }
}

/// `\u00e9`, or a surrogate pair. A lone surrogate is no character.
fn unicode(text: &str) -> (Option<char>, usize) {
    let Some(first) = hexadecimal(text, 2, 4) else { return (None, 2) };
    if let Some(character) = char::from_u32(first) {
        return (Some(character), 6);
    }
    let pair = text.get(6..8) == Some("\\u");
    match hexadecimal(text, 8, 4) {
        Some(second @ 0xDC00..=0xDFFF) if pair && first < 0xDC00 => {
            (char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00)), 12)
        }
        _ => (Some(char::REPLACEMENT_CHARACTER), 6),
    }
}

fn hexadecimal(text: &str, start: usize, length: usize) -> Option<u32> {
    let digits = text.get(start..start + length)?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(digits, 16).ok()
}

fn code_point(text: &str, digits: usize) -> (Option<char>, usize) {
    match hexadecimal(text, 2, digits).and_then(char::from_u32) {
        Some(character) => (Some(character), 2 + digits),
        None => (None, 2),
    }
}
