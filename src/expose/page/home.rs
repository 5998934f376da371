//! The first page: what is going on now, for a person who has neither Prometheus nor Grafana.

use std::fmt::Write as _;

use super::html::{dollars, escape, foot, head, spark, tile};
use crate::advice::Row;
use crate::expose::sample::{Labels, Samples};
use crate::expose::status::{Readiness, Status};
use crate::expose::view::View;
use crate::ledger::money::thousands;
use crate::ledger::recent::{MINUTES, ModelHour};
use crate::ledger::report::Report;
use crate::ledger::{Ledger, Money};
use crate::metric::{Family, LimitMetric, Metric};
use crate::telemetry::SpanResult;

/// Models that are listed.
const MODELS: usize = 20;
/// Lines of advice.
const ADVICE: usize = 20;

/// The fullest limit of each model.
#[derive(Debug, Default)]
pub(in crate::expose) struct Tightest(Vec<(String, String, String, f64)>);

impl Tightest {
    /// As it is in a view.
    pub(in crate::expose) fn of(view: &View) -> Self {
        let mut tightest = Self::default();
        view.write_family(Family::of(Metric::Limit(LimitMetric::UsedRatio)), &mut tightest);
        tightest
    }

    /// What says most of a model: a limit of its own, of its family or of everything.
    fn at(&self, provider: &str, model: &str) -> Option<&(String, String, String, f64)> {
        let fits = |limit: &&(String, String, String, f64)| {
            limit.0 == provider && (limit.1 == model || limit.1 == "*" || model.starts_with(&limit.1))
        };
        self.0.iter().filter(fits).max_by(|left, right| left.3.total_cmp(&right.3))
    }
}

impl Samples for Tightest {
    fn family(&mut self, _: &'static Family) {}

    fn gauge(&mut self, labels: &[(&str, &str)], value: f64) {
        let label =
            |name: &str| labels.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
        let what = format!("{} a {}", label("resource").replace('_', " "), label("window"));
        self.0.push((label("provider").to_owned(), label("model").to_owned(), what, value));
    }

    fn counter(&mut self, _: &Labels<'_>, _: f64, _: u64, _: Option<&crate::aggregate::point::Exemplar>) {}

    fn histogram(&mut self, _: &Labels<'_>, _: Option<&crate::aggregate::point::Histogram>, _: u64) {}

    fn foreign_line(&mut self, _: &str) {}
}

/// The page.
pub(in crate::expose) fn page(status: &Status, ledger: Option<(&Ledger, i64)>, limits: &Tightest) -> String {
    let (class, text) = match &status.readiness {
        Readiness::Ready => ("good", "ready"),
        Readiness::NotReady(reason) | Readiness::Stuck(reason) => ("bad", reason.as_str()),
    };
    let state = format!("<p class={class}>{}</p>", escape(text));
    let mut out = head("Tollgate", &status.version, &state);
    if status.totals.spans.iter().sum::<u64>() == 0 {
        hint(status, &mut out);
    } else if status.totals.spans[SpanResult::Call as usize] == 0 {
        out.push_str("<p class=note>Spans arrive, but none of them is an LLM call. Is the application instrumented for its LLM library? <code>tollgate explain</code> on a captured export tells why each span was left out.</p>");
    }
    if let Some((ledger, now)) = ledger {
        numbers(ledger, now, &mut out);
        models(ledger, limits, &mut out);
        failures(ledger, &mut out);
    }
    unseen(status, &mut out);
    lines(status, &mut out);
    received(status, &mut out);
    out + &foot(
        "Renews itself every 15 seconds. <a href=\"/healthz\">/healthz</a> · <a href=\"/readyz\">/readyz</a> · <a href=\"/api/v1/spend?by=model\">/api/v1/spend</a>",
    )
}

fn hint(status: &Status, out: &mut String) {
    let (grpc, http) = (escape(&status.grpc_address), escape(&status.http_address));
    let _ = write!(
        out,
        "<div class=note><p>Nothing has arrived yet. Set in the environment of an application that is instrumented with OpenTelemetry, and restart it:</p>\
         <pre>OTEL_EXPORTER_OTLP_ENDPOINT=http://{http} OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf</pre>\
         <p>or, for gRPC:</p>\
         <pre>OTEL_EXPORTER_OTLP_ENDPOINT=http://{grpc} OTEL_EXPORTER_OTLP_PROTOCOL=grpc</pre>\
         <p>Tollgate takes traces only: <code>OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none</code> keeps the rest away.</p></div>"
    );
    if status.totals.refused_requests > 0 {
        let _ = write!(
            out,
            "<p class=bad>{} requests were refused; the log and <code>tollgate_refused_requests_total</code> tell why.</p>",
            status.totals.refused_requests
        );
    }
}

fn numbers(ledger: &Ledger, now: i64, out: &mut String) {
    let models = ledger.recent().models();
    let sums = models.iter().map(ModelHour::sum);
    let (calls, failed, cost) =
        sums.fold((0, 0, 0), |sum, hour| (sum.0 + hour.calls, sum.1 + hour.failed, sum.2 + hour.cost.0));
    let report = Report::of(ledger, crate::ledger::Question::default(), now);
    out.push_str("<h2>The last hour</h2><ul class=tiles>");
    tile(out, &Money(cost).short(), "dollars", "");
    tile(out, &thousands(&calls.to_string()), "calls", "");
    let class = if failed > 0 { "bad" } else { "" };
    tile(out, &format!("{} ({})", thousands(&failed.to_string()), share(failed, calls)), "failed", class);
    tile(out, &report.month.short(), "this month so far", "");
    let forecast = report.forecast.money().map_or_else(|| "–".to_owned(), Money::short);
    tile(out, &forecast, &format!("this month's forecast ({})", report.forecast.method()), "");
    out.push_str("</ul>");
}

fn models(ledger: &Ledger, limits: &Tightest, out: &mut String) {
    let models = ledger.recent().models();
    if models.is_empty() {
        return;
    }
    out.push_str("<h2>Models</h2><div class=wide tabindex=0 role=region aria-label=models><table><caption>The last hour, the dearest first</caption><thead><tr><th scope=col class=name>model<th scope=col class=\"name less\">provider<th scope=col>dollars<th scope=col>calls<th scope=col>failed<th scope=col class=less>calls by minute<th scope=col>fullest limit</thead><tbody>");
    for hour in models.iter().take(MODELS) {
        let sum = hour.sum();
        let calls: Vec<f64> = hour.minutes.iter().map(|minute| minute.calls as f64).collect();
        let limit = limits.at(&hour.provider, &hour.model).map_or_else(
            || "<span class=soft>not told</span>".to_owned(),
            |(_, _, what, used)| {
                let class = if *used >= 0.9 {
                    "bad"
                } else if *used >= 0.7 {
                    "warn"
                } else {
                    "good"
                };
                format!(
                    "<span class={class}>{:.0} %</span> <span class=soft>{}</span>",
                    used * 100.0,
                    escape(what)
                )
            },
        );
        let _ = write!(
            out,
            "<tr><th scope=row class=name>{}<td class=\"name less\">{}<td>{}<td>{}<td class=\"{}\">{}<td class=less>{}<td>{limit}",
            escape(&hour.model),
            escape(&hour.provider),
            dollars(sum.cost, sum.unpriced_tokens),
            thousands(&sum.calls.to_string()),
            if sum.failed > 0 { "bad" } else { "" },
            share(sum.failed, sum.calls),
            spark(
                &calls,
                &format!(
                    "calls of the last {MINUTES} minutes, at most {:.0} in one",
                    calls.iter().copied().fold(0.0, f64::max)
                )
            ),
        );
    }
    out.push_str("</tbody></table></div>");
    if models.len() > MODELS {
        let _ = write!(
            out,
            "<p class=soft>{} more are on <a href=\"/spend?by=model&amp;from=today\">/spend</a>.</p>",
            models.len() - MODELS
        );
    }
}

fn failures(ledger: &Ledger, out: &mut String) {
    let failures = ledger.recent().failures();
    if failures.is_empty() {
        return;
    }
    out.push_str("<h2>Failures</h2><table><caption>The last hour, by cause</caption><thead><tr><th scope=col class=name>cause<th scope=col>calls</thead><tbody>");
    for (class, count) in failures {
        let _ = write!(
            out,
            "<tr><th scope=row class=name>{}<td>{}",
            class.label().replace('_', " "),
            thousands(&count.to_string())
        );
    }
    out.push_str("</tbody></table>");
}

/// What cannot be seen, and the line that would change it.
fn unseen(status: &Status, out: &mut String) {
    if status.unread.is_empty() && status.advice.is_empty() {
        return;
    }
    out.push_str("<h2>What it cannot see</h2>");
    for ([scope, reason], count) in status.unread.iter().take(ADVICE) {
        let _ = write!(
            out,
            "<p class=\"note bad\">{count} spans of {} look like calls (by their {reason}) and are not read.</p>",
            escape(scope)
        );
    }
    for ([service, scope, code], count) in status.advice.iter().take(ADVICE) {
        let Some(row) = Row::named(code) else { continue };
        let class = if row.blind { "note bad" } else { "note" };
        let _ = write!(
            out,
            "<div class=\"{class}\"><p>{count} calls of {} by {}: {}.</p><pre>{}</pre></div>",
            escape(service),
            escape(scope),
            escape(row.costs),
            escape(row.line(scope))
        );
    }
}

fn lines(status: &Status, out: &mut String) {
    let _ = write!(
        out,
        "<h2>Lines to copy</h2><details><summary>Prometheus: scrape it</summary><pre>scrape_configs:\n  - job_name: tollgate\n    scrape_interval: 15s\n    static_configs:\n      - targets: [\"HOST:9464\"]</pre></details>\
         <details><summary>Grafana: boards</summary><pre>dashboards/import/*.json   # Dashboards, New, Import</pre></details>\
         <details><summary>An application: send its traces here</summary><pre>OTEL_EXPORTER_OTLP_ENDPOINT=http://{} OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf</pre></details>",
        escape(&status.http_address)
    );
}

fn received(status: &Status, out: &mut String) {
    out.push_str("<h2>Received</h2><table><thead><tr><th scope=col class=name>spans<th scope=col>last 5 minutes<th scope=col>since start</thead><tbody>");
    for result in SpanResult::ALL {
        let at = result as usize;
        let name = result.label().replace('_', " ");
        let _ = write!(
            out,
            "<tr><th scope=row class=name>{name}<td>{}<td>{}",
            status.totals.recent_spans[at], status.totals.spans[at]
        );
    }
    out.push_str("</tbody></table><table><caption class=skip>about this Tollgate</caption><tbody>");
    for (name, value) in [
        ("OTLP/gRPC", status.grpc_address.clone()),
        ("OTLP/HTTP", status.http_address.clone()),
        ("requests taken", status.totals.accepted_requests.to_string()),
        ("requests refused", status.totals.refused_requests.to_string()),
        ("label tuples", format!("{} of at most {}", status.call_series, status.call_series_limit)),
        ("price data", format!("{} ({})", status.catalogue_date, status.catalogue_source)),
    ] {
        let _ = write!(out, "<tr><th scope=row class=name>{name}<td>{}", escape(&value));
    }
    out.push_str("</tbody></table><p class=soft>In /metrics a scraper reads 0 of a new series until every regular scraper has read that, 75 s at the latest: otherwise <code>increase()</code> would lose its first call. You read true values.</p>");
}

fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    format!("{:.1} %", part as f64 / whole as f64 * 100.0)
}
