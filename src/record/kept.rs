//! Records as bytes: what a journal keeps of requests.
//!
//! In: batches. Out: one blob of several, with every shape once, and the same batches back. What was read from texts
//! (class, code, limits) is kept as it was read; nothing is read or classified anew. Texts are kept as labels would show
//! them, without what looks like a secret or a prompt, and of an account its hash. Names of spans, which only a person
//! asks for, are not kept.

use std::sync::Arc;

use foldhash::HashMap;

use super::{Evidence, Flags, Name, Record, RecordBatch, Shape, ShapeDraft, Shapes};
use crate::aggregate::cardinality::shown;
use crate::call::{ErrorClass, LimitEvidence, Piece, Pieces, RateLimit, Resource, TokenType, Tokens, Window};
use crate::classify::{self, ErrorVerdict, Rule};
use crate::compact::{Damaged, Reader, Writer, at};
use crate::dialect::{Layer, profile_named};
use crate::facts::{Link, Role, SpanKey};
use crate::limits::{hidden_identity, scope_named};

/// Roles by their place in kept data.
const ROLES: [Role; 6] =
    [Role::Call, Role::Http, Role::Companion, Role::Continuation, Role::Aggregate, Role::Other];
/// Layers by their place in kept data.
const LAYERS: [Layer; 6] =
    [Layer::Http, Layer::Sdk, Layer::Gateway, Layer::Instrumentor, Layer::Framework, Layer::Agent];

/// What of a record is stated, a bit each.
mod has {
    pub(super) const PARENT: u16 = 1;
    pub(super) const ANSWER: u16 = 1 << 1;
    pub(super) const FIRST_TOKEN: u16 = 1 << 2;
    pub(super) const STATUS: u16 = 1 << 3;
    pub(super) const SIZES: u16 = 1 << 4;
    pub(super) const EVIDENCE: u16 = 1 << 5;
    pub(super) const ORDERLY: u16 = 1 << 6;
    pub(super) const WEIGHT: u16 = 1 << 7;
    pub(super) const PIECES: u16 = 1 << 8;
}

/// Batches on their way into one blob.
#[derive(Debug, Default)]
pub struct BatchWriter {
    shapes: Writer,
    shape_count: u32,
    known: HashMap<u64, u32>,
    batches: Writer,
    batch_count: u32,
    places: Vec<u32>,
}

impl BatchWriter {
    /// Adds a batch.
    pub fn add(&mut self, batch: &RecordBatch) {
        self.places.clear();
        for shape in &batch.shapes {
            let place = self.place(shape);
            self.places.push(place);
        }
        self.batch_count += 1;
        let out = &mut self.batches;
        out.number(batch.not_a_call);
        out.number(batch.malformed);
        out.size(batch.records.len());
        for record in &batch.records {
            out.number(u64::from(self.places[record.shape as usize]));
            write_record(record, out);
        }
        out.size(batch.links.len());
        for link in &batch.links {
            write_key(link.span, out);
            out.raw(&link.parent_span_id);
        }
    }

    /// Bytes so far.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.shapes.len() + self.batches.len()
    }

    /// True when there is no batch.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.batch_count == 0
    }

    /// The blob; nothing is left of it here.
    pub fn take(&mut self) -> Vec<u8> {
        let all = std::mem::take(self);
        let mut out = Writer::with_capacity(all.len() + 16);
        out.number(u64::from(all.shape_count));
        out.raw(&all.shapes.into_bytes());
        out.number(u64::from(all.batch_count));
        out.raw(&all.batches.into_bytes());
        out.into_bytes()
    }

    fn place(&mut self, shape: &Shape) -> u32 {
        if let Some(place) = self.known.get(&shape.number).filter(|_| shape.number != 0) {
            return *place;
        }
        let place = self.shape_count;
        self.shape_count += 1;
        if shape.number != 0 {
            self.known.insert(shape.number, place);
        }
        let out = &mut self.shapes;
        let profile = shape.profile;
        [profile.dialect, profile.scope, profile.before].iter().for_each(|text| out.text(text));
        out.hash(shape.scope);
        out.flag(shape.host_known);
        out.size(shape.ends.len());
        for index in 0..shape.ends.len() {
            let text = shape.at(index);
            if index == Name::Account as usize {
                out.text(&hidden_identity(text));
            } else {
                out.text(&shown(text));
            }
        }
        place
    }
}

/// The batches of a blob. Of the texts of a shape only so many are taken: those beyond are of dimensions that are no
/// more.
///
/// # Errors
/// The blob is not one.
pub fn read_batches(blob: &[u8], shapes: &Shapes, texts: usize) -> Result<Vec<RecordBatch>, Damaged> {
    let mut from = Reader::new(blob);
    let shapes = (0..from.size()?).map(|_| read_shape(&mut from, shapes, texts));
    let shapes = shapes.collect::<Result<Vec<Arc<Shape>>, Damaged>>()?;
    let mut batches = Vec::new();
    for _ in 0..from.size()? {
        batches.push(read_batch(&mut from, &shapes)?);
    }
    if from.is_at_end() { Ok(batches) } else { Err(Damaged) }
}

fn read_shape(from: &mut Reader<'_>, shapes: &Shapes, most: usize) -> Result<Arc<Shape>, Damaged> {
    let profile = profile_named(from.text()?, from.text()?, from.text()?);
    let (scope, host_known) = (from.hash()?, from.flag()?);
    let mut texts = Vec::new();
    for _ in 0..from.size()? {
        texts.push(from.text()?);
    }
    texts.resize(most, "");
    Ok(shapes.shape(&ShapeDraft { profile, scope, host_known, texts: &texts }))
}

fn read_batch(from: &mut Reader<'_>, shapes: &[Arc<Shape>]) -> Result<RecordBatch, Damaged> {
    let mut batch =
        RecordBatch { not_a_call: from.number()?, malformed: from.number()?, ..RecordBatch::default() };
    let mut places: HashMap<u32, u32> = HashMap::default();
    for _ in 0..from.size()? {
        let place: u32 = from.small()?;
        let shape = shapes.get(place as usize).ok_or(Damaged)?;
        let mut record = read_record(from)?;
        record.shape = *places.entry(place).or_insert_with(|| {
            batch.shapes.push(Arc::clone(shape));
            batch.shapes.len() as u32 - 1
        });
        batch.evidence_bytes += record.evidence.as_ref().map_or(0, |evidence| evidence.size());
        batch.records.push(record);
    }
    for _ in 0..from.size()? {
        batch.links.push(Link { span: read_key(from)?, parent_span_id: from.array()? });
    }
    Ok(batch)
}

fn write_key(key: SpanKey, out: &mut Writer) {
    out.raw(&key.trace_id);
    out.raw(&key.span_id);
}

fn read_key(from: &mut Reader<'_>) -> Result<SpanKey, Damaged> {
    Ok(SpanKey { trace_id: from.array()?, span_id: from.array()? })
}

// === a record ===

fn write_record(record: &Record, out: &mut Writer) {
    let sizes = [record.max_tokens, record.input_characters, record.output_characters];
    let orderly = record.end_unix_nano >= record.start_unix_nano;
    let mut stated = 0;
    for (bit, is) in [
        (has::PARENT, record.parent_span_id != [0; 8]),
        (has::ANSWER, record.answer != 0 || record.answer_kind != 0),
        (has::FIRST_TOKEN, !record.first_token_seconds.is_nan()),
        (has::STATUS, record.status != 0),
        (has::SIZES, sizes != [u32::MAX; 3]),
        (has::EVIDENCE, record.evidence.is_some()),
        (has::ORDERLY, orderly),
        (has::WEIGHT, record.of_evidence(|rare| rare.weight).is_some()),
        (has::PIECES, pieces_beside(record).next().is_some()),
    ] {
        stated |= if is { bit } else { 0 };
    }
    out.number(u64::from(stated));
    write_key(record.key(), out);
    out.hash(record.start_unix_nano);
    let end = if orderly { record.end_unix_nano - record.start_unix_nano } else { record.end_unix_nano };
    out.number(end);
    out.number(u64::from(record.flags.0));
    let place = |found: Option<usize>| found.unwrap_or(0) as u8;
    out.byte(place(ROLES.iter().position(|role| *role == record.role)));
    out.byte(place(LAYERS.iter().position(|layer| *layer == record.layer)));
    out.number(u64::from(record.stated));
    for (place, count) in record.counts.into_iter().enumerate() {
        if record.stated >> place & 1 == 1 {
            out.number(u64::from(count));
        }
    }
    write_rest(record, sizes, stated, out);
}

fn write_rest(record: &Record, sizes: [u32; 3], stated: u16, out: &mut Writer) {
    if stated & has::PARENT != 0 {
        out.raw(&record.parent_span_id);
    }
    if stated & has::ANSWER != 0 {
        out.hash(record.answer);
        out.number(u64::from(record.answer_kind));
    }
    if stated & has::FIRST_TOKEN != 0 {
        out.float(record.first_token_seconds);
    }
    if stated & has::STATUS != 0 {
        out.number(u64::from(record.status));
    }
    if stated & has::SIZES != 0 {
        sizes.iter().for_each(|size| out.number(u64::from(size.wrapping_add(1))));
    }
    if let Some(evidence) = &record.evidence {
        write_evidence(evidence, out);
        evidence.weight.into_iter().for_each(|weight| out.float(weight));
    }
    if stated & has::PIECES != 0 {
        out.size(pieces_beside(record).count());
        for (piece, count) in pieces_beside(record) {
            out.byte(piece as u8);
            out.number(u64::from(count));
        }
    }
}

/// What is billed by piece, beside searches of the web.
fn pieces_beside(record: &Record) -> impl Iterator<Item = (Piece, u32)> + '_ {
    let pieces = record.evidence.as_ref().map_or_else(Pieces::default, |evidence| evidence.pieces);
    pieces.iter().filter(|(piece, _)| *piece != Piece::WebSearches)
}

fn read_record(from: &mut Reader<'_>) -> Result<Record, Damaged> {
    let stated: u16 = from.small()?;
    let key = read_key(from)?;
    let start = from.hash()?;
    let end = from.number()?;
    let end = if stated & has::ORDERLY == 0 { end } else { start.saturating_add(end) };
    let flags = Flags(from.small()?);
    let (role, layer) = (at(&ROLES, from.byte()?)?, at(&LAYERS, from.byte()?)?);
    let mut record = Record::new(key, [0; 8], (start, end), role, layer);
    (record.flags, record.stated) = (flags, from.small()?);
    for place in 0..record.counts.len() {
        if record.stated >> place & 1 == 1 {
            record.counts[place] = from.small()?;
        }
    }
    if stated & has::PARENT != 0 {
        record.parent_span_id = from.array()?;
    }
    if stated & has::ANSWER != 0 {
        (record.answer, record.answer_kind) = (from.hash()?, from.small()?);
    }
    if stated & has::FIRST_TOKEN != 0 {
        record.first_token_seconds = from.float()?;
    }
    if stated & has::STATUS != 0 {
        record.status = from.small()?;
    }
    if stated & has::SIZES != 0 {
        let mut size = || Ok(from.small::<u32>()?.wrapping_sub(1));
        (record.max_tokens, record.input_characters, record.output_characters) = (size()?, size()?, size()?);
    }
    if stated & has::EVIDENCE != 0 {
        record.evidence = Some(Box::new(read_evidence(from)?));
    }
    if stated & has::WEIGHT != 0 {
        record.evidence_mut().weight = Some(from.float()?);
    }
    if stated & has::PIECES != 0 {
        for _ in 0..from.size()? {
            let (piece, count) = (at(&Piece::ALL, from.byte()?)?, from.small()?);
            record.evidence_mut().pieces.put(piece, count);
        }
    }
    Ok(record)
}

// === evidence ===

fn write_evidence(evidence: &Evidence, out: &mut Writer) {
    out.option(evidence.error, |out, error| write_error(&error, out));
    out.size(evidence.limits.len());
    evidence.limits.iter().for_each(|limit| write_limit(limit, out));
    out.option(evidence.account.as_deref(), Writer::text);
    out.number(u64::from(evidence.resends));
    out.number(u64::from(evidence.pieces.get(Piece::WebSearches)));
    // A cost in another currency is forgotten rather than taken for dollars.
    out.option(evidence.reported_cost.filter(|_| evidence.reported_currency.is_none()), Writer::float);
    out.option(evidence.tokens, |out, tokens| {
        out.size(tokens.iter().count());
        for (kind, count) in tokens.iter() {
            out.byte(kind as u8);
            out.number(count);
        }
    });
}

fn read_evidence(from: &mut Reader<'_>) -> Result<Evidence, Damaged> {
    let error = from.option(read_error)?;
    let limits = (0..from.size()?).map(|_| read_limit(from)).collect::<Result<Vec<RateLimit>, Damaged>>()?;
    Ok(Evidence {
        error,
        limits,
        account: from.option(|from| from.text().map(str::to_owned))?,
        resends: from.small()?,
        pieces: {
            let mut pieces = Pieces::default();
            pieces.put(Piece::WebSearches, from.small()?);
            pieces
        },
        reported_cost: from.option(Reader::float)?,
        tokens: from.option(|from| {
            let mut tokens = Tokens::default();
            for _ in 0..from.size()? {
                tokens.set(at(&TokenType::ALL, from.byte()?)?, from.number()?);
            }
            Ok(tokens)
        })?,
        ..Evidence::default()
    })
}

fn write_error(error: &ErrorVerdict, out: &mut Writer) {
    out.byte(error.class as u8);
    out.option(error.code, Writer::text);
    out.option(error.status_code, |out, status| out.number(u64::from(status)));
    out.option(error.retryable, Writer::flag);
    out.option(error.rule, write_rule);
    out.option(error.beside_status, |out, (status, rule)| {
        out.number(u64::from(status));
        write_rule(out, rule);
    });
    out.byte(u8::from(error.says) | u8::from(error.taught) << 1);
}

fn read_error(from: &mut Reader<'_>) -> Result<ErrorVerdict, Damaged> {
    let mut error = ErrorVerdict {
        class: at(&ErrorClass::ALL, from.byte()?)?,
        code: from.option(Reader::text)?.and_then(classify::code_named),
        status_code: from.option(Reader::small)?,
        retryable: from.option(Reader::flag)?,
        rule: from.option(read_rule)?.flatten(),
        beside_status: from
            .option(|from| Ok((from.small()?, read_rule(from)?)))?
            .and_then(|(status, rule)| Some((status, rule?))),
        ..ErrorVerdict::default()
    };
    let marks = from.byte()?;
    (error.says, error.taught) = (marks & 1 != 0, marks & 2 != 0);
    Ok(error)
}

fn write_rule(out: &mut Writer, rule: &'static Rule) {
    let (table, row) = classify::place_of(rule);
    out.text(table);
    out.size(row);
    out.byte(rule.class as u8);
}

/// A row that has become another one is none.
fn read_rule(from: &mut Reader<'_>) -> Result<Option<&'static Rule>, Damaged> {
    let (table, row) = (from.text()?, from.small()?);
    let class = at(&ErrorClass::ALL, from.byte()?)?;
    Ok(classify::rule_at(table, row).filter(|rule| rule.class == class))
}

/// Resources by their place in kept data.
pub(crate) const RESOURCES: [Resource; 5] =
    [Resource::Requests, Resource::Tokens, Resource::InputTokens, Resource::OutputTokens, Resource::Usage];
/// Windows by their place in kept data.
pub(crate) const WINDOWS: [Window; 8] = [
    Window::Second,
    Window::Minute,
    Window::Hour,
    Window::FiveHours,
    Window::Day,
    Window::SevenDays,
    Window::Month,
    Window::Unknown,
];
const EVIDENCE: [LimitEvidence; 4] =
    [LimitEvidence::Header, LimitEvidence::Message, LimitEvidence::Attribute, LimitEvidence::Configured];

/// The place of a value in one of these lists.
pub(crate) fn place<T: PartialEq>(all: &[T], value: &T) -> u8 {
    all.iter().position(|other| other == value).unwrap_or(0) as u8
}

fn write_limit(limit: &RateLimit, out: &mut Writer) {
    out.byte(place(&RESOURCES, &limit.resource));
    out.byte(place(&WINDOWS, &limit.window));
    out.byte(place(&EVIDENCE, &limit.evidence));
    out.text(limit.scope);
    out.option(limit.limit, Writer::number);
    out.option(limit.remaining, Writer::number);
    for value in [limit.used_ratio, limit.reset_seconds, limit.reset_moment] {
        out.option(value, Writer::float);
    }
    out.option(limit.account.as_deref(), Writer::text);
}

fn read_limit(from: &mut Reader<'_>) -> Result<RateLimit, Damaged> {
    let resource = at(&RESOURCES, from.byte()?)?;
    let window = at(&WINDOWS, from.byte()?)?;
    let evidence = at(&EVIDENCE, from.byte()?)?;
    Ok(RateLimit {
        resource,
        window,
        scope: scope_named(from.text()?),
        limit: from.option(Reader::number)?,
        remaining: from.option(Reader::number)?,
        used_ratio: from.option(Reader::float)?,
        reset_seconds: from.option(Reader::float)?,
        reset_moment: from.option(Reader::float)?,
        account: from.option(|from| from.text().map(str::to_owned))?,
        evidence,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Vocabulary;
    use crate::engine::Reader as SpanReader;

    /// A failure with headers, tokens of a rare kind, a stream.
    fn batch() -> RecordBatch {
        let span = |id: u8, attributes: &str, status: u8| {
            format!(
                r#"{{"traceId":"000000000000000000000000000000{id:02x}","spanId":"00000000000000{id:02x}",
                "parentSpanId":"00000000000000ff","traceState":"ot=th:c","name":"chat","kind":3,"startTimeUnixNano":"1750000000000000000",
                "endTimeUnixNano":"1750000002500000000","status":{{"code":{status},"message":"Rate limit reached for gpt-4o: Limit 30000, Used 30000. Please try again in 2s."}},
                "attributes":[{{"key":"gen_ai.system","value":{{"stringValue":"openai"}}}},
                {{"key":"gen_ai.operation.name","value":{{"stringValue":"chat"}}}},
                {{"key":"gen_ai.request.model","value":{{"stringValue":"gpt-4o"}}}}{attributes}]}}"#
            )
        };
        let usage = r#",{"key":"gen_ai.usage.input_tokens","value":{"intValue":"120"}},{"key":"gen_ai.usage.output_tokens","value":{"intValue":"30"}},
            {"key":"gen_ai.response.id","value":{"stringValue":"chatcmpl-ABCDEFGHIJKLMNOP1234"}}"#;
        let failed = r#",{"key":"error.type","value":{"stringValue":"RateLimitError"}},{"key":"http.response.status_code","value":{"intValue":"429"}},
            {"key":"http.response.header.x-ratelimit-limit-requests","value":{"stringValue":"500"}},
            {"key":"http.response.header.x-ratelimit-remaining-requests","value":{"stringValue":"0"}}"#;
        let json = format!(
            r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"shop"}}}}]}},
            "scopeSpans":[{{"scope":{{"name":"opentelemetry.instrumentation.openai_v2"}},"spans":[{},{}]}}]}}]}}"#,
            span(1, usage, 0),
            span(2, failed, 2)
        );
        SpanReader::default().weighing(true).read_json(&Vocabulary::new(&[]), json.as_bytes()).unwrap()
    }

    /// Guarantees: records come back as they were, whoever reads them, and no cut or changed blob is a panic.
    #[test]
    fn batches_come_back() {
        let batch = batch();
        let evidence = batch.records[1].evidence.as_ref().expect("a failure has evidence");
        assert!(evidence.error.is_some() && !evidence.limits.is_empty());
        assert_eq!(batch.records[0].of_evidence(|rare| rare.weight), Some(4.0));
        let mut writer = BatchWriter::default();
        writer.add(&batch);
        writer.add(&batch);
        let blob = writer.take();
        let texts = batch.shapes[0].ends.len();
        let back = read_batches(&blob, &Shapes::new(100), texts).unwrap();
        assert_eq!(back.len(), 2);
        for read in &back {
            assert_eq!(format!("{:?}", read.records), format!("{:?}", batch.records));
            assert_eq!(read.shapes[0].texts, batch.shapes[0].texts);
            assert!(std::ptr::eq(read.shapes[0].profile, batch.shapes[0].profile));
            assert_eq!(read.shapes[0].service, batch.shapes[0].service);
        }
        assert!(Arc::ptr_eq(&back[0].shapes[0], &back[1].shapes[0]), "one shape, once");
        for end in 0..blob.len() {
            assert!(read_batches(&blob[..end], &Shapes::new(100), texts).is_err());
        }
        for at in 0..blob.len() {
            let mut bent = blob.clone();
            bent[at] ^= 0xFF;
            let _ = read_batches(&bent, &Shapes::new(100), texts);
        }
    }
}
