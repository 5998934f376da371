//! Numbers as people write them, and how a configuration writes them.
//!
//! In: a text that is no number. Out: the number that was probably meant, as an answer to the person; nothing is
//! guessed at. It knows no key.

/// What a suffix multiplies by, in powers of ten.
const SUFFIXES: [(&str, usize); 8] =
    [("thousand", 3), ("million", 6), ("billion", 9), ("bn", 9), ("k", 3), ("m", 6), ("b", 9), ("g", 9)];
/// Thousandths of a second.
const TIMES: [(&str, u64); 5] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// `; write 400000` for `400k`, `1.5M`, `400,000`, `$2.50`, `10 %`; nothing for words.
pub(super) fn hint(text: &str) -> String {
    plain(text).map_or_else(String::new, |number| format!("; write {number}"))
}

/// The same for seconds: `; write 300` for `5m`.
pub(super) fn seconds_hint(text: &str) -> String {
    // A list has commas too.
    let otherwise = || if text.contains(',') { String::new() } else { hint(text) };
    seconds(text).map_or_else(otherwise, |number| format!("; write {number}"))
}

/// A value as it may be shown in a message: short, on one line.
pub(super) fn shortened(text: &str) -> String {
    let line: String =
        text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    match line.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

fn plain(text: &str) -> Option<String> {
    let lower = text.trim().trim_start_matches('$').trim_end_matches('%').to_lowercase();
    let (number, power) = SUFFIXES
        .iter()
        .find_map(|(suffix, power)| lower.strip_suffix(suffix).map(|number| (number, *power)))
        .unwrap_or((&lower, 0));
    shifted(&ungrouped(number.trim())?, power).filter(|number| number != text)
}

fn seconds(text: &str) -> Option<String> {
    let lower = text.trim().to_lowercase();
    let (number, thousandths) =
        TIMES.iter().find_map(|(unit, size)| lower.strip_suffix(unit).map(|number| (number, *size)))?;
    let whole: u64 = number.trim().parse().ok()?;
    let thousandths = whole.checked_mul(thousandths)?;
    shifted(&format!("{}.{:03}", thousandths / 1000, thousandths % 1000), 0)
}

/// A number without what separates its thousands; one comma that does not is a decimal one.
fn ungrouped(number: &str) -> Option<String> {
    let number: String = number.chars().filter(|sign| !matches!(sign, '_' | ' ' | '\'')).collect();
    let mut groups = number.split(',');
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let thousands = rest.iter().all(|group| group.split('.').next().is_some_and(|group| group.len() == 3));
    match (rest.len(), thousands) {
        (0, _) => Some(number),
        (_, true) => Some(format!("{first}{}", rest.concat())),
        (1, false) => Some(number.replace(',', ".")),
        (_, false) => None,
    }
}

/// Decimal digits with the point moved to the right.
fn shifted(number: &str, places: usize) -> Option<String> {
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) || number.len() > 30 {
        return None;
    }
    let part = format!("{part:0<places$}");
    let (moved, part) = part.split_at(places);
    let (whole, part) = (format!("{whole}{moved}"), part.trim_end_matches('0'));
    let whole = Some(whole.trim_start_matches('0')).filter(|whole| !whole.is_empty()).unwrap_or("0");
    Some(if part.is_empty() { whole.to_owned() } else { format!("{whole}.{part}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_writes_is_answered_with_digits() {
        let cases = [
            ("400k", "400000"),
            ("1.5M", "1500000"),
            ("2 million", "2000000"),
            ("400,000", "400000"),
            ("1,000.50", "1000.5"),
            ("400_000", "400000"),
            ("2,5", "2.5"),
            ("$2.50", "2.5"),
            ("10 %", "10"),
        ];
        for (text, number) in cases {
            assert_eq!(hint(text), format!("; write {number}"), "{text}");
        }
        for text in ["", "many", "-5", "1.2.3", "k", "NaN", "0x10", "12", "9999999999999999999999999999999k"]
        {
            assert_eq!(hint(text), "", "{text}");
        }
    }

    #[test]
    fn a_time_is_answered_in_seconds() {
        for (text, number) in
            [("5m", "300"), ("500ms", "0.5"), ("2 h", "7200"), ("1d", "86400"), ("30s", "30")]
        {
            assert_eq!(seconds_hint(text), format!("; write {number}"), "{text}");
        }
        assert_eq!(seconds_hint("soon"), "");
    }
}
