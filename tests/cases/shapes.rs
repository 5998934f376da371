//! Shapes of spans as their libraries write them, in a short form: one line a shape, each with its source.
//!
//! `shapes.jsonl` has `name`, `source`, `spans` (a tree: `name`, `kind`, `scope`, `attributes`, `children` and what else a span
//! has, where it is not the usual) and `right`, the calls that must be found. An attribute that is an object is a `kvlistValue`.

use serde_json::{Value, json};

const START: u64 = 1_795_297_280_000_000_000;

/// All shapes, as cases.
pub(crate) fn shapes() -> Vec<Value> {
    include_str!("shapes.jsonl").lines().map(|line| as_case(&serde_json::from_str(line).unwrap())).collect()
}

/// One request a span, children first, as most exporters send them.
fn as_case(shape: &Value) -> Value {
    let (mut requests, mut next) = (Vec::new(), 0xabc0);
    for root in shape["spans"].as_array().unwrap() {
        next += 1;
        write(root, (&format!("{next:032x}"), ""), &mut next, &mut requests);
    }
    let text = |key: &str| shape[key].clone();
    json!({
        "kind": "shapes", "name": text("name"), "why": text("source"), "right": text("right"), "requests": requests,
    })
}

fn write(span: &Value, (trace, parent): (&str, &str), next: &mut u64, requests: &mut Vec<Value>) {
    *next += 1;
    let id = format!("{next:016x}");
    for child in span["children"].as_array().into_iter().flatten() {
        write(child, (trace, &id), next, requests);
    }
    let or = |key: &str, usual: Value| if span[key].is_null() { usual } else { span[key].clone() };
    let at = |place: usize, usual: u64| {
        (START + span["t"][place].as_u64().unwrap_or(usual) * 1_000_000).to_string()
    };
    let event = |event: &Value| json!({"name": event[0], "timeUnixNano": at(1, 1000), "attributes": attributes(&event[1])});
    let events: Vec<Value> = span["events"].as_array().into_iter().flatten().map(event).collect();
    let mut written = json!({
        "traceId": trace, "spanId": id, "name": span["name"], "kind": or("kind", json!(1)),
        "startTimeUnixNano": at(0, 0), "endTimeUnixNano": at(1, 1000),
        "attributes": attributes(&span["attributes"]), "events": events,
        "status": {"code": or("status", json!(0)), "message": or("message", json!(""))},
    });
    if !parent.is_empty() {
        written["parentSpanId"] = json!(parent);
    }
    let scope = json!({"name": or("scope", json!("acme")), "version": or("version", json!(""))});
    requests.push(json!({"resourceSpans": [{
        "resource": {"attributes": attributes(&json!({"service.name": "app"}))},
        "scopeSpans": [{"scope": scope, "spans": [written]}],
    }]}));
}

fn attributes(object: &Value) -> Value {
    let pairs = object.as_object().into_iter().flatten();
    pairs.map(|(key, value)| json!({"key": key, "value": any(value)})).collect()
}

fn any(value: &Value) -> Value {
    match value {
        Value::String(text) => json!({"stringValue": text}),
        Value::Bool(flag) => json!({"boolValue": flag}),
        Value::Number(number) if number.is_f64() => json!({"doubleValue": number}),
        Value::Number(number) => json!({"intValue": number.to_string()}),
        Value::Array(items) => json!({"arrayValue": {"values": items.iter().map(any).collect::<Vec<_>>()}}),
        Value::Object(_) => json!({"kvlistValue": {"values": attributes(value)}}),
        Value::Null => json!({}),
    }
}
