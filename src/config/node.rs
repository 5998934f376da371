//! A section with expanded values, read into a type that describes itself to serde.
//!
//! In: a [`Node`]. Out: whatever the type makes of it, or one fault with its place. Scalars are text: a type that
//! wants a number gets one, one that takes anything gets a number where the text is one.

use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{self, Deserializer, IntoDeserializer, Unexpected, Visitor};
use serde_saphyr::Location;

use super::raw::{Content, Node};
use super::written::{hint, shortened};

/// What is wrong, and where.
#[derive(Debug)]
pub(super) struct NodeError {
    pub(super) location: Option<Location>,
    pub(super) flaw: Flaw,
    pub(super) message: String,
}

/// What kind of mistake, so that others beside it can be looked for.
#[derive(Debug)]
pub(super) enum Flaw {
    /// The value at the place.
    Value,
    /// A key of the mapping at the place that means nothing, and those that would.
    Unknown(String, &'static [&'static str]),
    /// A key that the mapping at the place wants.
    Missing(&'static str),
}

impl fmt::Display for NodeError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for NodeError {}

impl de::Error for NodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { location: None, flaw: Flaw::Value, message: message.to_string() }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::custom(refused(found, expected))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::custom(refused(found, expected))
    }

    fn unknown_variant(found: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format_args!("`{}` is not one of {}", shortened(found), expected.join(", ")))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self { flaw: Flaw::Unknown(field.to_owned(), expected), ..Self::custom("is not a key") }
    }

    fn missing_field(field: &'static str) -> Self {
        Self { flaw: Flaw::Missing(field), ..Self::custom("is missing") }
    }
}

/// Begins with the value in backticks, so that one that came from elsewhere can be left out.
fn refused(found: Unexpected<'_>, expected: &dyn de::Expected) -> String {
    match found {
        Unexpected::Str(text) => format!("`{}` is not {expected}{}", shortened(text), hint(text)),
        Unexpected::Unsigned(number) => format!("`{number}` is not {expected}"),
        Unexpected::Signed(number) => format!("`{number}` is not {expected}"),
        Unexpected::Float(number) => format!("`{number}` is not {expected}"),
        Unexpected::Bool(truth) => format!("`{truth}` is not {expected}"),
        Unexpected::Seq => format!("is a list, not {expected}"),
        Unexpected::Map => format!("is a mapping, not {expected}"),
        Unexpected::Unit => format!("is empty, not {expected}"),
        _ => format!("is not {expected}"),
    }
}

impl Node {
    fn placed<T>(&self, read: Result<T, NodeError>) -> Result<T, NodeError> {
        read.map_err(|error| NodeError { location: error.location.or(Some(self.location)), ..error })
    }
}

impl<'de> IntoDeserializer<'de, NodeError> for &'de Node {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! numbers {
    ($noun:literal: $($method:ident $type:ty, $visit:ident;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
            self.placed(match &self.content {
                Content::Scalar(text) => match text.trim().parse::<$type>() {
                    Ok(number) => visitor.$visit(number),
                    Err(_) => Err(de::Error::invalid_value(Unexpected::Str(text), &$noun)),
                },
                Content::Empty => Err(de::Error::invalid_type(Unexpected::Unit, &$noun)),
                Content::List(_) => Err(de::Error::invalid_type(Unexpected::Seq, &$noun)),
                Content::Map(_) => Err(de::Error::invalid_type(Unexpected::Map, &$noun)),
            })
        })*
    };
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = NodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        self.placed(match &self.content {
            Content::Empty => visitor.visit_unit(),
            Content::Scalar(text) => scalar(text, visitor),
            Content::List(items) => visitor.visit_seq(SeqDeserializer::new(items.iter())),
            Content::Map(entries) => {
                let pairs = entries.iter().map(|entry| (entry.key.as_str(), &entry.value));
                visitor.visit_map(MapDeserializer::new(pairs))
            }
        })
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        match &self.content {
            Content::Scalar(text) => self.placed(visitor.visit_borrowed_str(text)),
            Content::Empty | Content::List(_) | Content::Map(_) => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        match &self.content {
            Content::Empty => visitor.visit_none(),
            Content::Scalar(_) | Content::List(_) | Content::Map(_) => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, NodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, NodeError> {
        self.placed(match &self.content {
            Content::Scalar(text) => {
                let name: StrDeserializer<'_, NodeError> = text.as_str().into_deserializer();
                visitor.visit_enum(name)
            }
            Content::Empty | Content::List(_) | Content::Map(_) => {
                Err(de::Error::invalid_type(Unexpected::Other("no name"), &visitor))
            }
        })
    }

    numbers! { "true or false": deserialize_bool bool, visit_bool; }

    numbers! {
        "a whole number":
        deserialize_i8 i8, visit_i8;
        deserialize_i16 i16, visit_i16;
        deserialize_i32 i32, visit_i32;
        deserialize_i64 i64, visit_i64;
        deserialize_u8 u8, visit_u8;
        deserialize_u16 u16, visit_u16;
        deserialize_u32 u32, visit_u32;
        deserialize_u64 u64, visit_u64;
    }

    numbers! {
        "a number":
        deserialize_f32 f32, visit_f32;
        deserialize_f64 f64, visit_f64;
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

fn scalar<'de, V: Visitor<'de>>(text: &'de str, visitor: V) -> Result<V::Value, NodeError> {
    if let Ok(number) = text.parse::<u64>() {
        visitor.visit_u64(number)
    } else if let Ok(number) = text.parse::<i64>() {
        visitor.visit_i64(number)
    } else if let Some(number) = text
        .parse::<f64>()
        .ok()
        .filter(|_| text.starts_with(|first: char| first.is_ascii_digit() || first == '-' || first == '.'))
    {
        visitor.visit_f64(number)
    } else if let Ok(truth) = text.parse::<bool>() {
        visitor.visit_bool(truth)
    } else {
        visitor.visit_borrowed_str(text)
    }
}
