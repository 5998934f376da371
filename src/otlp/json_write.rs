//! The protobuf side of OTLP/JSON: fields appended to a buffer.
//!
//! In: scalars, and the begin and end of messages. Out: bytes that the walk reads.

/// A buffer of protobuf.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) bytes: Vec<u8>,
}

/// A message that is not closed yet: where its body begins.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(super) struct Open(usize);

// === impl Writer ===

impl Writer {
    /// Begins a message or text. All field numbers of OTLP are below 16, so a key is one byte.
    pub(super) fn open(&mut self, key: u32) -> Open {
        self.key(key);
        self.bytes.push(0);
        Open(self.bytes.len())
    }

    /// Ends it: its length takes one byte, mostly, which is kept free; a longer one moves the body.
    pub(super) fn close(&mut self, Open(start): Open) {
        let length = self.bytes.len() - start;
        if let Ok(short @ 0..0x80) = u8::try_from(length) {
            self.bytes[start - 1] = short;
            return;
        }
        let (mut varint, mut more, mut rest) = ([0; 10], 0, length);
        while rest >= 0x80 {
            varint[more] = (rest & 0x7F) as u8 | 0x80;
            (more, rest) = (more + 1, rest >> 7);
        }
        varint[more] = rest as u8;
        self.bytes.resize(start + length + more, 0);
        self.bytes.copy_within(start..start + length, start + more);
        self.bytes[start - 1..start + more].copy_from_slice(&varint[..=more]);
    }

    pub(super) fn varint(&mut self, key: u32, mut number: u64) {
        self.key(key);
        while number >= 0x80 {
            self.bytes.push((number & 0x7F) as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    pub(super) fn fixed64(&mut self, key: u32, bits: u64) {
        self.key(key);
        self.bytes.extend_from_slice(&bits.to_le_bytes());
    }

    pub(super) fn delimited(&mut self, key: u32, body: &[u8]) {
        let open = self.open(key);
        self.bytes.extend_from_slice(body);
        self.close(open);
    }

    fn key(&mut self, key: u32) {
        self.bytes.push(key as u8);
    }
}
