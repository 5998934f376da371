//! What a call cost, why it failed and which limits it told of: the verdict on one [`LlmCall`].
//!
//! In: a call. Out: a [`Verdict`]. It asks `price`, `classify` and `limits`, which know nothing of spans;
//! both `explain` and the server use it, so that they cannot disagree.

use crate::call::{ErrorClass, PriceSource, RateLimit};
use crate::classify::{ErrorEvidence, ErrorVerdict, classify};
use crate::facts::ErrorTextKind;
use crate::limits::{self, LimitEvidenceInput};
use crate::price::{Context, Decimal, Dollars, PriceBook, Priced, Request, Units};
use crate::settle::LlmCall;

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

/// Judges a call.
pub fn judge<'a>(call: &LlmCall<'_>, book: &'a mut PriceBook) -> Verdict<'a> {
    let headers: Vec<(&str, &str)> = call.headers().collect();
    let error = error(call, &headers);
    let limits = rate_limits(call, &headers);
    Verdict { priced: price(call, book), error, limits }
}

fn price<'a>(call: &LlmCall<'_>, book: &'a mut PriceBook) -> Priced<'a> {
    let candidates: Vec<&str> = models(call).collect();
    let mut units = Units::default();
    if call.web_searches > 0 {
        units.set("web_searches", Decimal::from(u64::from(call.web_searches)));
    }
    book.price(&Request {
        provider: if call.provider == "unknown" { "" } else { call.provider },
        server_address: call.server_address,
        models: &candidates,
        at_unix_seconds: (call.start_unix_nano / 1_000_000_000) as i64,
        tokens: call.tokens.as_ref(),
        context: Context { service_tier: call.service_tier, ..Context::default() },
        units,
        reported: call.reported_cost.and_then(Decimal::from_f64).map(Dollars::from),
    })
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

/// The class to count a call under.
#[must_use]
pub const fn class(error: &ErrorVerdict) -> ErrorClass {
    error.class
}
