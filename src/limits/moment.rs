//! When a limit is refilled, in every format that providers write.
//!
//! In: the text of a header or a message and the end of the call. Out: seconds from that end.

use std::time::Duration;

/// Longer waits than this are no resets but sentinels: 400 days.
const LONGEST_SECONDS: f64 = 400.0 * 86_400.0;
/// A bare number from here on is a moment, not a span: 2001 in epoch seconds.
const EPOCH_SECONDS_FROM: f64 = 1e9;
/// A bare number from here on is in milliseconds: 2001 in epoch milliseconds.
const EPOCH_MILLISECONDS_FROM: f64 = 1e12;

/// Seconds from the end of the call. `text` is a Go duration (`6m0s`), a number (seconds, epoch
/// seconds or epoch milliseconds, told apart by size) or an RFC 3339 time. A moment that has passed
/// is 0. `None` for anything else, for negative numbers and for waits of more than 400 days.
pub(super) fn seconds_until(text: &str, end_unix_nano: u64) -> Option<f64> {
    let text = text.trim();
    let end = Duration::from_nanos(end_unix_nano).as_secs_f64();
    let seconds = if let Ok(number) = text.parse::<f64>() {
        from_number(number, end)?
    } else if let Some(span) = duration(text) {
        span
    } else {
        let moment: jiff::Timestamp = text.parse().ok()?;
        (as_seconds(moment) - end).max(0.0)
    };
    (0.0..=LONGEST_SECONDS).contains(&seconds).then_some(seconds)
}

/// The moment itself, seconds since the Unix epoch, where `text` states one and no wait.
pub(super) fn moment(text: &str) -> Option<f64> {
    let text = text.trim();
    match text.parse::<f64>() {
        Ok(number) if number >= EPOCH_MILLISECONDS_FROM => Some(number / 1e3),
        Ok(number) => Some(number).filter(|&number| number >= EPOCH_SECONDS_FROM),
        Err(_) => text.parse().ok().map(as_seconds),
    }
}

fn from_number(number: f64, end: f64) -> Option<f64> {
    if !number.is_finite() || number < 0.0 {
        return None;
    }
    if number >= EPOCH_MILLISECONDS_FROM {
        return Some((number / 1e3 - end).max(0.0));
    }
    if number >= EPOCH_SECONDS_FROM {
        return Some((number - end).max(0.0));
    }
    Some(number)
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of this century fit 53 bits")]
fn as_seconds(moment: jiff::Timestamp) -> f64 {
    moment.as_microsecond() as f64 / 1e6
}

/// `1h26m24s`, `7.66s`, `940ms`, also in words: `13 hours 2 minutes`, `58 seconds`. All of `text`
/// must be one.
pub(super) fn duration(text: &str) -> Option<f64> {
    let (seconds, rest) = leading_duration(text)?;
    rest.trim().is_empty().then_some(seconds)
}

/// The duration at the start of `text`, and what follows it.
pub(super) fn leading_duration(text: &str) -> Option<(f64, &str)> {
    let mut rest = text.trim_start();
    let mut total = None;
    while let Some((seconds, after)) = part(rest) {
        total = Some(total.unwrap_or(0.0) + seconds);
        rest = after.trim_start_matches([' ', ',']);
    }
    total.map(|seconds| (seconds, rest))
}

fn part(text: &str) -> Option<(f64, &str)> {
    let digits = text.find(|character: char| !character.is_ascii_digit() && character != '.')?;
    let number: f64 = text[..digits].parse().ok()?;
    let unit_text = text[digits..].trim_start();
    let length = unit_text.find(|character: char| !character.is_alphabetic()).unwrap_or(unit_text.len());
    let factor = match &unit_text[..length] {
        "ns" => 1e-9,
        "us" | "µs" | "μs" => 1e-6,
        "ms" | "milliseconds" | "millisecond" => 1e-3,
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hour" | "hours" => 3_600.0,
        "d" | "day" | "days" => 86_400.0,
        _ => return None,
    };
    Some((number * factor, &unit_text[length..]))
}
