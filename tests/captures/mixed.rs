//! All scenarios at once, as one stream of one-span requests over gRPC, through the built binary.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tollgate::clock::Stopwatch;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::common::v1::any_value;
use prost::Message;
use serde_json::Value;

use crate::delivery::{explain, one_span_each, shuffled};
use crate::scenario::captures;

const DAY_NANOS: u64 = 86_400_000_000_000;

type Totals = BTreeMap<(String, String), u64>;

/// The same in one process, call by call.
#[test]
fn a_mixed_stream_has_the_same_calls() {
    let key = |call: &Value| {
        format!("{} {} {} {}", call["trace_id"], call["span_id"], call["span_name"], call["tokens"])
    };
    let (mut wanted, mut stream) = (std::collections::BTreeSet::new(), Vec::new());
    for copy in 0..2_u8 {
        for scenario in captures() {
            let requests: Vec<Vec<u8>> =
                scenario.requests.iter().map(|request| varied(request, copy)).collect();
            let name = scenario.name();
            let story = explain(&requests);
            wanted.extend(
                story["calls"].as_array().expect("calls").iter().map(|call| (key(call), name.clone())),
            );
            stream.extend(one_span_each(&requests));
        }
    }
    let story = explain(&shuffled(&stream, 3));
    let found: std::collections::BTreeSet<String> =
        story["calls"].as_array().expect("calls").iter().map(key).collect();
    let names: std::collections::BTreeSet<String> = wanted.iter().map(|(key, _)| key.clone()).collect();
    let lost: Vec<_> = wanted.iter().filter(|(key, _)| !found.contains(key)).collect();
    let new: Vec<_> = found.difference(&names).collect();
    assert!(lost.is_empty() && new.is_empty(), "lost {lost:#?}\nnew {new:#?}");
}

/// Totals per model and kind of token, read as Prometheus reads them, are those of each scenario alone.
#[test]
fn a_mixed_stream_through_the_server_adds_up() {
    let (mut wanted, mut stream) = (Totals::new(), Vec::new());
    for copy in 0..2_u8 {
        for scenario in captures() {
            let requests: Vec<Vec<u8>> =
                scenario.requests.iter().map(|request| varied(request, copy)).collect();
            add(&mut wanted, &explain(&requests));
            stream.extend(one_span_each(&requests));
        }
    }
    let server = Server::start();
    server.send(&shuffled(&stream, 3));
    server.wait_until_settled();
    let found = server.tokens();
    let keys: std::collections::BTreeSet<_> = found.keys().chain(wanted.keys()).collect();
    let differ: Vec<_> = keys.into_iter().filter(|key| found.get(*key) != wanted.get(*key)).collect();
    let told =
        differ.iter().map(|key| format!("{key:?}: {:?}, alone {:?}", found.get(*key), wanted.get(*key)));
    assert!(differ.is_empty(), "{}", told.collect::<Vec<_>>().join("\n"));
}

fn add(totals: &mut Totals, story: &Value) {
    for call in story["calls"].as_array().expect("calls") {
        let model = call["model"].as_str().expect("a model");
        for (kind, count) in call["tokens"].as_object().into_iter().flatten() {
            let count = count.as_u64().expect("a count");
            if count > 0 {
                *totals.entry((model.to_owned(), kind.clone())).or_default() += count;
            }
        }
    }
}

/// The same calls as other ones: other trace ids, other response ids wherever they stand, another day.
fn varied(request: &[u8], copy: u8) -> Vec<u8> {
    let mut request = ExportTraceServiceRequest::decode(request).expect("valid");
    for resource in &mut request.resource_spans {
        let spans = resource.scope_spans.iter_mut().flat_map(|scope| &mut scope.spans);
        for span in spans {
            span.trace_id[0] ^= copy << 3;
            span.start_time_unix_nano += u64::from(copy) * DAY_NANOS;
            span.end_time_unix_nano += u64::from(copy) * DAY_NANOS;
            for attribute in &mut span.attributes {
                if let Some(any_value::Value::StringValue(text)) =
                    attribute.value.as_mut().and_then(|value| value.value.as_mut())
                {
                    rename_answers(&attribute.key, text, copy);
                }
            }
        }
    }
    request.encode_to_vec()
}

fn rename_answers(key: &str, text: &mut String, copy: u8) {
    if copy == 0 {
        return;
    }
    let known = ["chatcmpl-", "msg_", "resp_"];
    if key.ends_with("response.id") && !known.iter().any(|prefix| text.starts_with(prefix)) {
        text.push_str(&format!("{copy:x}"));
    }
    for prefix in known {
        *text = text.replace(prefix, &format!("{prefix}{copy}"));
    }
}

struct Server {
    process: Child,
    grpc: String,
    metrics: String,
}

impl Server {
    fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_tollgate"))
            .arg("serve")
            .envs([
                ("TOLLGATE_LISTEN_GRPC", "127.0.0.1:0"),
                ("TOLLGATE_LISTEN_HTTP", "127.0.0.1:0"),
                ("TOLLGATE_LISTEN_METRICS", "127.0.0.1:0"),
                ("TOLLGATE_SERIES_HOLD_SECONDS", "0"),
                ("TOLLGATE_SETTLE_SECONDS", "15"),
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let output = BufReader::new(process.stdout.take().expect("piped"));
        let mut lines = output.lines().map_while(Result::ok);
        let mut address = |label: &str| {
            let line = lines.find(|line| line.trim_start().starts_with(label)).expect("the banner");
            line.split_whitespace().last().expect("an address").to_owned()
        };
        let (grpc, metrics) = (address("OTLP/gRPC"), address("metrics"));
        Self { process, grpc: format!("http://{grpc}"), metrics }
    }

    fn send(&self, requests: &[Vec<u8>]) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let mut client = TraceServiceClient::connect(self.grpc.clone()).await.expect("connects");
            // A few spans a request: one by one, a busy machine takes longer than spans wait for each other.
            for requests in requests.chunks(16) {
                let spans = requests.iter().flat_map(|request| {
                    ExportTraceServiceRequest::decode(request.as_slice()).expect("valid").resource_spans
                });
                let request = ExportTraceServiceRequest { resource_spans: spans.collect() };
                client.export(request).await.expect("accepted");
            }
        });
    }

    fn document(&self) -> String {
        ureq::get(&self.metrics).call().expect("answers").body_mut().read_to_string().expect("text")
    }

    fn wait_until_settled(&self) {
        let waiting = Stopwatch::start();
        // Twice, and a second apart: what is counted shows in the next document, which all readers of a second share.
        for _ in 0..2 {
            while !self.document().lines().any(|line| line == "tollgate_settle_held_spans 0") {
                assert!(waiting.elapsed() < Duration::from_secs(300), "spans still wait after five minutes");
                std::thread::sleep(Duration::from_millis(200));
            }
            std::thread::sleep(Duration::from_millis(1100));
        }
    }

    fn tokens(&self) -> Totals {
        let mut totals = Totals::new();
        let document = self.document();
        for line in document.lines().filter(|line| line.starts_with("llm_tokens_total{")) {
            let label =
                |name: &str| line.split(&format!("{name}=\"")).nth(1)?.split('"').next().map(str::to_owned);
            let key = (label("model").expect("a model"), label("type").expect("a type"));
            let count =
                line.rsplit(' ').next().and_then(|count| count.parse::<f64>().ok()).expect("a number");
            *totals.entry(key).or_default() += count as u64;
        }
        totals.retain(|_, count| *count > 0);
        totals
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
