//! What can go wrong on request: `tollgate demo --failing quota-exhausted`.
//!
//! In: an ordinary call. Out: the same call as it would have gone in the trouble. One row a scenario; each can
//! trip the alert that its row names.

use clap::ValueEnum;

use super::call::{Call, Usage};
use super::failures::failure_of;
use super::random::Random;
use super::traffic::{DEAREST, UNPRICED};
use crate::call::ErrorClass;

/// A trouble to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// OpenAI's credits are used up: every call to it fails
    QuotaExhausted,
    /// Most calls to OpenAI and Anthropic get a 429, their limits read full
    RateLimitStorm,
    /// The limits of OpenAI and Anthropic fill within a minute, and stay at 97 %
    LimitsFull,
    /// Anthropic answers 529 to half of the calls
    Overloaded,
    /// The key of OpenAI was revoked
    Authentication,
    /// Azure refuses access
    Permission,
    /// gpt-5-mini is gone
    ModelNotFound,
    /// Every fifth call of every provider fails with a server error
    ServerErrors,
    /// Every fifth call of every provider times out
    Timeouts,
    /// Every tenth call is refused by the safety system
    ContentFilter,
    /// Answers take eight times as long
    Slow,
    /// The first token takes six times as long
    SlowFirstToken,
    /// Calls of ten seconds and more that do not stream
    NotStreaming,
    /// Prompts grow beyond 80,000 and 100,000 tokens, some beyond what the model takes
    Context,
    /// A runaway loop: calls of twelve dollars
    CostSpike,
    /// One user spends a dollar a second
    ExpensiveUser,
    /// Every call costs ten times as much as usual
    SpendRate,
    /// The cache is never hit
    CacheLost,
    /// Half of the calls need two or three attempts
    RetryStorm,
    /// Half of the calls go to a model without a price
    Unpriced,
    /// Half of the calls do not tell their tokens
    NoUsage,
    /// support-bot sends nothing any more
    Silence,
    /// Each call comes from a service of a new name
    SeriesOverflow,
}

/// The service that falls silent.
pub(super) const SILENT_SERVICE: &str = "support-bot";

impl Scenario {
    /// Changes a call; `None` when it does not happen at all. `seconds` since the trouble began.
    pub(super) fn befall(self, mut call: Call, seconds: f64, random: &mut Random) -> Option<Call> {
        let provider = call.model.provider;
        let pooled = matches!(provider, "openai" | "anthropic");
        match self {
            Self::QuotaExhausted => fail(&mut call, provider == "openai", ErrorClass::QuotaExhausted),
            Self::RateLimitStorm => {
                call.fill = if pooled { 1.0 } else { call.fill };
                fail(&mut call, pooled && random.chance(0.6), ErrorClass::RateLimit);
            }
            Self::LimitsFull if pooled => call.fill = (call.fill + seconds / 60.0).min(0.97),
            Self::Overloaded => {
                fail(&mut call, provider == "anthropic" && random.chance(0.5), ErrorClass::Overloaded);
            }
            Self::Authentication => fail(&mut call, provider == "openai", ErrorClass::Authentication),
            Self::Permission => fail(&mut call, provider == "azure.ai.openai", ErrorClass::Permission),
            Self::ModelNotFound => {
                let gone = call.model.request == "gpt-5-mini";
                fail(&mut call, gone, ErrorClass::ModelNotFound);
            }
            Self::ServerErrors => fail(&mut call, random.chance(0.2), ErrorClass::ServerError),
            Self::Timeouts => fail(&mut call, random.chance(0.2), ErrorClass::Timeout),
            Self::ContentFilter => fail(&mut call, random.chance(0.1), ErrorClass::ContentFilter),
            Self::Slow => call.duration_seconds = call.duration_seconds * 8.0 + 12.0,
            Self::SlowFirstToken => delay_first_token(&mut call),
            Self::NotStreaming => stop_streaming(&mut call, random),
            Self::Context => grow_context(&mut call, seconds, random),
            Self::CostSpike => runaway(&mut call, random),
            Self::ExpensiveUser => spend(&mut call, random),
            Self::SpendRate => scale(&mut call, 10),
            Self::CacheLost => lose_cache(&mut call),
            Self::RetryStorm if random.chance(0.5) => call.retries = 1 + random.count(1.4, 0.3).min(2),
            Self::Unpriced if random.chance(0.5) => call.model = UNPRICED,
            Self::NoUsage if random.chance(0.5) => call.usage = None,
            Self::Silence if call.service.name == SILENT_SERVICE => return None,
            Self::SeriesOverflow => call.service_name = format!("worker-{:08x}", random.bits() >> 32),
            Self::LimitsFull | Self::RetryStorm | Self::Unpriced | Self::NoUsage | Self::Silence => {}
        }
        Some(call)
    }
}

fn fail(call: &mut Call, happens: bool, class: ErrorClass) {
    if happens {
        call.failure = failure_of(call.model.provider, class);
        call.usage = None;
    }
}

fn delay_first_token(call: &mut Call) {
    if let Some(first) = &mut call.first_token_seconds {
        call.duration_seconds += *first * 5.0;
        *first *= 6.0;
    }
}

fn stop_streaming(call: &mut Call, random: &mut Random) {
    if call.operation == "chat" {
        call.first_token_seconds = None;
        call.streaming = false;
        call.duration_seconds = random.around(14.0, 0.1);
    }
}

fn grow_context(call: &mut Call, seconds: f64, random: &mut Random) {
    if call.operation != "chat" || !random.chance(0.2) {
        return;
    }
    fail(call, random.chance(0.1), ErrorClass::ContextLength);
    if let Some(usage) = &mut call.usage {
        usage.input = random.count((70_000.0 + seconds * 100.0).min(118_000.0), 0.03);
    }
}

fn runaway(call: &mut Call, random: &mut Random) {
    if call.service.name == "research-agent" && random.chance(0.3) {
        call.become_dearest();
    }
}

fn spend(call: &mut Call, random: &mut Random) {
    if call.service.name == SILENT_SERVICE && !call.service.users.is_empty() {
        call.model = DEAREST;
        call.user = Some("u-1046");
        call.usage = Some(Usage { input: random.count(30_000.0, 0.1), output: 4_000, ..Usage::default() });
    }
}

fn scale(call: &mut Call, factor: u64) {
    if let Some(usage) = &mut call.usage {
        usage.input *= factor;
        usage.cache_read *= factor;
        usage.output *= factor;
        usage.reasoning *= factor;
    }
}

fn lose_cache(call: &mut Call) {
    if let Some(usage) = &mut call.usage {
        usage.input += usage.cache_read + usage.cache_write;
        usage.cache_read = 0;
        usage.cache_write = 0;
    }
}
