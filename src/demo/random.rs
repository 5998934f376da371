//! Repeatable chance: the same seed gives the same traffic.
//!
//! In: a seed. Out: numbers. SplitMix64, <https://prng.di.unimi.it/splitmix64.c>: small, and good enough for
//! made-up calls; nothing here is secret.

/// A source of repeatable numbers.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Evenly from 0 to below 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True in this share of cases.
    pub(super) fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// Around a median, long-tailed to the right as token counts and latencies are.
    pub(super) fn around(&mut self, median: f64, spread: f64) -> f64 {
        // The sum of twelve even numbers is as good as normal.
        let normal: f64 = (0..12).map(|_| self.unit()).sum::<f64>() - 6.0;
        median * (normal * spread).exp()
    }

    /// A whole number around a median, at least 1.
    pub(super) fn count(&mut self, median: f64, spread: f64) -> u64 {
        self.around(median, spread).clamp(1.0, 1e9) as u64
    }

    /// One item, by weight.
    pub(super) fn pick<'a, T>(&mut self, items: &'a [T], weight: impl Fn(&T) -> f64) -> Option<&'a T> {
        let mut left = self.unit() * items.iter().map(&weight).sum::<f64>();
        items.iter().find(|item| {
            left -= weight(item);
            left < 0.0
        })
    }

    /// How often something that happens `mean` times on average happens this time.
    pub(super) fn times(&mut self, mean: f64) -> u64 {
        let whole = mean.max(0.0).floor();
        whole as u64 + u64::from(self.chance(mean - whole))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let (mut one, mut two) = (Random::new(7), Random::new(7));
        assert!((0..100).all(|_| one.bits() == two.bits()));
        assert_ne!(Random::new(7).bits(), Random::new(8).bits());
    }

    #[test]
    fn picks_follow_the_weights() {
        let mut random = Random::new(1);
        let heavy = (0..1000).filter(|_| random.pick(&[1.0, 9.0], |weight| *weight) == Some(&9.0)).count();
        assert!((850..950).contains(&heavy), "{heavy}");
    }
}
