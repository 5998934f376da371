//! Exact decimal money: [`Decimal`] for what is stated, [`Dollars`] for what is computed.
//!
//! In: decimal text, counts. Out: amounts that equal those of Python's `decimal` module with its
//! default context: 28 significant digits, ties to even (General Decimal Arithmetic). Amounts with
//! fewer digits are exact, and all amounts of token prices are: a rate has at most 18 digits, a
//! call at most 10^10 tokens. It knows no price, no unit and no currency but the dollar.

use std::cmp::Ordering;
use std::fmt;

use crate::exact::Exact;

/// Significant digits of [`Dollars`].
const PRECISION: u32 = 28;

/// The smallest coefficient that has too many digits: 10^28.
const LIMIT: u128 = 10u128.pow(PRECISION);

/// A non-negative decimal number as it was written: `coefficient / 10^scale`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Decimal {
    coefficient: u64,
    scale: u8,
}

/// A computed amount of dollars, never negative: `coefficient / 10^scale`, 28 significant digits.
/// Equality and order are those of the numbers, not of their digits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dollars {
    coefficient: u128,
    scale: i32,
}

/// Per cent off a price: below 0 for a mark-up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percent {
    size: Decimal,
    is_markup: bool,
}

// === impl Percent ===

impl Percent {
    /// Reads plain notation, perhaps with a sign.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let size = text.strip_prefix('-');
        Some(Self { size: Decimal::parse(size.unwrap_or(text))?, is_markup: size.is_some() })
    }

    /// Per cent that are left to pay; `None` for more than 100 off.
    #[must_use]
    pub fn to_pay(self) -> Option<Decimal> {
        let all = Decimal::from(100);
        if self.is_markup { all.checked_add(self.size) } else { all.checked_sub(self.size) }
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", if self.is_markup { "-" } else { "" }, self.size)
    }
}

// === impl Decimal ===

impl Decimal {
    /// Nothing.
    pub const ZERO: Self = Self { coefficient: 0, scale: 0 };

    /// The largest number of significant digits that is accepted: a rate times any `u64` then fits
    /// into 128 bits.
    pub const MAX_DIGITS: usize = 18;

    /// The largest number of digits after the point that is accepted.
    const MAX_SCALE: usize = 36;

    /// Reads plain notation: digits, and perhaps a point and digits. No sign, no exponent.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) || text.ends_with('.') {
            return None;
        }
        let whole = whole.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        let leading =
            if whole.is_empty() { fraction.len() - fraction.trim_start_matches('0').len() } else { 0 };
        if whole.len() + fraction.len() - leading > Self::MAX_DIGITS || fraction.len() > Self::MAX_SCALE {
            return None;
        }
        let coefficient =
            whole.bytes().chain(fraction.bytes()).fold(0, |sum, byte| sum * 10 + u64::from(byte - b'0'));
        Some(Self { coefficient, scale: u8::try_from(fraction.len()).ok()? })
    }

    /// The number that a float prints as, with the fewest digits that read back as the same float.
    /// `None` for negative, infinite, not a number, and beyond [`Self::MAX_DIGITS`].
    #[must_use]
    pub fn from_f64(value: f64) -> Option<Self> {
        if !(value.is_finite() && value >= 0.0) {
            return None;
        }
        Self::parse(&format!("{value}"))
    }

    /// True for zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.coefficient == 0
    }

    /// The difference, or `None` when it would be negative or too long.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.aligned(other, u128::checked_sub)
    }

    /// The sum, or `None` when it would be too long.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.aligned(other, u128::checked_add)
    }

    /// What comes of both coefficients at the finer of both scales.
    fn aligned(self, other: Self, combine: fn(u128, u128) -> Option<u128>) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let at = |value: Self| {
            10u128.checked_pow(u32::from(scale - value.scale))?.checked_mul(u128::from(value.coefficient))
        };
        let coefficient = u64::try_from(combine(at(self)?, at(other)?)?).ok()?;
        Some(Self { coefficient, scale })
    }

    /// The nearest number that a float can hold, as a float prints it; a whole number stays as it is.
    /// Published prices take a difference of fractional counts for a float, so that 4020.1200000000003
    /// less 795.32 is 3224.8.
    pub(super) fn as_float(self) -> Self {
        if self.scale == 0 {
            return self;
        }
        self.to_string().parse().ok().and_then(Self::from_f64).unwrap_or(self)
    }

    /// Price of `quantity` at this rate for each `per`, rounded after the product and after the
    /// quotient as Python's decimals do.
    #[must_use]
    pub fn times(self, quantity: Self, per: u64) -> Dollars {
        let product = u128::from(self.coefficient) * u128::from(quantity.coefficient);
        Dollars::rounded(product, i32::from(self.scale) + i32::from(quantity.scale), false).divided(per)
    }
}

impl From<u64> for Decimal {
    fn from(count: u64) -> Self {
        Self { coefficient: count, scale: 0 }
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        Dollars::from(*self).cmp(&Dollars::from(*other))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Dollars::from(*self).fmt(formatter)
    }
}

// === impl Dollars ===

impl Dollars {
    /// No dollars.
    pub const ZERO: Self = Self { coefficient: 0, scale: 0 };

    /// True for zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.coefficient == 0
    }

    /// The sum, rounded to 28 digits.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        if self.coefficient == 0 || other.coefficient == 0 {
            return if self.coefficient == 0 { other } else { self };
        }
        let (coarse, fine) = if self.scale <= other.scale { (self, other) } else { (other, self) };
        let gap = fine.scale.abs_diff(coarse.scale);
        if let Some(sum) = 10u128
            .checked_pow(gap)
            .and_then(|factor| coarse.coefficient.checked_mul(factor))
            .and_then(|aligned| aligned.checked_add(fine.coefficient))
        {
            return Self::rounded(sum, fine.scale, false);
        }
        coarse.plus_far(fine)
    }

    /// The sum with an addend so fine that both do not fit into 128 bits at its scale: its low
    /// digits only decide how to round.
    fn plus_far(self, fine: Self) -> Self {
        let lift = 37 - digits(self.coefficient);
        let scale = self.scale + lift as i32;
        let drop = fine.scale.abs_diff(scale);
        let (kept, lost) = match 10u128.checked_pow(drop) {
            Some(divisor) => (fine.coefficient / divisor, !fine.coefficient.is_multiple_of(divisor)),
            None => (0, true),
        };
        Self::rounded(self.coefficient * 10u128.pow(lift) + kept, scale, lost)
    }

    /// The quotient by a count, rounded to 28 digits.
    fn divided(self, divisor: u64) -> Self {
        let exponent = divisor.checked_ilog10().unwrap_or(0);
        if 10u64.checked_pow(exponent) == Some(divisor) {
            return Self { coefficient: self.coefficient, scale: self.scale + exponent as i32 };
        }
        if self.coefficient == 0 || divisor == 0 {
            return Self::ZERO;
        }
        let lift = 38 - digits(self.coefficient);
        let dividend = self.coefficient * 10u128.pow(lift);
        let quotient = dividend / u128::from(divisor);
        Self::rounded(quotient, self.scale + lift as i32, !dividend.is_multiple_of(u128::from(divisor)))
    }

    /// This amount times a percentage, for discounts and mark-ups.
    #[must_use]
    pub fn percent(self, percent: Decimal) -> Self {
        let percent = Self::from(percent);
        let (mut left, mut right) = (self, percent);
        let mut excess = (digits(left.coefficient) + digits(right.coefficient)).saturating_sub(38);
        while excess > 0 {
            let longer = if left.coefficient >= right.coefficient { &mut left } else { &mut right };
            *longer = Self { coefficient: longer.coefficient / 10, scale: longer.scale - 1 };
            excess -= 1;
        }
        Self::rounded(left.coefficient * right.coefficient, left.scale + right.scale + 2, false)
    }

    /// Rounds to 28 digits, ties to even; `sticky` says that non-zero digits follow.
    fn rounded(coefficient: u128, scale: i32, sticky: bool) -> Self {
        if coefficient < LIMIT {
            return Self { coefficient, scale };
        }
        let excess = digits(coefficient) - PRECISION;
        let divisor = 10u128.pow(excess);
        let (kept, rest) = (coefficient / divisor, coefficient % divisor);
        let up = match rest.cmp(&(divisor / 2)) {
            Ordering::Less => false,
            Ordering::Greater => true,
            Ordering::Equal => sticky || kept % 2 == 1,
        };
        Self { coefficient: kept + u128::from(up), scale: scale - excess as i32 }
    }

    /// The nearest float, for metrics; within one unit in the last place.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        if self.scale <= 0 {
            return self.coefficient as f64 * 10f64.powi(-self.scale);
        }
        self.coefficient as f64 / 10f64.powi(self.scale)
    }

    /// The amount to 18 digits after the point, for sums.
    #[must_use]
    pub fn exact(self) -> Exact {
        let power = |exponent: i32| 10u128.checked_pow(exponent.unsigned_abs()).unwrap_or(u128::MAX);
        let lift = 18 - self.scale;
        if lift >= 0 {
            return Exact::from_atto(self.coefficient.saturating_mul(power(lift)));
        }
        let divisor = power(lift);
        let (kept, rest) = (self.coefficient / divisor, self.coefficient % divisor);
        Exact::from_atto(kept + u128::from(rest > divisor / 2))
    }

    /// The same, where nothing is lost.
    #[must_use]
    pub fn exactly(self) -> Option<Exact> {
        let (_, scale) = self.shortest();
        (scale <= 18).then(|| self.exact())
    }

    /// In whole 1e-12 dollars, ties to even: how the ledger keeps it.
    #[must_use]
    pub fn pico(self) -> u128 {
        let power = |exponent: u32| 10u128.checked_pow(exponent).unwrap_or(u128::MAX);
        let lift = 12 - self.scale;
        if lift >= 0 {
            return self.coefficient.saturating_mul(power(lift.unsigned_abs()));
        }
        let divisor = power(lift.unsigned_abs());
        let (kept, rest) = (self.coefficient / divisor, self.coefficient % divisor);
        let up = match rest.cmp(&(divisor / 2)) {
            Ordering::Less => false,
            Ordering::Greater => true,
            Ordering::Equal => kept % 2 == 1,
        };
        kept + u128::from(up)
    }

    /// The number that a float prints as, for costs that instrumentations report. `None` for negative,
    /// infinite and not a number.
    #[must_use]
    pub fn from_f64(value: f64) -> Option<Self> {
        if !(value.is_finite() && value >= 0.0) {
            return None;
        }
        Self::parse(&format!("{value}"))
    }

    /// Reads plain notation of at most 28 digits, and nothing longer.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || text.ends_with('.') {
            return None;
        }
        let mut coefficient = 0u128;
        for byte in whole.bytes().chain(fraction.bytes()) {
            coefficient = coefficient * 10 + u128::from(byte - b'0');
            if coefficient >= LIMIT {
                return None;
            }
        }
        Some(Self { coefficient, scale: i32::try_from(fraction.len()).ok()? })
    }

    /// The same number without trailing zeros after the point, as digits and scale.
    const fn shortest(self) -> (u128, i32) {
        let (mut coefficient, mut scale) = (self.coefficient, self.scale);
        if coefficient == 0 {
            return (0, 0);
        }
        while scale > 0 && coefficient.is_multiple_of(10) {
            coefficient /= 10;
            scale -= 1;
        }
        (coefficient, scale)
    }
}

/// Digits of a number in base ten; 1 for zero.
const fn digits(coefficient: u128) -> u32 {
    match coefficient.checked_ilog10() {
        Some(exponent) => exponent + 1,
        None => 1,
    }
}

impl From<Decimal> for Dollars {
    fn from(value: Decimal) -> Self {
        Self { coefficient: u128::from(value.coefficient), scale: i32::from(value.scale) }
    }
}

impl std::iter::Sum for Dollars {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Self::plus)
    }
}

impl PartialEq for Dollars {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Dollars {}

impl PartialOrd for Dollars {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Dollars {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.coefficient == 0 || other.coefficient == 0 {
            return self.coefficient.cmp(&other.coefficient);
        }
        let magnitude = |value: &Self| i64::from(digits(value.coefficient)) - i64::from(value.scale);
        magnitude(self).cmp(&magnitude(other)).then_with(|| {
            let aligned = |value: &Self| value.coefficient * 10u128.pow(38 - digits(value.coefficient));
            aligned(self).cmp(&aligned(other))
        })
    }
}

impl fmt::Display for Dollars {
    /// Plain notation, as many digits as there are: `0.00042`, `12`, `0`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (coefficient, scale) = self.shortest();
        if scale <= 0 {
            let zeros = scale.unsigned_abs() as usize;
            return write!(formatter, "{coefficient}{:0<zeros$}", "");
        }
        let scale = scale.unsigned_abs();
        match 10u128.checked_pow(scale) {
            Some(one) => {
                let width = scale as usize;
                write!(formatter, "{}.{:0width$}", coefficient / one, coefficient % one)
            }
            None => write!(formatter, "0.{coefficient:0width$}", width = scale as usize),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).expect(text)
    }

    fn dollars(text: &str) -> Dollars {
        Dollars::parse(text).expect(text)
    }

    #[test]
    fn token_prices_are_exact() {
        assert_eq!(
            decimal("0.049999999999999996").times(1_234_567.into(), 1_000_000).to_string(),
            "0.061728349999999995061732"
        );
        assert_eq!(decimal("2.5").times(1000.into(), 1_000_000).to_string(), "0.0025");
        assert_eq!(decimal("10").times(3.into(), 1000).to_string(), "0.03");
    }

    /// Values from Python: `Decimal('0.111') * 7 / 3600` and so on.
    #[test]
    fn endless_quotients_have_28_digits_as_in_python() {
        assert_eq!(decimal("0.111").times(7.into(), 3600).to_string(), "0.0002158333333333333333333333333");
        assert_eq!(decimal("1.02").times(61.into(), 3600).to_string(), "0.01728333333333333333333333333");
        let sum = dollars("100").plus(decimal("0.111").times(7.into(), 3600));
        assert_eq!(sum.to_string(), "100.0002158333333333333333333");
    }

    #[test]
    fn only_plain_non_negative_numbers_are_read() {
        for text in ["", "-1", "+1", "1e3", ".5", "5.", "1.2.3", "NaN", " 1", "12345678901234567890"] {
            assert!(Decimal::parse(text).is_none(), "{text}");
        }
        assert_eq!(decimal("007.50"), decimal("7.5"));
        assert_eq!(Decimal::from_f64(12.5), Decimal::parse("12.5"));
        assert_eq!(decimal("0.000012345678901234568").to_string(), "0.000012345678901234568");
        assert_eq!(Decimal::from_f64(f64::NAN), None);
    }

    #[test]
    fn huge_amounts_round_and_never_wrap() {
        let huge = decimal("999999999999999999").times(u64::MAX.into(), 1);
        assert_eq!(huge.to_string(), "18446744073709551596553255930000000000");
        assert_eq!(dollars("0").plus(huge).cmp(&huge), Ordering::Equal);
    }

    #[test]
    fn a_reported_float_is_what_it_prints() {
        assert_eq!(
            Dollars::from_f64(1.234_567_890_123_456_7e-5).unwrap().to_string(),
            "0.000012345678901234568"
        );
        assert_eq!(Dollars::from_f64(-1.0), None);
        assert_eq!(Dollars::from_f64(f64::INFINITY), None);
    }

    #[test]
    fn a_discount_is_a_percentage_of_the_amount() {
        assert_eq!(dollars("0.0123").percent(decimal("80")).to_string(), "0.00984");
    }

    proptest! {
        #[test]
        fn sums_and_order_agree_with_whole_numbers(left in 0u64..u64::MAX, right in 0u64..u64::MAX, scale in 0usize..12) {
            let text = |value: u64| {
                let padded = format!("{value:0>13}");
                let (whole, fraction) = padded.split_at(padded.len() - scale);
                if scale == 0 { whole.to_owned() } else { format!("{whole}.{fraction}") }
            };
            let (a, b) = (dollars(&text(left)), dollars(&text(right)));
            prop_assert_eq!(a.cmp(&b), left.cmp(&right));
            let sum = u128::from(left) + u128::from(right);
            prop_assert_eq!(a.plus(b), Dollars { coefficient: sum, scale: scale as i32 });
        }

        #[test]
        fn what_is_printed_reads_back(coefficient in 0..LIMIT, scale in 0i32..40) {
            let amount = Dollars { coefficient, scale };
            let text = amount.to_string();
            prop_assert!(!text.contains(['e', 'E', '-']));
            prop_assert_eq!(Dollars::parse(&text).unwrap(), amount);
        }
    }
}
