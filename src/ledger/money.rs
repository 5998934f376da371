//! Dollars of the ledger: whole numbers of 1e-12 dollar, so that sums are exact in any order.

use std::fmt;

/// So many 1e-12 dollars; negative only as a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(pub i128);

/// 1e-12 dollars in a dollar.
const DOLLAR: u128 = 1_000_000_000_000;

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Whole dollars and parts of one, as a configuration has them.
    #[must_use]
    pub fn from_f64(dollars: f64) -> Self {
        Self((dollars * DOLLAR as f64).round() as i128)
    }

    /// The nearest float in dollars.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.to_string().parse().unwrap_or(self.0 as f64 / DOLLAR as f64)
    }

    /// For a person: two digits after the point from a dollar on, else three that tell something.
    #[must_use]
    pub fn short(self) -> String {
        let dollars = self.to_f64();
        let (sign, size) = if dollars < 0.0 { ("-", -dollars) } else { ("", dollars) };
        if size == 0.0 {
            return "$0".to_owned();
        }
        if size >= 1.0 {
            return format!("{sign}${}", thousands(&format!("{size:.2}")));
        }
        let digits = (2.0 - size.log10().floor()).clamp(2.0, 12.0) as usize;
        let text = format!("{size:.digits$}");
        format!("{sign}${}", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// A number with a comma at every three digits before the point.
#[must_use]
pub fn thousands(number: &str) -> String {
    let (whole, rest) = number.split_at(number.find('.').unwrap_or(number.len()));
    let mut out = String::with_capacity(number.len() + whole.len() / 3);
    for (index, digit) in whole.char_indices() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

impl fmt::Display for Money {
    /// Plain notation with all digits and no needless zeros: the `cost_usd` of the API.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, part) = (size / DOLLAR, size % DOLLAR);
        if part == 0 {
            return write!(formatter, "{sign}{whole}");
        }
        let part = format!("{part:012}");
        write!(formatter, "{sign}{whole}.{}", part.trim_end_matches('0'))
    }
}

impl std::iter::Sum for Money {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        Self(all.map(|one| one.0).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_with_all_its_digits_and_for_people_with_few() {
        let written = |pico| (Money(pico).to_string(), Money(pico).short());
        assert_eq!(written(0), ("0".to_owned(), "$0".to_owned()));
        assert_eq!(written(1), ("0.000000000001".to_owned(), "$0.000000000001".to_owned()));
        assert_eq!(written(1_500_000_000_000), ("1.5".to_owned(), "$1.50".to_owned()));
        assert_eq!(
            written(-12_345_670_000_000_001),
            ("-12345.670000000001".to_owned(), "-$12,345.67".to_owned())
        );
        assert_eq!(Money(246_000_000).short(), "$0.000246");
        assert_eq!(thousands("1234567"), "1,234,567");
    }
}
