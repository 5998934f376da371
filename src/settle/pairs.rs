//! The nearest of many that are still free, in steps that grow shorter.
//!
//! In: places in order of time. Out: those next to a place that nobody has taken. Knows no spans.

/// Free ones that are looked at on either side.
const NEAR: usize = 8;

/// Things in order, some of them taken.
#[derive(Debug)]
pub(super) struct Free {
    items: Vec<usize>,
    /// Next free place to the left, itself if it is free, one more than the place; 0 is none.
    left: Vec<usize>,
    /// Next free place to the right, itself if it is free; the length is none.
    right: Vec<usize>,
}

impl Free {
    /// All free; `items` ascends.
    pub(super) fn new(items: Vec<usize>) -> Self {
        let (left, right) = ((0..=items.len()).collect(), (0..=items.len()).collect());
        Self { items, left, right }
    }

    /// Takes the item at this place.
    pub(super) fn take(&mut self, place: usize) {
        self.left[place + 1] = place;
        self.right[place] = place + 1;
    }

    /// The nearest free ones on either side of an item, with their places.
    pub(super) fn around(&mut self, item: usize) -> Vec<(usize, usize)> {
        let middle = self.items.partition_point(|&other| other < item);
        let mut found = Vec::with_capacity(2 * NEAR);
        let mut from = middle;
        while found.len() < NEAR {
            let place = find(&mut self.left, from);
            let Some(place) = place.checked_sub(1) else { break };
            found.push((place, self.items[place]));
            from = place;
        }
        let (mut from, most) = (middle, found.len() + NEAR);
        while found.len() < most {
            let place = find(&mut self.right, from);
            if place == self.items.len() {
                break;
            }
            found.push((place, self.items[place]));
            from = place + 1;
        }
        found
    }
}

/// Follows steps to their end, and makes them shorter.
fn find(steps: &mut [usize], from: usize) -> usize {
    let mut at = from;
    while steps[at] != at {
        steps[at] = steps[steps[at]];
        at = steps[at];
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_passed_over() {
        let mut free = Free::new((0..100).map(|item| item * 2).collect());
        (40..60).for_each(|place| free.take(place));
        let found: Vec<usize> = free.around(101).into_iter().map(|(place, _)| place).collect();
        assert_eq!(found, [39, 38, 37, 36, 35, 34, 33, 32, 60, 61, 62, 63, 64, 65, 66, 67]);
        (0..100).for_each(|place| free.take(place));
        assert!(free.around(101).is_empty());
    }
}
