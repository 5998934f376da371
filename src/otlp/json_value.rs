//! Attribute values of OTLP/JSON: `KeyValue` and `AnyValue`.
//!
//! In: JSON. Out: a tree that a [`Value`] borrows from. An `AnyValue` without a field, with
//! unknown fields only, or null is an empty value.

use std::borrow::Cow;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess};
use serde::{Deserialize, Deserializer, de};

use super::json_scalar::{Base64, Double, Integer, Text};
use super::{List, Map, Value};

/// One attribute, or one entry of a map.
#[derive(Debug, Deserialize)]
pub(super) struct JsonAttribute<'a> {
    #[serde(borrow)]
    key: Option<Text<'a>>,
    #[serde(borrow)]
    value: Option<JsonValue<'a>>,
}

/// One `AnyValue`.
#[derive(Debug)]
pub(super) enum JsonValue<'a> {
    Empty,
    Text(Cow<'a, str>),
    Bool(bool),
    Int(i64),
    Double(f64),
    Bytes(Vec<u8>),
    Array(Vec<JsonValue<'a>>),
    Map(Vec<JsonAttribute<'a>>),
}

/// The fields of an `AnyValue`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::enum_variant_names, reason = "the names of the fields")]
enum Field {
    #[serde(alias = "string_value")]
    StringValue,
    #[serde(alias = "bool_value")]
    BoolValue,
    #[serde(alias = "int_value")]
    IntValue,
    #[serde(alias = "double_value")]
    DoubleValue,
    #[serde(alias = "bytes_value")]
    BytesValue,
    #[serde(alias = "array_value")]
    ArrayValue,
    #[serde(alias = "kvlist_value")]
    KvlistValue,
    #[serde(other)]
    OtherValue,
}

/// `ArrayValue` and `KeyValueList`.
#[derive(Deserialize)]
struct Values<T> {
    values: Option<Vec<T>>,
}

struct AnyValue;

/// The text of an optional field.
pub(super) fn as_str<'m>(text: &'m Option<Text<'_>>) -> &'m str {
    text.as_ref().map_or("", |text| &text.0)
}

// === impl JsonAttribute ===

impl JsonAttribute<'_> {
    pub(super) fn attribute(&self) -> (&str, Value<'_>) {
        (as_str(&self.key), self.value.as_ref().map_or(Value::Empty, JsonValue::value))
    }
}

// === impl JsonValue ===

impl JsonValue<'_> {
    pub(super) fn value(&self) -> Value<'_> {
        match self {
            Self::Empty => Value::Empty,
            Self::Text(text) => Value::Text(text),
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Int(number) => Value::Int(*number),
            Self::Double(number) => Value::Double(*number),
            Self::Bytes(bytes) => Value::Bytes(bytes),
            Self::Array(values) => Value::Array(List::from_json(values)),
            Self::Map(attributes) => Value::Map(Map::from_json(attributes)),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for JsonValue<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

// === impl AnyValue ===

impl<'de> de::Visitor<'de> for AnyValue {
    type Value = JsonValue<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an AnyValue")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(JsonValue::Empty)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut value = JsonValue::Empty;
        while let Some(field) = map.next_key()? {
            if let Some(set) = read_field(&field, &mut map)? {
                value = set;
            }
        }
        Ok(value)
    }
}

fn read_field<'de, A: MapAccess<'de>>(
    field: &Field,
    map: &mut A,
) -> Result<Option<JsonValue<'de>>, A::Error> {
    Ok(match field {
        Field::StringValue => map.next_value::<Option<Text<'de>>>()?.map(|text| JsonValue::Text(text.0)),
        Field::BoolValue => map.next_value::<Option<bool>>()?.map(JsonValue::Bool),
        Field::IntValue => map.next_value::<Option<Integer<i64>>>()?.map(|number| JsonValue::Int(number.0)),
        Field::DoubleValue => map.next_value::<Option<Double>>()?.map(|number| JsonValue::Double(number.0)),
        Field::BytesValue => map.next_value::<Option<Base64>>()?.map(|bytes| JsonValue::Bytes(bytes.0)),
        Field::ArrayValue => map
            .next_value::<Option<Values<JsonValue<'de>>>>()?
            .map(|array| JsonValue::Array(array.values.unwrap_or_default())),
        Field::KvlistValue => map
            .next_value::<Option<Values<JsonAttribute<'de>>>>()?
            .map(|list| JsonValue::Map(list.values.unwrap_or_default())),
        Field::OtherValue => {
            map.next_value::<IgnoredAny>()?;
            None
        }
    })
}
