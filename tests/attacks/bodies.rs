//! Bodies: one call as applications send it, and the same few bytes over and over.

use std::io::Write;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use tollgate::clock;

/// A request of one call, of a trace of its own.
pub(crate) fn one_call() -> Vec<u8> {
    let now = clock::now_unix_nano();
    let text = |key: &str, text: &str| attribute(key, Value::StringValue(text.to_owned()));
    let attributes = vec![
        text("gen_ai.operation.name", "chat"),
        text("gen_ai.provider.name", "openai"),
        text("gen_ai.request.model", "gpt-4o"),
        attribute("gen_ai.usage.input_tokens", Value::IntValue(100)),
        attribute("gen_ai.usage.output_tokens", Value::IntValue(10)),
    ];
    let span = Span {
        trace_id: [now.to_be_bytes(), now.to_be_bytes()].concat(),
        span_id: now.to_be_bytes().to_vec(),
        name: "chat gpt-4o".to_owned(),
        start_time_unix_nano: now - 1_000_000_000,
        end_time_unix_nano: now,
        attributes,
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans { spans: vec![span], ..ScopeSpans::default() }];
    let resource_spans = vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

pub(crate) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(body).expect("memory");
    encoder.finish().expect("memory")
}

/// A field of protobuf with bytes.
pub(crate) fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    prost::encoding::encode_varint(bytes.len() as u64, &mut out);
    out.extend(bytes);
    out
}

/// As often as it fits.
pub(crate) fn fill(piece: &[u8], size: usize) -> Vec<u8> {
    piece.repeat(size / piece.len())
}

/// The ids of a span, with this number in them.
pub(crate) fn ids(number: u64) -> Vec<u8> {
    let id = (number + 1).to_be_bytes();
    [field(1, &[id, id].concat()), field(2, &id)].concat()
}

/// One span of one scope of one resource.
fn of_span(rest: &[u8]) -> Vec<u8> {
    field(1, &field(2, &field(2, &[ids(0), rest.to_vec()].concat())))
}

/// One attribute of one span, with this value.
fn of_value(value: &[u8]) -> Vec<u8> {
    of_span(&field(9, &[field(1, b"k"), field(2, value)].concat()))
}

fn many_spans(size: usize, rest: &[u8]) -> Vec<u8> {
    let longest = ids(0).len() + rest.len() + 8;
    let spans =
        (0..(size / longest) as u64).flat_map(|number| field(2, &[ids(number), rest.to_vec()].concat()));
    field(1, &field(2, &spans.collect::<Vec<u8>>()))
}

/// Values in values: built from within, backwards.
fn nested(size: usize) -> Vec<u8> {
    let mut backwards: Vec<u8> = Vec::with_capacity(size);
    while backwards.len() + 12 < size {
        for key in [0x0a, 0x2a] {
            let mut length = Vec::new();
            prost::encoding::encode_varint(backwards.len() as u64, &mut length);
            backwards.extend(length.iter().rev());
            backwards.push(key);
        }
    }
    backwards.reverse();
    of_value(&backwards)
}

/// Of each element as many as fit into `size` bytes, in protobuf.
pub(crate) fn protobuf(size: usize) -> Vec<(&'static str, Vec<u8>)> {
    let size = size - 256;
    let call: Vec<u8> = [("gen_ai.operation.name", "chat"), ("gen_ai.request.model", "m")]
        .into_iter()
        .flat_map(|(key, value)| {
            field(9, &[field(1, key.as_bytes()), field(2, &field(1, value.as_bytes()))].concat())
        })
        .collect();
    vec![
        ("resources", fill(&[0x0a, 0], size)),
        ("attributes of a resource", field(1, &field(1, &fill(&[0x0a, 0], size)))),
        ("scopes", field(1, &fill(&[0x12, 0], size))),
        ("attributes of a scope", field(1, &field(2, &field(1, &fill(&[0x1a, 0], size))))),
        ("spans without ids", field(1, &field(2, &fill(&[0x12, 0], size)))),
        ("spans", many_spans(size, &[])),
        ("calls", many_spans(size, &call)),
        ("attributes", of_span(&fill(&[0x4a, 0], size))),
        ("events", of_span(&fill(&[0x5a, 0], size))),
        ("attributes of an event", of_span(&field(11, &fill(&[0x1a, 0], size)))),
        ("links", of_span(&fill(&[0x6a, 0], size))),
        ("values of an array", of_value(&field(5, &fill(&[0x0a, 0], size)))),
        ("values of a map", of_value(&field(6, &fill(&[0x0a, 0], size)))),
        ("values in values", nested(size)),
        ("unknown fields", of_span(&fill(&[0xf8, 0x07, 0], size))),
        ("one text", of_value(&field(1, &vec![b'a'; size]))),
    ]
}

/// The same in JSON.
pub(crate) fn json(size: usize) -> Vec<(&'static str, Vec<u8>)> {
    const SPAN: &str = r#"{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","#;
    const NUMBER: &str = r#"{"key":"gen_ai.usage.input_tokens","value":{"doubleValue":1.7777777777777777777777777777777e-300}}"#;
    let size = size - 512;
    let listed_alone = |before: &str, piece: &[u8], after: &str| {
        [before.as_bytes(), &fill(piece, size), after.as_bytes()].concat()
    };
    let listed = |before: &str, piece: &str, after: &str| {
        let mut body = before.as_bytes().to_vec();
        body.extend(fill(format!("{piece},").as_bytes(), size));
        body.extend(piece.as_bytes());
        body.extend(after.as_bytes());
        body
    };
    let resource = r#"{"resourceSpans":[{"#;
    let scope = format!(r#"{resource}"scopeSpans":[{{"#);
    let span = format!(r#"{scope}"spans":[{SPAN}"#);
    let value = format!(r#"{span}"attributes":[{{"key":"k","value":{{"#);
    let (after_scope, after_span, after_value) = ("]}]}", "]}]}]}]}", "}}]}]}]}]}");
    vec![
        ("resources", listed(r#"{"resourceSpans":["#, "{}", "]}")),
        (
            "attributes of a resource",
            listed(&format!(r#"{resource}"resource":{{"attributes":["#), "{}", "]}}]}"),
        ),
        ("scopes", listed(&format!(r#"{resource}"scopeSpans":["#), "{}", after_scope)),
        ("spans without ids", listed(&format!(r#"{scope}"spans":["#), "{}", "]}]}]}")),
        ("spans", listed(&format!(r#"{scope}"spans":["#), &format!(r#"{SPAN}"name":""}}"#), "]}]}]}")),
        ("attributes", listed(&format!(r#"{span}"attributes":["#), "{}", after_span)),
        ("events", listed(&format!(r#"{span}"events":["#), "{}", after_span)),
        ("links", listed(&format!(r#"{span}"links":["#), "{}", after_span)),
        (
            "values of an array",
            listed(&format!(r#"{value}"arrayValue":{{"values":["#), "{}", &format!("]}}{after_value}")),
        ),
        ("unknown keys", listed(&span, r#""a":0"#, "}]}]}]}")),
        ("escapes", listed(&format!(r#"{value}"stringValue":""#), r"\u0041", &format!("\"{after_value}"))),
        ("one key again", listed(&span, r#""name":"a""#, "}]}]}]}")),
        ("one list again", listed(&span, r#""attributes":[{"key":"a"}]"#, "}]}]}]}")),
        (
            "keys of escapes",
            listed(&format!(r#"{span}"attributes":["#), r#"{"\u006bey":"\u0061"}"#, after_span),
        ),
        ("a number's digits", listed_alone(&format!(r#"{value}"intValue":"#), b"9", after_value)),
        ("a fraction's digits", listed_alone(&format!(r#"{value}"doubleValue":0."#), b"7", after_value)),
        ("numbers", listed(&format!(r#"{span}"attributes":["#), NUMBER, after_span)),
        (
            "halves of pairs",
            listed_alone(&format!(r#"{value}"stringValue":""#), br"\ud83d", &format!("\"{after_value}")),
        ),
        ("lists in lists", [span.as_bytes(), br#""x":"#, &vec![b'['; size]].concat()),
        ("blanks", [resource.as_bytes(), &vec![b' '; size], b"}]}"].concat()),
    ]
}
