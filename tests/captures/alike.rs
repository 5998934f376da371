//! A span of a known pattern is the record that reading it in full would have made, whatever its own ids,
//! times and numbers are.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use prost::Message as _;
use tollgate::dialect::Vocabulary;
use tollgate::engine::Reader;
use tollgate::otlp;
use tollgate::recognise::Recogniser;
use tollgate::record::RecordBatch;

use crate::{captures, providers};

#[test]
fn spans_of_a_known_pattern_are_as_if_read_in_full() {
    let dimensions = [vec!["user.id".to_owned(), "gen_ai.conversation.id".to_owned()]];
    for dimensions in [&[][..], &dimensions] {
        let (vocabulary, reader) = (Vocabulary::new(dimensions), Reader::default());
        let (mut alike, mut all) = (0, 0);
        for bytes in captures().iter().chain(&providers()).flat_map(|scenario| &scenario.requests) {
            // A pattern is learned when it comes again.
            for _ in 0..2 {
                reader.read_protobuf(&vocabulary, bytes).expect("a request");
            }
            // The first of them shows the way of its pattern.
            for salt in 0..3 {
                let batch = compare(&vocabulary, &reader, &another(bytes, salt));
                alike += batch.alike;
                all += batch.records.len() as u64;
            }
        }
        assert!(alike * 6 > all, "{alike} of {all} spans were known");
    }
}

fn compare(vocabulary: &Vocabulary, reader: &Reader, bytes: &[u8]) -> RecordBatch {
    let mut recogniser = Recogniser::new(vocabulary);
    otlp::walk(bytes, &mut recogniser).expect("a request");
    let in_full = reader.read(&recogniser.finish());
    let batch = reader.read_protobuf(vocabulary, bytes).expect("a request");
    assert_eq!(story(&batch), story(&in_full));
    batch
}

/// All that is in a batch, its shapes in words; but for who is told from the others by being known.
fn story(batch: &RecordBatch) -> String {
    let shape = |index: u32| &batch.shapes[index as usize];
    let records: Vec<_> = batch.records.iter().map(|record| (record, shape(record.shape))).collect();
    let counts = (batch.not_a_call, batch.malformed, batch.dropped, batch.unshaped, batch.evidence_bytes);
    format!("{records:?} {:?} {counts:?}", batch.links)
}

/// The same request with other ids, times, numbers and texts of prompts.
fn another(bytes: &[u8], salt: u8) -> Vec<u8> {
    let mut request = ExportTraceServiceRequest::decode(bytes).expect("a request");
    let scopes = request.resource_spans.iter_mut().flat_map(|resource| &mut resource.scope_spans);
    for (index, span) in scopes.flat_map(|scope| &mut scope.spans).enumerate() {
        let change = salt.wrapping_mul(31).wrapping_add(index as u8);
        for id in [&mut span.trace_id, &mut span.span_id, &mut span.parent_span_id] {
            id.iter_mut().for_each(|byte| *byte ^= change);
        }
        span.start_time_unix_nano = span.start_time_unix_nano.wrapping_sub(u64::from(change) * 7_000_001);
        span.end_time_unix_nano += u64::from(change) * 5_000_003 * u64::from(salt % 2);
        span.attributes.iter_mut().for_each(|attribute| vary(attribute, change));
    }
    request.encode_to_vec()
}

fn vary(attribute: &mut KeyValue, change: u8) {
    let id = attribute.key.ends_with("id");
    match attribute.value.as_mut().and_then(|value| value.value.as_mut()) {
        Some(Value::IntValue(number)) if !attribute.key.contains("status") => match change % 5 {
            0 => *number = 0,
            1 => *number = -*number,
            2 => *number = number.wrapping_mul(1 << 40),
            _ => *number += i64::from(change),
        },
        Some(Value::DoubleValue(number)) => *number *= f64::from(change),
        Some(Value::StringValue(text)) if attribute.key.contains("url") || attribute.key == "http.target" => {
            text.push_str(
                ["", "/items/17", "/items?page=2", "/v1/chat/completions", "#top"][usize::from(change % 5)],
            );
        }
        Some(Value::StringValue(text)) if id && change.is_multiple_of(4) => *text = format!(" \"{text}\" "),
        Some(Value::StringValue(text)) if attribute.key.contains("url") || attribute.key == "http.target" => {
            text.push_str(
                ["", "/items/17", "/items?page=2", "/v1/chat/completions", "#top"][usize::from(change % 5)],
            );
        }
        Some(Value::StringValue(text)) if id && change % 4 == 1 => text.clear(),
        Some(Value::StringValue(text)) if id || text.len() > 100 => {
            text.push(char::from(b'a' + change % 26));
        }
        _ => {}
    }
}
