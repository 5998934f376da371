//! From facts to records: all that needs only the span is done here, on the reading threads.
//!
//! In: the [`Batch`] of one request. Out: its [`RecordBatch`]: tokens as a partition, names in the convention's
//! spelling, the class of a failure and the limits that were told. It compares no spans and knows no prices.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::known::{Likeness, Meaning, Patterns};
use crate::call::{TokenType, Tokens};
use crate::classify::is_failed_finish;
use crate::dialect::Vocabulary;
use crate::facts::{Batch, HostWord, Role, SpanFacts, SpanKey, Text, Unread, part};
use crate::judge;
use crate::normalise::{self, UsageInput};
use crate::otlp::{self, Fault, JsonRequest, SpanKind, SpanStatus};
use crate::recognise::signs::Sign;
use crate::recognise::{self, Alike, Recogniser, Sink, hash};
use crate::record::{
    Flags, LONGEST_NANOS, MOST_TOKENS, Name, Record, RecordBatch, RequestShapes, ShapeDraft, Shapes,
};
use crate::settle::Secret;

/// Most dimensions of a span: those that can be configured, and the owners of the ledger.
pub(crate) const DIMENSIONS: usize = crate::config::MAX_DIMENSIONS + crate::ledger::attribution::Owner::COUNT;
/// Shapes that are shared; each takes some 400 bytes.
const SHAPES: usize = 1 << 14;

/// Makes records; one for all reading threads, and for one [`Vocabulary`].
#[derive(Clone, Debug)]
pub struct Reader {
    shapes: Arc<Shapes>,
    answers: Secret,
    /// What reading threads know, while they do not read.
    resting: Arc<Mutex<Vec<Patterns>>>,
    /// How often shapes were forgotten.
    generation: Arc<AtomicU64>,
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
            resting: Arc::default(),
            generation: Arc::default(),
        }
    }
}

impl Reader {
    /// One whose answers are named as those of another process with this secret.
    #[must_use]
    pub fn with_secret(secret: Secret) -> Self {
        Self { answers: secret, ..Self::default() }
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
            let record = self.record(&span, &mut shapes);
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
        let draft = ShapeDraft {
            profile: facts.profile,
            scope: facts.scope_hash,
            host_known: span.host_tells(),
            texts: &texts[..Name::COUNT + dimensions.len().min(DIMENSIONS)],
        };
        self.shapes.place(&draft, shapes)
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

    fn known(&mut self, pattern: &[u8], span: &Alike<'_, '_>) -> recognise::Known {
        let likeness = match self.patterns.find(pattern) {
            Some(Meaning::Span(likeness)) if span.response_id.is_none_or(is_plain) => likeness,
            Some(Meaning::Link) => return recognise::Known::Link,
            _ => return recognise::Known::No,
        };
        let mut record = likeness.record.of(span.header);
        if impossible(record.start_unix_nano, record.end_unix_nano) {
            record.flags.add(Flags::ABSURD_TIME);
        }
        record.flags.set(Flags::SAMPLED, span.sampled());
        self.reader.name_answer(span.response_id.unwrap_or_default(), &mut record);
        let streaming = record.streaming();
        let tokens = normalise::tokens(&UsageInput {
            readings: span.readings(),
            profile: likeness.profile,
            provider: &likeness.counting,
            failed: false,
            streaming,
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
        let record = self.reader.record(&span, &mut self.shapes);
        self.evidence_bytes += record.evidence.as_ref().map_or(0, |evidence| evidence.size());
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

/// One span and where its texts lie.
struct Span<'a> {
    batch: &'a Batch,
    facts: &'a SpanFacts,
}

impl<'a> Span<'a> {
    fn text(&self, text: Text) -> &'a str {
        self.batch.text(text)
    }

    fn flags(&self) -> Flags {
        let facts = self.facts;
        let mut flags = Flags::default();
        let finishes = || part(&self.batch.finishes, &facts.finishes).iter().map(|&text| self.text(text));
        for (is_set, flag) in [
            (facts.failed(), Flags::FAILED),
            (facts.status == SpanStatus::Ok, Flags::OK),
            (facts.streaming == Some(true), Flags::STREAMED),
            (facts.streaming == Some(false), Flags::WHOLE),
            (!facts.readings.is_empty(), Flags::STATES_USAGE),
            (!facts.headers.is_empty(), Flags::HEADERS),
            (finishes().any(ends_with_tool), Flags::TOOL),
            (impossible(facts.start_unix_nano, facts.end_unix_nano), Flags::ABSURD_TIME),
            (facts.witness, Flags::WITNESS),
            (facts.kind == SpanKind::Server, Flags::SERVER),
            (facts.role == Role::Aggregate && facts.signs.has(Sign::Barrier), Flags::BARRIER),
            (accounts(facts), Flags::ACCOUNTS),
            (facts.sampled, Flags::SAMPLED),
            (facts.cut, Flags::CUT),
        ] {
            if is_set {
                flags.add(flag);
            }
        }
        flags
    }

    /// Who answered, as far as this span tells: without a host, a model of one vendor betrays what the SDK calls `openai`.
    fn provider(&self) -> Option<&'a str> {
        let (facts, host) = (self.facts, self.text(self.facts.server_address));
        let provider = self.named_provider();
        let models = [facts.routed_model, facts.response_model, facts.request_model];
        let models = models.map(|model| self.text(model));
        let hidden = provider.filter(|_| host.is_empty());
        hidden.and_then(|named| normalise::hidden_provider(named, &models)).or(provider)
    }

    /// By its name and its host, as far as the user has not said otherwise of it.
    fn named_provider(&self) -> Option<&'a str> {
        let host = match self.facts.host {
            HostWord::BuiltIn => self.text(self.facts.server_address),
            HostWord::Taught | HostWord::Off => "",
        };
        normalise::provider(self.text(self.facts.provider), host)
    }

    fn host_tells(&self) -> bool {
        match self.facts.host {
            HostWord::BuiltIn => normalise::provider_of_host(self.text(self.facts.server_address)).is_some(),
            HostWord::Taught => true,
            HostWord::Off => false,
        }
    }

    fn tokens(&self, provider: Option<&'a str>) -> Option<Tokens> {
        let facts = self.facts;
        if facts.readings.is_empty() {
            return None;
        }
        normalise::tokens(&UsageInput {
            readings: part(&self.batch.readings, &facts.readings),
            profile: facts.profile,
            provider: self.counting(provider),
            failed: facts.failed(),
            streaming: facts.streaming,
        })
    }

    /// Whose way of counting tokens it follows.
    fn counting(&self, provider: Option<&'a str>) -> &'a str {
        let models = [self.facts.response_model, self.facts.request_model].map(|model| self.text(model));
        let by_model = || models.iter().find_map(|model| normalise::provider_of_model(model));
        counting_provider(provider.or_else(by_model).unwrap_or(""), &models)
    }

    fn state_rare(&self, record: &mut Record) {
        let facts = self.facts;
        if let Some(resends) = facts.resends.filter(|&resends| resends > 0) {
            record.evidence_mut().resends = resends;
        }
        if facts.web_searches > 0 {
            record.evidence_mut().web_searches = facts.web_searches;
        }
        if facts.reported.total.is_some() {
            let evidence = record.evidence_mut();
            (evidence.reported_cost, evidence.reported_currency) =
                (facts.reported.total, facts.reported.currency);
        }
        if self.batch.names_spans {
            let evidence = record.evidence_mut();
            (evidence.name, evidence.signs) = (self.text(facts.name).into(), facts.signs);
            evidence.taught = self.text(facts.taught).into();
        }
    }

    /// What its texts and headers say of failure and of limits.
    fn judge(&self, provider: Option<&str>, record: &mut Record) {
        let facts = self.facts;
        let finishes = part(&self.batch.finishes, &facts.finishes);
        let ended_badly = finishes.iter().any(|&reason| is_failed_finish(self.text(reason)));
        let refused = facts.status_code.is_some_and(|status| status >= 400);
        let failed = facts.failed() || refused || ended_badly;
        if !failed && facts.headers.is_empty() {
            return;
        }
        let models = [facts.routed_model, facts.response_model, facts.request_model];
        let by_model = || models.iter().find_map(|&model| normalise::provider_of_model(self.text(model)));
        let texts = judge::SpanTexts {
            batch: self.batch,
            facts,
            provider: provider.or_else(by_model).unwrap_or("unknown"),
        };
        if failed {
            let error = texts.error();
            record.evidence_mut().error = Some(facts.taught_class.map_or(error, |class| error.taught(class)));
        }
        let limits = texts.limits();
        if !limits.is_empty() {
            record.evidence_mut().limits = limits;
        }
        if let Some(account) = texts.organization() {
            record.evidence_mut().account = Some(account);
        }
    }
}

/// A finish reason, in any case.
fn ends_with_tool(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    reason.contains("tool") || reason.contains("function")
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

fn state_tokens(tokens: Option<Tokens>, record: &mut Record) {
    match tokens {
        Some(tokens) if absurd(&tokens) => record.flags.add(Flags::ABSURD_TOKENS),
        Some(tokens) => record.set_tokens(&tokens),
        None => {}
    }
}

/// Keeps the books of a call beside it: no length, no operation, no id, but usage.
fn accounts(facts: &SpanFacts) -> bool {
    facts.role == Role::Aggregate
        && !facts.readings.is_empty()
        && facts.operation.is_empty()
        && facts.response_id.is_empty()
        && recognise::is_moment(facts.start_unix_nano, facts.end_unix_nano)
}

fn absurd(tokens: &Tokens) -> bool {
    tokens.iter().map(|(_, count): (TokenType, u64)| count).fold(0_u64, u64::saturating_add) > MOST_TOKENS
}

const fn impossible(start: u64, end: u64) -> bool {
    start == 0 || end < start || end - start > LONGEST_NANOS
}

/// Whose way of counting an answer follows: Claude counts alike wherever it is hosted.
fn counting_provider<'a>(provider: &'a str, models: &[&str]) -> &'a str {
    let claude = provider == "gcp.vertex_ai" && models.iter().any(|model| model.contains("claude"));
    if claude { "anthropic" } else { provider }
}

/// True for an id with enough letters that two answers do not share it by chance. Request ids are not
/// ids of answers (Claude Code writes `req_...`), and Ollama's `chatcmpl-123` has three digits.
fn names_one_answer(id: &[u8]) -> bool {
    const IS_LETTER: [bool; 256] = {
        let mut is_letter = [false; 256];
        let mut byte = 0;
        while byte < 256 {
            is_letter[byte] = (byte as u8).is_ascii_alphanumeric();
            byte += 1;
        }
        is_letter
    };
    let mut letters = id.iter().filter(|byte| IS_LETTER[usize::from(**byte)]);
    id.len() >= 16 && !id.starts_with(b"req_") && letters.nth(15).is_some()
}

/// What an id looks like, as a number; never 0: its prefix, and whether a gateway made it up (`chatcmpl-` and a UUID).
fn kind_of(id: &[u8]) -> u32 {
    let end = id.iter().position(|byte| matches!(byte, b'-' | b'_'));
    let end = end.filter(|&end| id[..end].iter().all(u8::is_ascii_lowercase));
    let (prefix, rest) = end.map_or((&[][..], id), |end| (&id[..end], &id[end + 1..]));
    let invented = rest.len() == 36 && rest.iter().filter(|&&byte| byte == b'-').count() == 4;
    (hash(prefix) as u32 & !3) | 1 | u32::from(invented) << 1
}
