//! Clients that send as fast as they are answered.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;
use tollgate::clock::{Stopwatch, now_unix_nano};

/// Stands in a template where ids are to be.
const TRACE: [u8; 16] = *b"<trace id here!>";
const SPAN: [u8; 8] = *b"<spanid>";

/// How much.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) length: Duration,
    pub(crate) threads: usize,
    /// Calls of one request.
    pub(crate) calls: usize,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) calls: usize,
    pub(crate) refused: usize,
    seconds: Vec<f64>,
}

impl Outcome {
    /// Of the answers, sorted, the one at this part.
    pub(crate) fn milliseconds(&self, part: f64) -> f64 {
        let place = (self.seconds.len() as f64 * part) as usize;
        self.seconds.get(place.min(self.seconds.len() - 1)).map_or(f64::NAN, |seconds| seconds * 1e3)
    }
}

impl Load {
    pub(crate) fn run(&self, http: &str) -> Outcome {
        let url = format!("{http}/v1/traces");
        let threads: Vec<_> = (0..self.threads)
            .map(|thread| {
                let (url, load) = (url.clone(), *self);
                std::thread::spawn(move || load.client(&url, thread as u64))
            })
            .collect();
        let mut all = Outcome::default();
        for thread in threads {
            let one = thread.join().expect("a client");
            all.calls += one.calls;
            all.refused += one.refused;
            all.seconds.extend(one.seconds);
        }
        all.seconds.sort_by(f64::total_cmp);
        all
    }

    fn client(&self, url: &str, number: u64) -> Outcome {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let (running, mut outcome, mut template) = (Stopwatch::start(), Outcome::default(), self.template());
        let (traces, spans) = (places(&template, &TRACE), places(&template, &SPAN));
        let mut next = now_unix_nano() ^ number << 52;
        while running.elapsed() < self.length {
            for (trace, span) in traces.iter().zip(&spans) {
                next = next.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                template[*trace..trace + 8].copy_from_slice(&next.to_le_bytes());
                template[*span..span + 8].copy_from_slice(&(next ^ number).to_le_bytes());
            }
            let waiting = Stopwatch::start();
            let sent = agent.post(url).header("Content-Type", "application/x-protobuf").send(&template[..]);
            outcome.seconds.push(waiting.seconds());
            match sent.map(|mut answer| (answer.status().as_u16(), answer.body_mut().read_to_vec())) {
                Ok((200, _)) => outcome.calls += self.calls,
                _ => outcome.refused += 1,
            }
        }
        outcome
    }

    fn template(&self) -> Vec<u8> {
        let now = now_unix_nano();
        let text = |key: &str, text: &str| pair(key, Value::StringValue(text.to_owned()));
        let count = |key: &str, count: i64| pair(key, Value::IntValue(count));
        let span = |call: usize| Span {
            trace_id: TRACE.to_vec(),
            span_id: SPAN.to_vec(),
            name: "chat".to_owned(),
            kind: 3,
            start_time_unix_nano: now - 700_000_000,
            end_time_unix_nano: now,
            attributes: vec![
                text("gen_ai.operation.name", "chat"),
                text("gen_ai.provider.name", "openai"),
                text("gen_ai.request.model", ["gpt-4o", "gpt-4o-mini", "o3"][call % 3]),
                text("gen_ai.response.model", ["gpt-4o", "gpt-4o-mini", "o3"][call % 3]),
                count("gen_ai.usage.input_tokens", 1_200 + call as i64),
                count("gen_ai.usage.output_tokens", 150),
            ],
            ..Span::default()
        };
        let request = ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans {
                resource: Some(Resource {
                    attributes: vec![text("service.name", "shop")],
                    ..Resource::default()
                }),
                scope_spans: vec![ScopeSpans {
                    spans: (0..self.calls).map(span).collect(),
                    ..ScopeSpans::default()
                }],
                ..ResourceSpans::default()
            }],
        };
        request.encode_to_vec()
    }
}

fn pair(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn places(template: &[u8], marker: &[u8]) -> Vec<usize> {
    template.windows(marker.len()).enumerate().filter(|(_, at)| *at == marker).map(|(at, _)| at).collect()
}
