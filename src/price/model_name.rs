//! Model names as spans carry them, and the names they may stand for. (Being extended.)

use std::borrow::Cow;

/// The name with compact dates (`-20251211`) written with dashes (`-2025-12-11`), or `None` when
/// there is none. Some gateways write the one where the vendor writes the other.
pub(super) fn dashed_dates(model: &str) -> Option<String> {
    let mut result = String::with_capacity(model.len() + 4);
    let mut rest = model;
    let mut changed = false;
    while let Some(dash) = rest.find('-') {
        let (before, after) = rest.split_at(dash + 1);
        result.push_str(before);
        rest = after;
        if let Some(date) = compact_date(after) {
            result.push_str(&date);
            rest = &after[8..];
            changed = true;
        }
    }
    result.push_str(rest);
    changed.then_some(result)
}

/// `20251211` and then an end, `-` or `:`, as `2025-12-11`, when there is such a day.
fn compact_date(text: &str) -> Option<Cow<'static, str>> {
    let digits = text.get(..8).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    if !(text.len() == 8 || text[8..].starts_with(['-', ':'])) || !digits.starts_with("20") {
        return None;
    }
    let part = |range: std::ops::Range<usize>| digits[range].parse::<i16>().ok();
    let (year, month, day) = (part(0..4)?, part(4..6)?, part(6..8)?);
    jiff::civil::Date::new(year, month as i8, day as i8).ok()?;
    Some(format!("{year:04}-{month:02}-{day:02}").into())
}
