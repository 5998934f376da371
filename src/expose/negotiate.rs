//! Which format, and whether compressed: what a scraper's headers ask for.
//!
//! In: the values of `Accept` and `Accept-Encoding`. Out: a [`Format`], a yes or no. Follows
//! RFC 9110 section 12.5 as far as two formats need it; unreadable headers mean plain text.

use super::text::Format;

/// The format to answer with. OpenMetrics only for those who name it in a version we write.
#[must_use]
pub(super) fn format(accept: &str) -> Format {
    let (mut open_metrics, mut text) = (0.0_f64, 0.0_f64);
    for range in accept.split(',').map(Range::parse) {
        match range.name.as_str() {
            "application/openmetrics-text" => {
                if matches!(range.version.as_str(), "" | "1.0.0" | "0.0.1") {
                    open_metrics = open_metrics.max(range.quality);
                }
            }
            "text/plain" if matches!(range.version.as_str(), "" | "0.0.4") => text = text.max(range.quality),
            _ => {}
        }
    }
    if open_metrics > 0.0 && open_metrics >= text { Format::OpenMetrics } else { Format::Text }
}

/// True when the answer may be compressed with gzip.
#[must_use]
pub(super) fn accepts_gzip(accept_encoding: &str) -> bool {
    let quality = |names: &[&str]| {
        let ranges = accept_encoding.split(',').map(Range::parse);
        ranges
            .filter(|range| names.contains(&range.name.as_str()))
            .map(|range| range.quality)
            .reduce(f64::max)
    };
    quality(&["gzip", "x-gzip"]).or_else(|| quality(&["*"])).unwrap_or(0.0) > 0.0
}

impl Format {
    /// The value of `Content-Type`.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// One entry of such a header.
struct Range {
    name: String,
    version: String,
    quality: f64,
}

impl Range {
    fn parse(text: &str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let name = parts.next().unwrap_or("").to_ascii_lowercase();
        let mut range = Self { name, version: String::new(), quality: 1.0 };
        for (key, value) in parts.filter_map(|part| part.split_once('=')) {
            let value = value.trim().trim_matches('"');
            match key.trim().to_ascii_lowercase().as_str() {
                "version" => value.clone_into(&mut range.version),
                "q" => range.quality = value.parse().ok().filter(|q| (0.0..=1.0).contains(q)).unwrap_or(0.0),
                _ => {}
            }
        }
        range
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guarantees: what Prometheus 2 and 3, curl, browsers and odd clients send gets the right format.
    #[test]
    fn format_follows_the_accept_header() {
        for (accept, wanted) in [
            ("", Format::Text),
            ("*/*", Format::Text),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Format::Text),
            ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", Format::Text),
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                Format::OpenMetrics,
            ),
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                Format::OpenMetrics,
            ),
            ("application/openmetrics-text; version=\"1.0.0\"", Format::OpenMetrics),
            ("APPLICATION/OPENMETRICS-TEXT", Format::OpenMetrics),
            ("application/openmetrics-text;q=0", Format::Text),
            ("application/openmetrics-text;q=0.1,text/plain;q=0.9", Format::Text),
            ("application/openmetrics-text;version=2.0.0", Format::Text),
            ("application/openmetrics-text;q=nonsense", Format::Text),
            (";;;===,,,", Format::Text),
        ] {
            assert_eq!(format(accept), wanted, "{accept}");
        }
    }

    /// Guarantees: gzip only for those who take it.
    #[test]
    fn gzip_follows_the_accept_encoding_header() {
        for (accept, wanted) in [
            ("", false),
            ("identity", false),
            ("gzip", true),
            ("deflate, gzip;q=0.5", true),
            ("gzip;q=0", false),
            ("*", true),
            ("*, gzip;q=0", false),
            ("br;q=1.0, *;q=0", false),
        ] {
            assert_eq!(accepts_gzip(accept), wanted, "{accept}");
        }
    }
}
