//! One moment of everything, written part by part for any number of readers.
//!
//! In: [`Source`]s that no longer change. Out: parts of a document, each a pure function of the view and
//! of the place where it begins. A part is written when the first reader comes to it and kept for the
//! others; beyond [`KEPT`] it is written again for each, so that nobody holds a document of gigabytes.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use flate2::{Compress, Compression, Crc, FlushCompress};
use parking_lot::Mutex;

use super::sample::{Samples, Source};
use super::text::{Format, Writer};
use crate::metric::{FAMILIES, Family};
use crate::telemetry::ReceiverMetrics;

/// A part is no longer than this and one piece of a source.
const PART: usize = 64 * 1024;
/// Bytes of parts that one view keeps.
const KEPT: usize = 32 * 1024 * 1024;

/// Everything at one moment.
pub struct View {
    /// What only the engine knows.
    shared: Vec<Arc<dyn Source>>,
    receiver: ReceiverMetrics,
    /// Of which moment it is, engine time.
    taken: u64,
    kept: Mutex<Kept>,
    unheld: OnceLock<Arc<Self>>,
}

#[derive(Default)]
struct Kept {
    parts: BTreeMap<(Variant, Place), Arc<Part>>,
    bytes: usize,
}

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Variant {
    /// OpenMetrics, else text 0.0.4.
    open_metrics: bool,
    /// As raw deflate.
    packed: bool,
}

/// Where a part begins: after so many families, sources of the next and pieces of that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    family: usize,
    source: usize,
    piece: usize,
}

/// A part of a document.
#[derive(Debug)]
pub struct Part {
    /// As it is sent.
    pub bytes: Bytes,
    /// Checksum and length of what it says, packed or not.
    pub crc: Crc,
    /// Where the next one begins.
    pub next: Place,
}

impl Variant {
    /// A document of this format, packed or plain.
    #[must_use]
    pub fn new(format: Format, packed: bool) -> Self {
        Self { open_metrics: format == Format::OpenMetrics, packed }
    }

    /// Its format.
    #[must_use]
    pub const fn format(self) -> Format {
        if self.open_metrics { Format::OpenMetrics } else { Format::Text }
    }

    /// True when it is packed.
    #[must_use]
    pub const fn packed(self) -> bool {
        self.packed
    }
}

impl Place {
    /// True when nothing follows.
    #[must_use]
    pub const fn is_end(self) -> bool {
        self.family >= FAMILIES.len()
    }

    const fn is_head(self) -> bool {
        self.source == 0 && self.piece == 0
    }
}

impl fmt::Debug for View {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("View").finish_non_exhaustive()
    }
}

impl View {
    /// Of these sources and of the receiver itself.
    #[must_use]
    pub fn new(shared: Vec<Arc<dyn Source>>, receiver: ReceiverMetrics) -> Self {
        Self { shared, receiver, taken: 0, kept: Mutex::default(), unheld: OnceLock::new() }
    }

    /// The same, of this moment.
    #[must_use]
    pub fn taken_at(self, taken: u64) -> Self {
        Self { taken, ..self }
    }

    /// Of which moment it is, engine time.
    #[must_use]
    pub const fn taken(&self) -> u64 {
        self.taken
    }

    /// The same with the true value of everything, for a person.
    #[must_use]
    pub fn unheld(&self) -> Arc<Self> {
        let open = |source: &Arc<dyn Source>| source.unheld().unwrap_or_else(|| Arc::clone(source));
        let make = || {
            let shared = self.shared.iter().map(open).collect();
            Arc::new(Self::new(shared, self.receiver.clone()).taken_at(self.taken))
        };
        Arc::clone(self.unheld.get_or_init(make))
    }

    /// The same but for what the receiver tells of itself.
    #[must_use]
    pub fn with_receiver(&self, receiver: ReceiverMetrics) -> Self {
        Self::new(self.shared.clone(), receiver).taken_at(self.taken)
    }

    /// The part that begins here.
    #[must_use]
    pub fn part(&self, variant: Variant, from: Place) -> Arc<Part> {
        if let Some(part) = self.kept.lock().parts.get(&(variant, from)) {
            return Arc::clone(part);
        }
        let part = Arc::new(self.write(variant, from));
        let mut kept = self.kept.lock();
        if kept.bytes + part.bytes.len() <= KEPT
            && kept.parts.insert((variant, from), Arc::clone(&part)).is_none()
        {
            kept.bytes += part.bytes.len();
        }
        part
    }

    /// Frees what is kept for further readers.
    pub fn forget(&self) {
        *self.kept.lock() = Kept::default();
        if let Some(unheld) = self.unheld.get() {
            unheld.forget();
        }
    }

    /// Writes piece `place` of everything to any writer; the next place, or `None` at the end.
    pub fn write_to(&self, place: Place, to: &mut dyn Samples) -> Option<Place> {
        let family = FAMILIES.get(place.family)?;
        to.family(family);
        Some(self.step(family, place, to))
    }

    /// Writes one family.
    pub fn write_family(&self, family: &'static Family, to: &mut dyn Samples) {
        to.family(family);
        for source in &self.shared {
            (0..source.pieces(family)).for_each(|piece| source.write(family, piece, to));
        }
    }

    /// The whole document.
    #[must_use]
    pub fn document(&self, format: Format) -> Vec<u8> {
        let (mut out, mut place) = (Vec::new(), Place::default());
        while !place.is_end() {
            let (text, next) = self.text(format, place);
            out.extend_from_slice(&text);
            place = next;
        }
        out
    }

    fn write(&self, variant: Variant, from: Place) -> Part {
        let (text, next) = self.text(variant.format(), from);
        let mut crc = Crc::new();
        crc.update(&text);
        let bytes = if variant.packed { pack(&text) } else { text };
        Part { bytes: bytes.into(), crc, next }
    }

    fn text(&self, format: Format, from: Place) -> (Vec<u8>, Place) {
        let (mut writer, mut at) = (Writer::new(format), from);
        while let Some(family) = FAMILIES.get(at.family).filter(|_| writer.len() < PART) {
            if at.is_head() {
                writer.begin(family);
            } else {
                writer.family(family);
            }
            at = self.step(family, at, &mut writer);
        }
        if at.is_end() {
            writer.end();
        }
        (writer.into_bytes(), at)
    }

    /// Writes the piece at a place of this family; the place after it.
    fn step(&self, family: &'static Family, at: Place, to: &mut dyn Samples) -> Place {
        match self.source(at.source) {
            None => Place { family: at.family + 1, ..Place::default() },
            Some(source) if at.piece >= source.pieces(family) => {
                Place { source: at.source + 1, piece: 0, ..at }
            }
            Some(source) => {
                source.write(family, at.piece, to);
                Place { piece: at.piece + 1, ..at }
            }
        }
    }

    fn source(&self, number: usize) -> Option<&dyn Source> {
        match self.shared.get(number) {
            Some(source) => Some(&**source),
            None => (number == self.shared.len()).then_some(&self.receiver),
        }
    }
}

/// A piece of a deflate stream that ends on a byte and refers to nothing before it: any such pieces in
/// a row are one stream.
fn pack(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 4 + 256);
    let mut deflate = Compress::new(Compression::fast(), false);
    loop {
        let rest = &text[usize::try_from(deflate.total_in()).unwrap_or(text.len())..];
        // It can only fail by a wrong order of calls.
        let _ = deflate.compress_vec(rest, &mut out, FlushCompress::Sync);
        if out.len() < out.capacity() {
            return out;
        }
        out.reserve(out.capacity());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    /// Writes its family in many long pieces.
    struct Long;

    impl Source for Long {
        fn pieces(&self, family: &'static Family) -> usize {
            if family.name == "llm_rate_limit_limit" { 40 } else { 0 }
        }

        fn write(&self, _: &'static Family, piece: usize, writer: &mut dyn Samples) {
            for row in 0..200 {
                writer.gauge(&[("model", &format!("model-{piece}-{row}"))], f64::from(row));
            }
        }
    }

    /// Guarantees: parts in a row are the document, whoever asks in whatever order; packed ones inflate to it.
    #[test]
    fn parts_are_the_document() {
        let view = View::new(vec![Arc::new(Long)], crate::telemetry::snapshot());
        for format in [Format::Text, Format::OpenMetrics] {
            let whole = view.document(format);
            assert!(whole.len() > 3 * PART);
            for packed in [false, true] {
                let variant = Variant::new(format, packed);
                let (mut place, mut all, mut crc, mut parts) = (Place::default(), Vec::new(), Crc::new(), 0);
                while !place.is_end() {
                    let part = view.part(variant, place);
                    assert_eq!(part.bytes, view.part(variant, place).bytes);
                    all.extend_from_slice(&part.bytes);
                    crc.combine(&part.crc);
                    (place, parts) = (part.next, parts + 1);
                }
                if packed {
                    all.extend_from_slice(&[3, 0]);
                    let mut text = Vec::new();
                    flate2::read::DeflateDecoder::new(&all[..]).read_to_end(&mut text).unwrap();
                    all = text;
                }
                assert!(parts > 3 && all == whole);
                assert_eq!(crc.amount() as usize, whole.len());
            }
        }
    }
}
