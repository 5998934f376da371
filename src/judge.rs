//! What a call cost, why it failed and which limits it told of: the verdict on one [`LlmCall`].
//!
//! In: a call. Out: a [`Verdict`]. It asks `price`, `classify` and `limits`, which know nothing of spans;
//! both `explain` and the server use it, so that they cannot disagree.

use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::aggregate::cardinality::shown;
use crate::call::{ErrorClass, LimitEvidence, PriceSource, RateLimit};
use crate::classify::{ErrorEvidence, ErrorVerdict, classify, classify_status};
use crate::compact::{Damaged, Reader, Writer};
use crate::facts::{Batch, ErrorTextKind, Role, SpanFacts, part};
use crate::limits::{self, LimitEvidenceInput, account_hash};
use crate::price::{Context, Decimal, Dollars, PriceBook, Priced, Request, Tariff, Units};
use crate::record::{Flags, Record};
use crate::settle::{LlmCall, Secret};

/// Deployment names whose model is remembered. Beyond it all are forgotten and learned anew.
const LEARNED: usize = 4096;

/// What is thought of a call.
#[derive(Debug)]
pub struct Verdict<'a> {
    /// Its dollars.
    pub priced: Priced<'a>,
    /// Why it failed, or that it did not.
    pub error: ErrorVerdict,
    /// What it told of rate limits.
    pub limits: Vec<RateLimit>,
    /// What the instrumentation states that it cost.
    pub reported: Reported,
}

/// A cost that the instrumentation states.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reported {
    /// Dollars, as stated or by a rate of the configuration.
    pub dollars: Option<Dollars>,
    /// Another currency's code and amount, for which there is no rate.
    pub foreign: Option<(&'static str, f64)>,
}

impl Verdict<'_> {
    /// The `model` label: the catalogue's id, else what was written.
    #[must_use]
    pub fn model<'m>(&'m self, call: &LlmCall<'m>) -> &'m str {
        self.priced.model.or_else(|| models(call).next()).unwrap_or("unknown")
    }

    /// The `price_source` label.
    #[must_use]
    pub const fn price_source(&self) -> PriceSource {
        self.priced.source
    }
}

/// The models to price by, the best first: behind the alias, that answered, that was asked for.
pub fn models<'a>(call: &LlmCall<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    [call.routed_model, call.response_model, call.request_model]
        .into_iter()
        .flatten()
        .filter(|model| is_model(model))
}

/// Names that SDKs write where there was no model.
fn is_model(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('<') && name != "unknown" && name != "None"
}

/// Judges calls, and learns from answers which model is behind a deployment's name.
#[derive(Debug)]
pub struct Judge {
    book: PriceBook,
    /// Model that answered, by service, endpoint and model asked for.
    learned: HashMap<u64, Arc<str>, RandomState>,
    /// What those are hashed with.
    secret: Secret,
}

impl Judge {
    /// With these prices and nothing learned.
    #[must_use]
    pub fn new(book: PriceBook) -> Self {
        Self::with_secret(book, Secret::default())
    }

    /// The same; what it learns can be kept for another with this secret.
    #[must_use]
    pub fn with_secret(book: PriceBook, secret: Secret) -> Self {
        Self { book, learned: HashMap::default(), secret }
    }

    /// What it has learned.
    #[must_use]
    pub fn learned_bytes(&self) -> Vec<u8> {
        let mut out = Writer::default();
        // A name that no label would show is learned anew.
        for (key, model) in self.learned.iter().filter(|(_, model)| shown(model) == ***model) {
            out.hash(*key);
            out.text(model);
        }
        out.into_bytes()
    }

    /// Learns it again.
    ///
    /// # Errors
    /// It is something else.
    pub fn restore_learned(&mut self, bytes: &[u8]) -> Result<(), Damaged> {
        let mut from = Reader::new(bytes);
        while !from.is_at_end() {
            self.learned.insert(from.hash()?, from.text()?.into());
        }
        Ok(())
    }

    /// Takes other prices.
    pub fn set_book(&mut self, book: PriceBook) {
        self.book = book;
    }

    /// The prices in use.
    #[must_use]
    pub const fn book(&self) -> &PriceBook {
        &self.book
    }

    /// Judges a call.
    pub fn judge(&mut self, call: &LlmCall<'_>) -> Verdict<'_> {
        let learned = self.learn(call);
        let (names, count) = names(call, learned.as_deref());
        let reported = reported(call, &self.book);
        Verdict {
            reported,
            error: error(call),
            limits: rate_limits_of(call),
            priced: self.book.price(&request(call, &names[..count], reported.dollars)),
        }
    }

    /// What calls cost that differ from this one in nothing but their numbers.
    pub(crate) fn tariff(&mut self, call: &LlmCall<'_>) -> Option<Tariff> {
        let learned = self.learn(call);
        let (names, count) = names(call, learned.as_deref());
        self.book.tariff(&request(call, &names[..count], reported(call, &self.book).dollars))
    }

    /// Notes which model answered under the name that was asked for; where none did (a failure), tells
    /// which one did before, for the same service at the same endpoint: what others are answered must not
    /// name a call's model, or the order in which services call would.
    fn learn(&mut self, call: &LlmCall<'_>) -> Option<Arc<str>> {
        let key = self.key(call)?;
        match answered(call) {
            Some(answered) if !call.failed => {
                if self.learned.get(&key).map(AsRef::as_ref) != Some(answered) {
                    self.note(key, answered.into());
                }
                None
            }
            _ => self.learned.get(&key).cloned(),
        }
    }

    fn note(&mut self, key: u64, model: Arc<str>) {
        if self.learned.len() >= LEARNED {
            self.learned.clear();
        }
        self.learned.insert(key, model);
    }

    fn key(&self, call: &LlmCall<'_>) -> Option<u64> {
        let asked = call.request_model?;
        let names = (call.service_name, call.provider, call.server_address, asked);
        Some(self.secret.hash(names))
    }

    /// What a call that was judged has taught, or was told.
    pub(crate) fn lesson(&self, call: &LlmCall<'_>) -> Option<Lesson> {
        let key = self.key(call)?;
        let teaches = answered(call).is_some() && !call.failed;
        Some(Lesson { key, teaches, model: self.learned.get(&key).cloned() })
    }

    /// Learns from another call that teaches the same; false when what is known is no longer what it was told.
    pub(crate) fn repeats(&mut self, lesson: Option<&Lesson>) -> bool {
        let Some(Lesson { key, teaches, model }) = lesson else { return true };
        match (self.learned.get(key), model) {
            (Some(known), Some(model)) if Arc::ptr_eq(known, model) => true,
            (_, Some(model)) if *teaches => {
                self.note(*key, Arc::clone(model));
                true
            }
            (None, None) => true,
            _ => false,
        }
    }
}

/// What calls of one shape teach, or were told, of the model behind the name that they ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lesson {
    key: u64,
    teaches: bool,
    model: Option<Arc<str>>,
}

/// The model that answered under another name.
fn answered<'a>(call: &LlmCall<'a>) -> Option<&'a str> {
    call.routed_model.or(call.response_model).filter(|answered| Some(*answered) != call.request_model)
}

fn reported(call: &LlmCall<'_>, book: &PriceBook) -> Reported {
    let Some(stated) = call.reported_cost else { return Reported::default() };
    let amount = Decimal::from_f64(stated);
    let dollars = amount.and_then(|amount| book.dollars(amount, call.reported_currency, started(call)));
    let foreign = call.reported_currency.filter(|_| dollars.is_none()).map(|code| (code, stated));
    Reported { dollars, foreign }
}

const fn started(call: &LlmCall<'_>) -> i64 {
    (call.start_unix_nano / 1_000_000_000) as i64
}

/// The names to price by, and how many they are.
fn names<'a>(call: &LlmCall<'a>, learned: Option<&'a str>) -> ([&'a str; 4], usize) {
    let mut names = [""; 4];
    let candidates = learned.into_iter().chain(models(call));
    let count = names.iter_mut().zip(candidates).map(|(name, candidate)| *name = candidate).count();
    (names, count)
}

fn request<'a>(call: &'a LlmCall<'a>, models: &'a [&'a str], reported: Option<Dollars>) -> Request<'a> {
    let mut units = Units::default();
    for (piece, count) in call.pieces.iter() {
        let Some(count) = Decimal::from_f64(f64::from(count) / f64::from(piece.per_unit())) else { continue };
        for unit in piece.units() {
            units.set(unit, count);
        }
    }
    Request {
        provider: if call.provider == "unknown" { "" } else { call.provider },
        server_address: call.server_address,
        models,
        at_unix_seconds: started(call),
        tokens: call.tokens.as_ref(),
        context: context(call),
        units,
        reported,
    }
}

/// How the call was served. Anthropic calls a batch a service tier; the catalogue calls it a way of processing.
fn context<'a>(call: &LlmCall<'a>) -> Context<'a> {
    let batch = call.service_tier.filter(|tier| *tier == "batch");
    Context {
        service_tier: call.service_tier.filter(|_| batch.is_none()),
        processing: batch,
        speed: call.speed,
        inference_geo: call.geography,
        ..Context::default()
    }
}

// === one span, on the reading thread ===

/// What the texts and headers of one span say of its failure and of its limits.
#[derive(Debug)]
pub(crate) struct SpanTexts<'a> {
    /// Where the texts lie.
    pub(crate) batch: &'a Batch,
    /// The span.
    pub(crate) facts: &'a SpanFacts,
    /// The convention's name of the provider, as far as the span tells.
    pub(crate) provider: &'a str,
}

impl<'a> SpanTexts<'a> {
    /// Why it failed.
    pub(crate) fn error(&self) -> ErrorVerdict {
        let finishes = part(&self.batch.finishes, &self.facts.finishes);
        let finish_reasons: Vec<&str> = finishes.iter().map(|&reason| self.batch.text(reason)).collect();
        classify(&ErrorEvidence {
            provider: self.provider,
            server_address: self.batch.text(self.facts.server_address),
            failed: self.facts.failed(),
            http_status: self.facts.status_code,
            codes: &self.errors(ErrorTextKind::Code),
            types: &self.errors(ErrorTextKind::Type),
            messages: &self.errors(ErrorTextKind::Message),
            causes: &self.errors(ErrorTextKind::Cause),
            finish_reasons: &finish_reasons,
            headers: &self.headers(),
        })
    }

    /// What it told of rate limits.
    pub(crate) fn limits(&self) -> Vec<RateLimit> {
        let mut found = Vec::new();
        let (headers, messages) = (self.headers(), self.errors(ErrorTextKind::Message));
        if !headers.is_empty() || !messages.is_empty() {
            limits::read(
                &LimitEvidenceInput {
                    provider: self.provider,
                    server_address: self.batch.text(self.facts.server_address),
                    end_unix_nano: self.facts.end_unix_nano,
                    headers: &headers,
                    attributes: &headers,
                    hidden_params: "",
                    refused: !messages.is_empty()
                        && matches!(self.error().class, ErrorClass::RateLimit | ErrorClass::QuotaExhausted),
                    messages: &messages,
                    account: "",
                    identity: self.batch.text(self.facts.account),
                },
                &mut found,
            );
        }
        found
    }

    /// Whose limits they are, by its headers.
    pub(crate) fn organization(&self) -> Option<String> {
        if self.facts.headers.is_empty() { None } else { limits::organization(&self.headers()) }
    }

    fn errors(&self, kind: ErrorTextKind) -> Vec<&'a str> {
        if !self.facts.failed() {
            return Vec::new();
        }
        let errors = part(&self.batch.errors, &self.facts.errors).iter();
        errors.filter(|error| error.kind == kind).map(|error| self.batch.text(error.text)).collect()
    }

    fn headers(&self) -> Vec<(&'a str, &'a str)> {
        let pairs = part(&self.batch.pairs, &self.facts.headers).iter();
        pairs.map(|pair| (self.batch.text(pair.name), self.batch.text(pair.value))).collect()
    }
}

// === all spans of one call ===

/// The verdict that tells most, the nearest to the wire first; what it leaves open the others fill.
fn error(call: &LlmCall<'_>) -> ErrorVerdict {
    let told = || {
        let counts = |record: &&Record| record.failed() == call.failed;
        let members =
            call.members.iter().map(|held| &held.record).filter(move |record| call.failed || counts(record));
        let errors = members.filter_map(|record| record.of_evidence(|evidence| evidence.error));
        errors.map(|verdict| verdict.beside(call.status_code))
    };
    // What the call leaves open, a span around it may tell.
    let lent = || {
        call.lent
            .iter()
            .filter(|_| call.failed)
            .filter_map(|held| held.of_evidence(|evidence| evidence.error))
    };
    let open = told().all(|verdict| verdict.class == ErrorClass::Unknown || verdict.is_bare());
    let lent = || lent().take(if open { usize::MAX } else { 0 });
    let told = || told().chain(lent());
    let best = told().min_by_key(ErrorVerdict::weakness).map(|best| {
        let said = best.is_bare() && told().any(|verdict| verdict.says);
        if said { classify_status(call.provider, call.server_address, best.status_code) } else { best }
    });
    let Some(best) = best else {
        let class = if call.failed { ErrorClass::Unknown } else { ErrorClass::None };
        return ErrorVerdict { class, status_code: call.status_code, ..ErrorVerdict::default() };
    };
    let status = call.status_code.filter(|&status| status >= 400);
    ErrorVerdict {
        code: best.code.or_else(|| told().find_map(|verdict| verdict.code)),
        status_code: status.or_else(|| told().find_map(|verdict| verdict.status_code)).or(call.status_code),
        ..best
    }
}

/// What a call told of rate limits: its last attempt's headers, then what only a text of a failure says.
#[must_use]
pub fn rate_limits_of(call: &LlmCall<'_>) -> Vec<RateLimit> {
    let with = || call.members.iter().map(|held| &held.record).filter(|record| record.evidence.is_some());
    let last = with()
        .filter(|record| record.flags.has(Flags::HEADERS))
        .max_by_key(|record| (record.role == Role::Http, record.start_unix_nano));
    let organization = last.and_then(|record| record.of_evidence(|evidence| evidence.account.as_ref()));
    let mut found: Vec<RateLimit> = Vec::new();
    for record in last.into_iter().chain(with()) {
        let is_last = last.is_some_and(|last| std::ptr::eq(last, record));
        for limit in record.evidence.iter().flat_map(|evidence| &evidence.limits) {
            let told = if limit.evidence == LimitEvidence::Message { call.failed } else { is_last };
            let known = found.iter().any(|known| {
                (known.resource, known.window, known.scope) == (limit.resource, limit.window, limit.scope)
            });
            if told && !known {
                let end = Duration::from_nanos(call.end_unix_nano).as_secs_f64();
                let until = |moment: f64| (moment - end).max(0.0);
                let reset_seconds = limit.reset_moment.map(until).or(limit.reset_seconds);
                let account = organization.cloned().or_else(|| call.account.and_then(account_hash));
                found.push(RateLimit { reset_seconds, account, ..limit.clone() });
            }
        }
    }
    found
}
