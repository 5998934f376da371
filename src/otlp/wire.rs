//! The protobuf wire format: keys, varints, lengths and groups.
//!
//! In: the bytes of one message. Out: its fields, one after the other, borrowed. It knows no OTLP.
//! What it accepts and refuses is what prost 0.14 accepts and refuses, but for texts that are not
//! UTF-8; `tests/decode/oracle.rs` holds it to that.

use std::str::Utf8Error;

use super::Fault;

/// A cursor over the fields of one message: [`Fields::key`], then the value of that field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

/// How a value is laid out, the low three bits of a key.
pub(super) mod wire_type {
    pub(in crate::otlp) const VARINT: u32 = 0;
    pub(in crate::otlp) const FIXED64: u32 = 1;
    pub(in crate::otlp) const DELIMITED: u32 = 2;
    pub(in crate::otlp) const GROUP_START: u32 = 3;
    pub(in crate::otlp) const GROUP_END: u32 = 4;
    pub(in crate::otlp) const FIXED32: u32 = 5;
}

/// How many more levels of messages and groups may be entered. prost allows 100 below the request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Depth(u8);

/// The key of a field: its number and wire type in one, as it stands on the wire. The walk
/// switches on whole keys, so that a field of an unexpected wire type never reaches its reader.
pub(super) const fn key(number: u32, wire_type: u32) -> u32 {
    number << 3 | wire_type
}

/// The values of all fields of a message with this key. For messages that were checked before:
/// it ends, silently, where the wire format does.
pub(super) fn occurrences(body: &[u8], key: u32) -> impl Iterator<Item = &[u8]> {
    let mut fields = Fields::new(body);
    std::iter::from_fn(move || fields.find(key))
}

/// A text. Of one that was cut within a character, which is what a limit in bytes does to an emoji, what
/// stands before it.
#[inline(always)]
pub(super) fn text(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).or_else(|error| sound_part(bytes, error))
}

#[cold]
fn sound_part(bytes: &[u8], error: Utf8Error) -> Result<&str, Fault> {
    let is_cut = error.error_len().is_none();
    let sound = bytes.get(..error.valid_up_to()).filter(|_| is_cut);
    sound.and_then(|bytes| std::str::from_utf8(bytes).ok()).ok_or(Fault::Utf8)
}

impl Depth {
    /// Levels left inside a message that lies `levels` below the request.
    pub(super) const fn below_request(levels: u8) -> Self {
        Self(100 - levels)
    }

    /// One level further down.
    #[inline(always)]
    pub(super) fn enter(self) -> Result<Self, Fault> {
        self.0.checked_sub(1).map(Self).ok_or(Fault::TooDeep)
    }
}

impl<'a> Fields<'a> {
    pub(super) const fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }

    /// What was not read yet.
    #[inline(always)]
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The key of the next field; none at the end of the message. Its number and wire type are
    /// only known to make sense once a reader has matched it or [`Fields::skip`] has judged it.
    #[inline(always)]
    pub(super) fn key(&mut self) -> Result<Option<u32>, Fault> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        u32::try_from(key).map(Some).map_err(|_| Fault::Key)
    }

    #[inline(always)]
    pub(super) fn varint(&mut self) -> Result<u64, Fault> {
        match self.rest {
            [byte, rest @ ..] if *byte < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*byte))
            }
            [low, high, rest @ ..] if *high < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*low & 0x7F) | u64::from(*high) << 7)
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, Fault> {
        let mut value = 0;
        for (index, byte) in self.rest.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7F) << (7 * index);
            if *byte < 0x80 {
                // The tenth byte has room for the 64th bit only.
                if index == 9 && *byte > 1 {
                    return Err(Fault::Varint);
                }
                self.rest = &self.rest[index + 1..];
                return Ok(value);
            }
        }
        Err(if self.rest.len() < 10 { Fault::Truncated } else { Fault::Varint })
    }

    #[inline(always)]
    pub(super) fn fixed64(&mut self) -> Result<u64, Fault> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Fault::Truncated)?;
        self.rest = rest;
        Ok(u64::from_le_bytes(*bytes))
    }

    #[inline(always)]
    pub(super) fn fixed32(&mut self) -> Result<u32, Fault> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Fault::Truncated)?;
        self.rest = rest;
        Ok(u32::from_le_bytes(*bytes))
    }

    /// Bytes with their length before them: raw bytes, text, or another message.
    #[inline(always)]
    pub(super) fn delimited(&mut self) -> Result<&'a [u8], Fault> {
        let length = usize::try_from(self.varint()?).map_err(|_| Fault::Truncated)?;
        let Some((bytes, rest)) = self.rest.split_at_checked(length) else { return Err(Fault::Truncated) };
        self.rest = rest;
        Ok(bytes)
    }

    #[inline(always)]
    pub(super) fn text(&mut self) -> Result<&'a str, Fault> {
        text(self.delimited()?)
    }

    /// Steps over the value of a field that nobody knows.
    #[cold]
    pub(super) fn skip(&mut self, key: u32, depth: Depth) -> Result<(), Fault> {
        let inner = depth.enter()?;
        let number = key >> 3;
        if number == 0 {
            return Err(Fault::Key);
        }
        match key & 7 {
            wire_type::VARINT => self.varint().map(drop),
            wire_type::FIXED64 => self.fixed64().map(drop),
            wire_type::DELIMITED => self.delimited().map(drop),
            wire_type::GROUP_START => self.skip_group(number, inner),
            wire_type::FIXED32 => self.fixed32().map(drop),
            wire_type::GROUP_END => Err(Fault::Group),
            _ => Err(Fault::Key),
        }
    }

    fn skip_group(&mut self, number: u32, depth: Depth) -> Result<(), Fault> {
        let end = key(number, wire_type::GROUP_END);
        loop {
            match self.key()? {
                None => return Err(Fault::Truncated),
                Some(key) if key == end => return Ok(()),
                Some(key) => self.skip(key, depth)?,
            }
        }
    }

    /// The value of the next field with this key, of a message that was checked before.
    pub(super) fn find(&mut self, wanted: u32) -> Option<&'a [u8]> {
        while let Some(key) = self.key().ok()? {
            if key == wanted {
                return self.delimited().ok();
            }
            self.skip(key, Depth::below_request(0)).ok()?;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn varint(bytes: &[u8]) -> Result<u64, Fault> {
        Fields::new(bytes).varint()
    }

    #[test]
    fn a_varint_has_at_most_ten_bytes_and_64_bits() {
        assert_eq!(varint(&[0x7F]), Ok(127));
        assert_eq!(varint(&[0xAC, 0x02]), Ok(300));
        assert_eq!(varint(&[0x80, 0x80, 0x00]), Ok(0), "zeros in front are odd, and allowed");
        let mut largest = [0xFF; 10];
        largest[9] = 0x01;
        assert_eq!(varint(&largest), Ok(u64::MAX));
        largest[9] = 0x02;
        assert_eq!(varint(&largest), Err(Fault::Varint));
        assert_eq!(varint(&[0xFF; 11]), Err(Fault::Varint));
        assert_eq!(varint(&[0xFF; 3]), Err(Fault::Truncated));
    }

    #[test]
    fn a_length_beyond_the_end_is_truncated() {
        assert_eq!(Fields::new(&[3, b'a', b'b']).delimited(), Err(Fault::Truncated));
        assert_eq!(Fields::new(&[2, b'a', b'b']).delimited(), Ok(&b"ab"[..]));
    }

    #[test]
    fn a_group_ends_with_its_own_number() {
        let start = key(7, wire_type::GROUP_START);
        let skip = |bytes: &[u8]| Fields::new(bytes).skip(start, Depth::below_request(0));
        assert_eq!(skip(&[0x08, 0x01, 7 << 3 | 4]), Ok(()));
        assert_eq!(skip(&[6 << 3 | 4]), Err(Fault::Group));
        assert_eq!(skip(&[0x08, 0x01]), Err(Fault::Truncated));
    }

    #[test]
    fn find_steps_over_other_fields() {
        let body = [0x08, 0x05, 0x12, 0x01, b'x', 0x12, 0x01, b'y'];
        let found: Vec<_> = occurrences(&body, key(2, wire_type::DELIMITED)).collect();
        assert_eq!(found, [b"x", b"y"]);
    }
}
