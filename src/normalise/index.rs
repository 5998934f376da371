//! Finds a row of a table by its text, ASCII case aside, in one look-up instead of a scan.
//!
//! In: the texts of a table, at compile time. Out: the number of the first row that fits. It knows no
//! providers; the tables stay lists that a person can read and add to.

/// Which rows of a table of `ROWS` texts are worth comparing: those in a row of taken slots, from
/// the one that a text's hash names. At least half of the slots are free.
#[derive(Debug)]
pub(super) struct Index<const ROWS: usize, const SLOTS: usize> {
    texts: [&'static str; ROWS],
    by: By,
    /// The number of a row, from 1; 0 is free.
    slots: [u16; SLOTS],
}

/// What two texts must share to be compared.
#[derive(Clone, Copy, Debug)]
pub(super) enum By {
    /// Length, beginning and end.
    Whole,
    /// Their last eight bytes.
    Ending,
}

// === impl Index ===

impl<const ROWS: usize, const SLOTS: usize> Index<ROWS, SLOTS> {
    /// An index of these texts. It is made by the compiler, which refuses a table that does not fit.
    pub(super) const fn new(texts: [&'static str; ROWS], by: By) -> Self {
        assert!(
            SLOTS.is_power_of_two() && SLOTS >= 2 * ROWS,
            "the table has outgrown its index: double SLOTS"
        );
        let mut slots = [0; SLOTS];
        let mut row = 0;
        while row < ROWS {
            let text = texts[row].as_bytes();
            assert!(
                matches!(by, By::Whole) || text.len() >= 8,
                "a host needs eight bytes or more: write it with its subdomain"
            );
            let mut slot = by.hash(text) as usize % SLOTS;
            while slots[slot] != 0 {
                slot = (slot + 1) % SLOTS;
            }
            row += 1;
            slots[slot] = row as u16;
        }
        Self { texts, by, slots }
    }

    /// The first row that this text is, or ends with.
    pub(super) fn find(&self, text: &str) -> Option<usize> {
        let first = self.by.hash(text.as_bytes()) as usize;
        let taken = (first..).map(|slot| self.slots[slot % SLOTS]).take_while(|&row| row != 0);
        taken.map(|row| usize::from(row) - 1).find(|&row| self.by.fits(text, self.texts[row]))
    }
}

// === impl By ===

impl By {
    const fn hash(self, text: &[u8]) -> u32 {
        let (beginning, end) = match self {
            Self::Whole => (ending(text.split_at(if text.len() < 8 { 0 } else { 8 }).0), ending(text)),
            Self::Ending => (0, ending(text)),
        };
        let length = if matches!(self, Self::Whole) { text.len() as u64 } else { 0 };
        let mixed = (end ^ beginning.rotate_left(23) ^ length).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> 32) as u32
    }

    fn fits(self, text: &str, row: &str) -> bool {
        match self {
            Self::Whole => row.eq_ignore_ascii_case(text),
            Self::Ending => ends_with_host(text, row),
        }
    }
}

/// The last eight bytes in one number, with the bit set that tells a small letter from a capital.
const fn ending(text: &[u8]) -> u64 {
    const SMALL: u64 = 0x2020_2020_2020_2020;
    if let Some(bytes) = text.last_chunk::<8>() {
        return u64::from_le_bytes(*bytes) | SMALL;
    }
    let (mut number, mut rest) = (0, text);
    while let [first, others @ ..] = rest {
        number = number << 8 | *first as u64;
        rest = others;
    }
    number | SMALL
}

/// True when a host is this one, one below it, or a region's of it (`us-central1-aiplatform...`).
fn ends_with_host(host: &str, end: &str) -> bool {
    let Some(start) = host.len().checked_sub(end.len()) else { return false };
    host.is_char_boundary(start)
        && host[start..].eq_ignore_ascii_case(end)
        && (start == 0 || end.starts_with('.') || matches!(host.as_bytes()[start - 1], b'.' | b'-'))
}

/// The texts of a table of pairs.
pub(super) const fn texts<const ROWS: usize>(table: &[(&'static str, &'static str)]) -> [&'static str; ROWS] {
    let mut texts = [""; ROWS];
    let mut row = 0;
    while row < ROWS {
        texts[row] = table[row].0;
        row += 1;
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    static NAMES: Index<4, 8> = Index::new(["openai", "az.ai.openai", "google-vertex", "openai"], By::Whole);
    static HOSTS: Index<3, 8> =
        Index::new([".openai.azure.com", "api.x.ai", "x.openai.azure.com"], By::Ending);

    #[test]
    fn a_whole_text_is_found_whatever_its_case() {
        assert_eq!(NAMES.find("OpenAI"), Some(0), "the first row of several wins");
        assert_eq!(NAMES.find("Google-Vertex"), Some(2));
        for other in ["", "o", "openai2", "openai ", "google_vertex", "öpenai"] {
            assert_eq!(NAMES.find(other), None, "{other}");
        }
    }

    #[test]
    fn a_host_is_found_by_its_end() {
        assert_eq!(HOSTS.find("X.OpenAI.Azure.com"), Some(0), "the first row of several wins");
        assert_eq!(HOSTS.find("eu-api.x.ai"), Some(1));
        for other in ["", "i", "ai", "fapi.x.ai", "api.x.ai.example.org", "über-x.ai"] {
            assert_eq!(HOSTS.find(other), None, "{other}");
        }
    }
}
