//! Values in few bytes, as they are kept on disk.
//!
//! In: numbers and texts, one after the other. Out: bytes, and the same back. Small numbers take one byte (LEB128).
//! There are no tags: who reads knows what was written, by the version of the file.

/// What was read is not what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("kept data ends early or says what cannot be")]
pub struct Damaged;

/// Writes values.
#[derive(Clone, Debug, Default)]
pub struct Writer(Vec<u8>);

/// Reads them back.
#[derive(Clone, Debug)]
pub struct Reader<'a>(&'a [u8]);

// === impl Writer ===

impl Writer {
    /// With room for so many bytes.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// Everything that was written.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Bytes written.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// True when nothing was written.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One byte.
    pub fn byte(&mut self, value: u8) {
        self.0.push(value);
    }

    /// Yes or no.
    pub fn flag(&mut self, value: bool) {
        self.0.push(u8::from(value));
    }

    /// A number.
    pub fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// A size.
    pub fn size(&mut self, value: usize) {
        self.number(value as u64);
    }

    /// A number that is large or a hash: eight bytes.
    pub fn hash(&mut self, value: u64) {
        self.raw(&value.to_le_bytes());
    }

    /// A number of 128 bits.
    pub fn wide(&mut self, value: u128) {
        self.number((value >> 64) as u64);
        self.number(value as u64);
    }

    /// A float.
    pub fn float(&mut self, value: f64) {
        self.hash(value.to_bits());
    }

    /// Bytes whose number the reader knows.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.size(bytes.len());
        self.raw(bytes);
    }

    /// A text.
    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// A value that may be missing.
    pub fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.flag(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }
}

// === impl Reader ===

impl<'a> Reader<'a> {
    /// Of these bytes.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// True when everything was read.
    #[must_use]
    pub const fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes whose number is known.
    ///
    /// # Errors
    /// There are not so many.
    pub fn raw(&mut self, count: usize) -> Result<&'a [u8], Damaged> {
        let (bytes, rest) = self.0.split_at_checked(count).ok_or(Damaged)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// As many bytes as an array has.
    ///
    /// # Errors
    /// There are not so many.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Damaged> {
        self.raw(N)?.try_into().map_err(|_| Damaged)
    }

    /// One byte.
    ///
    /// # Errors
    /// There is none.
    pub fn byte(&mut self) -> Result<u8, Damaged> {
        Ok(self.raw(1)?[0])
    }

    /// Yes or no.
    ///
    /// # Errors
    /// It is neither.
    pub fn flag(&mut self) -> Result<bool, Damaged> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Damaged),
        }
    }

    /// A number.
    ///
    /// # Errors
    /// It does not end, or is larger than numbers are.
    pub fn number(&mut self) -> Result<u64, Damaged> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7F);
            if part << shift >> shift != part {
                return Err(Damaged);
            }
            value |= part << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Damaged)
    }

    /// A smaller number.
    ///
    /// # Errors
    /// It is none, or too large for its type.
    pub fn small<T: TryFrom<u64>>(&mut self) -> Result<T, Damaged> {
        T::try_from(self.number()?).map_err(|_| Damaged)
    }

    /// A count of things of which each takes a byte at least.
    ///
    /// # Errors
    /// There cannot be so many.
    pub fn size(&mut self) -> Result<usize, Damaged> {
        self.small::<usize>().ok().filter(|size| *size <= self.0.len()).ok_or(Damaged)
    }

    /// Eight bytes.
    ///
    /// # Errors
    /// There are not so many.
    pub fn hash(&mut self) -> Result<u64, Damaged> {
        self.array().map(u64::from_le_bytes)
    }

    /// A number of 128 bits.
    ///
    /// # Errors
    /// It is none.
    pub fn wide(&mut self) -> Result<u128, Damaged> {
        Ok(u128::from(self.number()?) << 64 | u128::from(self.number()?))
    }

    /// A float.
    ///
    /// # Errors
    /// There are not eight bytes.
    pub fn float(&mut self) -> Result<f64, Damaged> {
        self.hash().map(f64::from_bits)
    }

    /// Bytes.
    ///
    /// # Errors
    /// There are not so many.
    pub fn bytes(&mut self) -> Result<&'a [u8], Damaged> {
        let size = self.size()?;
        self.raw(size)
    }

    /// A text.
    ///
    /// # Errors
    /// It is none.
    pub fn text(&mut self) -> Result<&'a str, Damaged> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Damaged)
    }

    /// A value that may be missing.
    ///
    /// # Errors
    /// As for the value.
    pub fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Damaged>,
    ) -> Result<Option<T>, Damaged> {
        if self.flag()? { read(self).map(Some) } else { Ok(None) }
    }
}

/// The value of a closed set by its place in the set. A place, once given, keeps its meaning: new values come last.
///
/// # Errors
/// There is no such place.
pub fn at<T: Copy>(all: &[T], place: u8) -> Result<T, Damaged> {
    all.get(usize::from(place)).copied().ok_or(Damaged)
}

/// A sum that tells whether bytes are the ones that were written (CRC-32).
#[must_use]
pub fn sum(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guarantees: everything comes back as it was written, and what is cut off is an error, not a panic.
    #[test]
    fn values_come_back() {
        let mut writer = Writer::default();
        let numbers = [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX];
        numbers.iter().for_each(|number| writer.number(*number));
        writer.wide(u128::MAX - 5);
        writer.float(0.1);
        writer.text("gpt-4o é");
        writer.option(Some("x"), Writer::text);
        writer.option(None::<&str>, Writer::text);
        let bytes = writer.into_bytes();
        let read = |bytes: &[u8]| -> Result<(), Damaged> {
            let mut reader = Reader::new(bytes);
            for number in numbers {
                assert_eq!(reader.number()?, number);
            }
            assert_eq!(reader.wide()?, u128::MAX - 5);
            assert_eq!(reader.float()?.to_bits(), 0.1_f64.to_bits());
            assert_eq!(reader.text()?, "gpt-4o é");
            assert_eq!(reader.option(Reader::text)?, Some("x"));
            assert_eq!(reader.option(Reader::text)?, None);
            assert!(reader.is_at_end());
            Ok(())
        };
        assert_eq!(read(&bytes), Ok(()));
        for end in 0..bytes.len() {
            assert_eq!(read(&bytes[..end]), Err(Damaged));
        }
    }
}
