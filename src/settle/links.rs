//! What only those waiting spans have that are listed with others, or by their looks.
//!
//! In: spans that meet. Out: a place for their neighbours, found by its number, as long as they wait. Most spans meet nobody
//! and have none.

use super::held::{Key, LISTS, Number};

/// See the module.
#[derive(Clone, Copy, Debug)]
pub(super) struct Links {
    /// What it is listed under beside its ids.
    pub(super) looks: [Key; LISTS - 2],
    /// The neighbours in each list; one's own number at the end of it.
    pub(super) around: [(Number, Number); LISTS],
}

/// The links of all, each in a place of its own; the first is nobody's.
#[derive(Debug, Default)]
pub(super) struct AllLinks {
    places: Vec<Links>,
    free: Vec<u32>,
}

impl AllLinks {
    /// The links at this place; none at the first.
    pub(super) fn get(&self, at: u32) -> Option<&Links> {
        self.places.get(at as usize).filter(|_| at != 0)
    }

    /// The same, to be changed.
    pub(super) fn get_mut(&mut self, at: u32) -> Option<&mut Links> {
        self.places.get_mut(at as usize).filter(|_| at != 0)
    }

    /// A place for a span that is alone in its lists.
    pub(super) fn take(&mut self, number: Number) -> u32 {
        let links = Links { looks: [0; LISTS - 2], around: [(number, number); LISTS] };
        if let Some(at) = self.free.pop() {
            self.places[at as usize] = links;
            return at;
        }
        if self.places.is_empty() {
            self.places.push(links);
        }
        self.places.push(links);
        self.places.len() as u32 - 1
    }

    /// Its span waits no longer.
    pub(super) fn give_back(&mut self, at: u32) {
        if at != 0 {
            self.free.push(at);
        }
    }

    /// Bytes held.
    pub(super) const fn size(&self) -> usize {
        (self.places.len() - self.free.len()) * size_of::<Links>()
    }
}
