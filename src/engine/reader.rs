//! From facts to records: all that needs only the span is done here, on the reading threads.
//!
//! In: the [`Batch`] of one request. Out: its [`RecordBatch`]: tokens as a partition, names in the convention's
//! spelling, the class of a failure and the limits that were told. It compares no spans and knows no prices.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::known::{Likeness, Meaning, Patterns};
use super::span::{Span, impossible, kind_of, names_one_answer, state_tokens};
use crate::dialect::Vocabulary;
use crate::facts::{Batch, Role, SpanKey, Unread, part};
use crate::ledger::attribution::Owner;
use crate::ledger::hash::OwnerHash;
use crate::normalise::{self, UsageInput};
use crate::otlp::{self, Fault, JsonRequest};
use crate::recognise::{self, Alike, Recogniser, Sink, Trails};
use crate::record::{Flags, Name, Record, RecordBatch, RequestShapes, ShapeDraft, Shapes};
use crate::settle::Secret;

/// Most dimensions of a span: those that can be configured, and the owners of the ledger.
pub(crate) const DIMENSIONS: usize = crate::config::MAX_DIMENSIONS + Owner::COUNT;
/// Shapes that are shared; each takes some 400 bytes.
const SHAPES: usize = 1 << 14;

/// Makes records; one for all reading threads, and for one [`Vocabulary`].
#[derive(Clone, Debug)]
pub struct Reader {
    shapes: Arc<Shapes>,
    answers: Secret,
    /// Keeps how many spans each stands for.
    weighs: bool,
    /// What reading threads know, while they do not read.
    resting: Arc<Mutex<Vec<Patterns>>>,
    /// How often shapes were forgotten.
    generation: Arc<AtomicU64>,
    /// Which owners are named by a hash only, and where owners begin among the dimensions.
    owners: Option<(Arc<OwnerHash>, usize)>,
}

/// The records of one request, while it is read.
#[derive(Debug)]
struct Reading<'r> {
    reader: &'r Reader,
    patterns: Patterns,
    shapes: RequestShapes,
    records: Vec<Record>,
    evidence_bytes: usize,
    alike: u64,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            shapes: Arc::new(Shapes::new(SHAPES)),
            answers: Secret::default(),
            weighs: false,
            resting: Arc::default(),
            generation: Arc::default(),
            owners: None,
        }
    }
}

impl Reader {
    /// One whose answers are named as those of another process with this secret.
    #[must_use]
    pub fn with_secret(secret: Secret) -> Self {
        Self { answers: secret, ..Self::default() }
    }

    /// The same, which keeps how many spans each stands for, or does not.
    #[must_use]
    pub fn weighing(self, weighs: bool) -> Self {
        Self { weighs, ..self }
    }

    /// One that names owners by their hashes; owners stand behind so many dimensions.
    #[must_use]
    pub fn hashing(self, hash: OwnerHash, first: usize) -> Self {
        Self { owners: Some((Arc::new(hash), first)), ..self }
    }

    /// The shapes that it makes.
    #[must_use]
    pub fn shapes(&self) -> &Shapes {
        &self.shapes
    }

    /// Reads an `ExportTraceServiceRequest` in protobuf.
    ///
    /// # Errors
    /// When it is not one.
    pub fn read_protobuf(&self, vocabulary: &Vocabulary, bytes: &[u8]) -> Result<RecordBatch, Fault> {
        let mut recogniser = Recogniser::with_sink(vocabulary, self.begin());
        otlp::walk(bytes, &mut recogniser)?;
        let (batch, reading) = recogniser.into_parts();
        Ok(reading.finish(batch))
    }

    /// Reads one in OTLP/JSON.
    ///
    /// # Errors
    /// When it is not one.
    pub fn read_json(&self, vocabulary: &Vocabulary, bytes: &[u8]) -> Result<RecordBatch, Fault> {
        // What the recogniser borrows must outlive it, and here that is the parsed request.
        let request = JsonRequest::parse(bytes)?;
        let mut recogniser = Recogniser::with_sink(vocabulary, self.begin());
        request.drive(&mut recogniser);
        let (batch, reading) = recogniser.into_parts();
        Ok(reading.finish(batch))
    }

    fn begin(&self) -> Reading<'_> {
        let mut patterns = self.resting.lock().pop().unwrap_or_default();
        let generation = self.generation.load(Ordering::Acquire);
        if patterns.generation != generation {
            patterns.forget();
            patterns.generation = generation;
        }
        let (shapes, records) = (RequestShapes::default(), Vec::new());
        Reading { reader: self, patterns, shapes, records, evidence_bytes: 0, alike: 0 }
    }

    /// The records of a batch.
    #[must_use]
    pub fn read(&self, batch: &Batch) -> RecordBatch {
        let mut shapes = RequestShapes::default();
        let mut records = Vec::with_capacity(batch.spans.len());
        let mut evidence_bytes = 0;
        for facts in &batch.spans {
            let span = Span { batch, facts };
            let mut record = self.record(&span, &mut shapes);
            self.weigh(facts.sampled, &mut record);
            evidence_bytes += record.evidence.as_ref().map_or(0, |evidence| evidence.size());
            records.push(record);
        }
        let named = batch.left_out.iter().map(|left_out| (left_out.span, batch.text(left_out.name).into()));
        let unread = without_parts(batch.unread.clone(), &batch.unread_requests, &records);
        let sampled = sampled(&records);
        RecordBatch {
            records,
            unread,
            shapes: shapes.list,
            links: batch.links.clone(),
            left_out: named.collect(),
            not_a_call: batch.not_a_call,
            malformed: batch.malformed,
            fault: batch.fault,
            dropped: batch.dropped,
            dropped_fault: batch.dropped_fault,
            unshaped: shapes.unshaped,
            sampled,
            evidence_bytes,
            alike: 0,
            seen: batch.seen.clone(),
        }
    }

    /// One for another vocabulary: of its own are the patterns, since keys have other numbers there.
    #[must_use]
    pub fn with_other_words(&self) -> Self {
        Self { resting: Arc::default(), ..self.clone() }
    }

    /// Forgets shapes: what follows from them has changed.
    pub fn forget_shapes(&self) {
        self.shapes.clear();
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    fn record(&self, span: &Span<'_>, shapes: &mut RequestShapes) -> Record {
        let facts = span.facts;
        let times = (facts.start_unix_nano, facts.end_unix_nano);
        let mut record = Record::new(facts.key(), facts.parent_span_id, times, facts.role, facts.layer);
        let provider = span.provider();
        record.flags = span.flags();
        self.name_answer(span.text(facts.response_id).as_bytes(), &mut record);
        state_tokens(span.tokens(provider), &mut record);
        record.set_time_to_first_token(facts.time_to_first_token);
        record.set_status_code(facts.status_code);
        record.set_sizes(facts.max_tokens, facts.input_characters, facts.output_characters);
        span.state_rare(&mut record);
        span.judge(provider, &mut record);
        record.shape = self.shape(span, provider, shapes);
        record
    }

    fn weigh(&self, weight: Option<f64>, record: &mut Record) {
        if let Some(weight) = weight.filter(|_| self.weighs) {
            record.evidence_mut().weight = Some(weight);
        }
    }

    fn name_answer(&self, id: &[u8], record: &mut Record) {
        let tells = !matches!(record.role, Role::Http | Role::Other);
        if tells && names_one_answer(id) {
            record.answer = self.answers.hash(id) | 1;
            record.answer_kind = kind_of(id);
        }
    }

    fn shape(&self, span: &Span<'_>, provider: Option<&str>, shapes: &mut RequestShapes) -> u32 {
        let facts = span.facts;
        let resource = span.batch.resources.get(facts.resource as usize).copied().unwrap_or_default();
        let operation = if facts.role == Role::Http { facts.url_path } else { facts.operation };
        let mut texts = [""; Name::COUNT + DIMENSIONS];
        for (name, text) in [
            (Name::Service, resource.service_name),
            (Name::Environment, resource.environment),
            (Name::Scope, facts.scope),
            (Name::ServerAddress, facts.server_address),
            (Name::Operation, operation),
            (Name::RequestModel, facts.request_model),
            (Name::ResponseModel, facts.response_model),
            (Name::RoutedModel, facts.routed_model),
            (Name::ServiceTier, facts.service_tier),
            (Name::Speed, facts.speed),
            (Name::Geography, facts.geography),
            (Name::Account, facts.account),
        ] {
            texts[name as usize] = span.text(text);
        }
        texts[Name::Provider as usize] = provider.unwrap_or("");
        let dimensions = part(&span.batch.dimensions, &facts.dimensions);
        for (slot, &value) in texts[Name::COUNT..].iter_mut().zip(dimensions) {
            *slot = span.text(value);
        }
        let hashed = self.hashed(&texts[Name::COUNT..]);
        for (slot, name) in texts[Name::COUNT..].iter_mut().skip(self.first_owner()).zip(&hashed) {
            *slot = name;
        }
        let draft = ShapeDraft {
            profile: facts.profile,
            scope: facts.scope_hash,
            host_known: span.host_tells(),
            texts: &texts[..Name::COUNT + dimensions.len().min(DIMENSIONS)],
        };
        self.shapes.place(&draft, shapes)
    }
}

impl Reader {
    fn first_owner(&self) -> usize {
        self.owners.as_ref().map_or(0, |(_, first)| *first)
    }

    /// The owners of a span as they are kept; none where all are kept as they came.
    fn hashed(&self, dimensions: &[&str]) -> Vec<String> {
        let Some((hash, first)) = &self.owners else { return Vec::new() };
        let owners = Owner::ALL.into_iter().zip(dimensions.iter().skip(*first));
        owners.map(|(owner, name)| hash.kept(owner, name).into_owned()).collect()
    }
}

// === spans of known patterns ===

impl Reading<'_> {
    /// The records, and what else the request was.
    fn finish(self, mut batch: Batch) -> RecordBatch {
        self.reader.resting.lock().push(self.patterns);
        let unread = std::mem::take(&mut batch.unread);
        let unread = without_parts(unread, &batch.unread_requests, &self.records);
        let named = batch.left_out.iter().map(|left_out| (left_out.span, batch.text(left_out.name).into()));
        let sampled = sampled(&self.records);
        RecordBatch {
            records: self.records,
            unread,
            shapes: self.shapes.list,
            left_out: named.collect(),
            links: batch.links,
            not_a_call: batch.not_a_call,
            malformed: batch.malformed,
            fault: batch.fault,
            dropped: batch.dropped,
            dropped_fault: batch.dropped_fault,
            unshaped: self.shapes.unshaped,
            sampled,
            evidence_bytes: self.evidence_bytes,
            alike: self.alike,
            seen: batch.seen,
        }
    }
}

impl Sink for Reading<'_> {
    const LEARNS: bool = true;

    fn place(&mut self, shared: &mut dyn Iterator<Item = &str>) -> Option<u32> {
        self.patterns.place(shared)
    }

    fn find(&mut self, pattern: &[u8]) -> Option<u32> {
        self.patterns.find(pattern)
    }

    fn trails(&mut self) -> Option<&mut Trails> {
        Some(&mut self.patterns.trails)
    }

    fn known(&mut self, number: u32, span: &Alike<'_, '_>) -> recognise::Known {
        let likeness = match self.patterns.meaning(number) {
            Some(Meaning::Span(likeness)) if span.response_id.is_none_or(is_plain) => likeness,
            Some(Meaning::Link) => return recognise::Known::Link,
            _ => return recognise::Known::No,
        };
        let mut record = likeness.record.of(span.header);
        if impossible(record.start_unix_nano, record.end_unix_nano) {
            record.flags.add(Flags::ABSURD_TIME);
        }
        record.flags.set(Flags::SAMPLED, span.sampled().is_some());
        self.reader.weigh(span.sampled(), &mut record);
        self.reader.name_answer(span.response_id.unwrap_or_default(), &mut record);
        let streaming = record.streaming();
        let tokens = normalise::tokens(&UsageInput {
            readings: span.readings(),
            profile: likeness.profile,
            provider: &likeness.counting,
            failed: false,
            streaming,
            operation: normalise::operation(likeness.shape.text(Name::Operation)),
        });
        state_tokens(tokens, &mut record);
        record.set_time_to_first_token(span.time_to_first_token(streaming));
        let (max_tokens, input, output) = span.sizes();
        record.set_sizes(max_tokens, input, output);
        record.shape = Shapes::place_known(&likeness.shape, &mut self.shapes);
        self.evidence_bytes += record.evidence.as_ref().map_or(0, |evidence| evidence.size());
        self.alike += 1;
        self.records.push(record);
        recognise::Known::Taken
    }

    fn span(&mut self, batch: &Batch, pattern: Option<&[u8]>) {
        let Some(facts) = batch.spans.last() else { return };
        let span = Span { batch, facts };
        let mut record = self.reader.record(&span, &mut self.shapes);
        let shape = &self.shapes.list[record.shape as usize];
        if let Some(pattern) = pattern.filter(|_| is_ordinary(&record) && shape.number != 0) {
            self.patterns.learn(pattern, || {
                let provider = span.named_provider();
                Meaning::Span(Box::new(Likeness {
                    record: record.clone(),
                    shape: Arc::clone(shape),
                    profile: facts.profile,
                    counting: span.counting(provider).into(),
                }))
            });
        }
        self.reader.weigh(facts.sampled, &mut record);
        self.evidence_bytes += record.evidence.as_ref().map_or(0, |evidence| evidence.size());
        self.records.push(record);
    }

    fn link(&mut self, pattern: &[u8]) {
        self.patterns.learn(pattern, || Meaning::Link);
    }
}

/// Nothing but its ids, times and numbers is of this span alone.
fn is_ordinary(record: &Record) -> bool {
    let odd = [Flags::FAILED, Flags::HEADERS, Flags::ABSURD_TIME, Flags::ABSURD_TOKENS];
    record.evidence.is_none() && !odd.into_iter().any(|flag| record.flags.has(flag))
}

/// True for an id that means the same read in full: of a bounded length, without quotes or blanks around it.
fn is_plain(id: &[u8]) -> bool {
    let ends = id.first().zip(id.last());
    let bare = ends.is_none_or(|(first, last)| first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric());
    bare && id.len() <= 256 && id.is_ascii()
}

/// How many say that not all traces are kept.
fn sampled(records: &[Record]) -> u64 {
    records.iter().filter(|record| record.flags.has(Flags::SAMPLED)).count() as u64
}

/// What is left of unread spans when those go that are requests below a span that was read.
fn without_parts(mut all: Vec<Unread>, requests: &[(SpanKey, usize)], records: &[Record]) -> Vec<Unread> {
    if requests.is_empty() {
        return all;
    }
    let read = |record: &&Record| !matches!(record.role, Role::Http | Role::Other);
    let keys: HashSet<SpanKey> = records.iter().filter(read).map(Record::key).collect();
    for (_, at) in requests.iter().filter(|(parent, _)| keys.contains(parent)) {
        all[*at].count -= 1;
    }
    all.retain(|unread| unread.count > 0);
    all
}
