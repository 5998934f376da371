//! What the fuzz targets do with the bytes of a stranger: each part that reads them, and what must hold whatever they
//! are. That nothing panics, overflows or takes long is watched by libfuzzer; the rest is asserted here.

use tollgate::classify::{ErrorEvidence, classify};
use tollgate::config;
use tollgate::dialect::Vocabulary;
use tollgate::engine::{Engine, EngineSettings, Reader};
use tollgate::expose::text::Format;
use tollgate::limits::{self, LimitEvidenceInput};
use tollgate::loose;
use tollgate::otlp::{self, Attribute, Fault, JsonRequest, SpanHeader, Value, Visitor};
use tollgate::price::{PriceBook, PricesConfig};
use tollgate::telemetry;

/// 2026-11-21, in nanoseconds since the Unix epoch.
const NOW: u64 = 1_795_297_280_000_000_000;
/// What a configuration may refer to and no message may tell.
const SECRET: &str = "hunter2-hunter2-hunter2";

/// Looks at everything, and counts.
#[derive(Debug, Default, PartialEq)]
struct Everything {
    spans: usize,
    malformed: usize,
    values: usize,
    dropped: usize,
}

impl Everything {
    fn value(&mut self, value: Value<'_>) {
        self.values += 1;
        match value {
            Value::Array(list) => list.iter().for_each(|value| self.value(value)),
            Value::Map(map) => map.iter().for_each(|(_, value)| self.value(value)),
            Value::Empty
            | Value::Text(_)
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Double(_)
            | Value::Bytes(_) => {}
        }
    }

    fn attribute(&mut self, attribute: Attribute<'_>) -> Result<(), Fault> {
        attribute.text_key()?;
        self.value(attribute.value()?);
        Ok(())
    }
}

impl<'a> Visitor<'a> for Everything {
    fn resource(&mut self) {}
    fn resource_attribute(&mut self, _: &'a str, value: Value<'a>) {
        self.value(value);
    }
    fn scope(&mut self, _: &'a str, _: &'a str) {}
    fn span_attribute(&mut self, attribute: Attribute<'a>) -> Result<(), Fault> {
        self.attribute(attribute)
    }
    fn event(&mut self, _: &'a str, _: u64) -> bool {
        true
    }
    fn event_attribute(&mut self, attribute: Attribute<'a>) -> Result<(), Fault> {
        self.attribute(attribute)
    }
    fn span(&mut self, header: &SpanHeader<'a>) {
        assert!(header.trace_id != [0; 16] && header.span_id != [0; 8], "ids of zeros are no ids");
        self.spans += 1;
    }
    fn malformed_span(&mut self, _: Fault) {
        self.malformed += 1;
    }
    fn dropped(&mut self, _: Fault) {
        self.dropped += 1;
    }
}

/// Protobuf to a visitor. A request is refused before the visitor hears of it, or heard to its end.
pub fn walk(bytes: &[u8]) {
    let mut seen = Everything::default();
    if otlp::walk(bytes, &mut seen).is_err() {
        assert_eq!(seen, Everything::default(), "nothing of a refused request may have been seen");
    }
}

/// OTLP/JSON to a visitor.
pub fn json(bytes: &[u8]) {
    if let Ok(request) = JsonRequest::parse(bytes) {
        request.drive(&mut Everything::default());
    }
}

/// JSON, Python `repr` and prose within texts.
pub fn loose(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut scalars = 0;
    loose::scan(text, &mut |path, scalar| {
        scalars += 1;
        assert!(!path.segments().is_empty() || scalars == 1, "a lone scalar is alone");
        if let loose::Scalar::Text(raw) = scalar {
            assert!(loose::unescape(raw).len() <= raw.len() * 3, "an escape is longer than what it means");
        }
    });
    let _ = loose::decoded(text);
    if let Some(found) = loose::embedded(text) {
        loose::scan(&found, &mut |_, _| {});
    }
}

/// Headers and error texts: the lines of a text are a provider, a host, and then headers (`name: value`) and messages.
pub fn texts(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut lines = text.lines();
    let (provider, server_address) = (lines.next().unwrap_or(""), lines.next().unwrap_or(""));
    let (mut headers, mut messages) = (Vec::new(), Vec::new());
    for line in lines {
        match line.split_once(": ") {
            Some(header) => headers.push(header),
            None => messages.push(line),
        }
    }
    let mut found = Vec::new();
    let evidence = LimitEvidenceInput {
        provider,
        server_address,
        end_unix_nano: NOW,
        headers: &headers,
        attributes: &headers,
        hidden_params: text,
        messages: &messages,
        refused: true,
        ..LimitEvidenceInput::default()
    };
    limits::read(&evidence, &mut found);
    let verdict = classify(&ErrorEvidence {
        provider,
        server_address,
        failed: true,
        codes: &messages,
        types: &messages,
        messages: &messages,
        causes: &messages,
        finish_reasons: &messages,
        headers: &headers,
        ..ErrorEvidence::default()
    });
    assert!(verdict.status_code.is_none_or(|status| (100..1000).contains(&status)), "{verdict:?}");
}

/// A configuration. No fault tells what came from the environment.
pub fn configuration(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    // Files named by a stranger are not for us to read; nor is it news that a secret written out can be quoted.
    if text.contains("file") || text.contains("hunter2") {
        return;
    }
    let environment = [("SECRET".to_owned(), SECRET.to_owned())];
    if let Err(faults) = config::parse("fuzz.yaml", text, &environment) {
        let told = faults.to_string();
        assert!(!told.is_empty() && !told.contains("hunter2"), "{told}");
    }
}

/// A request, then its spans settled, priced, counted and shown. The document stays a document.
pub fn exposition(bytes: &[u8]) {
    let reader = Reader::default();
    let vocabulary = Vocabulary::new(&[vec!["team".to_owned()]]);
    let read = if bytes.first() == Some(&b'{') {
        reader.read_json(&vocabulary, bytes)
    } else {
        reader.read_protobuf(&vocabulary, bytes)
    };
    let Ok(batch) = read else { return };
    let book = PriceBook::new(&PricesConfig::default()).expect("the embedded catalogue");
    let mut engine = Engine::new(EngineSettings::with_book(book));
    engine.offer(batch, NOW, &mut |_| {});
    engine.finish(NOW, &mut |_| {});
    // Twice: a series is announced as 0 before it shows its value.
    for at in [NOW, NOW + 1_000_000_000_000] {
        for format in [Format::Text, Format::OpenMetrics] {
            let document = engine.view(at, telemetry::snapshot()).document(format);
            hold(std::str::from_utf8(&document).expect("UTF-8"));
        }
    }
}

/// Every line is a comment or a sample whose value is a number, and nothing in it misleads a terminal.
fn hold(document: &str) {
    for line in document.lines() {
        assert!(line.len() < 16_384, "a line of {} bytes", line.len());
        assert!(!line.contains(misleads), "{line:?}");
        if line.starts_with('#') {
            continue;
        }
        // An exemplar follows its sample.
        let sample = line.split(" # {").next().unwrap_or(line);
        let (series, value) = sample.rsplit_once(' ').expect("a series and a value");
        assert!(value.parse::<f64>().is_ok(), "{line}");
        assert!(series.starts_with("llm_") || series.starts_with("tollgate_"), "{line}");
    }
}

fn misleads(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
