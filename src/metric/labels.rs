//! Label pairs and bucket edges as the text formats write them.

/// Renders label pairs: `a="b",c="d"`.
#[must_use]
pub fn render_labels<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = Vec::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push(b',');
        }
        label_into(&mut out, name, value);
    }
    String::from_utf8(out).unwrap_or_default()
}

/// Adds one pair.
pub(crate) fn label_into(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"=\"");
    escape_into(out, value, true);
    out.push(b'"');
}

/// Help text escapes `\` and line feeds; label values, and help in OpenMetrics, also `"`.
pub(crate) fn escape_into(out: &mut Vec<u8>, text: &str, quotes: bool) {
    let mut rest = text.as_bytes();
    while let Some(position) =
        rest.iter().position(|byte| matches!(byte, b'\\' | b'\n') || (quotes && *byte == b'"'))
    {
        out.extend_from_slice(&rest[..position]);
        out.extend_from_slice(match rest[position] {
            b'\n' => b"\\n",
            b'"' => b"\\\"",
            _ => b"\\\\",
        });
        rest = &rest[position + 1..];
    }
    out.extend_from_slice(rest);
}

/// The value of `le`, in both formats as Prometheus 3 normalises it (`1.0`, `1e+06`, `1e-05`), so
/// that a series keeps its identity whatever the format and the version of the scraper.
#[must_use]
pub fn bucket_edge(edge: f64) -> String {
    let scientific = format!("{edge:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    // Go's shortest 'g': an exponent below -4, or from 6 on unless the digits reach that far.
    let digits = i32::try_from(mantissa.len().saturating_sub(1)).unwrap_or(0);
    if exponent < -4 || (exponent >= 6 && exponent >= digits.max(6)) || exponent >= 21 {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    let plain = edge.to_string();
    if plain.contains('.') { plain } else { plain + ".0" }
}
