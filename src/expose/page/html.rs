//! Text and drawings as HTML.

use std::fmt::Write as _;

use crate::ledger::Money;

/// A text that may stand between tags and in quoted attributes.
pub(in crate::expose) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Invisible marks that turn what follows around.
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('_'),
            letter if letter.is_control() && letter != '\n' => out.push('_'),
            letter => out.push(letter),
        }
    }
    out
}

/// Dollars as far as they are known: what has no price is not 0.
pub(super) fn dollars(cost: Money, unpriced_tokens: u64) -> String {
    match (unpriced_tokens, cost) {
        (0, _) => cost.short(),
        (_, Money::ZERO) => "<span class=warn>no price</span>".to_owned(),
        _ => format!("<span class=soft>over</span> {}", cost.short()),
    }
}

/// A value within an address.
pub(crate) fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The beginning of a page, up to its main part.
pub(super) fn head(title: &str, version: &str, state: &str) -> String {
    let (title, version) = (escape(title), escape(version));
    format!(
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width,initial-scale=1\">\
         <title>{title}</title><link rel=stylesheet href=/page.css><script src=/page.js defer></script></head><body>\
         <a class=skip href=#main>to the numbers</a><header><h1>Tollgate <small>{version}</small></h1>{state}\
         <nav aria-label=pages><a href=\"/\">now</a> · <a href=\"/spend\">spend</a> · <a href=\"/metrics\">metrics</a></nav></header><main id=main>"
    )
}

/// Its end.
pub(super) fn foot(text: &str) -> String {
    format!("</main><footer><p>{text}</p></footer></body></html>\n")
}

/// A number with its name.
pub(super) fn tile(out: &mut String, value: &str, name: &str, class: &str) {
    let _ = write!(out, "<li><b class=\"{class}\">{}</b><span>{}</span></li>", escape(value), escape(name));
}

/// A line of few values.
pub(super) fn spark(values: &[f64], name: &str) -> String {
    const WIDTH: f64 = 118.0;
    let most = values.iter().copied().fold(0.0, f64::max);
    let step = WIDTH / (values.len().max(2) - 1) as f64;
    let mut path = String::new();
    for (at, value) in values.iter().enumerate() {
        let height = if most > 0.0 { 22.0 - value / most * 20.0 } else { 22.0 };
        let _ = write!(path, "{}{:.1} {height:.1}", if at == 0 { 'M' } else { 'L' }, 1.0 + at as f64 * step);
    }
    format!(
        "<svg class=spark viewBox=\"0 0 120 24\" role=img aria-label=\"{}\"><path d=\"{path}\"/></svg>",
        escape(name)
    )
}

/// A day and what it is split into: colour, name, dollars.
pub(super) type Day = (String, Vec<(usize, String, Money)>);

/// Bars, a column a day: its name and its parts, from below.
pub(super) fn bars(columns: &[Day], name: &str) -> String {
    const WIDTH: f64 = 960.0;
    const HEIGHT: f64 = 200.0;
    const LEFT: f64 = 64.0;
    let sum = |parts: &[(usize, String, Money)]| parts.iter().map(|part| part.2).sum::<Money>();
    let most = columns.iter().map(|(_, parts)| sum(parts)).max().unwrap_or_default().to_f64();
    let mut out = format!(
        "<svg class=bars viewBox=\"0 0 {WIDTH} {}\" role=img aria-label=\"{}\">",
        HEIGHT + 24.0,
        escape(name)
    );
    if most <= 0.0 {
        return out + "<text x=64 y=100>nothing was spent</text></svg>";
    }
    let step = (WIDTH - LEFT) / columns.len().max(1) as f64;
    for part in [1.0, 0.5] {
        let (y, label) = (HEIGHT - (HEIGHT - 16.0) * part, Money::from_f64(most * part).short());
        let _ = write!(
            out,
            "<line class=axis x1={LEFT} x2={WIDTH} y1={y:.1} y2={y:.1} /><text x={} y={:.1} text-anchor=end>{label}</text>",
            LEFT - 6.0,
            y + 4.0
        );
    }
    let every = (columns.len() / 8).max(1);
    for (at, (day, parts)) in columns.iter().enumerate() {
        let x = LEFT + at as f64 * step;
        let mut y = HEIGHT;
        for (colour, part, money) in parts {
            let height = money.to_f64() / most * (HEIGHT - 16.0);
            y -= height;
            let _ = write!(
                out,
                "<rect class=c{colour} x={:.1} y={y:.2} width={:.1} height={height:.2}><title>{}: {} {}</title></rect>",
                x + step * 0.1,
                (step * 0.8).min(60.0),
                escape(day),
                escape(part),
                money.short()
            );
        }
        if at % every == 0 {
            let label = escape(day.get(5..).unwrap_or(day));
            let _ = write!(out, "<text x={x:.1} y={}>{label}</text>", HEIGHT + 16.0);
        }
    }
    out + "</svg>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_price_is_not_free() {
        let cent = Money(10_000_000_000);
        assert_eq!((dollars(Money::ZERO, 0), dollars(cent, 0)), ("$0".to_owned(), "$0.01".to_owned()));
        assert!(dollars(Money::ZERO, 7).contains("no price") && dollars(cent, 7).contains("over"));
    }

    #[test]
    fn a_name_cannot_become_a_tag_or_leave_its_quotes() {
        assert_eq!(
            escape("<b a='1' c=\"2\">&\u{202e}\u{7}"),
            "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;__"
        );
        assert_eq!(percent("a b&c=<ü"), "a%20b%26c%3D%3C%C3%BC");
    }
}
