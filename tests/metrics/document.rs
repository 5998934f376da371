//! Both text formats, held to golden files, to the rules of OpenMetrics, and to promtool.
//!
//! `UPDATE_SNAPSHOTS=1` writes the golden files anew.

use std::collections::{HashMap, HashSet};
use std::io::Write as _;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use tollgate::aggregate::CallTable;
use tollgate::call::{ErrorClass, PriceSource, TokenType};
use tollgate::exact::Exact;
use tollgate::expose::sample::{Samples, Source};
use tollgate::expose::text::{Format, render};
use tollgate::metric::{FAMILIES, Family, LimitMetric, Metric, MetricType, bucket_edge};
use tollgate::telemetry;

use super::call::{START, estimating_table, failure, labels, open_table, success, tokens};

/// Stands for the rate limits: another source of the same document.
struct Gauges;

impl Source for Gauges {
    fn write(&self, family: &'static Family, _: usize, writer: &mut dyn Samples) {
        if family.metric == Metric::Limit(LimitMetric::UsedRatio) {
            let labels = [
                ("provider", "openai"),
                ("model", "*"),
                ("account", ""),
                ("resource", "tokens"),
                ("window", "minute"),
                ("source", "header"),
            ];
            writer.gauge(&labels, 0.875);
        }
    }
}

/// Every family of calls, twice rendered.
fn everything() -> CallTable {
    let mut table = estimating_table(&[("team", 10)]);
    let good = labels("checkout", "gpt-4o", &["payments"]);
    let mut call = success(good);
    table.record(&call, START);
    (call.reported_cost_usd, call.weight) = (Some(0.7), Some(4.0));
    call.suspicious_usage = Some("output_exceeds_text");
    call.estimated_tokens = Some(tokens(&[(TokenType::Output, 50)]));
    call.cost.as_mut().unwrap().cache_savings = Exact::from_micros(125_000);
    (call.duration_seconds, call.trace_id, call.streaming) = (700.0, [7; 16], Some(false));
    table.record(&call, START);
    let mut bad = failure(labels("search \"beta\"", "claude-sonnet-4-5", &[""]));
    table.record(&bad, START);
    (bad.error_class, bad.error_code, bad.status_code, bad.retryable) =
        (ErrorClass::Unknown, None, None, None);
    bad.cost = call.cost;
    (bad.tokens, bad.price_source) = (call.tokens, PriceSource::Reported);
    bad.reported_cost_foreign = Some(("EUR", 0.5));
    table.record(&bad, START);
    let _ = render(Format::Text, &[&table.view(START)]);
    table
}

fn golden(name: &str, document: &str) {
    let path = format!("{}/tests/metrics/snapshots/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, document).unwrap();
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    for (number, (wanted, found)) in wanted.lines().zip(document.lines()).enumerate() {
        assert_eq!(found, wanted, "{name}:{}; UPDATE_SNAPSHOTS=1 writes it anew", number + 1);
    }
    assert_eq!(document.len(), wanted.len(), "{name}; UPDATE_SNAPSHOTS=1 writes it anew");
}

/// Without the heads of families that this scene does not feed, so that their wording may change.
fn document(format: Format) -> String {
    let document = String::from_utf8(render(format, &[&everything().view(START), &Gauges])).unwrap();
    let shown = document.lines().filter(|line| !line.starts_with("# ") || !line.contains(" tollgate_"));
    shown.flat_map(|line| [line, "\n"]).collect()
}

/// Guarantees: text 0.0.4 as it stands in the golden file, nothing of OpenMetrics in it.
#[test]
fn text_is_as_it_was() {
    let text = document(Format::Text);
    assert!(
        !text.contains("# EOF")
            && !text.contains("_created")
            && !text.contains("# UNIT")
            && !text.contains(" # {")
    );
    golden("text.prom", &text);
}

/// Guarantees: OpenMetrics as it stands in the golden file.
#[test]
fn open_metrics_is_as_it_was() {
    golden("openmetrics.txt", &document(Format::OpenMetrics));
}

/// Guarantees: every family of the contract's calls has samples in that scene, so that the golden
/// files are worth something.
#[test]
fn the_scene_has_every_family_of_calls() {
    let text = document(Format::Text);
    for family in FAMILIES.iter().filter(|family| matches!(family.metric, Metric::Call(_))) {
        let begins = |line: &str| line.starts_with(family.name) && !line.starts_with('#');
        assert!(text.lines().any(begins), "{}", family.name);
    }
}

/// Guarantees: one document of all three sources keeps the rules of OpenMetrics 1.0.
#[test]
fn open_metrics_keeps_its_rules() {
    telemetry::emit(&telemetry::Event::Decoded { seconds: 0.002 });
    let mut table = everything();
    let own = telemetry::snapshot();
    let document = render(Format::OpenMetrics, &[&table.view(START), &Gauges, &own]);
    check_open_metrics(std::str::from_utf8(&document).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Guarantees: whatever labels and numbers a call brings, both documents stay sound.
    #[test]
    fn no_call_breaks_a_document(
        texts in prop::collection::vec("[^#}]{0,40}", 7),
        numbers in prop::collection::vec(any::<f64>(), 4),
        input in any::<u64>(),
        status in any::<u16>(),
    ) {
        let mut table = open_table(&[("team", 10)]);
        let dimensions = [texts[5].as_str()];
        let mut call = success(labels(&texts[0], &texts[1], &dimensions));
        (call.labels.environment, call.labels.provider, call.labels.operation) = (&texts[2], &texts[3], &texts[4]);
        (call.error_class, call.error_code, call.status_code) = (ErrorClass::Unknown, Some(texts[6].as_str()), Some(status));
        (call.duration_seconds, call.reported_cost_usd) = (numbers[0], Some(numbers[1]));
        call.time_to_first_token_seconds = Some(numbers[2]);
        call.cost.as_mut().unwrap().total = Exact::from_f64(numbers[3]).unwrap_or_default();
        call.tokens = Some(tokens(&[(TokenType::Input, input), (TokenType::CacheRead, input)]));
        table.record(&call, START);
        let text = render(Format::Text, &[&table.view(START)]);
        prop_assert!(!text.iter().any(|byte| byte.is_ascii_control() && *byte != b'\n'));
        check_open_metrics(std::str::from_utf8(&render(Format::OpenMetrics, &[&table.view(START)])).unwrap());
    }
}

fn check_open_metrics(document: &str) {
    let body = document.strip_suffix("# EOF\n").expect("ends with # EOF");
    let (mut types, mut seen, mut family) = (HashMap::new(), HashSet::new(), String::new());
    let mut buckets: HashMap<String, f64> = HashMap::new();
    for line in body.lines() {
        assert!(!line.trim().is_empty() && line == line.trim(), "{line:?}");
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, metric_type) = rest.split_once(' ').unwrap();
            assert!(types.insert(name.to_owned(), metric_type.to_owned()).is_none(), "{name} twice");
            assert!(!name.ends_with("_total"), "{name}");
            name.clone_into(&mut family);
            continue;
        }
        if let Some(rest) = line.strip_prefix("# UNIT ") {
            assert!(family.ends_with(&format!("_{}", rest.rsplit(' ').next().unwrap())), "{line}");
            continue;
        }
        if line.starts_with("# HELP ") {
            continue;
        }
        let (sample, exemplar) =
            line.split_once(" # ").map_or((line, None), |(sample, rest)| (sample, Some(rest)));
        let (series, value) = sample.rsplit_once(' ').unwrap();
        let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
        let suffix = series
            .split('{')
            .next()
            .unwrap()
            .strip_prefix(family.as_str())
            .unwrap_or_else(|| panic!("{line} in {family}"));
        let allowed: &[&str] = match types[&family].as_str() {
            "counter" => &["_total", "_created"],
            "histogram" => &["_bucket", "_sum", "_count", "_created"],
            "gauge" => &[""],
            other => panic!("{other}"),
        };
        assert!(allowed.contains(&suffix), "{line}");
        assert!(seen.insert(series.to_owned()), "{series} twice");
        if let Some(exemplar) = exemplar {
            assert!(matches!(suffix, "_total" | "_bucket"), "{line}");
            let (labels, rest) = exemplar.split_once("} ").unwrap();
            assert!(
                labels.len() < 128 && rest.split(' ').all(|number| number.parse::<f64>().is_ok()),
                "{line}"
            );
        }
        if suffix == "_bucket" {
            let (rest, edge) = series.split_once("le=\"").unwrap();
            assert!(edge.starts_with("+Inf") || edge.contains(['.', 'e']), "{line}");
            let before = buckets.insert(rest.to_owned(), value).unwrap_or(0.0);
            assert!(value >= before, "buckets must not fall: {line}");
        }
    }
}

/// Guarantees: `promtool check metrics` finds nothing, not even a matter of style.
#[test]
fn promtool_finds_nothing() {
    telemetry::emit(&telemetry::Event::Decoded { seconds: 0.002 });
    let mut table = everything();
    let document = render(Format::Text, &[&table.view(START), &Gauges, &telemetry::snapshot()]);
    let promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut promtool) = promtool else {
        #[expect(clippy::print_stderr, reason = "what a test leaves out must be seen")]
        let () = eprintln!("left out: promtool is not installed (Debian package prometheus)");
        return;
    };
    promtool.stdin.take().unwrap().write_all(&document).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.trim().is_empty(), "{said}");
}

/// Guarantees: every family is announced, in the order of the catalogue, even when it has no series.
#[test]
fn an_empty_document_announces_every_family() {
    let text = String::from_utf8(render(Format::Text, &[])).unwrap();
    let announced: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    let wanted: Vec<_> =
        FAMILIES.iter().map(|family| format!("{} {}", family.name, family.metric_type.label())).collect();
    assert_eq!(announced, wanted);
    assert!(
        FAMILIES.iter().all(|family| family.metric_type != MetricType::Counter || text.contains(family.name))
    );
}

/// Guarantees: bucket edges read as Prometheus 3 normalises them, whatever the format of the scrape.
#[test]
fn edges_are_canonical() {
    for (edge, wanted) in [
        (1e-5, "1e-05"),
        (1e-4, "0.0001"),
        (0.0025, "0.0025"),
        (0.5, "0.5"),
        (1.0, "1.0"),
        (7.5, "7.5"),
        (600.0, "600.0"),
        (80e3, "80000.0"),
        (272e3, "272000.0"),
        (1e6, "1e+06"),
        (2e6, "2e+06"),
    ] {
        assert_eq!(bucket_edge(edge), wanted);
    }
}

/// Guarantees: the dearest call of a tuple is found by the exemplar of its bucket.
#[test]
fn the_dearest_call_is_findable() {
    let mut table = open_table(&[]);
    for number in 0..100_u8 {
        let mut call = success(labels("checkout", "gpt-4o", &[]));
        call.trace_id = [number; 16];
        call.cost.as_mut().unwrap().total = Exact::from_micros(if number == 42 { 30_000_000 } else { 2_000 });
        table.record(&call, START + u64::from(number));
    }
    let _ = render(Format::Text, &[&table.view(START)]);
    let text = String::from_utf8(render(Format::OpenMetrics, &[&table.view(START)])).unwrap();
    let dear = text
        .lines()
        .find(|line| line.starts_with("llm_request_cost_usd_bucket") && line.contains("le=\"50.0\""))
        .unwrap();
    assert!(
        dear.contains(&format!("# {{trace_id=\"{}\",span_id=\"cdcdcdcdcdcdcdcd\"}} 30 ", "2a".repeat(16))),
        "{dear}"
    );
}
