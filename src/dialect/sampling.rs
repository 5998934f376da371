//! Where spans say that others like them were not kept: how many they stand for, themselves included.
//!
//! In: a member of a trace state, or the number of an attribute. Out: a weight, if it is above 1. What a span of the
//! middle of a trace does not carry (Sentry and Datadog mark roots only) is not seen there.

use super::Fact::SampleRate;
use super::{Key, key};

/// A weight above it is a mistake of whoever wrote it: the span stands for itself.
const MOST: f64 = 1e6;

/// How a rate is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// One of so many is kept.
    OneOf,
    /// A part, 0 to 1, is kept.
    Part,
    /// So many of a hundred are kept.
    Percent,
}

/// Attributes. Sources: Honeycomb's docs, "Sample rate" of OTLP (and `opentelemetry_honeycomb_sampler`, which sets it on
/// every span; its other spelling, `sampleRate`, is the pitch of sound elsewhere and not read);
/// `azure-monitor-opentelemetry-exporter`, `_SAMPLE_RATE_KEY`, in percent; `sentry-javascript`,
/// `SEMANTIC_ATTRIBUTE_SENTRY_SAMPLE_RATE`, a part.
pub const KEYS: &[Key] = &[
    key("SampleRate", SampleRate(Rate::OneOf)),
    key("_MS.sampleRate", SampleRate(Rate::Percent)),
    key("microsoft.sample_rate", SampleRate(Rate::Percent)),
    key("sentry.sample_rate", SampleRate(Rate::Part)),
];

type Member = (&'static str, &'static str, fn(&str) -> Option<f64>);

/// Members of a trace state: whose, which part of it, and how that is read. Sources: OpenTelemetry, "`TraceState`: Probability
/// Sampling" (`th`, a rejection threshold of 56 bits) and its predecessor (`p`, a power of two); Elastic APM agents,
/// "Trace state", `s`, a part.
const MEMBERS: &[Member] = &[
    ("ot=", "th:", of_threshold),
    ("ot=", "p:", of_power),
    ("es=", "s:", |part| part.parse().ok().and_then(|part| Rate::Part.weight(part))),
];

impl Rate {
    /// How many a span stands for; `None` for itself alone, and for numbers that are no rate.
    #[must_use]
    pub fn weight(self, number: f64) -> Option<f64> {
        let weight = match self {
            Self::OneOf => number,
            Self::Part => 1.0 / number,
            Self::Percent => 100.0 / number,
        };
        above_one(weight)
    }
}

/// How many a span with this trace state stands for; `None` for itself alone.
pub(crate) fn weight_of_state(state: &[u8]) -> Option<f64> {
    let state = std::str::from_utf8(state).ok()?;
    MEMBERS.iter().find_map(|(vendor, name, read)| {
        let own = state.split(',').find_map(|member| member.trim().strip_prefix(vendor))?;
        own.split(';').find_map(|part| part.strip_prefix(name)).and_then(read)
    })
}

/// Up to 14 digits, the missing ones 0: what is below is thrown away, of 2^56.
fn of_threshold(hex: &str) -> Option<f64> {
    let whole = !hex.is_empty() && hex.len() <= 14 && hex.bytes().all(|digit| digit.is_ascii_hexdigit());
    let threshold = whole.then(|| u64::from_str_radix(hex, 16).ok()).flatten()? << (4 * (14 - hex.len()));
    above_one((1_u64 << 56) as f64 / ((1_u64 << 56) - threshold) as f64)
}

fn of_power(power: &str) -> Option<f64> {
    let power: i32 = power.parse().ok().filter(|power| (0..63).contains(power))?;
    above_one(2_f64.powi(power))
}

fn above_one(weight: f64) -> Option<f64> {
    (weight > 1.0).then_some(if weight <= MOST { weight } else { 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(text: &str) -> Option<f64> {
        weight_of_state(text.as_bytes())
    }

    #[test]
    fn thresholds_powers_and_parts_are_weights() {
        for (text, weight) in [
            ("ot=th:c", 4.0),
            ("ot=th:8", 2.0),
            ("rojo=00f067aa0ba902b7, ot=rv:1234567890abcd;th:8", 2.0),
            ("ot=th:fd70a3d70a3d71", 100.0),
            ("ot=p:3;r:10", 8.0),
            ("es=s:0.25", 4.0),
        ] {
            let found = state(text).unwrap_or_else(|| panic!("{text}"));
            assert!((found - weight).abs() < 1e-9, "{text}: {found}");
        }
    }

    #[test]
    fn what_keeps_everything_or_is_no_threshold_weighs_nothing() {
        for text in [
            "",
            "ot=th:0",
            "ot=th:00",
            "ot=th:",
            "ot=th:xyz",
            "ot=th:123456789012345",
            "ot=p:0",
            "ot=p:63",
            "es=s:1",
        ] {
            assert_eq!(state(text), None, "{text}");
        }
        assert_eq!(weight_of_state(b"ot=th:\xff"), None);
    }

    /// Guarantees: one span with an absurd rate cannot stand for all others.
    #[test]
    fn absurd_rates_leave_a_span_with_itself() {
        assert_eq!(state("ot=th:ffffffffffffff"), Some(1.0));
        assert_eq!(Rate::OneOf.weight(1e300), Some(1.0));
        assert_eq!(Rate::Part.weight(0.0), Some(1.0));
        for number in [f64::NAN, -1.0, 0.0, 1.0] {
            assert_eq!(Rate::OneOf.weight(number), None);
        }
        assert_eq!(Rate::Percent.weight(25.0), Some(4.0));
    }
}
