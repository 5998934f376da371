//! What a call cost, why it failed and which limits it told of: the verdict on one [`LlmCall`].
//!
//! In: a call. Out: a [`Verdict`]. It asks `price`, `classify` and `limits`, which know nothing of spans;
//! both `explain` and the server use it, so that they cannot disagree.

use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::call::{PriceSource, RateLimit};
use crate::classify::{ErrorEvidence, ErrorVerdict, classify};
use crate::facts::ErrorTextKind;
use crate::limits::{self, LimitEvidenceInput};
use crate::price::{Context, Decimal, Dollars, PriceBook, Priced, Request, Units};
use crate::settle::{LlmCall, Remembered};

/// Deployment names whose model is remembered.
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
    /// Model that answered, by endpoint and model asked for.
    learned: Remembered<Arc<str>>,
}

impl Judge {
    /// With these prices and nothing learned.
    #[must_use]
    pub fn new(book: PriceBook) -> Self {
        Self { book, learned: Remembered::new(LEARNED) }
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
        let headers: Vec<(&str, &str)> = call.headers().collect();
        let learned = self.learn(call);
        Verdict {
            error: error(call, &headers),
            limits: rate_limits(call, &headers),
            priced: price(call, learned.as_deref(), &mut self.book),
        }
    }

    /// Notes which model answered under the name that was asked for; where none did (a failure), tells
    /// which one did before at the same endpoint.
    fn learn(&mut self, call: &LlmCall<'_>) -> Option<Arc<str>> {
        let asked = call.request_model?;
        let key = FixedState::default().hash_one((call.provider, call.server_address, asked));
        match call.routed_model.or(call.response_model).filter(|answered| *answered != asked) {
            Some(answered) if !call.failed => {
                if self.learned.get(key).as_deref() != Some(answered) {
                    self.learned.insert(key, answered.into());
                }
                None
            }
            _ => self.learned.get(key),
        }
    }
}

fn price<'a>(call: &LlmCall<'_>, learned: Option<&str>, book: &'a mut PriceBook) -> Priced<'a> {
    let mut names = [""; 4];
    let candidates = learned.into_iter().chain(models(call));
    let count = names.iter_mut().zip(candidates).map(|(name, candidate)| *name = candidate).count();
    let mut units = Units::default();
    if call.web_searches > 0 {
        units.set("web_searches", Decimal::from(u64::from(call.web_searches)));
    }
    book.price(&Request {
        provider: if call.provider == "unknown" { "" } else { call.provider },
        server_address: call.server_address,
        models: &names[..count],
        at_unix_seconds: (call.start_unix_nano / 1_000_000_000) as i64,
        tokens: call.tokens.as_ref(),
        context: context(call),
        units,
        reported: call.reported_cost.and_then(Decimal::from_f64).map(Dollars::from),
    })
}

/// How the call was served. Anthropic calls a batch a service tier; the catalogue calls it a way of processing.
fn context<'a>(call: &LlmCall<'a>) -> Context<'a> {
    let batch = call.service_tier.filter(|tier| *tier == "batch");
    Context {
        service_tier: call.service_tier.filter(|_| batch.is_none()),
        processing: batch,
        speed: call.speed,
        ..Context::default()
    }
}

fn error(call: &LlmCall<'_>, headers: &[(&str, &str)]) -> ErrorVerdict {
    let finish_reasons: Vec<&str> = call.finish_reasons().collect();
    let texts = |kind| if call.failed { call.errors(kind).collect() } else { Vec::new() };
    classify(&ErrorEvidence {
        provider: call.provider,
        server_address: call.server_address,
        failed: call.failed,
        http_status: call.status_code,
        codes: &texts(ErrorTextKind::Code),
        types: &texts(ErrorTextKind::Type),
        messages: &texts(ErrorTextKind::Message),
        finish_reasons: &finish_reasons,
        headers,
    })
}

/// What a call told of rate limits.
#[must_use]
pub fn rate_limits_of(call: &LlmCall<'_>) -> Vec<RateLimit> {
    let headers: Vec<(&str, &str)> = call.headers().collect();
    rate_limits(call, &headers)
}

fn rate_limits(call: &LlmCall<'_>, headers: &[(&str, &str)]) -> Vec<RateLimit> {
    let messages: Vec<&str> =
        if call.failed { call.errors(ErrorTextKind::Message).collect() } else { Vec::new() };
    let mut found = Vec::new();
    if !headers.is_empty() || !messages.is_empty() {
        limits::read(
            &LimitEvidenceInput {
                provider: call.provider,
                server_address: call.server_address,
                end_unix_nano: call.end_unix_nano,
                headers,
                attributes: headers,
                hidden_params: "",
                messages: &messages,
                account: "",
                identity: call.account.unwrap_or(""),
            },
            &mut found,
        );
    }
    found
}
