//! OTLP/JSON drives the same visitor as protobuf, in the same order, with the same content.

use proptest::prelude::*;
use prost::Message as _;
use tollgate::otlp::{self, Fault, JsonRequest};

use crate::recorder::{Owned, Recorder, Span};
use crate::requests::requests;

fn from_json(bytes: &[u8]) -> Result<Recorder, Fault> {
    let mut recorder = Recorder::default();
    JsonRequest::parse(bytes)?.drive(&mut recorder);
    Ok(recorder)
}

fn from_protobuf(bytes: &[u8]) -> Recorder {
    let mut recorder = Recorder::default();
    otlp::walk(bytes, &mut recorder).expect("valid");
    recorder
}

/// A span that has valid ids and these fields, alone in its request.
fn span(fields: &str) -> Result<Span, Fault> {
    let ids = r#""traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174""#;
    let mut recorder = from_json(request(&format!("{{{ids}, {fields}}}")).as_bytes()).expect("an envelope");
    recorder.resources.remove(0).scopes.remove(0).spans.remove(0)
}

fn request(spans: &str) -> String {
    format!(r#"{{"resourceSpans": [{{"scopeSpans": [{{"spans": [{spans}]}}]}}]}}"#)
}

/// The value of an attribute of a span that is otherwise fine, or why there is none.
fn value(json: &str) -> Result<Owned, Fault> {
    let ids = r#""traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174""#;
    let span = format!(r#"{{{ids}, "attributes": [{{"key": "key", "value": {json}}}]}}"#);
    let recorder = from_json(request(&span).as_bytes()).expect("an envelope");
    let span = recorder.spans()[0].as_ref().expect("the span lives");
    span.attributes.first().map(|(_, value)| value.clone()).ok_or_else(|| recorder.dropped[0])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_request_reads_the_same_in_both_encodings(request in requests()) {
        let json = serde_json::to_vec(&request).expect("opentelemetry-proto writes OTLP/JSON");
        let protobuf = from_protobuf(&request.encode_to_vec()).without_reasons();
        prop_assert_eq!(from_json(&json).expect("valid").without_reasons(), protobuf);
    }

    #[test]
    fn damaged_json_never_panics(request in requests(), at: prop::sample::Index, byte: u8) {
        let mut json = serde_json::to_vec(&request).expect("opentelemetry-proto writes OTLP/JSON");
        let _ = from_json(&json[..at.index(json.len() + 1)]);
        *at.get_mut(&mut json) = byte;
        let _ = from_json(&json);
    }
}

/// Requests as real libraries sent them, beside the JSON that a protobuf library made of them:
/// ids in base64, enums by name.
#[test]
fn captured_requests_read_the_same_in_both_encodings() {
    let captures: [(&[u8], &[u8]); 4] = [
        (
            include_bytes!("captures/node-openai-refused.pb"),
            include_bytes!("captures/node-openai-refused.json"),
        ),
        (
            include_bytes!("captures/python-langchain-stream.pb"),
            include_bytes!("captures/python-langchain-stream.json"),
        ),
        (
            include_bytes!("captures/python-openai-tool-call.pb"),
            include_bytes!("captures/python-openai-tool-call.json"),
        ),
        (
            include_bytes!("captures/python-openlit-error.pb"),
            include_bytes!("captures/python-openlit-error.json"),
        ),
    ];
    for (protobuf, json) in captures {
        let protobuf = from_protobuf(protobuf);
        assert!(protobuf.spans().iter().all(|span| span.is_ok()));
        assert!(!protobuf.spans().is_empty());
        assert_eq!(from_json(json).expect("valid"), protobuf);
    }
}

#[test]
fn values_as_the_specification_and_real_exporters_write_them() {
    let text = |text: &str| Ok(Owned::Text(text.to_owned()));
    for (json, expected) in [
        (r#"{"stringValue": "a\n\"b\" \u00e9"}"#, text("a\n\"b\" é")),
        (r#"{"string_value": "names of the .proto file"}"#, text("names of the .proto file")),
        (r#"{"boolValue": true}"#, Ok(Owned::Bool(true))),
        (r#"{"intValue": "-9223372036854775808"}"#, Ok(Owned::Int(i64::MIN))),
        (r#"{"intValue": 12}"#, Ok(Owned::Int(12))),
        (r#"{"intValue": 12.0}"#, Ok(Owned::Int(12))),
        (r#"{"intValue": "9223372036854775808"}"#, Err(Fault::JsonType)),
        (r#"{"intValue": 1.5}"#, Err(Fault::JsonType)),
        (r#"{"intValue": {}}"#, Err(Fault::JsonType)),
        (r#"{"doubleValue": 0.1}"#, Ok(Owned::Double(0.1_f64.to_bits()))),
        (r#"{"doubleValue": 3}"#, Ok(Owned::Double(3.0_f64.to_bits()))),
        (r#"{"doubleValue": "NaN"}"#, Ok(Owned::Double(f64::NAN.to_bits()))),
        (r#"{"doubleValue": "-Infinity"}"#, Ok(Owned::Double(f64::NEG_INFINITY.to_bits()))),
        (r#"{"bytesValue": "+/8="}"#, Ok(Owned::Bytes(vec![0xFB, 0xFF]))),
        (r#"{"bytesValue": "-_8"}"#, Ok(Owned::Bytes(vec![0xFB, 0xFF]))),
        (r#"{"bytesValue": "?"}"#, Err(Fault::JsonType)),
        ("{}", Ok(Owned::Empty)),
        ("null", Ok(Owned::Empty)),
        (r#"{"stringValue": null}"#, Ok(Owned::Empty)),
        (r#"{"newValue": {"of": ["a", "later", "OTLP"]}}"#, Ok(Owned::Empty)),
        (r#"{"arrayValue": {}}"#, Ok(Owned::Array(Vec::new()))),
        (
            r#"{"arrayValue": {"values": [{"stringValue": "stop"}, {}, {"intValue": 1}]}}"#,
            Ok(Owned::Array(vec![Owned::Text("stop".into()), Owned::Empty, Owned::Int(1)])),
        ),
        (
            r#"{"kvlistValue": {"values": [{"key": "a", "value": {"boolValue": false}}, {"key": "b"}]}}"#,
            Ok(Owned::Map(vec![("a".into(), Owned::Bool(false)), ("b".into(), Owned::Empty)])),
        ),
        (r#""bare text""#, Err(Fault::JsonType)),
    ] {
        assert_eq!(value(json), expected, "{json}");
    }
}

#[test]
fn enums_are_numbers_or_names() {
    for (json, expected) in [
        (r#""kind": 3"#, "kind: Client"),
        (r#""kind": "SPAN_KIND_CLIENT""#, "kind: Client"),
        (r#""kind": 99"#, "kind: Unspecified"),
        (r#""kind": "SPAN_KIND_OF_LATER""#, "kind: Unspecified"),
        (r#""kind": null"#, "kind: Unspecified"),
        (r#""status": {"code": 2, "message": "no"}"#, r#"status: Error, status_message: "no""#),
        (r#""status": {"code": "STATUS_CODE_ERROR"}"#, "status: Error"),
        (r#""status": {}"#, "status: Unset"),
    ] {
        let header = span(json).expect("valid").header;
        assert!(header.contains(expected), "{json}: {header}");
    }
}

#[test]
fn times_are_numbers_or_text() {
    for json in [
        r#""startTimeUnixNano": "1795297273602027171""#,
        r#""startTimeUnixNano": 1795297273602027171"#,
        r#""start_time_unix_nano": "1795297273602027171""#,
    ] {
        assert!(span(json).expect("valid").header.contains("start_unix_nano: 1795297273602027171"), "{json}");
    }
    assert_eq!(span(r#""startTimeUnixNano": "yesterday""#), Err(Fault::JsonType));
    assert_eq!(span(r#""startTimeUnixNano": -1"#), Err(Fault::JsonType));
}

#[test]
fn ids_are_hex_or_base64() {
    let fault = |trace: &str, span: &str, parent: &str| {
        let span = format!(r#"{{"traceId": "{trace}", "spanId": "{span}", "parentSpanId": "{parent}"}}"#);
        from_json(request(&span).as_bytes()).expect("an envelope").spans()[0].as_ref().err().copied()
    };
    let (trace, span) = ("5B8EFFF798038103D269B633813FC60C", "EEE19B7EC3C1B174");
    assert_eq!(fault(trace, span, ""), None);
    assert_eq!(fault(trace, span, "0000000000000000"), None);
    assert_eq!(fault("O6I0mG/lCTVbg4BzwuD8yg==", "hkl+3c2q0yA=", "hkl-3c2q0yA="), None);
    assert_eq!(fault("", span, ""), Some(Fault::TraceId));
    assert_eq!(fault(&"0".repeat(32), span, ""), Some(Fault::TraceId));
    assert_eq!(fault(&"g".repeat(32), span, ""), Some(Fault::TraceId));
    assert_eq!(fault(trace, "eee19b7ec3c1b1", ""), Some(Fault::SpanId));
    assert_eq!(fault(&"0123456789a".repeat(2), span, ""), Some(Fault::TraceId), "hex of 11 bytes");
    assert_eq!(fault(trace, span, "ee"), Some(Fault::ParentSpanId));
}

#[test]
fn a_broken_span_costs_that_span() {
    let good = r#"{"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174"}"#;
    for bad in ["5", "null", "{}", r#"{"kind": []}"#, r#"{"traceId": 5}"#, r#"{"endTimeUnixNano": {}}"#] {
        let recorder = from_json(request(&format!("{bad}, {good}")).as_bytes()).expect("an envelope");
        let spans = recorder.spans();
        assert!(spans[0].is_err() && spans[1].is_ok(), "{bad}");
    }
}

#[test]
fn what_is_absent_null_or_unknown_is_nothing() {
    for json in
        ["{}", r#"{"resourceSpans": null}"#, r#"{"resourceSpans": [], "partialSuccess": {"deep": [[[1]]]}}"#]
    {
        assert_eq!(from_json(json.as_bytes()), Ok(Recorder::default()), "{json}");
    }
    let sparse =
        r#"{"resource_spans": [{"resource": null, "scope_spans": [{"scope": null, "spans": [{}]}]}]}"#;
    assert_eq!(from_json(sparse.as_bytes()).expect("valid").resources[0].scopes[0].spans.len(), 1);
}

#[test]
fn what_is_no_request_is_refused_with_the_place() {
    assert_eq!(from_json(b"{\n  x}"), Err(Fault::JsonSyntax { line: 2, column: 3 }));
    assert_eq!(from_json(br#"{"resourceSpans": "secret"}"#), Err(Fault::JsonType));
    assert_eq!(from_json(br#"{"resourceSpans": [5]}"#), Err(Fault::JsonType));
    assert_eq!(from_json(b"{} {"), Err(Fault::JsonSyntax { line: 1, column: 4 }));
    for bad in ["[1, ]", "01", "1.", "-", "1e", r#""\x""#, r#""\u12g4""#, "tru", "\"", "{1: 2}", "\u{FF}"] {
        let json = format!(r#"{{"unknown": {bad}}}"#);
        assert!(matches!(from_json(json.as_bytes()), Err(Fault::JsonSyntax { .. })), "{bad}");
    }
    let message = from_json(b"{\n  secret}").expect_err("no JSON").to_string();
    assert_eq!(message, "not valid JSON at line 2, column 3");
}

#[test]
fn nesting_is_bounded() {
    let nested = |levels: usize| {
        let open = r#"{"arrayValue": {"values": ["#.repeat(levels);
        value(&format!("{open}{}", "]}}".repeat(levels)))
    };
    let depth = |value: &Owned| {
        let (mut value, mut depth) = (value, 0);
        while let Owned::Array(values) = value {
            (value, depth) = (values.first().unwrap_or(&Owned::Empty), depth + 1);
        }
        depth
    };
    assert_eq!(depth(&nested(30).expect("kept")), 30);
    assert_eq!(depth(&nested(100_000).expect("kept, down to there")), 31);
}

/// Guarantees: a bad text, value, attribute or event costs itself and is told; its span lives.
#[test]
fn what_is_less_than_a_span_costs_only_itself() {
    let good = r#"{"key": "good", "value": {"intValue": 1}}"#;
    for (fields, fault) in [
        (
            format!(r#""attributes": [{{"key": "k", "value": {{"stringValue": "a\ud83db"}}}}, {good}]"#),
            Fault::Utf8,
        ),
        (
            format!(r#""attributes": [{{"key": "k", "value": {{"stringValue": 5}}}}, {good}]"#),
            Fault::JsonType,
        ),
        (format!(r#""attributes": [{{"key": {{}}}}, 7, {good}]"#), Fault::JsonType),
        (format!(r#""attributes": [{good}], "name": [1]"#), Fault::JsonType),
        (format!(r#""attributes": [{good}], "events": [1, {{"name": 5}}]"#), Fault::JsonType),
        (format!(r#""attributes": [{good}], "events": "none""#), Fault::JsonType),
    ] {
        let ids = r#""traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174""#;
        let recorder = from_json(request(&format!("{{{ids}, {fields}}}")).as_bytes()).expect("an envelope");
        let span = recorder.spans()[0].as_ref().expect("the span lives");
        assert!(span.attributes.contains(&("good".to_owned(), Owned::Int(1))), "{fields}");
        assert_eq!(recorder.dropped.first(), Some(&fault), "{fields}");
    }
}

/// Guarantees: a text that was cut within an emoji, as JavaScript cuts, keeps what stands before it.
#[test]
fn a_cut_emoji_costs_the_emoji() {
    let text = |text: &str| Ok(Owned::Text(text.to_owned()));
    assert_eq!(value(r#"{"stringValue": "smile \ud83d\ude00"}"#), text("smile \u{1F600}"));
    assert_eq!(value(r#"{"stringValue": "smile \ud83d"}"#), text("smile "));
    assert_eq!(value(r#"{"stringValue": "smile \ude00"}"#), Err(Fault::Utf8), "the second half of one");
    let mut cut = request(
        r#"{"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "caf?"}"#,
    )
    .into_bytes();
    let at = cut.iter().position(|byte| *byte == b'?').expect("there");
    cut[at] = 0xC3;
    let recorder = from_json(&cut).expect("an envelope");
    assert!(recorder.spans()[0].as_ref().expect("lives").header.contains("name: \"caf\""));
    assert_eq!(recorder.dropped, [Fault::Utf8]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Guarantees: what serde_json reads is read, whatever stands in the fields that nobody knows.
    #[test]
    fn all_json_is_json(text in r#"[\[\]{}:,"a0-9.eE+\-\\u ]{0,12}"#) {
        let json = format!(r#"{{"unknown": {text}}}"#);
        if serde_json::from_str::<serde_json::Value>(&json).is_ok() {
            prop_assert_eq!(from_json(json.as_bytes()), Ok(Recorder::default()));
        }
    }
}
