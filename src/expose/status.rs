//! The page for a person who opens the port in a browser, and whether a load balancer may send work.
//!
//! In: a [`Status`]. Out: HTML without any external part. It shows addresses and counts, no content
//! of spans and no configuration values.

use std::fmt::Write as _;

use crate::advice::Row;
use crate::telemetry::{SpanResult, Totals};

/// Whether Tollgate can do its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It takes spans.
    Ready,
    /// It does not, and this is why.
    NotReady(String),
    /// It does not, and only a restart helps.
    Stuck(String),
}

/// What the status page shows.
#[derive(Clone, Debug)]
pub struct Status {
    /// Whether it takes spans.
    pub readiness: Readiness,
    /// Version of Tollgate.
    pub version: String,
    /// `host:port` of OTLP/gRPC as an application can reach it.
    pub grpc_address: String,
    /// `host:port` of OTLP/HTTP as an application can reach it.
    pub http_address: String,
    /// Requests and spans since the start.
    pub totals: Totals,
    /// Label tuples kept.
    pub call_series: usize,
    /// Label tuples that may be kept.
    pub call_series_limit: usize,
    /// Date of the price data.
    pub catalogue_date: String,
    /// `embedded` or the file's name.
    pub catalogue_source: String,
    /// What calls lack, by service, scope and code; the most frequent first.
    pub advice: Vec<([String; 3], u64)>,
    /// Spans that look like LLM traffic and were not read, by scope and reason.
    pub unread: Vec<([String; 2], u64)>,
}

impl Status {
    /// The page.
    #[must_use]
    pub fn page(&self) -> String {
        let mut out = String::from(HEAD);
        self.headline(&mut out);
        if self.totals.spans.iter().sum::<u64>() == 0 {
            self.hint(&mut out);
        } else if self.totals.spans[SpanResult::Call as usize] == 0 {
            out.push_str("<p class=hint>Spans arrive, but none of them is an LLM call. Is the application instrumented for its LLM library? <code>tollgate explain</code> on a captured export tells why each span was left out.</p>");
        }
        self.unseen(&mut out);
        self.tables(&mut out);
        out.push_str(HELD);
        out.push_str(FOOT);
        out
    }

    fn headline(&self, out: &mut String) {
        let (class, text) = match &self.readiness {
            Readiness::Ready => ("ok", "ready"),
            Readiness::NotReady(reason) | Readiness::Stuck(reason) => ("bad", reason.as_str()),
        };
        let _ = write!(
            out,
            "<h1>Tollgate <small>{}</small></h1><p class={class}>{}</p>",
            escape(&self.version),
            escape(text)
        );
    }

    fn hint(&self, out: &mut String) {
        let (grpc, http) = (escape(&self.grpc_address), escape(&self.http_address));
        let _ = write!(
            out,
            "<div class=hint><p>Nothing has arrived yet. Set in the environment of an application that is instrumented with OpenTelemetry, and restart it:</p>\
             <pre>OTEL_EXPORTER_OTLP_ENDPOINT=http://{http} OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf</pre>\
             <p>or, for gRPC:</p>\
             <pre>OTEL_EXPORTER_OTLP_ENDPOINT=http://{grpc} OTEL_EXPORTER_OTLP_PROTOCOL=grpc</pre>\
             <p>Tollgate takes traces only: <code>OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none</code> keeps the rest away.</p></div>"
        );
        if self.totals.refused_requests > 0 {
            let _ = write!(
                out,
                "<p class=bad>{} requests were refused; the log and <code>tollgate_refused_requests_total</code> tell why.</p>",
                self.totals.refused_requests
            );
        }
    }

    /// What cannot be seen, and the line that would change it.
    fn unseen(&self, out: &mut String) {
        const MOST: usize = 20;
        for ([scope, reason], count) in self.unread.iter().take(MOST) {
            let _ = write!(
                out,
                "<p class=bad>{count} spans of {} look like calls (by their {reason}) and are not read.</p>",
                escape(scope)
            );
        }
        for ([service, scope, code], count) in self.advice.iter().take(MOST) {
            let Some(row) = Row::named(code) else { continue };
            let class = if row.blind { "bad" } else { "hint" };
            let _ = write!(
                out,
                "<p class={class}>{count} calls of {} by {}: {}.</p><pre>{}</pre>",
                escape(service),
                escape(scope),
                escape(row.costs),
                escape(row.line(scope))
            );
        }
    }

    fn tables(&self, out: &mut String) {
        out.push_str("<table><tr><th>spans<th>last 5 minutes<th>since start");
        for result in SpanResult::ALL {
            let at = result as usize;
            let name = result.label().replace('_', " ");
            let _ = write!(
                out,
                "<tr><td>{name}<td>{}<td>{}",
                self.totals.recent_spans[at], self.totals.spans[at]
            );
        }
        out.push_str("</table><table>");
        for (name, value) in [
            ("OTLP/gRPC", self.grpc_address.clone()),
            ("OTLP/HTTP", self.http_address.clone()),
            ("requests taken", self.totals.accepted_requests.to_string()),
            ("requests refused", self.totals.refused_requests.to_string()),
            ("label tuples", format!("{} of at most {}", self.call_series, self.call_series_limit)),
            ("price data", format!("{} ({})", self.catalogue_date, self.catalogue_source)),
        ] {
            let _ = write!(out, "<tr><td>{name}<td>{}", escape(&value));
        }
        out.push_str("</table>");
    }
}

const HEAD: &str = "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\"><title>Tollgate</title><style>\
body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1c2733;background:#fff}\
h1 small{font-size:.5em;color:#667}table{border-collapse:collapse;margin:1rem 0;width:100%}td,th{text-align:left;padding:.25rem .75rem;border-bottom:1px solid #dde}\
td+td,th+th{text-align:right;font-variant-numeric:tabular-nums}pre{background:#f2f4f7;padding:.75rem;overflow:auto}\
.ok{color:#0a7d33}.bad{color:#b3261e}.hint{border-left:4px solid #d79b00;padding-left:1rem}\
@media(prefers-color-scheme:dark){body{background:#14181d;color:#dde3ea}pre{background:#20262d}td,th{border-color:#333c46}.ok{color:#5bd68a}.bad{color:#ff8a80}}\
</style>";

const HELD: &str = "<p>In /metrics a scraper reads 0 of a new series until every regular scraper has read that, 75 s at the latest: \
otherwise <code>increase()</code> would lose its first call. You read true values.</p>";

const FOOT: &str = "<p><a href=\"/metrics\">/metrics</a> · <a href=\"/healthz\">/healthz</a> · <a href=\"/readyz\">/readyz</a></p></html>\n";

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
