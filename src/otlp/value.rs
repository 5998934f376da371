//! Attributes: `KeyValue` and `AnyValue` on the wire, read only when somebody looks.
//!
//! In: the bytes of a `KeyValue`. Out: an [`Attribute`]: its key as it came, and a [`Value`] for whoever
//! asks, then checked to the bottom, borrowed. Most attributes of a span are foreign; they cost a look at
//! their key. A value may come in parts (protobuf merges them): scalars, the last wins; lists and maps,
//! they are joined, unless a value of another type stands between them.

use std::fmt;

use super::schema::{ANY_VALUE, ARRAY_VALUE, KEY_VALUE, KEY_VALUE_LIST, Message};
use super::wire::wire_type::{DELIMITED, FIXED64, VARINT};
use super::wire::{Depth, Fields, key, text};
use super::{Fault, Value};

/// A borrowed array value.
#[derive(Clone, Copy)]
pub struct List<'a>(Parts<'a>);

/// A borrowed map value. Keys come in the order of the request and may repeat.
#[derive(Clone, Copy)]
pub struct Map<'a>(Parts<'a>);

/// Where the parts of one list or map lie: in the rest of its `AnyValue`, from its first part on,
/// then in further occurrences of that `AnyValue` in the rest of its `KeyValue`. Nearly always
/// there is one part and both rests end with it.
#[derive(Clone, Copy)]
struct Parts<'a> {
    any_value: &'a [u8],
    key_value: &'a [u8],
}

/// Reads the elements of a list or map, part after part.
struct Elements<'a> {
    part_key: u32,
    part: Fields<'a>,
    any_value: Fields<'a>,
    key_value: Fields<'a>,
}

const KEY: u32 = key(1, DELIMITED);
const VALUE: u32 = key(2, DELIMITED);

/// Both as they stand on the wire, in one byte.
const KEY_BYTE: u8 = KEY as u8;
const VALUE_BYTE: u8 = VALUE as u8;

const STRING: u32 = key(1, DELIMITED);
const BOOL: u32 = key(2, VARINT);
const INT: u32 = key(3, VARINT);
const DOUBLE: u32 = key(4, FIXED64);
const ARRAY: u32 = key(5, DELIMITED);
const KEY_VALUES: u32 = key(6, DELIMITED);
const BYTES: u32 = key(7, DELIMITED);
/// An index into the string table of a profile; traces have none, so it says nothing.
const STRING_INDEX: u32 = key(8, VARINT);

/// `ArrayValue.values` and `KeyValueList.values`.
const ELEMENT: u32 = key(1, DELIMITED);

/// One attribute whose value has not been read yet.
#[derive(Clone, Copy, Debug)]
pub struct Attribute<'a> {
    key: &'a [u8],
    /// The first part of the value.
    part: &'a [u8],
    /// What follows it in its `KeyValue`.
    rest: &'a [u8],
    /// How deep the latter lies.
    depth: Depth,
}

/// Reads one `KeyValue` that was checked before.
fn checked_attribute(body: &[u8]) -> Option<(&str, Value<'_>)> {
    let attribute = Attribute::split(body, Depth::below_request(0)).ok()?;
    Some((attribute.text_key().ok()?, attribute.read::<false>().ok()?))
}

// === impl Attribute ===

impl<'a> Attribute<'a> {
    /// The key, which nobody has looked at: it may be no text.
    #[inline(always)]
    #[must_use]
    pub const fn key(&self) -> &'a [u8] {
        self.key
    }

    /// The key as text.
    ///
    /// # Errors
    /// When it is none.
    #[inline]
    pub fn text_key(&self) -> Result<&'a str, Fault> {
        text(self.key)
    }

    /// The value, checked to the bottom.
    ///
    /// # Errors
    /// What is wrong with it.
    #[inline]
    pub fn value(&self) -> Result<Value<'a>, Fault> {
        self.read::<true>()
    }

    /// The bytes of the value where it came in one part, to compare with those of another.
    #[inline(always)]
    #[must_use]
    pub const fn raw_value(&self) -> Option<&'a [u8]> {
        if self.rest.is_empty() { Some(self.part) } else { None }
    }

    /// How many bytes of text the value is, without a look at them; none when that takes a look.
    #[inline(always)]
    #[must_use]
    pub fn text_length(&self) -> Option<usize> {
        self.raw_text().map(<[u8]>::len)
    }

    /// True when this value of it is a text that was cut within a character, which is missing in `value`.
    #[inline]
    #[must_use]
    pub fn is_cut(&self, value: Value<'_>) -> bool {
        matches!(value, Value::Text(sound) if self.text_length().is_some_and(|length| sound.len() < length))
    }

    /// The bytes of a value that is one text, if it is one: nobody has looked at them. None where that
    /// takes a look.
    #[inline(always)]
    #[must_use]
    pub fn raw_text(&self) -> Option<&'a [u8]> {
        const STRING_BYTE: u8 = STRING as u8;
        let [STRING_BYTE, rest @ ..] = self.raw_value()? else { return None };
        let mut fields = Fields::new(rest);
        let text = fields.delimited().ok()?;
        fields.rest().is_empty().then_some(text)
    }

    /// A value that is one number and nothing else; none where that takes a look.
    #[inline(always)]
    #[must_use]
    pub fn raw_number(&self) -> Option<Value<'a>> {
        const INT_BYTE: u8 = INT as u8;
        const DOUBLE_BYTE: u8 = DOUBLE as u8;
        let [kind, rest @ ..] = self.raw_value()? else { return None };
        let mut fields = Fields::new(rest);
        let number = match *kind {
            INT_BYTE => Value::Int(fields.varint().ok()?.cast_signed()),
            DOUBLE_BYTE => Value::Double(f64::from_bits(fields.fixed64().ok()?)),
            _ => return None,
        };
        fields.rest().is_empty().then_some(number)
    }

    /// The attribute that these fields of a span begin with, and the fields after it: read by whole bytes,
    /// where it is written as all SDKs do and shorter than 128 bytes, which nearly all are.
    #[inline(always)]
    pub(super) fn short(fields: &'a [u8], depth: Depth) -> Option<(Self, &'a [u8])> {
        const SPAN_ATTRIBUTE: u8 = key(9, DELIMITED) as u8;
        let [SPAN_ATTRIBUTE, length @ 2..0x80, KEY_BYTE, key_length @ ..0x80, rest @ ..] = fields else {
            return None;
        };
        let (body, rest) = rest.split_at_checked(usize::from(*length) - 2)?;
        let (key, [VALUE_BYTE, value_length, value @ ..]) =
            body.split_at_checked(usize::from(*key_length))?
        else {
            return None;
        };
        let whole = value.len() == usize::from(*value_length);
        whole.then_some((Self { key, part: value, rest: &[], depth }, rest))
    }

    /// Finds key and value in a `KeyValue`; `depth` is what is left inside of it.
    #[inline(always)]
    pub(super) fn split(body: &'a [u8], depth: Depth) -> Result<Self, Fault> {
        match as_usual(body) {
            Some((key, part)) => Ok(Self { key, part, rest: &[], depth }),
            None => Self::split_unusual(body, depth),
        }
    }

    #[cold]
    fn split_unusual(body: &'a [u8], depth: Depth) -> Result<Self, Fault> {
        let (mut name, mut value) = (&[][..], None);
        let mut fields = Fields::new(body);
        while let Some(key) = fields.key()? {
            match key {
                KEY => name = fields.delimited()?,
                VALUE => {
                    let part = fields.delimited()?;
                    value.get_or_insert((part, fields.rest()));
                }
                other => KEY_VALUE.check_field(other, &mut fields, depth)?,
            }
        }
        let (part, rest) = value.unwrap_or_default();
        Ok(Self { key: name, part, rest, depth })
    }

    #[inline(always)]
    fn read<const CHECK: bool>(&self) -> Result<Value<'a>, Fault> {
        let Self { part, rest, .. } = *self;
        let depth = self.depth.enter()?;
        let mut value = Value::Empty;
        merge_any_value::<CHECK>(&mut value, part, rest, depth)?;
        let mut fields = Fields::new(rest);
        while let Some(part) = fields.find(VALUE) {
            merge_any_value::<CHECK>(&mut value, part, fields.rest(), depth)?;
        }
        Ok(value)
    }
}

/// A `KeyValue` as all SDKs write it: a key of less than 128 bytes, then a value, and nothing else.
#[inline(always)]
fn as_usual(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let [KEY_BYTE, length @ ..0x80, rest @ ..] = body else { return None };
    let (key, [VALUE_BYTE, rest @ ..]) = rest.split_at_checked(usize::from(*length))? else { return None };
    let mut fields = Fields::new(rest);
    let value = fields.delimited().ok()?;
    fields.rest().is_empty().then_some((key, value))
}

/// Reads one `AnyValue` over what earlier parts of it said. `key_value` is what follows it in its
/// `KeyValue`.
#[inline(always)]
fn merge_any_value<'a, const CHECK: bool>(
    value: &mut Value<'a>,
    body: &'a [u8],
    key_value: &'a [u8],
    depth: Depth,
) -> Result<(), Fault> {
    let mut fields = Fields::new(body);
    loop {
        let parts = Parts { any_value: fields.rest(), key_value };
        let Some(key) = fields.key()? else { return Ok(()) };
        match key {
            STRING => *value = Value::Text(fields.text()?),
            BOOL => *value = Value::Bool(fields.varint()? != 0),
            INT => *value = Value::Int(fields.varint()?.cast_signed()),
            DOUBLE => *value = Value::Double(f64::from_bits(fields.fixed64()?)),
            BYTES => *value = Value::Bytes(fields.delimited()?),
            ARRAY => {
                check_if::<CHECK>(&ARRAY_VALUE, fields.delimited()?, depth)?;
                if !matches!(value, Value::Array(_)) {
                    *value = Value::Array(List(parts));
                }
            }
            KEY_VALUES => {
                check_if::<CHECK>(&KEY_VALUE_LIST, fields.delimited()?, depth)?;
                if !matches!(value, Value::Map(_)) {
                    *value = Value::Map(Map(parts));
                }
            }
            STRING_INDEX => {
                fields.varint()?;
                *value = Value::Empty;
            }
            other => ANY_VALUE.check_field(other, &mut fields, depth)?,
        }
    }
}

fn check_if<const CHECK: bool>(message: &'static Message, body: &[u8], depth: Depth) -> Result<(), Fault> {
    if CHECK { message.check(body, depth.enter()?) } else { Ok(()) }
}

// === impl List ===

impl<'a> List<'a> {
    /// The elements, in order; one whose text is not UTF-8 is empty.
    pub fn iter(self) -> impl Iterator<Item = Value<'a>> {
        let mut elements = self.0.elements(ARRAY);
        std::iter::from_fn(move || {
            let body = elements.next()?;
            let mut value = Value::Empty;
            // It was checked but for its texts: a bad one leaves the place empty.
            let read = merge_any_value::<false>(&mut value, body, &[], Depth::below_request(0));
            Some(if read.is_ok() { value } else { Value::Empty })
        })
    }
}

impl fmt::Debug for List<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.iter()).finish()
    }
}

// === impl Map ===

impl<'a> Map<'a> {
    /// The entries, in order, but for those with a text that is not UTF-8.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        let mut elements = self.0.elements(KEY_VALUES);
        std::iter::from_fn(move || elements.next()).filter_map(checked_attribute)
    }

    /// The value of a key; of several, the first.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Value<'a>> {
        self.iter().find_map(|(found, value)| (found == key).then_some(value))
    }
}

impl fmt::Debug for Map<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.iter()).finish()
    }
}

// === impl Parts ===

impl<'a> Parts<'a> {
    fn elements(self, part_key: u32) -> Elements<'a> {
        Elements {
            part_key,
            part: Fields::new(&[]),
            any_value: Fields::new(self.any_value),
            key_value: Fields::new(self.key_value),
        }
    }
}

impl<'a> Elements<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            if let Some(element) = self.part.find(ELEMENT) {
                return Some(element);
            }
            if let Some(part) = self.any_value.find(self.part_key) {
                self.part = Fields::new(part);
            } else {
                self.any_value = Fields::new(self.key_value.find(VALUE)?);
            }
        }
    }
}
