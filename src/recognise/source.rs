//! An object wherever it stands: as JSON or a literal of Python in a text, or as a map or list of OTLP.
//!
//! In: an attribute's value. Out: each scalar in it with its path. All that reads objects reads them from here, so that a
//! `kvlistValue` is the same as its JSON.

use crate::loose::{self, Path, Scalar, Segment};
use crate::otlp::Value;

/// Where an object stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source<'a> {
    /// In a text.
    Text(&'a str),
    /// It is the value itself.
    Value(Value<'a>),
}

// === impl Source ===

impl<'a> Source<'a> {
    /// Reports each scalar.
    pub(super) fn scan(self, visit: &mut dyn FnMut(&Path<'a>, Scalar<'a>)) {
        match self {
            Self::Text(text) => loose::scan(text, visit),
            Self::Value(value) => walk(value, &Path::ROOT, visit),
        }
    }

    /// True for what is an object or a list and no prose.
    pub(super) fn is_structured(self) -> bool {
        match self {
            Self::Text(text) => text.trim_start().starts_with(['{', '[']),
            Self::Value(value) => matches!(value, Value::Map(_) | Value::Array(_)),
        }
    }

    /// The text, if it is one.
    pub(super) const fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Value(_) => None,
        }
    }
}

impl<'a> From<Value<'a>> for Source<'a> {
    fn from(value: Value<'a>) -> Self {
        match value {
            Value::Text(text) => Self::Text(text),
            value => Self::Value(value),
        }
    }
}

fn walk<'a>(value: Value<'a>, path: &Path<'a>, visit: &mut dyn FnMut(&Path<'a>, Scalar<'a>)) {
    let mut inside = |segment, value| {
        if let Some(path) = path.with(segment) {
            walk(value, &path, visit);
        }
    };
    match value {
        Value::Map(map) => map.iter().for_each(|(key, value)| inside(Segment::Key(key), value)),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(place, value)| inside(Segment::Index(place), value));
        }
        Value::Text(text) => visit(path, Scalar::Text(text)),
        Value::Int(number) => visit(path, Scalar::Int(number)),
        Value::Double(number) if number.is_finite() => visit(path, Scalar::Float(number)),
        Value::Bool(flag) => visit(path, Scalar::Bool(flag)),
        Value::Double(_) | Value::Empty | Value::Bytes(_) => visit(path, Scalar::Null),
    }
}
