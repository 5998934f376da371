//! The log line of each event: what happened, and what would be right.

use super::event::{Event, Listener};
use crate::aggregate::cardinality::{looks_secret, shown as name};
use crate::receive::{Outcome, ReceiveEvent, RequestEvent};

/// Events that have a log line. Counted events of every request have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Started,
    Listening,
    AcceptFailed,
    ConnectionRefused,
    RequestRefused,
    MalformedSpans,
    UnpricedCall,
    SeriesOverflow,
    LimitChanged,
    CatalogueLoaded,
    CatalogueRejected,
    ConfigLoaded,
    ConfigRejected,
    ConfigNeedsRestart,
    UnknownVariable,
    OpenToAll,
    GuardReloaded,
    GuardRejected,
    ShuttingDown,
    Stopped,
    SettledEarly,
    ImpossibleNumbers,
    EngineFailed,
    EngineStuck,
    PushFailed,
    UnreadSpans,
    NothingKept,
    Resumed,
    BegunAnew,
    SetAside,
    JournalFailed,
    JournalRecovered,
    Lingering,
}

impl Kind {
    pub(super) const ALL: [Self; 33] = [
        Self::Started,
        Self::Listening,
        Self::AcceptFailed,
        Self::ConnectionRefused,
        Self::RequestRefused,
        Self::MalformedSpans,
        Self::UnpricedCall,
        Self::SeriesOverflow,
        Self::LimitChanged,
        Self::CatalogueLoaded,
        Self::CatalogueRejected,
        Self::ConfigLoaded,
        Self::ConfigRejected,
        Self::ConfigNeedsRestart,
        Self::UnknownVariable,
        Self::OpenToAll,
        Self::GuardReloaded,
        Self::GuardRejected,
        Self::ShuttingDown,
        Self::Stopped,
        Self::SettledEarly,
        Self::ImpossibleNumbers,
        Self::EngineFailed,
        Self::EngineStuck,
        Self::PushFailed,
        Self::UnreadSpans,
        Self::NothingKept,
        Self::Resumed,
        Self::BegunAnew,
        Self::SetAside,
        Self::JournalFailed,
        Self::JournalRecovered,
        Self::Lingering,
    ];

    /// The value of the `event` label.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Listening => "listening",
            Self::AcceptFailed => "accept_failed",
            Self::ConnectionRefused => "connection_refused",
            Self::RequestRefused => "request_refused",
            Self::MalformedSpans => "malformed_spans",
            Self::UnpricedCall => "unpriced_call",
            Self::SeriesOverflow => "series_overflow",
            Self::LimitChanged => "limit_changed",
            Self::CatalogueLoaded => "catalogue_loaded",
            Self::CatalogueRejected => "catalogue_rejected",
            Self::ConfigLoaded => "config_loaded",
            Self::ConfigRejected => "config_rejected",
            Self::ConfigNeedsRestart => "config_needs_restart",
            Self::UnknownVariable => "unknown_variable",
            Self::OpenToAll => "open_to_all",
            Self::GuardReloaded => "guard_reloaded",
            Self::GuardRejected => "guard_rejected",
            Self::ShuttingDown => "shutting_down",
            Self::Stopped => "stopped",
            Self::SettledEarly => "settled_early",
            Self::ImpossibleNumbers => "impossible_numbers",
            Self::EngineFailed => "engine_failed",
            Self::EngineStuck => "engine_stuck",
            Self::PushFailed => "push_failed",
            Self::UnreadSpans => "unread_spans",
            Self::NothingKept => "nothing_kept",
            Self::Resumed => "resumed",
            Self::BegunAnew => "begun_anew",
            Self::SetAside => "set_aside",
            Self::JournalFailed => "journal_failed",
            Self::JournalRecovered => "journal_recovered",
            Self::Lingering => "lingering",
        }
    }
}

/// The kind of line that an event has, if any.
pub(super) const fn kind(event: &Event<'_>) -> Option<Kind> {
    match event {
        Event::Started { .. } => Some(Kind::Started),
        Event::Listening { .. } => Some(Kind::Listening),
        Event::AcceptFailed { .. } => Some(Kind::AcceptFailed),
        Event::Receive(event) => receive_kind(event),
        Event::MalformedSpans { .. } => Some(Kind::MalformedSpans),
        Event::UnpricedCall { .. } => Some(Kind::UnpricedCall),
        Event::SeriesOverflow { .. } => Some(Kind::SeriesOverflow),
        Event::LimitChanged { .. } => Some(Kind::LimitChanged),
        Event::CatalogueLoaded { .. } => Some(Kind::CatalogueLoaded),
        Event::CatalogueRejected { .. } => Some(Kind::CatalogueRejected),
        Event::ConfigLoaded { .. } => Some(Kind::ConfigLoaded),
        Event::ConfigRejected { .. } => Some(Kind::ConfigRejected),
        Event::ConfigNeedsRestart { .. } => Some(Kind::ConfigNeedsRestart),
        Event::UnknownVariable { .. } => Some(Kind::UnknownVariable),
        Event::OpenToAll { .. } => Some(Kind::OpenToAll),
        Event::GuardReloaded { .. } => Some(Kind::GuardReloaded),
        Event::GuardRejected { .. } => Some(Kind::GuardRejected),
        Event::ShuttingDown => Some(Kind::ShuttingDown),
        Event::Stopped => Some(Kind::Stopped),
        Event::Settled { outcome: super::SettleOutcome::Early, .. } => Some(Kind::SettledEarly),
        Event::ImpossibleNumbers { .. } => Some(Kind::ImpossibleNumbers),
        Event::EngineFailed { .. } => Some(Kind::EngineFailed),
        Event::EngineStuck { .. } => Some(Kind::EngineStuck),
        Event::Pushed { error: Some(_), .. } => Some(Kind::PushFailed),
        Event::UnreadSpans { .. } => Some(Kind::UnreadSpans),
        Event::NothingKept => Some(Kind::NothingKept),
        Event::Resumed { .. } => Some(Kind::Resumed),
        Event::BegunAnew { .. } => Some(Kind::BegunAnew),
        Event::SetAside { .. } => Some(Kind::SetAside),
        Event::JournalFailed { .. } => Some(Kind::JournalFailed),
        Event::JournalRecovered => Some(Kind::JournalRecovered),
        Event::Lingering { .. } => Some(Kind::Lingering),
        Event::Settled { .. }
        | Event::Advice { .. }
        | Event::SettleState { .. }
        | Event::EngineLag { .. }
        | Event::ConnectionOpened(_)
        | Event::ConnectionClosed(_)
        | Event::Spans { .. }
        | Event::StoreSize { .. }
        | Event::DroppedValues { .. }
        | Event::SampledSpans { .. }
        | Event::CertificateExpiry { .. }
        | Event::Decoded { .. }
        | Event::Queue { .. }
        | Event::QueueLimits { .. }
        | Event::LimitsDropped { .. }
        | Event::Pushed { error: None, .. }
        | Event::Scraped { .. } => None,
    }
}

const fn receive_kind(event: &ReceiveEvent) -> Option<Kind> {
    match event {
        ReceiveEvent::Request(RequestEvent { outcome: Outcome::Refused { .. }, .. }) => {
            Some(Kind::RequestRefused)
        }
        ReceiveEvent::ConnectionRefused { .. } => Some(Kind::ConnectionRefused),
        ReceiveEvent::AcceptFailed { .. } => Some(Kind::AcceptFailed),
        ReceiveEvent::Request(RequestEvent { outcome: Outcome::Accepted(_), .. })
        | ReceiveEvent::ConnectionOpened
        | ReceiveEvent::ConnectionClosed
        | ReceiveEvent::ConnectionEvicted
        | ReceiveEvent::HandshakeFailed
        | ReceiveEvent::ConnectionIdle => None,
    }
}

/// Text that may hold what a sender chose: hidden if it looks like a secret, cut if long.
fn shown(text: &str) -> &str {
    const LONGEST: usize = 512;
    if looks_secret(text) {
        return "(hidden: looks like a secret)";
    }
    let end = (0..=LONGEST.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    &text[..end]
}

/// At most twenty keys of a span. A sender can write anything into a key, too: each part is screened.
fn keys_shown(keys: &[Box<str>]) -> String {
    const MOST: usize = 20;
    const LONGEST: usize = 64;
    let one = |key: &str| {
        if looks_secret(key) || key.split(['.', '/', ':']).any(looks_secret) {
            return "other".to_owned();
        }
        name(key).chars().take(LONGEST).collect()
    };
    keys.iter().take(MOST).map(|key| one(key)).collect::<Vec<String>>().join(" ")
}

/// Writes the line.
#[expect(clippy::too_many_lines, reason = "one arm per event, to be read as a list")]
pub(super) fn write(event: &Event<'_>) {
    match event {
        Event::Started { version, .. } => tracing::info!(version, "tollgate starts"),
        Event::Listening { listener, address } => {
            tracing::info!(listener = listener.label(), address, "listening");
        }
        Event::AcceptFailed { listener, error } => accept_failed(*listener, error),
        Event::Receive(event) => write_receive(event),
        Event::MalformedSpans { reason, count } => {
            tracing::warn!(reason, spans = count, "left out spans that are not valid OTLP");
        }
        Event::UnpricedCall { provider, model } => {
            tracing::warn!(
                provider = &*name(provider),
                model = &*name(model),
                "no price for this model, so its calls cost nothing in the metrics; add one under `models` in the configuration, or an alias"
            );
        }
        Event::SeriesOverflow { limit } => {
            tracing::warn!(
                limit,
                "label tuples are used up, further ones are counted as `other`; remove a dimension, or raise `series.max`"
            );
        }
        Event::LimitChanged { provider, model, account, resource, window, old, new } => {
            tracing::info!(
                provider = &*name(provider),
                model = &*name(model),
                account,
                resource,
                window,
                old,
                new,
                "a provider changed a rate limit"
            );
        }
        Event::CatalogueLoaded { date, source, models, .. } => {
            tracing::info!(date, source, models, "price catalogue in use");
        }
        Event::CatalogueRejected { error } => {
            tracing::error!(error = shown(error), "price catalogue refused, the one before stays in use");
        }
        Event::OpenToAll { key, address } => tracing::warn!(
            key,
            address,
            "open to everybody who reaches it: set `tokens_file` or `tls.client_ca` below this key, or listen on loopback"
        ),
        Event::GuardReloaded { key } => tracing::info!(key, "certificates and tokens read again"),
        Event::GuardRejected { key, error } => {
            tracing::error!(
                key,
                error = shown(error),
                "certificate or tokens refused, those before stay in use"
            );
        }
        Event::ConfigLoaded { reload, .. } => tracing::info!(reload, "configuration in use"),
        Event::ConfigRejected { error } => {
            tracing::error!(error = shown(error), "configuration refused, the one before stays in use");
        }
        Event::ConfigNeedsRestart { keys } => {
            tracing::warn!(keys, "changed in the configuration and take effect only after a restart");
        }
        Event::UnknownVariable { variable, right } => {
            tracing::warn!(
                variable,
                meant = right,
                "this environment variable means nothing; is it a slip of the pen?"
            );
        }
        Event::ShuttingDown => tracing::info!("shutting down: no more requests, counting what was taken"),
        Event::Stopped => {
            let totals = super::totals();
            tracing::info!(
                requests = totals.accepted_requests,
                calls = totals.spans[super::SpanResult::Call as usize],
                "stopped, everything is counted"
            );
        }
        Event::Settled { outcome, count, service, scope } => {
            tracing::warn!(
                outcome = outcome.label(),
                spans = count,
                service = %name(service),
                scope = %name(scope),
                "settled spans before their time; calls may lack what others tell of them. Raise settle_max_bytes, or look at traces of more than 512 spans that wait"
            );
        }
        Event::ImpossibleNumbers { service, scope, what } => {
            tracing::warn!(
                service = %name(service),
                scope = %name(scope),
                what,
                "a call states what cannot be; it is counted as unknown: more than 1e9 tokens, more than 7 days, an end before its start, or no time at all"
            );
        }
        Event::EngineFailed { cause, requests } => {
            tracing::error!(
                cause = shown(cause),
                requests,
                "the engine failed, and Tollgate ends; `requests` were accepted and are not counted; this is a fault of Tollgate, please report it"
            );
        }
        Event::EngineStuck { seconds, requests } => {
            tracing::error!(
                seconds,
                requests,
                "the engine did not finish its work, and Tollgate ends without it; `requests` were accepted and are not counted"
            );
        }
        Event::Pushed { target, error: Some(error) } => {
            tracing::warn!(
                target,
                error = shown(error),
                "metrics were not taken; the next push contains them"
            );
        }
        Event::UnreadSpans { scope, reason, count, keys } => {
            tracing::warn!(
                scope = &*name(scope),
                reason = reason.label(),
                spans = count,
                keys = keys_shown(keys),
                "spans look like LLM calls and are not read, so they are not counted; `tollgate doctor` says what to do"
            );
        }
        Event::NothingKept => tracing::info!(
            "no data_dir is set: a restart begins every counter at 0, and loses what waits and what was counted since the last scrape"
        ),
        Event::Resumed { call_series, remembered, batches, seconds } => {
            tracing::info!(
                call_series,
                remembered,
                batches,
                seconds,
                "read data_dir, going on where it ends"
            );
        }
        Event::BegunAnew { why } => tracing::warn!(
            why,
            "data_dir may be older than what was shown, so every series begins anew at 0; what was counted before is in Prometheus"
        ),
        Event::SetAside { words } => tracing::error!(file = words, "a file of data_dir is damaged"),
        Event::JournalFailed { reason, words } => tracing::error!(
            reason,
            error = words,
            "cannot keep what comes, so requests are answered UNAVAILABLE until it can be kept again; scrapes go on"
        ),
        Event::Lingering { seconds } => tracing::info!(
            at_most_seconds = seconds,
            "everything is counted; /metrics stays until every regular scraper has read it. A second signal ends that"
        ),
        Event::JournalRecovered => tracing::info!("what comes is kept again"),
        Event::SettleState { .. }
        | Event::Advice { .. }
        | Event::EngineLag { .. }
        | Event::ConnectionOpened(_)
        | Event::ConnectionClosed(_)
        | Event::Spans { .. }
        | Event::StoreSize { .. }
        | Event::DroppedValues { .. }
        | Event::SampledSpans { .. }
        | Event::CertificateExpiry { .. }
        | Event::Decoded { .. }
        | Event::Queue { .. }
        | Event::QueueLimits { .. }
        | Event::LimitsDropped { .. }
        | Event::Pushed { error: None, .. }
        | Event::Scraped { .. } => {}
    }
}

fn write_receive(event: &ReceiveEvent) {
    match event {
        ReceiveEvent::Request(request) => {
            if let Outcome::Refused { reason, message } = &request.outcome {
                let (transport, reason) = (request.transport.label(), reason.label());
                tracing::warn!(transport, reason, detail = shown(message), "refused a request");
            }
        }
        ReceiveEvent::ConnectionRefused { peer } => {
            tracing::warn!(
                %peer,
                "refused a connection: as many as allowed are open"
            );
        }
        ReceiveEvent::AcceptFailed { message } => accept_failed(Listener::Otlp, message),
        ReceiveEvent::ConnectionOpened
        | ReceiveEvent::ConnectionClosed
        | ReceiveEvent::ConnectionEvicted
        | ReceiveEvent::HandshakeFailed
        | ReceiveEvent::ConnectionIdle => {}
    }
}

fn accept_failed(listener: Listener, error: &str) {
    tracing::warn!(
        listener = listener.label(),
        error,
        "could not accept a connection; if this is \"too many open files\", raise the limit (ulimit -n)"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guarantees: no key that holds a secret or a text is shown, none is long, and no more than twenty.
    #[test]
    fn keys_are_screened_and_cut() {
        let keys = |keys: &[&str]| keys_shown(&keys.iter().map(|&key| key.into()).collect::<Vec<Box<str>>>());
        assert_eq!(keys(&["acme.model", "acme.prompt_tokens"]), "acme.model acme.prompt_tokens");
        assert_eq!(keys(&["acme.sk-proj-4fT9xQ2mZp7LwV8kR3nB6yHs.cost"]), "other");
        assert_eq!(keys(&["say what Aldebaran Holdings pays for the merger and model"]), "other");
        assert_eq!(keys(&[&"k".repeat(100)]).len(), 64);
        assert_eq!(keys(&["a.model"; 30]).split(' ').count(), 20);
    }
}
