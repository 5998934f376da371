//! The walk, when it is asked for everything, and prost read every request alike, however it is written. Where prost refuses a request, the
//! walk drops the text, attribute, event or span at fault, each judged by prost on its own, and refuses
//! the request only for what is around them.
//!
//! The one difference: OTLP forbids ids of a wrong length or all zero, prost lets them pass, and
//! the walk drops such a span.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use proptest::prelude::*;
use prost::Message as _;
use tollgate::otlp::{self, Fault, SpanHeader, SpanKind, SpanStatus};

use crate::recorder::{self, Attribute, Owned, Recorder};
use crate::requests::{attribute, list, map, requests, sample};
use crate::rewire::{Dice, Message, rewire};

/// A request with bytes where a fault costs only itself: texts, attributes, events, links and spans.
#[derive(Clone, PartialEq, prost::Message)]
struct Envelope {
    #[prost(message, repeated, tag = "1")]
    resource_spans: Vec<EnvelopeOfResource>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct EnvelopeOfResource {
    #[prost(message, optional, tag = "1")]
    resource: Option<LooseResource>,
    #[prost(message, repeated, tag = "2")]
    scope_spans: Vec<EnvelopeOfScope>,
    #[prost(bytes = "vec", tag = "3")]
    schema_url: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct EnvelopeOfScope {
    #[prost(message, optional, tag = "1")]
    scope: Option<LooseScope>,
    #[prost(bytes = "vec", repeated, tag = "2")]
    spans: Vec<Vec<u8>>,
    #[prost(bytes = "vec", tag = "3")]
    schema_url: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct LooseResource {
    #[prost(bytes = "vec", repeated, tag = "1")]
    attributes: Vec<Vec<u8>>,
    #[prost(uint32, tag = "2")]
    dropped_attributes_count: u32,
    #[prost(bytes = "vec", repeated, tag = "3")]
    entity_refs: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct LooseScope {
    #[prost(bytes = "vec", tag = "1")]
    name: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    version: Vec<u8>,
    #[prost(bytes = "vec", repeated, tag = "3")]
    attributes: Vec<Vec<u8>>,
    #[prost(uint32, tag = "4")]
    dropped_attributes_count: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct LooseSpan {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    span_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    trace_state: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    parent_span_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "5")]
    name: Vec<u8>,
    #[prost(int32, tag = "6")]
    kind: i32,
    #[prost(fixed64, tag = "7")]
    start_time_unix_nano: u64,
    #[prost(fixed64, tag = "8")]
    end_time_unix_nano: u64,
    #[prost(bytes = "vec", repeated, tag = "9")]
    attributes: Vec<Vec<u8>>,
    #[prost(uint32, tag = "10")]
    dropped_attributes_count: u32,
    #[prost(bytes = "vec", repeated, tag = "11")]
    events: Vec<Vec<u8>>,
    #[prost(uint32, tag = "12")]
    dropped_events_count: u32,
    #[prost(bytes = "vec", repeated, tag = "13")]
    links: Vec<Vec<u8>>,
    #[prost(uint32, tag = "14")]
    dropped_links_count: u32,
    #[prost(message, optional, tag = "15")]
    status: Option<LooseStatus>,
    #[prost(fixed32, tag = "16")]
    flags: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct LooseStatus {
    #[prost(bytes = "vec", tag = "2")]
    message: Vec<u8>,
    #[prost(int32, tag = "3")]
    code: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct LooseEvent {
    #[prost(fixed64, tag = "1")]
    time_unix_nano: u64,
    #[prost(bytes = "vec", tag = "2")]
    name: Vec<u8>,
    #[prost(bytes = "vec", repeated, tag = "3")]
    attributes: Vec<Vec<u8>>,
    #[prost(uint32, tag = "4")]
    dropped_attributes_count: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct LooseKeyValue {
    #[prost(bytes = "vec", tag = "1")]
    key: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    value: Option<LooseValue>,
    #[prost(int32, tag = "3")]
    key_strindex: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct LooseValue {
    #[prost(oneof = "LooseKind", tags = "1, 2, 3, 4, 5, 6, 7, 8")]
    value: Option<LooseKind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum LooseKind {
    #[prost(bytes, tag = "1")]
    Text(Vec<u8>),
    #[prost(bool, tag = "2")]
    Bool(bool),
    #[prost(int64, tag = "3")]
    Int(i64),
    #[prost(double, tag = "4")]
    Double(f64),
    #[prost(message, tag = "5")]
    Array(LooseList),
    #[prost(message, tag = "6")]
    Map(LooseMap),
    #[prost(bytes, tag = "7")]
    Bytes(Vec<u8>),
    #[prost(int32, tag = "8")]
    Index(i32),
}

#[derive(Clone, PartialEq, prost::Message)]
struct LooseList {
    #[prost(message, repeated, tag = "1")]
    values: Vec<LooseValue>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct LooseMap {
    #[prost(message, repeated, tag = "1")]
    values: Vec<LooseKeyValue>,
}

/// Puts a message as many levels below the request as it lies in one, since how deep it lies counts.
#[derive(Clone, PartialEq, prost::Message)]
struct Below {
    #[prost(message, optional, boxed, tag = "1")]
    below: Option<Box<Below>>,
    #[prost(bytes = "vec", optional, tag = "2")]
    written: Option<Vec<u8>>,
    #[prost(message, optional, tag = "3")]
    span: Option<LooseSpan>,
    #[prost(message, optional, tag = "4")]
    event: Option<LooseEvent>,
    #[prost(message, optional, tag = "5")]
    attribute: Option<LooseKeyValue>,
}

// === What prost says ===

/// What the walk must tell of these bytes; none if it must refuse them.
fn expected(bytes: &[u8]) -> Option<Recorder> {
    let envelope = Envelope::decode(bytes).ok()?;
    let mut recorder = Recorder::default();
    for resource_spans in envelope.resource_spans {
        let resource = resource_spans.resource.unwrap_or_default();
        // Of a resource or scope without spans the visitor hears nothing.
        let spoken = resource_spans.scope_spans.iter().filter(|scope_spans| !scope_spans.spans.is_empty());
        let scopes = spoken.map(|scope_spans| {
            let scope = scope_spans.scope.clone().unwrap_or_default();
            let spans = scope_spans.spans.iter().map(|bytes| expected_span(bytes)).collect();
            recorder::Scope { name: text(&scope.name), version: text(&scope.version), spans }
        });
        let scopes: Vec<_> = scopes.collect();
        if scopes.is_empty() {
            continue;
        }
        recorder.resources.push(recorder::Resource { attributes: owned(&resource.attributes, 3), scopes });
    }
    Some(recorder)
}

/// What prost reads of a message that lies `level` messages below the request.
fn at_level(field: u8, bytes: &[u8], level: usize) -> Option<Below> {
    let mut nested = Below { written: Some(bytes.to_vec()), ..Below::default() }.encode_to_vec();
    nested[0] = field << 3 | 2;
    for _ in 1..level {
        let body = std::mem::take(&mut nested);
        prost::encoding::bytes::encode(1, &body, &mut nested);
    }
    let mut below = Below::decode(&nested[..]).ok()?;
    while let Some(inner) = below.below.take() {
        below = *inner;
    }
    Some(below)
}

/// A text, or what stands before the character that was cut; none where it is no UTF-8.
fn sound(bytes: &[u8]) -> Option<String> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text.to_owned()),
        Err(error) if error.error_len().is_none() => {
            Some(String::from_utf8(bytes[..error.valid_up_to()].to_vec()).expect("valid up to there"))
        }
        Err(_) => None,
    }
}

fn text(bytes: &[u8]) -> String {
    sound(bytes).unwrap_or_default()
}

fn expected_span(bytes: &[u8]) -> Result<recorder::Span, Fault> {
    let span = at_level(3, bytes, 3).and_then(|below| below.span).ok_or(Fault::Key)?;
    let (name, message) =
        (text(&span.name), text(&span.status.as_ref().map_or(Vec::new(), |it| it.message.clone())));
    Ok(recorder::Span {
        header: format!("{:?}", header(&span, &name, &message)?),
        attributes: owned(&span.attributes, 4),
        events: span.events.iter().filter_map(|bytes| expected_event(bytes)).collect(),
    })
}

fn expected_event(bytes: &[u8]) -> Option<recorder::Event> {
    let event = at_level(4, bytes, 4)?.event?;
    let name = text(&event.name);
    let attributes = owned(&event.attributes, 5);
    Some(recorder::Event { name, time_unix_nano: event.time_unix_nano, attributes })
}

fn header<'a>(span: &LooseSpan, name: &'a str, status_message: &'a str) -> Result<SpanHeader<'a>, Fault> {
    let parent = if span.parent_span_id.is_empty() { &[0; 8] } else { &span.parent_span_id[..] };
    Ok(SpanHeader {
        trace_id: valid(&span.trace_id).ok_or(Fault::TraceId)?,
        span_id: valid(&span.span_id).ok_or(Fault::SpanId)?,
        parent_span_id: parent.try_into().map_err(|_| Fault::ParentSpanId)?,
        name,
        kind: match span.kind {
            1 => SpanKind::Internal,
            2 => SpanKind::Server,
            3 => SpanKind::Client,
            4 => SpanKind::Producer,
            5 => SpanKind::Consumer,
            _ => SpanKind::Unspecified,
        },
        start_unix_nano: span.start_time_unix_nano,
        end_unix_nano: span.end_time_unix_nano,
        status: match span.status.as_ref().map_or(0, |status| status.code) {
            1 => SpanStatus::Ok,
            2 => SpanStatus::Error,
            _ => SpanStatus::Unset,
        },
        status_message,
    })
}

fn valid<const LENGTH: usize>(id: &[u8]) -> Option<[u8; LENGTH]> {
    id.try_into().ok().filter(|id| *id != [0; LENGTH])
}

/// The attributes that prost reads, each on its own.
fn owned(attributes: &[Vec<u8>], level: usize) -> Vec<Attribute> {
    let read = attributes.iter().filter_map(|bytes| at_level(5, bytes, level)?.attribute);
    read.filter_map(owned_attribute).collect()
}

/// None when a text of it is not UTF-8.
fn owned_attribute(entry: LooseKeyValue) -> Option<Attribute> {
    Some((sound(&entry.key)?, owned_value(entry.value)?))
}

fn owned_value(value: Option<LooseValue>) -> Option<Owned> {
    Some(match value.and_then(|value| value.value) {
        None | Some(LooseKind::Index(_)) => Owned::Empty,
        Some(LooseKind::Text(bytes)) => Owned::Text(sound(&bytes)?),
        Some(LooseKind::Bool(truth)) => Owned::Bool(truth),
        Some(LooseKind::Int(number)) => Owned::Int(number),
        Some(LooseKind::Double(number)) => Owned::Double(number.to_bits()),
        Some(LooseKind::Bytes(bytes)) => Owned::Bytes(bytes),
        Some(LooseKind::Array(array)) => {
            let element = |value| owned_value(Some(value)).unwrap_or(Owned::Empty);
            Owned::Array(array.values.into_iter().map(element).collect())
        }
        Some(LooseKind::Map(list)) => {
            Owned::Map(list.values.into_iter().filter_map(owned_attribute).collect())
        }
    })
}

// === The comparison ===

/// Walks the bytes and holds the result against prost's.
fn agree(bytes: &[u8]) {
    let mut walked = Recorder::default();
    let result = otlp::walk(bytes, &mut walked);
    match expected(bytes) {
        Some(expected) => {
            assert_eq!(result, Ok(()), "prost reads the envelope");
            assert_eq!(walked.without_reasons(), expected.without_reasons());
        }
        None => {
            assert!(result.is_err(), "prost refuses the envelope");
            assert_eq!(walked, Recorder::default(), "the visitor must hear nothing of a refused request");
        }
    }
}

/// The same from the other side: what prost accepts whole, as any other receiver decodes it, is whole.
fn all_that_prost_accepts_is_kept(bytes: &[u8]) {
    if ExportTraceServiceRequest::decode(bytes).is_err() {
        return;
    }
    let mut walked = Recorder::default();
    assert_eq!(otlp::walk(bytes, &mut walked), Ok(()));
    assert_eq!(walked.dropped, []);
    let is_of_ids = |fault| matches!(fault, Fault::TraceId | Fault::SpanId | Fault::ParentSpanId);
    assert!(walked.spans().iter().all(|span| span.as_ref().map_or_else(|fault| is_of_ids(*fault), |_| true)));
}

fn check(bytes: &[u8]) {
    agree(bytes);
    all_that_prost_accepts_is_kept(bytes);
}

// === Properties ===

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_request(request in requests()) {
        check(&request.encode_to_vec());
    }

    #[test]
    fn fields_unknown_repeated_split_or_in_any_order(request in requests(), seed: u64) {
        let bytes = rewire(&request.encode_to_vec(), Message::Request, 0, &mut Dice(seed));
        prop_assert!(ExportTraceServiceRequest::decode(&bytes[..]).is_ok(), "other bytes, still valid");
        check(&bytes);
    }

    #[test]
    fn everything_unknown_repeated_split_or_in_any_order(seed: u64) {
        let bytes = rewire(&sample().encode_to_vec(), Message::Request, 0, &mut Dice(seed));
        prop_assert!(ExportTraceServiceRequest::decode(&bytes[..]).is_ok(), "other bytes, still valid");
        check(&bytes);
    }

    #[test]
    fn wrong_wire_types(seed: u64) {
        check(&rewire(&sample().encode_to_vec(), Message::Request, 150, &mut Dice(seed)));
    }

    #[test]
    fn truncated_anywhere(request in requests(), cut: prop::sample::Index) {
        let bytes = request.encode_to_vec();
        check(&bytes[..cut.index(bytes.len() + 1)]);
    }

    #[test]
    fn bytes_changed(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut bytes = sample().encode_to_vec();
        for (index, byte) in changes {
            *index.get_mut(&mut bytes) = byte;
        }
        check(&bytes);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        check(&bytes);
    }
}

#[test]
fn truncated_at_every_byte() {
    let bytes = sample().encode_to_vec();
    for end in 0..=bytes.len() {
        check(&bytes[..end]);
    }
}

/// A span may be cut where the lengths around it are not: only that span is lost.
#[test]
fn a_span_truncated_at_every_byte_costs_that_span() {
    let request = sample();
    let spans = &request.resource_spans[0].scope_spans[0].spans;
    let (first, second) = (spans[0].encode_to_vec(), spans[1].encode_to_vec());
    for end in 0..first.len() {
        let scope_spans = vec![EnvelopeOfScope {
            spans: vec![first[..end].to_vec(), second.clone()],
            ..Default::default()
        }];
        let resource_spans = vec![EnvelopeOfResource { scope_spans, ..Default::default() }];
        let bytes = Envelope { resource_spans }.encode_to_vec();
        check(&bytes);
        let mut walked = Recorder::default();
        otlp::walk(&bytes, &mut walked).expect("the envelope is whole");
        assert_eq!(walked.spans().len(), 2);
        assert!(walked.spans()[1].is_ok(), "cut at {end}");
    }
}

#[test]
fn every_wire_type_at_every_byte() {
    let bytes = sample().encode_to_vec();
    for at in 0..bytes.len() {
        for wire_type in 0..8 {
            let mut changed = bytes.clone();
            changed[at] = changed[at] & !7 | wire_type;
            agree(&changed);
        }
    }
}

#[test]
fn values_nest_as_deep_as_prost_allows() {
    type Place = fn(&mut ExportTraceServiceRequest) -> &mut Vec<KeyValue>;
    let places: [Place; 5] = [
        |request| &mut request.resource_spans[0].resource.as_mut().expect("a resource").attributes,
        |request| &mut request.resource_spans[0].scope_spans[0].scope.as_mut().expect("a scope").attributes,
        |request| &mut request.resource_spans[0].scope_spans[0].spans[0].attributes,
        |request| &mut request.resource_spans[0].scope_spans[0].spans[0].events[1].attributes,
        |request| &mut request.resource_spans[0].scope_spans[0].spans[0].links[0].attributes,
    ];
    type Wrap = fn(Value) -> Value;
    let lists: Wrap = |value| list(vec![Some(value)]);
    let maps: Wrap = |value| map(vec![attribute("key", Some(value))]);
    // A level of lists is two messages, one of maps three; an empty list inside is one more.
    for (wrap, levels) in [(lists, 44..50), (maps, 28..34)] {
        for (place, leaf) in places.iter().flat_map(|place| [(place, None), (place, Some(list(Vec::new())))])
        {
            let mut accepted = 0;
            for levels in levels.clone() {
                let leaf = leaf.clone().unwrap_or(Value::IntValue(1));
                let value = (0..levels).fold(leaf, |value, _| wrap(value));
                let mut request = sample();
                *place(&mut request) = vec![attribute("deep", Some(value))];
                let bytes = request.encode_to_vec();
                accepted += usize::from(ExportTraceServiceRequest::decode(&bytes[..]).is_ok());
                check(&bytes);
            }
            assert!((1..6).contains(&accepted), "both sides of the limit were tried");
        }
    }
}

#[test]
fn odd_keys_are_judged_as_prost_does() {
    for bytes in [
        &[0x10, 0x01][..], // field 2, unknown
        &[0x00, 0x01],     // field 0
        &[0x16],
        &[0x17],                               // wire types 6 and 7
        &[0x90, 0x80, 0x00, 0x01],             // field 2 with zeros in front
        &[0xF8, 0xFF, 0xFF, 0xFF, 0x0F, 0x01], // the highest field number
        &[0x90, 0x80, 0x80, 0x80, 0x10, 0x01], // more than 32 bits, else field 2
        &[0x8A, 0x80, 0x80, 0x80, 0x10, 0x00], // more than 32 bits, else resource_spans
        &[0x13, 0x08, 0x01, 0x14],             // a group
        &[0x13, 0x08, 0x01, 0x1C],             // that ends as another
        &[0x14],                               // an end alone
        &[0x13, 0x08],                         // a group that does not end
    ] {
        check(bytes);
    }
}

#[test]
fn groups_nest_as_deep_as_prost_allows() {
    for levels in 90..110 {
        let mut bytes = vec![0x0B; levels];
        bytes[0] = 0x13;
        bytes.extend(vec![0x0C; levels - 1]);
        bytes.push(0x14);
        check(&bytes);
    }
}

// === What protobuf asks, said once in plain words ===

/// `AnyValue` is a oneof: lists join unless another type stands between them.
#[test]
fn a_list_in_parts_is_one_list() {
    let one = AnyValue { value: Some(list(vec![Some(Value::IntValue(1))])) }.encode_to_vec();
    let two = AnyValue { value: Some(list(vec![Some(Value::IntValue(2))])) }.encode_to_vec();
    let text = AnyValue { value: Some(Value::StringValue("x".into())) }.encode_to_vec();
    let numbers = |numbers: &[i64]| Owned::Array(numbers.iter().copied().map(Owned::Int).collect());

    for (parts, expected) in [
        (vec![one.clone(), two.clone()], numbers(&[1, 2])),
        (vec![[one.clone(), two.clone()].concat(), one.clone()], numbers(&[1, 2, 1])),
        (vec![one.clone(), text.clone(), two.clone()], numbers(&[2])),
        (vec![[one.clone(), text.clone(), two.clone()].concat()], numbers(&[2])),
        (vec![one, two, text], Owned::Text("x".into())),
    ] {
        let bytes = request_with_value(&parts);
        check(&bytes);
        let mut walked = Recorder::default();
        otlp::walk(&bytes, &mut walked).expect("valid");
        assert_eq!(walked.spans()[0].as_ref().expect("valid").attributes[0].1, expected);
    }
}

/// A request of one span with one attribute whose value comes in these parts.
fn request_with_value(parts: &[Vec<u8>]) -> Vec<u8> {
    #[derive(Clone, PartialEq, prost::Message)]
    struct SplitKeyValue {
        #[prost(string, tag = "1")]
        key: String,
        #[prost(bytes = "vec", repeated, tag = "2")]
        value: Vec<Vec<u8>>,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    struct SpanOfSplits {
        #[prost(bytes = "vec", tag = "1")]
        trace_id: Vec<u8>,
        #[prost(bytes = "vec", tag = "2")]
        span_id: Vec<u8>,
        #[prost(message, repeated, tag = "9")]
        attributes: Vec<SplitKeyValue>,
    }
    let attributes = vec![SplitKeyValue { key: "key".into(), value: parts.to_vec() }];
    let span = SpanOfSplits { trace_id: vec![1; 16], span_id: vec![1; 8], attributes };
    let scope_spans = vec![EnvelopeOfScope { spans: vec![span.encode_to_vec()], ..Default::default() }];
    let resource_spans = vec![EnvelopeOfResource { scope_spans, ..Default::default() }];
    Envelope { resource_spans }.encode_to_vec()
}

/// The one difference to prost.
#[test]
fn a_span_needs_valid_ids() {
    type Change = fn(&mut Span);
    let changes: [(Change, Option<Fault>); 9] = [
        (|span| span.trace_id.clear(), Some(Fault::TraceId)),
        (|span| span.trace_id = vec![0; 16], Some(Fault::TraceId)),
        (|span| span.trace_id = vec![1; 15], Some(Fault::TraceId)),
        (|span| span.span_id = vec![0; 8], Some(Fault::SpanId)),
        (|span| span.span_id = vec![1; 16], Some(Fault::SpanId)),
        (|span| span.parent_span_id = vec![1; 7], Some(Fault::ParentSpanId)),
        (|span| span.parent_span_id.clear(), None),
        (|span| span.parent_span_id = vec![0; 8], None),
        (|_| {}, None),
    ];
    for (change, fault) in changes {
        let mut request = sample();
        change(&mut request.resource_spans[0].scope_spans[0].spans[0]);
        let mut walked = Recorder::default();
        otlp::walk(&request.encode_to_vec(), &mut walked).expect("the envelope is whole");
        let spans = walked.spans();
        assert_eq!(spans[0].as_ref().err().copied(), fault);
        assert!(spans[1].is_ok(), "the other span is kept");
    }
}

/// The other one: what the visitor does not look at is not looked at.
#[test]
fn an_attribute_that_nobody_reads_costs_nothing() {
    #[derive(Default)]
    struct Deaf {
        spans: usize,
        keys: Vec<Vec<u8>>,
    }
    impl<'a> otlp::Visitor<'a> for Deaf {
        fn resource(&mut self) {}
        fn resource_attribute(&mut self, _: &'a str, _: otlp::Value<'a>) {}
        fn scope(&mut self, _: &'a str, _: &'a str) {}
        fn span_attribute(&mut self, attribute: otlp::Attribute<'a>) -> Result<(), Fault> {
            self.keys.push(attribute.key().to_vec());
            Ok(())
        }
        fn event(&mut self, _: &'a str, _: u64) -> bool {
            false
        }
        fn event_attribute(&mut self, _: otlp::Attribute<'a>) -> Result<(), Fault> {
            unreachable!("the event was not wanted")
        }
        fn span(&mut self, _: &SpanHeader<'a>) {
            self.spans += 1;
        }
        fn malformed_span(&mut self, fault: Fault) {
            panic!("{fault}")
        }
    }
    for value in [&[0x0A, 1, 0xFF][..], &[0x0A, 9], &[0x07], &[0x2A, 2, 0x0A, 9]] {
        let mut deaf = Deaf::default();
        otlp::walk(&request_with_value(&[value.to_vec()]), &mut deaf).expect("the envelope is whole");
        assert_eq!((deaf.spans, deaf.keys), (1, vec![b"key".to_vec()]));
        let mut walked = Recorder::default();
        otlp::walk(&request_with_value(&[value.to_vec()]), &mut walked).expect("the envelope is whole");
        assert!(walked.spans()[0].is_ok() && walked.dropped.len() == 1, "who reads it hears of it");
    }
}

#[test]
fn resource_and_scope_may_follow_their_spans() {
    let bytes = sample().encode_to_vec();
    let mut usual = Recorder::default();
    otlp::walk(&bytes, &mut usual).expect("valid");
    let mut resource_spans = sample().resource_spans.remove(0);
    let scope_spans = resource_spans.scope_spans.remove(0);
    let spans = ExportScope { scope_spans: Some(scope_spans) }.encode_to_vec();
    let reversed = [spans, resource_spans.encode_to_vec()].concat();
    let bytes = OneResource { resource_spans: reversed }.encode_to_vec();
    check(&bytes);
    let mut walked = Recorder::default();
    otlp::walk(&bytes, &mut walked).expect("valid");
    assert_eq!(walked, usual);
}

#[derive(Clone, PartialEq, prost::Message)]
struct OneResource {
    #[prost(bytes = "vec", tag = "1")]
    resource_spans: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ExportScope {
    #[prost(message, optional, tag = "2")]
    scope_spans: Option<opentelemetry_proto::tonic::trace::v1::ScopeSpans>,
}
