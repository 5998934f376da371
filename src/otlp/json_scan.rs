//! JSON, token by token.
//!
//! In: bytes. Out: [`Token`]s that borrow, lists and maps to be walked or skipped. It allocates
//! nothing but a bit a level while it skips, and never recurses. It judges the layout of JSON, not its
//! texts: control characters pass, and bytes that are not UTF-8 are for whoever reads the text.

use memchr::memchr2;

use super::Fault;

/// A cursor over one JSON document.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// A value, or the begin of one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Token<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    Text(RawText<'a>),
    /// The scanner stands behind the bracket; [`Scanner::next_element`] goes on.
    List,
    /// The scanner stands behind the brace; [`Scanner::next_key`] goes on.
    Map,
}

/// What stands between two quotation marks.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawText<'a> {
    body: &'a [u8],
    escaped: bool,
}

/// The place, from 0, where the document is no JSON.
#[derive(Clone, Copy, Debug)]
pub(super) struct Syntax(usize);

/// Of every bracket that is open: is it a brace?
#[derive(Default)]
struct Brackets {
    braces: Vec<u64>,
    depth: usize,
}

pub(super) type Scan<T> = Result<T, Syntax>;

// === impl Scanner ===

impl<'a> Scanner<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next value: all of a scalar, the begin of a list or map.
    pub(super) fn token(&mut self) -> Scan<Token<'a>> {
        Ok(match self.peek() {
            Some(b'"') => Token::Text(self.text()?),
            Some(b'{') => self.step(Token::Map),
            Some(b'[') => self.step(Token::List),
            Some(b'n') => self.word("null", Token::Null)?,
            Some(b't') => self.word("true", Token::Bool(true))?,
            Some(b'f') => self.word("false", Token::Bool(false))?,
            Some(b'-' | b'0'..=b'9') => Token::Number(self.number()?),
            Some(_) | None => return Err(self.syntax()),
        })
    }

    /// True when an element follows, false behind the end of the list.
    pub(super) fn next_element(&mut self, first: &mut bool) -> Scan<bool> {
        self.next(first, b']')
    }

    /// The next key, with the scanner before its value; none behind the end of the map.
    pub(super) fn next_key(&mut self, first: &mut bool) -> Scan<Option<RawText<'a>>> {
        if !self.next(first, b'}')? {
            return Ok(None);
        }
        self.key().map(Some)
    }

    /// Steps over a whole value.
    pub(super) fn skip(&mut self) -> Scan<()> {
        let token = self.token()?;
        self.skip_rest(token)
    }

    /// Steps over what is left of a value whose token was taken.
    pub(super) fn skip_rest(&mut self, token: Token<'a>) -> Scan<()> {
        let mut open = Brackets::default();
        open.enter(token);
        let mut first = true;
        while let Some(is_map) = open.innermost() {
            if !self.next(&mut first, if is_map { b'}' } else { b']' })? {
                open.leave();
                first = false;
                continue;
            }
            if is_map {
                self.key()?;
            }
            first = open.enter(self.token()?);
        }
        Ok(())
    }

    /// Nothing but space is left.
    pub(super) fn end(&mut self) -> Scan<()> {
        if self.peek().is_none() { Ok(()) } else { Err(self.syntax()) }
    }

    /// The fault of a place, for a person.
    pub(super) fn fault(&self, Syntax(at): Syntax) -> Fault {
        let before = &self.bytes[..at.min(self.bytes.len())];
        let line = 1 + memchr::memchr_iter(b'\n', before).count();
        let column = before.len() - memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1) + 1;
        Fault::JsonSyntax { line, column }
    }

    fn syntax(&self) -> Syntax {
        Syntax(self.at)
    }

    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    fn step<T>(&mut self, then: T) -> T {
        self.at += 1;
        then
    }

    fn expect(&mut self, wanted: u8) -> Scan<()> {
        if self.peek() != Some(wanted) {
            return Err(self.syntax());
        }
        self.at += 1;
        Ok(())
    }

    /// Between two elements, before the first, or behind the last.
    fn next(&mut self, first: &mut bool, close: u8) -> Scan<bool> {
        if self.peek() == Some(close) {
            return Ok(self.step(false));
        }
        if !std::mem::take(first) {
            self.expect(b',')?;
        }
        Ok(true)
    }

    fn key(&mut self) -> Scan<RawText<'a>> {
        if self.peek() != Some(b'"') {
            return Err(self.syntax());
        }
        let key = self.text()?;
        self.expect(b':')?;
        Ok(key)
    }

    fn word(&mut self, word: &str, token: Token<'a>) -> Scan<Token<'a>> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.syntax());
        }
        self.at += word.len();
        Ok(token)
    }

    /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
    fn number(&mut self) -> Scan<&'a str> {
        let start = self.at;
        self.at += usize::from(self.bytes[start] == b'-');
        let leading_zero = self.bytes.get(self.at) == Some(&b'0');
        let digits = self.digits()?;
        if leading_zero && digits > 1 {
            return Err(Syntax(start));
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            self.at += usize::from(matches!(self.bytes.get(self.at), Some(b'+' | b'-')));
            self.digits()?;
        }
        std::str::from_utf8(&self.bytes[start..self.at]).map_err(|_| Syntax(start))
    }

    fn digits(&mut self) -> Scan<usize> {
        let rest = &self.bytes[self.at..];
        let count = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
        self.at += count;
        if count > 0 { Ok(count) } else { Err(self.syntax()) }
    }

    /// The scanner stands on the quotation mark.
    fn text(&mut self) -> Scan<RawText<'a>> {
        let start = self.at + 1;
        let mut escaped = false;
        self.at = start;
        loop {
            let rest = &self.bytes[self.at..];
            let Some(found) = memchr2(b'"', b'\\', rest) else {
                self.at = self.bytes.len();
                return Err(self.syntax());
            };
            self.at += found;
            if rest[found] == b'"' {
                let body = &self.bytes[start..self.at];
                return Ok(self.step(RawText { body, escaped }));
            }
            escaped = true;
            self.escape()?;
        }
    }

    /// The scanner stands on the backslash.
    fn escape(&mut self) -> Scan<()> {
        let length = match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') => {
                let digits = self.bytes.get(self.at + 2..self.at + 6);
                if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                    return Err(self.syntax());
                }
                6
            }
            Some(_) | None => return Err(self.syntax()),
        };
        self.at += length;
        Ok(())
    }
}

// === impl RawText ===

impl<'a> RawText<'a> {
    /// The bytes as they stand there, where they are the text itself.
    pub(super) fn plain(self) -> Option<&'a [u8]> {
        (!self.escaped).then_some(self.body)
    }

    /// Appends the text, escapes undone; never longer than what stands there. Half a surrogate pair
    /// becomes the begin of a character that does not end, or a byte that begins none: no UTF-8 either.
    pub(super) fn append_to(self, out: &mut Vec<u8>) {
        if !self.escaped {
            out.extend_from_slice(self.body);
            return;
        }
        let mut rest = self.body;
        while let Some(at) = memchr::memchr(b'\\', rest) {
            out.extend_from_slice(&rest[..at]);
            rest = &rest[at + 1..];
            let Some((letter, behind)) = rest.split_first() else { return };
            rest = behind;
            match letter {
                b'b' => out.push(8),
                b'f' => out.push(12),
                b'n' => out.push(b'\n'),
                b'r' => out.push(b'\r'),
                b't' => out.push(b'\t'),
                b'u' => rest = append_unicode(rest, out),
                literal => out.push(*literal),
            }
        }
        out.extend_from_slice(rest);
    }
}

/// Appends the character of `XXXX`, or of `XXXX\uXXXX`. Returns what follows.
fn append_unicode<'a>(rest: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let (high, mut behind) = unit(rest);
    let mut code = high;
    if (0xD800..0xDC00).contains(&high) {
        let low = behind.strip_prefix(br"\u").map(unit).filter(|(low, _)| (0xDC00..0xE000).contains(low));
        let Some((low, after)) = low else {
            let begin = 0x1_0000 + ((high - 0xD800) << 10);
            out.extend([0xF0 | (begin >> 18) as u8, 0x80 | (begin >> 12 & 0x3F) as u8]);
            return behind;
        };
        code = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
        behind = after;
    }
    match char::from_u32(code) {
        Some(character) => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        None => out.push(0xFF),
    }
    behind
}

/// Four hexadecimal digits, which the scanner has seen.
fn unit(rest: &[u8]) -> (u32, &[u8]) {
    let (digits, behind) = rest.split_at_checked(4).unwrap_or((rest, &[]));
    let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap_or(0);
    (digits.iter().fold(0, |unit, byte| unit << 4 | digit(byte)), behind)
}

// === impl Brackets ===

impl Brackets {
    /// True when the token opens a bracket.
    fn enter(&mut self, token: Token<'_>) -> bool {
        let is_map = match token {
            Token::Map => true,
            Token::List => false,
            Token::Null | Token::Bool(_) | Token::Number(_) | Token::Text(_) => return false,
        };
        let (word, bit) = (self.depth / 64, self.depth % 64);
        if word == self.braces.len() {
            self.braces.push(0);
        }
        self.braces[word] = self.braces[word] & !(1 << bit) | u64::from(is_map) << bit;
        self.depth += 1;
        true
    }

    fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    fn innermost(&self) -> Option<bool> {
        let last = self.depth.checked_sub(1)?;
        Some(self.braces[last / 64] >> (last % 64) & 1 == 1)
    }
}
