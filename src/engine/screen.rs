//! Names that stand on gauges of limits, as they may be shown.
//!
//! In: names as spans have them. Out: the same without what must not be seen. The screen for secrets is long, and the
//! same few names come with every call: what it said of them is remembered.

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::aggregate::cardinality::shown;

/// Names that are remembered; beyond it all are forgotten.
const NAMES: usize = 4096;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Screen {
    known: HashMap<Box<str>, Arc<str>, RandomState>,
}

impl Screen {
    /// The name as it may be shown.
    pub(super) fn shown(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.known.get(name) {
            return Arc::clone(known);
        }
        if self.known.len() >= NAMES {
            self.known.clear();
        }
        let shown: Arc<str> = shown(name).into();
        self.known.insert(name.into(), Arc::clone(&shown));
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guarantees: whether a name is known or not, it is shown the same, and three times as many names as have room
    /// take no more memory.
    #[test]
    fn names_are_shown_alike_each_time() {
        let mut screen = Screen::default();
        for _ in 0..2 {
            assert_eq!(&*screen.shown("gpt-4.1"), "gpt-4.1");
            assert_eq!(&*screen.shown("sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"), "other");
        }
        (0..3 * NAMES).for_each(|number| drop(screen.shown(&format!("model-{number}"))));
        assert!(screen.known.len() <= NAMES);
    }
}
