//! One span as it was read: what follows from it alone.
//!
//! In: its facts. Out: flags, provider, tokens, and what its texts say of failure and of limits, for its record.

use crate::call::{TokenType, Tokens};
use crate::classify::is_failed_finish;
use crate::facts::{Batch, HostWord, Role, SpanFacts, Text, part};
use crate::judge;
use crate::normalise::{self, UsageInput};
use crate::otlp::{SpanKind, SpanStatus};
use crate::recognise::signs::Sign;
use crate::recognise::{self, hash};
use crate::record::{Flags, LONGEST_NANOS, MOST_TOKENS, Record};

/// One span and where its texts lie.
pub(super) struct Span<'a> {
    pub(super) batch: &'a Batch,
    pub(super) facts: &'a SpanFacts,
}

impl<'a> Span<'a> {
    pub(super) fn text(&self, text: Text) -> &'a str {
        self.batch.text(text)
    }

    pub(super) fn flags(&self) -> Flags {
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
            (facts.sampled.is_some(), Flags::SAMPLED),
            (facts.cut, Flags::CUT),
        ] {
            if is_set {
                flags.add(flag);
            }
        }
        flags
    }

    /// Who answered, as far as this span tells: without a host, a model of one vendor betrays what the SDK calls `openai`.
    pub(super) fn provider(&self) -> Option<&'a str> {
        let (facts, host) = (self.facts, self.text(self.facts.server_address));
        let provider = self.named_provider();
        let models = [facts.routed_model, facts.response_model, facts.request_model];
        let models = models.map(|model| self.text(model));
        let hidden = provider.filter(|_| host.is_empty());
        hidden.and_then(|named| normalise::hidden_provider(named, &models)).or(provider)
    }

    /// By its name and its host, as far as the user has not said otherwise of it.
    pub(super) fn named_provider(&self) -> Option<&'a str> {
        let host = match self.facts.host {
            HostWord::BuiltIn => self.text(self.facts.server_address),
            HostWord::Taught | HostWord::Off => "",
        };
        normalise::provider(self.text(self.facts.provider), host)
    }

    pub(super) fn host_tells(&self) -> bool {
        match self.facts.host {
            HostWord::BuiltIn => normalise::provider_of_host(self.text(self.facts.server_address)).is_some(),
            HostWord::Taught => true,
            HostWord::Off => false,
        }
    }

    pub(super) fn tokens(&self, provider: Option<&'a str>) -> Option<Tokens> {
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
            operation: normalise::operation(self.text(facts.operation)),
        })
    }

    /// Whose way of counting tokens it follows.
    pub(super) fn counting(&self, provider: Option<&'a str>) -> &'a str {
        let models = [self.facts.response_model, self.facts.request_model].map(|model| self.text(model));
        let by_model = || models.iter().find_map(|model| normalise::provider_of_model(model));
        counting_provider(provider.or_else(by_model).unwrap_or(""), &models)
    }

    pub(super) fn state_rare(&self, record: &mut Record) {
        let facts = self.facts;
        if let Some(resends) = facts.resends.filter(|&resends| resends > 0) {
            record.evidence_mut().resends = resends;
        }
        if !facts.pieces.is_empty() {
            record.evidence_mut().pieces = facts.pieces;
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
    pub(super) fn judge(&self, provider: Option<&str>, record: &mut Record) {
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

pub(super) fn state_tokens(tokens: Option<Tokens>, record: &mut Record) {
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

pub(super) const fn impossible(start: u64, end: u64) -> bool {
    start == 0 || end < start || end - start > LONGEST_NANOS
}

/// Whose way of counting an answer follows: Claude counts alike wherever it is hosted.
fn counting_provider<'a>(provider: &'a str, models: &[&str]) -> &'a str {
    let claude = provider == "gcp.vertex_ai" && models.iter().any(|model| model.contains("claude"));
    if claude { "anthropic" } else { provider }
}

/// True for an id with enough letters that two answers do not share it by chance. Request ids are not
/// ids of answers (Claude Code writes `req_...`), and Ollama's `chatcmpl-123` has three digits.
pub(super) fn names_one_answer(id: &[u8]) -> bool {
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
pub(super) fn kind_of(id: &[u8]) -> u32 {
    let end = id.iter().position(|byte| matches!(byte, b'-' | b'_'));
    let end = end.filter(|&end| id[..end].iter().all(u8::is_ascii_lowercase));
    let (prefix, rest) = end.map_or((&[][..], id), |end| (&id[..end], &id[end + 1..]));
    let invented = rest.len() == 36 && rest.iter().filter(|&&byte| byte == b'-').count() == 4;
    (hash(prefix) as u32 & !3) | 1 | u32::from(invented) << 1
}
