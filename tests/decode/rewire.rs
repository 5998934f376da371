//! The same request in other bytes, as protobuf allows or forbids: fields in another order, split,
//! repeated, unknown fields and groups between them, numbers with zeros in front, wrong types.

/// A small generator of random numbers (`SplitMix64`), so that a seed is a test case.
pub(crate) struct Dice(pub(crate) u64);

/// The messages that have messages in them.
#[derive(Clone, Copy)]
pub(crate) enum Message {
    Request,
    ResourceSpans,
    Resource,
    ScopeSpans,
    Scope,
    Span,
    Event,
    Link,
    Status,
    KeyValue,
    AnyValue,
    ArrayValue,
    KeyValueList,
}

struct Field {
    number: u64,
    wire_type: u64,
    /// Without its length.
    value: Vec<u8>,
}

impl Dice {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn index(&mut self, bound: usize) -> usize {
        usize::try_from(self.below(bound as u64)).expect("below a usize")
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

impl Message {
    fn child(self, number: u64) -> Option<Self> {
        match (self, number) {
            (Self::Request, 1) => Some(Self::ResourceSpans),
            (Self::ResourceSpans, 1) => Some(Self::Resource),
            (Self::ResourceSpans, 2) => Some(Self::ScopeSpans),
            (Self::ScopeSpans, 1) => Some(Self::Scope),
            (Self::ScopeSpans, 2) => Some(Self::Span),
            (Self::Span, 11) => Some(Self::Event),
            (Self::Span, 13) => Some(Self::Link),
            (Self::Span, 15) => Some(Self::Status),
            (Self::Resource | Self::KeyValueList, 1)
            | (Self::Scope | Self::Event, 3)
            | (Self::Span, 9)
            | (Self::Link, 4) => Some(Self::KeyValue),
            (Self::KeyValue, 2) | (Self::ArrayValue, 1) => Some(Self::AnyValue),
            (Self::AnyValue, 5) => Some(Self::ArrayValue),
            (Self::AnyValue, 6) => Some(Self::KeyValueList),
            (
                Self::Request
                | Self::ResourceSpans
                | Self::Resource
                | Self::ScopeSpans
                | Self::Scope
                | Self::Span
                | Self::Event
                | Self::Link
                | Self::Status
                | Self::KeyValue
                | Self::AnyValue
                | Self::ArrayValue
                | Self::KeyValueList,
                _,
            ) => None,
        }
    }
}

/// Other bytes for a valid message. One in `wrong` fields gets a wire type that is not its own;
/// 0 leaves all right.
pub(crate) fn rewire(body: &[u8], message: Message, wrong: u64, dice: &mut Dice) -> Vec<u8> {
    let mut fields = split(body);
    for _ in 0..dice.below(3) {
        disturb(&mut fields, message, dice);
    }
    for field in &mut fields {
        if let Some(child) = message.child(field.number) {
            field.value = rewire(&field.value, child, wrong, dice);
        }
    }
    if wrong > 0 {
        for field in &mut fields {
            if dice.one_in(wrong) {
                field.wire_type = dice.below(8);
            }
        }
    }
    join(&fields, dice)
}

fn disturb(fields: &mut Vec<Field>, message: Message, dice: &mut Dice) {
    let at = dice.index(fields.len() + 1);
    match dice.below(6) {
        0 => fields.insert(at, unknown(dice)),
        1 if at < fields.len() => {
            let (number, wire_type) = (fields[at].number, fields[at].wire_type);
            let again = Field { number, wire_type, value: fields[at].value.clone() };
            fields.insert(dice.index(fields.len()), again);
        }
        2 if at < fields.len() => fields.rotate_left(at),
        3 => fields.reverse(),
        4 | 5 if at < fields.len() && message.child(fields[at].number).is_some() => {
            cut_in_two(fields, at, dice);
        }
        _ => {}
    }
}

/// One occurrence of an embedded message becomes two, the second anywhere later.
fn cut_in_two(fields: &mut Vec<Field>, at: usize, dice: &mut Dice) {
    let mut parts = split(&fields[at].value);
    let rest = parts.split_off(dice.index(parts.len() + 1));
    let (number, wire_type) = (fields[at].number, fields[at].wire_type);
    let second = Field { number, wire_type, value: join(&rest, dice) };
    fields[at].value = join(&parts, dice);
    let later = at + 1 + dice.index(fields.len() - at);
    fields.insert(later, second);
}

/// A field of a number that no message of OTLP uses.
fn unknown(dice: &mut Dice) -> Field {
    let number = [17, 100, 1000, (1 << 29) - 1][dice.index(4)];
    let wire_type = [0, 1, 2, 3, 5][dice.index(5)];
    let value = match wire_type {
        0 => vec![0x96, 0x01],
        1 => vec![1; 8],
        2 => b"anything".to_vec(),
        3 => {
            let mut inner = vec![0x08, 0x01, 0x13, 0x14];
            put_varint(number << 3 | 4, 0, &mut inner);
            inner
        }
        _ => vec![1; 4],
    };
    Field { number, wire_type, value }
}

fn split(mut body: &[u8]) -> Vec<Field> {
    let mut fields = Vec::new();
    while !body.is_empty() {
        let key = take_varint(&mut body);
        let (number, wire_type) = (key >> 3, key & 7);
        let length = match wire_type {
            0 => body.iter().position(|byte| *byte < 0x80).expect("a varint ends") + 1,
            1 => 8,
            2 => usize::try_from(take_varint(&mut body)).expect("a length"),
            5 => 4,
            _ => panic!("OTLP has no groups"),
        };
        let (value, rest) = body.split_at(length);
        fields.push(Field { number, wire_type, value: value.to_vec() });
        body = rest;
    }
    fields
}

fn join(fields: &[Field], dice: &mut Dice) -> Vec<u8> {
    let mut body = Vec::new();
    let mut zeros = || if dice.one_in(20) { 1 + dice.below(3) } else { 0 };
    for field in fields {
        put_varint(field.number << 3 | field.wire_type, zeros(), &mut body);
        if field.wire_type == 2 {
            put_varint(field.value.len() as u64, zeros(), &mut body);
        }
        body.extend_from_slice(&field.value);
    }
    body
}

fn take_varint(body: &mut &[u8]) -> u64 {
    let end = body.iter().position(|byte| *byte < 0x80).expect("a varint ends");
    let (varint, rest) = body.split_at(end + 1);
    *body = rest;
    varint.iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7F))
}

/// With that many more bytes than needed.
fn put_varint(mut value: u64, zeros: u64, body: &mut Vec<u8>) {
    while value >= 0x80 {
        body.push(0x80 | (value & 0x7F) as u8);
        value >>= 7;
    }
    if zeros == 0 {
        body.push(value as u8);
        return;
    }
    body.push(0x80 | value as u8);
    body.extend((1..zeros).map(|_| 0x80));
    body.push(0);
}
