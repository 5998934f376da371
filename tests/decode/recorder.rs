//! A visitor that writes down what it was told, for comparison.

use tollgate::otlp::{self, Fault, SpanHeader, Value, Visitor};

/// What was told of a request, in order.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Recorder {
    pub(crate) resources: Vec<Resource>,
    /// Why something less than a span was left out.
    pub(crate) dropped: Vec<Fault>,
    /// Attributes and events of the span that is being read.
    open: Span,
}

#[derive(Debug, Default, PartialEq)]
pub(crate) struct Resource {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) scopes: Vec<Scope>,
}

#[derive(Debug, Default, PartialEq)]
pub(crate) struct Scope {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) spans: Vec<Result<Span, Fault>>,
}

#[derive(Debug, Default, PartialEq)]
pub(crate) struct Span {
    /// All fields of the header, as text.
    pub(crate) header: String,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) events: Vec<Event>,
}

#[derive(Debug, Default, PartialEq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) time_unix_nano: u64,
    pub(crate) attributes: Vec<Attribute>,
}

pub(crate) type Attribute = (String, Owned);

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Owned {
    Empty,
    Text(String),
    Bool(bool),
    Int(i64),
    /// The bits, so that NaN equals itself.
    Double(u64),
    Bytes(Vec<u8>),
    Array(Vec<Owned>),
    Map(Vec<Attribute>),
}

impl Recorder {
    pub(crate) fn spans(&self) -> Vec<&Result<Span, Fault>> {
        self.resources.iter().flat_map(|resource| &resource.scopes).flat_map(|scope| &scope.spans).collect()
    }

    /// For comparison with an oracle that does not say why.
    pub(crate) fn without_reasons(mut self) -> Self {
        self.dropped.clear();
        let scopes = self.resources.iter_mut().flat_map(|resource| &mut resource.scopes);
        for span in scopes.flat_map(|scope| &mut scope.spans) {
            if let Err(fault) = span {
                *fault = Fault::Key;
            }
        }
        self
    }

    fn resource(&mut self) -> &mut Resource {
        self.resources.last_mut().expect("a resource comes first")
    }

    fn close(&mut self, span: Result<Span, Fault>) {
        self.resource().scopes.last_mut().expect("a scope comes before its spans").spans.push(span);
    }
}

impl From<Value<'_>> for Owned {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Empty => Self::Empty,
            Value::Text(text) => Self::Text(text.to_owned()),
            Value::Bool(truth) => Self::Bool(truth),
            Value::Int(number) => Self::Int(number),
            Value::Double(number) => Self::Double(number.to_bits()),
            Value::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
            Value::Array(list) => Self::Array(list.iter().map(Self::from).collect()),
            Value::Map(map) => {
                Self::Map(map.iter().map(|(key, value)| (key.to_owned(), value.into())).collect())
            }
        }
    }
}

fn owned(attribute: otlp::Attribute<'_>) -> Result<Attribute, Fault> {
    Ok((attribute.text_key()?.to_owned(), attribute.value()?.into()))
}

impl<'a> Visitor<'a> for Recorder {
    fn resource(&mut self) {
        self.resources.push(Resource::default());
    }

    fn resource_attribute(&mut self, key: &'a str, value: Value<'a>) {
        self.resource().attributes.push((key.to_owned(), value.into()));
    }

    fn scope(&mut self, name: &'a str, version: &'a str) {
        let scope = Scope { name: name.to_owned(), version: version.to_owned(), spans: Vec::new() };
        self.resource().scopes.push(scope);
    }

    fn span_attribute(&mut self, attribute: otlp::Attribute<'a>) -> Result<(), Fault> {
        self.open.attributes.push(owned(attribute)?);
        Ok(())
    }

    fn event(&mut self, name: &'a str, time_unix_nano: u64) -> bool {
        self.open.events.push(Event { name: name.to_owned(), time_unix_nano, attributes: Vec::new() });
        true
    }

    fn event_attribute(&mut self, attribute: otlp::Attribute<'a>) -> Result<(), Fault> {
        let event = self.open.events.last_mut().expect("an event comes before its attributes");
        event.attributes.push(owned(attribute)?);
        Ok(())
    }

    fn span(&mut self, header: &SpanHeader<'a>) {
        let mut span = std::mem::take(&mut self.open);
        span.header = format!("{header:?}");
        self.close(Ok(span));
    }

    fn malformed_span(&mut self, fault: Fault) {
        self.open = Span::default();
        self.close(Err(fault));
    }

    fn dropped(&mut self, fault: Fault) {
        self.dropped.push(fault);
    }
}
