//! The walk allocates nothing on the heap, whatever the request holds.

use prost::Message as _;
use tollgate::otlp::{self, Attribute, Fault, SpanHeader, Value, Visitor};

use crate::requests::sample;

/// Looks at everything, keeps nothing.
#[derive(Default)]
struct Reader {
    spans: usize,
    values: usize,
}

impl Reader {
    fn read(&mut self, value: Value<'_>) {
        self.values += 1;
        match value {
            Value::Array(list) => list.iter().for_each(|value| self.read(value)),
            Value::Map(map) => map.iter().for_each(|(_, value)| self.read(value)),
            Value::Empty
            | Value::Text(_)
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Double(_)
            | Value::Bytes(_) => {}
        }
    }
}

impl<'a> Visitor<'a> for Reader {
    fn resource(&mut self) {}

    fn resource_attribute(&mut self, _: &'a str, value: Value<'a>) {
        self.read(value);
    }

    fn scope(&mut self, _: &'a str, _: &'a str) {}

    fn span_attribute(&mut self, attribute: Attribute<'a>) -> Result<(), Fault> {
        self.read(attribute.value()?);
        Ok(())
    }

    fn event(&mut self, _: &'a str, _: u64) -> bool {
        true
    }

    fn event_attribute(&mut self, attribute: Attribute<'a>) -> Result<(), Fault> {
        self.read(attribute.value()?);
        Ok(())
    }

    fn span(&mut self, _: &SpanHeader<'a>) {
        self.spans += 1;
    }

    fn malformed_span(&mut self, _: Fault) {
        self.spans += 1;
    }
}

#[test]
fn no_allocation_for_any_span() {
    let mut request = sample();
    let spans = &mut request.resource_spans[0].scope_spans[0].spans;
    spans[1].span_id.clear();
    *spans = spans.iter().cycle().take(200).cloned().collect();
    let bytes = request.encode_to_vec();

    let mut reader = Reader::default();
    let heap = allocation_counter::measure(|| otlp::walk(&bytes, &mut reader).expect("valid"));

    assert_eq!(reader.spans, 200);
    assert!(reader.values > 2000, "values inside of lists and maps were read too");
    assert_eq!(heap.count_total, 0);
}

#[test]
fn no_allocation_to_refuse() {
    let bytes = sample().encode_to_vec();
    let heap = allocation_counter::measure(|| {
        let result = otlp::walk(&bytes[..bytes.len() - 1], &mut Reader::default());
        assert_eq!(result, Err(Fault::Truncated));
    });
    assert_eq!(heap.count_total, 0);
}
