//! A number that adds up exactly, whatever the order.
//!
//! In: amounts, each rounded once. Out: their sum, as the nearest float. Sums of floats drift, depend on their
//! order, and can come out lower by a bit when they are added up again, which Prometheus takes for a reset.

/// A non-negative number with 18 digits after the point: dollars, seconds, counts, up to 3 * 10^20.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exact {
    // Halves, so that it is aligned as other numbers are.
    high: u64,
    low: u64,
}

/// Digits after the point.
const SCALE: u32 = 18;

impl Exact {
    /// Nothing.
    pub const ZERO: Self = Self { high: 0, low: 0 };

    /// So many units of 10^-18.
    #[inline]
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the halves")]
    pub const fn from_atto(atto: u128) -> Self {
        Self { high: (atto >> 64) as u64, low: atto as u64 }
    }

    /// In units of 10^-18.
    #[inline]
    #[must_use]
    pub const fn atto(self) -> u128 {
        (self.high as u128) << 64 | self.low as u128
    }

    /// In units of 10^-12, ties to even.
    #[must_use]
    pub const fn pico(self) -> u128 {
        const MILLION: u128 = 1_000_000;
        let (kept, rest) = (self.atto() / MILLION, self.atto() % MILLION);
        kept + (rest > MILLION / 2 || (rest == MILLION / 2 && kept % 2 == 1)) as u128
    }

    /// A whole number.
    #[must_use]
    pub fn from_count(count: u64) -> Self {
        Self::from_atto(u128::from(count).saturating_mul(10u128.pow(SCALE)))
    }

    /// So many millionths.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self::from_atto(micros as u128 * 10u128.pow(SCALE - 6))
    }

    /// The nearest trillionth, above 1 the nearest billionth: what a float of that size was meant to say.
    /// `None` for negative, infinite and not a number.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be a number from 0"
    )]
    pub fn from_f64(value: f64) -> Option<Self> {
        if !(value.is_finite() && value >= 0.0) {
            return None;
        }
        let (scaled, unit) =
            if value < 1.0 { (value * 1e12, 1_000_000) } else { (value * 1e9, 1_000_000_000) };
        if scaled < (1_u64 << 52) as f64 {
            return Some(Self::from_atto(u128::from((scaled + 0.5) as u64) * unit));
        }
        Some(Self::from_atto((scaled.round() as u128).saturating_mul(unit)))
    }

    /// True for nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.high == 0 && self.low == 0
    }

    /// The sum.
    #[inline]
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self::from_atto(self.atto().saturating_add(other.atto()))
    }

    /// The product, rounded down. What is above the largest number is that number.
    #[must_use]
    pub const fn times(self, other: Self) -> Self {
        const ONE: u128 = 10u128.pow(SCALE);
        const MILLIONTH: u128 = 10u128.pow(6);
        if let Some(product) = self.atto().checked_mul(other.atto()) {
            return Self::from_atto(product / ONE);
        }
        // Twelve digits of each are left: enough for what is so large.
        let (left, right) = (self.atto() / MILLIONTH, other.atto() / MILLIONTH);
        Self::from_atto(left.saturating_mul(right) / MILLIONTH)
    }

    /// A float within one unit in the last place, and the nearest one for short numbers.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "meant")]
    #[inline]
    pub const fn approximate(self) -> f64 {
        if self.high == 0 { self.low as f64 / 1e18 } else { self.atto() as f64 / 1e18 }
    }

    /// The nearest float.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
    pub fn to_f64(self) -> f64 {
        // Both sides of one division are exact, so that it is rounded once.
        let mut atto = self.atto();
        for (zeros, unit) in [(18, 1e0), (9, 1e9), (6, 1e12)] {
            let divisor = 10u128.pow(zeros);
            if atto.is_multiple_of(divisor) && atto / divisor < 1 << 53 {
                return (atto / divisor) as f64 / unit;
            }
        }
        let mut scale = 18;
        while scale > 0 && atto.is_multiple_of(10) {
            (atto, scale) = (atto / 10, scale - 1);
        }
        if atto < 1 << 53 { atto as f64 / 10f64.powi(scale) } else { self.read_digits() }
    }

    /// The same for numbers with many digits.
    #[cold]
    fn read_digits(self) -> f64 {
        let mut digits = itoa::Buffer::new();
        let digits = digits.format(self.atto()).as_bytes();
        // At most 39 digits and `e-18`.
        let mut text = [0; 43];
        text[..digits.len()].copy_from_slice(digits);
        text[digits.len()..digits.len() + 4].copy_from_slice(b"e-18");
        let text = std::str::from_utf8(&text[..digits.len() + 4]);
        text.ok().and_then(|text| text.parse().ok()).unwrap_or_else(|| self.approximate())
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact is the point")]
mod tests {
    use super::*;

    /// Guarantees: a tenth ten times is one, and a million of them a hundred thousand.
    #[test]
    fn tenths_add_up() {
        let tenth = Exact::from_f64(0.1).unwrap();
        let sum = |count| (0..count).fold(Exact::ZERO, |sum, _| sum.plus(tenth));
        assert_eq!(sum(3).to_f64(), 0.3);
        assert_eq!(sum(10).to_f64(), 1.0);
        assert_eq!(sum(1_000_000).to_f64(), 100_000.0);
    }

    /// Guarantees: the short way to a float and the long one end at the same.
    #[test]
    fn floats_are_the_nearest() {
        let mut seed = 7_u128;
        for digits in 0..37 {
            for _ in 0..200 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                for zeros in [0, 1, 6, 9, 12, 18] {
                    let exact =
                        Exact::from_atto(seed % 10u128.pow(digits + 1) * 10u128.pow(zeros.min(37 - digits)));
                    assert_eq!(exact.to_f64(), exact.read_digits(), "{}", exact.atto());
                }
            }
        }
    }

    /// Guarantees: what a float says is read as it is written, and shown as it was.
    #[test]
    fn floats_come_back() {
        for value in [0.0, 1e-12, 0.000_246, 0.1, 0.3, 2.5, 1.123_456_789, 604_800.0, 12_345.678] {
            assert_eq!(Exact::from_f64(value).unwrap().to_f64(), value);
        }
        for value in [-1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Exact::from_f64(value), None);
        }
        assert_eq!(Exact::from_f64(f64::MAX).unwrap().plus(Exact::from_count(1)).atto(), u128::MAX);
        assert_eq!(Exact::from_count(u64::MAX).to_f64(), u64::MAX as f64);
        assert_eq!(Exact::from_micros(250_000).to_f64(), 0.25);
    }
}
