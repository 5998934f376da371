//! From facts to records: all that needs only the span is done here, on the reading threads.
//!
//! In: the [`Batch`] of one request. Out: its [`RecordBatch`]: tokens as a partition, names in the convention's
//! spelling, the class of a failure and the limits that were told. It compares no spans and knows no prices.

use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::call::{TokenType, Tokens};
use crate::classify::is_failed_finish;
use crate::facts::{Batch, Role, SpanFacts, Text, part};
use crate::judge;
use crate::normalise::{self, UsageInput};
use crate::otlp::SpanStatus;
use crate::recognise::hash;
use crate::record::{
    Flags, LONGEST_NANOS, MOST_TOKENS, Name, Record, RecordBatch, RequestShapes, ShapeDraft, Shapes,
};

/// Most dimensions that can be configured.
pub(crate) const DIMENSIONS: usize = 16;
/// Shapes that are shared; each takes some 400 bytes.
const SHAPES: usize = 1 << 14;

/// Makes records; one for all reading threads.
#[derive(Clone, Debug)]
pub struct Reader {
    shapes: Arc<Shapes>,
    answers: RandomState,
}

impl Default for Reader {
    fn default() -> Self {
        Self { shapes: Arc::new(Shapes::new(SHAPES)), answers: RandomState::default() }
    }
}

impl Reader {
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
        RecordBatch {
            records,
            shapes: shapes.list,
            links: batch.links.clone(),
            left_out: named.collect(),
            not_a_call: batch.not_a_call,
            malformed: batch.malformed,
            fault: batch.fault,
            unshaped: shapes.unshaped,
            evidence_bytes,
        }
    }

    /// Forgets shapes: what follows from them has changed.
    pub fn forget_shapes(&self) {
        self.shapes.clear();
    }

    fn record(&self, span: &Span<'_>, shapes: &mut RequestShapes) -> Record {
        let facts = span.facts;
        let times = (facts.start_unix_nano, facts.end_unix_nano);
        let mut record = Record::new(facts.key(), facts.parent_span_id, times, facts.role, facts.layer);
        let provider = normalise::provider(span.text(facts.provider), span.text(facts.server_address));
        record.flags = span.flags();
        self.name_answer(span, &mut record);
        span.state_tokens(provider, &mut record);
        record.set_time_to_first_token(facts.time_to_first_token);
        record.set_status_code(facts.status_code);
        record.set_sizes(facts.max_tokens, facts.input_characters, facts.output_characters);
        span.state_rare(&mut record);
        span.judge(provider, &mut record);
        record.shape = self.shape(span, provider, shapes);
        record
    }

    fn name_answer(&self, span: &Span<'_>, record: &mut Record) {
        let id = span.text(span.facts.response_id);
        if names_one_answer(id) {
            record.answer = self.answers.hash_one(id) | 1;
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
            host_known: normalise::provider_of_host(span.text(facts.server_address)).is_some(),
            texts: &texts[..Name::COUNT + dimensions.len().min(DIMENSIONS)],
        };
        self.shapes.place(&draft, shapes)
    }
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
            (finishes().any(|reason| reason.contains("tool") || reason.contains("function")), Flags::TOOL),
            (impossible(facts.start_unix_nano, facts.end_unix_nano), Flags::ABSURD_TIME),
        ] {
            if is_set {
                flags.add(flag);
            }
        }
        flags
    }

    fn state_tokens(&self, provider: Option<&str>, record: &mut Record) {
        match self.tokens(provider) {
            Some(tokens) if absurd(&tokens) => record.flags.add(Flags::ABSURD_TOKENS),
            Some(tokens) => record.set_tokens(&tokens),
            None => {}
        }
    }

    fn tokens(&self, provider: Option<&str>) -> Option<Tokens> {
        let facts = self.facts;
        if facts.readings.is_empty() {
            return None;
        }
        let models = [facts.response_model, facts.request_model].map(|model| self.text(model));
        let by_model = || models.iter().find_map(|model| normalise::provider_of_model(model));
        normalise::tokens(&UsageInput {
            readings: part(&self.batch.readings, &facts.readings),
            profile: facts.profile,
            provider: counting_provider(provider.or_else(by_model).unwrap_or(""), &models),
            failed: facts.failed(),
            streaming: facts.streaming,
        })
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
            record.evidence_mut().reported_cost = facts.reported.total;
        }
        if self.batch.names_spans {
            record.evidence_mut().name = self.text(facts.name).into();
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
            record.evidence_mut().error = Some(texts.error());
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
fn names_one_answer(id: &str) -> bool {
    id.len() >= 16 && !id.starts_with("req_") && id.bytes().filter(u8::is_ascii_alphanumeric).count() >= 16
}

/// What an id looks like, as a number; never 0: its prefix, and whether a gateway made it up (`chatcmpl-` and a UUID).
fn kind_of(id: &str) -> u32 {
    let end = id.find(['-', '_']).filter(|&end| id[..end].bytes().all(|byte| byte.is_ascii_lowercase()));
    let (prefix, rest) = end.map_or(("", id), |end| (&id[..end], &id[end + 1..]));
    let invented = rest.len() == 36 && rest.bytes().filter(|&byte| byte == b'-').count() == 4;
    (hash(prefix) as u32 & !3) | 1 | u32::from(invented) << 1
}
