//! The rows of the metric catalogue, in the order in which they are exposed.

use super::{
    CallMetric, Family, LedgerMetric, LimitMetric, Metric, MetricType, MetricType::Counter,
    MetricType::Gauge, MetricType::Histogram, ReceiverMetric, TableMetric, Unit,
};

/// Seconds of a whole call: from a cached embedding to a long reasoning run; 10 s and 30 s are the
/// thresholds of the shipped alerts, 600 s the default time-out of the `OpenAI` and Anthropic SDKs.
pub const DURATION_EDGES: [f64; 20] = [
    0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0,
    300.0, 600.0,
];
/// Seconds to the first token.
pub const FIRST_TOKEN_EDGES: [f64; 16] =
    [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0, 20.0, 30.0, 60.0];
/// Seconds per output token: 1,000 down to 1 token a second.
pub const PER_TOKEN_EDGES: [f64; 16] =
    [0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0];
/// Prompt tokens: price tiers begin at 128k, 200k and 272k, answers slow down from about 100k on.
pub const INPUT_TOKEN_EDGES: [f64; 17] =
    [100.0, 500.0, 1e3, 2e3, 4e3, 8e3, 16e3, 32e3, 50e3, 80e3, 100e3, 128e3, 200e3, 272e3, 400e3, 1e6, 2e6];
/// Dollars of one call: from an embedding to a runaway agent.
pub const COST_EDGES: [f64; 18] = [
    1e-5, 1e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 50.0, 100.0,
];
/// Seconds of a whole call, coarser, because it is split by prompt size.
pub const BY_INPUT_EDGES: [f64; 10] = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0];
/// Seconds of decoding one request.
const DECODE_EDGES: [f64; 10] = [1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 5e-3, 0.01, 0.05, 0.1, 0.5];
/// Seconds of one export request, a slow sender included.
const REQUEST_EDGES: [f64; 10] = [1e-4, 5e-4, 1e-3, 5e-3, 0.01, 0.05, 0.1, 0.5, 1.0, 10.0];
/// Seconds of rendering one scrape.
const SCRAPE_EDGES: [f64; 10] = [1e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

type Labels = &'static [(&'static str, &'static str)];
const NONE: Labels = &[];
const ERROR_CLASS: (&str, &str) = ("error_class", "closed set of the contract; `none` = success");
const TOKEN_TYPE: (&str, &str) =
    ("type", "input, input_audio, …, cache_read, cache_write, output, reasoning");

const fn call(
    metric: CallMetric,
    name: &'static str,
    metric_type: MetricType,
    unit: Unit,
    further_labels: Labels,
    edges: &'static [f64],
    help: &'static str,
) -> Family {
    Family { metric: Metric::Call(metric), name, metric_type, unit, help, further_labels, edges }
}

const fn limit(metric: LimitMetric, name: &'static str, unit: Unit, help: &'static str) -> Family {
    let metric = Metric::Limit(metric);
    Family { metric, name, metric_type: Gauge, unit, help, further_labels: NONE, edges: &[] }
}

const fn ledger(
    metric: LedgerMetric,
    name: &'static str,
    unit: Unit,
    further_labels: Labels,
    help: &'static str,
) -> Family {
    let metric_type = match metric {
        LedgerMetric::AttributionMissing => Counter,
        _ => Gauge,
    };
    Family { metric: Metric::Ledger(metric), name, metric_type, unit, help, further_labels, edges: &[] }
}

const fn table(
    metric: TableMetric,
    name: &'static str,
    metric_type: MetricType,
    further_labels: Labels,
    help: &'static str,
) -> Family {
    let metric = Metric::Table(metric);
    Family { metric, name, metric_type, unit: Unit::None, help, further_labels, edges: &[] }
}

const fn own(
    metric: ReceiverMetric,
    name: &'static str,
    metric_type: MetricType,
    unit: Unit,
    further_labels: Labels,
    help: &'static str,
) -> Family {
    let metric = Metric::Receiver(metric);
    Family { metric, name, metric_type, unit, help, further_labels, edges: &[] }
}

const fn own_seconds(
    metric: ReceiverMetric,
    name: &'static str,
    further_labels: Labels,
    edges: &'static [f64],
    help: &'static str,
) -> Family {
    let metric = Metric::Receiver(metric);
    Family { metric, name, metric_type: Histogram, unit: Unit::Seconds, help, further_labels, edges }
}
const SPEND: Labels = &[
    ("environment", "deployment environment"),
    ("provider", "the convention's name"),
    ("team", "team, while attribution.team is on; empty where nothing tells; at most 200"),
];
const BUDGET: Labels = &[
    ("budget", "its name"),
    ("period", "day, week, month, rolling_24h"),
    ("unit", "usd, tokens, calls"),
    ("owner", "only with `label: true`: the 20 fullest of a `per` budget"),
    ("environment", "only of a budget that is for one"),
];

/// Every family, in the order in which it is exposed.
#[rustfmt::skip]
pub const FAMILIES: &[Family] = &[
    call(CallMetric::Requests, "llm_requests_total", Counter, Unit::None, &[ERROR_CLASS], &[],
        "LLM calls, failed ones included. Every error_class is there from the first call of its labels. A new series reads 0 until every regular scraper has read that, so that increase() counts its first call."),
    call(CallMetric::Duration, "llm_request_duration_seconds", Histogram, Unit::Seconds, &[("outcome", "ok, error")], &DURATION_EDGES,
        "Time from the start to the end of a call."),
    call(CallMetric::TimeToFirstToken, "llm_time_to_first_token_seconds", Histogram, Unit::Seconds, NONE, &FIRST_TOKEN_EDGES,
        "Time from the start of a streaming call to its first token, where the spans tell."),
    call(CallMetric::TimePerOutputToken, "llm_time_per_output_token_seconds", Histogram, Unit::Seconds, NONE, &PER_TOKEN_EDGES,
        "Time per output token after the first, of streaming calls: (end - first token) / (output tokens - 1)."),
    call(CallMetric::DurationByInput, "llm_request_duration_by_input_seconds", Histogram, Unit::Seconds,
        &[("input_size", "0-8k, 8k-32k, 32k-80k, 80k-100k, 100k-200k, 200k+")], &BY_INPUT_EDGES,
        "Time of successful calls by the size of the whole prompt in tokens: where long context begins to hurt."),
    call(CallMetric::Errors, "llm_errors_total", Counter, Unit::None,
        &[ERROR_CLASS, ("error_code", "the provider's code, a bounded set"), ("status_code", "the HTTP status, empty if not told")], &[],
        "Failed calls by cause."),
    call(CallMetric::RetryableErrors, "llm_retryable_errors_total", Counter, Unit::None, &[("retryable", "true, false, unknown")], &[],
        "Failed calls by whether the same request can succeed later."),
    call(CallMetric::ErrorCost, "llm_error_cost_usd_total", Counter, Unit::Usd, &[ERROR_CLASS], &[],
        "Dollars spent on calls that failed. Part of llm_cost_usd_total."),
    call(CallMetric::Retries, "llm_retries_total", Counter, Unit::None, NONE, &[],
        "Attempts hidden inside a call (without an LLM span of their own), where its spans tell."),
    call(CallMetric::Streaming, "llm_streaming_requests_total", Counter, Unit::None,
        &[("streaming", "true, false, unknown"), ("over_10s", "true, false")], &[],
        "Successful calls by whether the answer came as a stream and whether it took longer than 10 seconds."),
    call(CallMetric::Tokens, "llm_tokens_total", Counter, Unit::Tokens, &[TOKEN_TYPE], &[],
        "Tokens billed, by kind. The kinds are a partition: their sum is what the provider bills."),
    call(CallMetric::InputTokens, "llm_request_input_tokens", Histogram, Unit::Tokens, NONE, &INPUT_TOKEN_EDGES,
        "Tokens of the whole prompt of a call, cached or not."),
    call(CallMetric::WithoutUsage, "llm_requests_without_usage_total", Counter, Unit::None, NONE, &[],
        "Calls whose tokens are unknown: neither their tokens nor their dollars are counted anywhere."),
    call(CallMetric::SuspiciousUsage, "llm_suspicious_usage_total", Counter, Unit::None, &[("reason", "a closed set")], &[],
        "Calls whose stated tokens cannot belong to the text on the span, or whose numbers cannot be: a counting bug of the client."),
    call(CallMetric::EstimatedTokens, "llm_estimated_tokens_total", Counter, Unit::Tokens, &[TOKEN_TYPE], &[],
        "Tokens estimated from text where none were stated (off by default). Never part of llm_tokens_total."),
    call(CallMetric::SampledRequests, "llm_estimated_requests_total", Counter, Unit::None, &[ERROR_CLASS], &[],
        "With `sampling: estimate`: calls that there were, where each that came stands for as many as its span says (itself, where it says nothing). Never part of llm_requests_total."),
    call(CallMetric::SampledTokens, "llm_estimated_request_tokens_total", Counter, Unit::Tokens, &[TOKEN_TYPE], &[],
        "With `sampling: estimate`: tokens that there were, by kind, weighted likewise. Never part of llm_tokens_total."),
    call(CallMetric::SampledCost, "llm_estimated_request_cost_usd_total", Counter, Unit::Usd, &[("type", "as llm_cost_usd_total")], &[],
        "With `sampling: estimate`: dollars that there were, by kind of token, weighted likewise. Never part of llm_cost_usd_total, the ledger or budgets."),
    call(CallMetric::Cost, "llm_cost_usd_total", Counter, Unit::Usd, &[("type", "as llm_tokens_total, and `request` for per-request and tool fees")], &[],
        "Dollars spent, by kind of token."),
    call(CallMetric::RequestCost, "llm_request_cost_usd", Histogram, Unit::Usd, NONE, &COST_EDGES,
        "Dollars of one call. Its exemplars lead to the dearest calls."),
    call(CallMetric::CacheSavings, "llm_cache_savings_usd_total", Counter, Unit::Usd, NONE, &[],
        "Dollars that cached prompt tokens would have cost more as fresh ones."),
    call(CallMetric::ReportedCost, "llm_reported_cost_usd_total", Counter, Unit::Usd, NONE, &[],
        "Dollars that the instrumentation itself wrote on the spans, for comparison; not part of llm_cost_usd_total unless price_source is `reported`."),
    call(CallMetric::ReportedForeign, "llm_reported_cost_total", Counter, Unit::None, &[("currency", "ISO 4217 code, or other")], &[],
        "Costs that the instrumentation itself wrote in another currency than dollars, where `prices.currencies` has no rate. In no other family."),
    call(CallMetric::Priced, "llm_priced_requests_total", Counter, Unit::None, &[("price_source", "catalogue, configured, reported, unpriced, unknown_usage")], &[],
        "Calls by where their price came from. `unpriced` means that llm_cost_usd_total is too low."),

    limit(LimitMetric::Limit, "llm_rate_limit_limit", Unit::None, "Ceiling of a rate limit, in units of `resource` per `window`."),
    limit(LimitMetric::Remaining, "llm_rate_limit_remaining", Unit::None, "What is left of a rate limit, at the time of the scrape. Absent when not known or too old."),
    limit(LimitMetric::UsedRatio, "llm_rate_limit_used_ratio", Unit::Ratio, "Used part of a rate limit, at the time of the scrape; above 1 when over it."),
    limit(LimitMetric::PeakUsedRatio, "llm_rate_limit_peak_used_ratio", Unit::Ratio, "Highest used part of a rate limit in the last 2 minutes."),
    limit(LimitMetric::ResetSeconds, "llm_rate_limit_reset_seconds", Unit::Seconds, "Time until the rate limit is refilled."),
    limit(LimitMetric::ExhaustionSeconds, "llm_rate_limit_exhaustion_seconds", Unit::Seconds,
        "Time until the rate limit is used up at the net pace of the last two minutes. Absent while it does not fall, or when a window of hours or days refills first."),

    own(ReceiverMetric::Spans, "tollgate_spans_total", Counter, Unit::None, &[("result", "call, duplicate, aggregate, not_a_call, malformed")],
        "Spans received, by what became of them."),
    own(ReceiverMetric::MalformedSpans, "tollgate_malformed_spans_total", Counter, Unit::None, &[("reason", "what is not valid OTLP, a closed set; of several in a request the last one's")],
        "Spans left out because they are not valid OTLP; the rest of their request was kept."),
    own(ReceiverMetric::DroppedValues, "tollgate_dropped_values_total", Counter, Unit::None, &[("reason", "what is not valid OTLP, a closed set; of several in a request the last one's")],
        "Texts, attributes and events left out because they are not valid; what is around them was kept. Of a text that was cut within a character, only that character."),
    own(ReceiverMetric::Requests, "tollgate_requests_total", Counter, Unit::None,
        &[("transport", "grpc, http"), ("encoding", "protobuf, json, unknown"), ("result", "accepted, partial, refused")],
        "Export requests, by what they are and the answer; partial = taken without some malformed spans."),
    own_seconds(ReceiverMetric::RequestDuration, "tollgate_request_duration_seconds", &[("transport", "grpc, http")], &REQUEST_EDGES,
        "Time from the head of an export request to its answer."),
    own(ReceiverMetric::RefusedRequests, "tollgate_refused_requests_total", Counter, Unit::None,
        &[("reason", "malformed, too_large, inflated_too_large, queue_full, shutting_down, unsupported_media_type, unsupported_encoding, wrong_signal, wrong_path, wrong_method, timeout, disconnected, unauthenticated, internal, not_kept")],
        "Export requests refused, by reason."),
    own(ReceiverMetric::WireBytes, "tollgate_request_wire_bytes_total", Counter, Unit::Bytes, &[("transport", "grpc, http")],
        "Bytes of request bodies as they arrived."),
    own(ReceiverMetric::BodyBytes, "tollgate_request_body_bytes_total", Counter, Unit::Bytes, &[("transport", "grpc, http")],
        "Bytes of request bodies after inflating."),
    own(ReceiverMetric::Connections, "tollgate_connections", Gauge, Unit::None, &[("listener", "otlp, metrics")],
        "Open connections."),
    own(ReceiverMetric::ClosedConnections, "tollgate_closed_connections_total", Counter, Unit::None,
        &[("reason", "too_many, idle, evicted, handshake")],
        "Connections of senders that Tollgate closed: too_many = at once, because as many as allowed were open; idle = no request came in time; evicted = it was silent for longest when one more came; handshake = TLS failed."),
    own(ReceiverMetric::QueueRequests, "tollgate_queue_requests", Gauge, Unit::None, NONE,
        "Accepted requests that wait to be counted."),
    own(ReceiverMetric::QueueLimitRequests, "tollgate_queue_limit_requests", Gauge, Unit::None, NONE,
        "Requests that may wait before new ones are refused."),
    own(ReceiverMetric::QueueBytes, "tollgate_queue_bytes", Gauge, Unit::Bytes, NONE,
        "Bytes of accepted requests that wait to be counted."),
    own(ReceiverMetric::QueueLimitBytes, "tollgate_queue_limit_bytes", Gauge, Unit::Bytes, NONE,
        "Bytes that may wait before new requests are refused."),
    own(ReceiverMetric::EngineLag, "tollgate_engine_lag_seconds", Gauge, Unit::Seconds, NONE,
        "Time since the engine finished its last turn. It takes ten a second when all is well; above 5 s Tollgate is not ready, above 60 s not healthy."),
    own_seconds(ReceiverMetric::Decode, "tollgate_decode_duration_seconds", NONE, &DECODE_EDGES,
        "Time to decode and recognise the spans of one request."),
    own(ReceiverMetric::SettleSpans, "tollgate_settle_spans_total", Counter, Unit::None, &[("outcome", "early, late, forgotten")],
        "Spans settled out of the ordinary: early = before their time because memory was full; late = told of a call already counted; forgotten = what is known of a counted call was dropped because memory was full."),
    own(ReceiverMetric::SettleHeldSpans, "tollgate_settle_held_spans", Gauge, Unit::None, NONE,
        "Spans held until another can no longer explain them."),
    own(ReceiverMetric::SettleHeldBytes, "tollgate_settle_held_bytes", Gauge, Unit::Bytes, NONE,
        "Memory of held spans and remembered calls."),
    own(ReceiverMetric::SettleReach, "tollgate_settle_reach_seconds", Gauge, Unit::Seconds, NONE,
        "How far back every span that is sent again is recognised. Below tollgate_settle_remember_seconds the memory is too small."),
    own(ReceiverMetric::SettleRemember, "tollgate_settle_remember_seconds", Gauge, Unit::Seconds, NONE,
        "How far back it should be: settle_remember_seconds."),
    own(ReceiverMetric::UnpricedCalls, "tollgate_unpriced_calls_total", Counter, Unit::None, NONE,
        "Calls with tokens but without a price; llm_priced_requests_total{price_source=\"unpriced\"} names the models."),
    own(ReceiverMetric::UnreadSpans, "tollgate_unread_spans_total", Counter, Unit::None, &[("scope", "who wrote them, at most 200, then `other`"), ("reason", "host, keys, marker")],
        "Spans that look like LLM traffic and were not read, so they are not counted: by a provider's host, by keys of tokens and models, by a marker. The log names their keys."),
    own(ReceiverMetric::SampledSpans, "tollgate_sampled_spans_total", Counter, Unit::None, NONE,
        "Spans of calls whose `tracestate` says that not all traces are kept (`ot=th`): what was not kept is counted nowhere."),
    own(ReceiverMetric::AdviceCalls, "tollgate_advice_calls_total", Counter, Unit::None,
        &[("service_name", "as on calls"), ("scope", "who wrote their spans"), ("advice", "http_only, stream_without_usage, no_usage, no_price, no_service_name, no_limit_headers, estimated_usage, maybe_sampled, sampled, accumulated_usage, truncated_values, wrong_version, hidden_host")],
        "Calls that could say more, by what they lack; `tollgate doctor` says what that costs and the line to set. At most 500 label tuples, then `other`."),
    own(ReceiverMetric::LimitChanges, "tollgate_rate_limit_changes_total", Counter, Unit::None, &[("direction", "raised, lowered")],
        "Changes of a ceiling that a provider enforces; the log tells old and new."),
    own(ReceiverMetric::DroppedLimits, "tollgate_dropped_rate_limits_total", Counter, Unit::None, &[("source", "header, configured")],
        "Rate limits of calls that found no room: as many as `limits.max_entries` were kept."),
    own(ReceiverMetric::JournalErrors, "tollgate_journal_errors_total", Counter, Unit::None, &[("reason", "full, low_space, max_bytes, io, damaged, other")],
        "Times that something could not be kept in `data_dir`. Until it can, requests are answered UNAVAILABLE."),
    own(ReceiverMetric::DataBytes, "tollgate_data_bytes", Gauge, Unit::Bytes, NONE,
        "Bytes of the files in `data_dir`; at most `data_max_bytes`."),

    ledger(LedgerMetric::Day, "llm_spend_day_usd", Unit::Usd, SPEND,
        "Dollars of today, in ledger.time_zone, from the ledger. It begins anew each day."),
    ledger(LedgerMetric::Month, "llm_spend_month_usd", Unit::Usd, SPEND,
        "Dollars of this month, in ledger.time_zone, from the ledger, as far back as it knows."),
    ledger(LedgerMetric::Forecast, "llm_spend_month_forecast_usd", Unit::Usd, SPEND,
        "Dollars that this month will have cost: by the mean of each weekday from 14 whole days on, by a straight line before. Absent below 3 days or $10."),
    ledger(LedgerMetric::BudgetLimit, "llm_budget_limit", Unit::None, BUDGET,
        "How much of its unit a budget allows in its period."),
    ledger(LedgerMetric::BudgetSpent, "llm_budget_spent", Unit::None, BUDGET,
        "How much of it is spent."),
    ledger(LedgerMetric::BudgetUsedRatio, "llm_budget_used_ratio", Unit::Ratio, BUDGET,
        "Used part of a budget; above 1 when it is overdrawn."),
    ledger(LedgerMetric::BudgetForecastRatio, "llm_budget_forecast_ratio", Unit::Ratio, BUDGET,
        "Part that will be used at the end of the period, by a straight line. Absent while less than a twentieth of it has passed, and for rolling ones."),
    ledger(LedgerMetric::BudgetOver, "llm_budget_over", Unit::None, &[("budget", "its name"), ("step", "a warn step, 0.8")],
        "How many owners of a `per` budget have used at least this part of it."),
    ledger(LedgerMetric::AttributionMissing, "tollgate_attribution_missing_total", Unit::None, &[("key", "team, user, feature, …")],
        "Calls that nothing put down to this owner: neither their spans, nor the resource, nor the spans above that came in time."),
    ledger(LedgerMetric::Rows, "tollgate_ledger_rows", Unit::None, NONE,
        "Rows of the ledger in memory; at most ledger.max_rows."),
    table(TableMetric::CallSeries, "tollgate_call_series", Gauge, NONE, "Distinct label tuples of calls that are kept."),
    table(TableMetric::CallSeriesLimit, "tollgate_call_series_limit", Gauge, NONE, "Label tuples that may be kept; calls beyond go to one tuple whose labels are all `other`."),
    table(TableMetric::OverflowCalls, "tollgate_overflow_calls_total", Counter, NONE, "Calls counted in the overflow tuple."),
    table(TableMetric::ReplacedLabelValues, "tollgate_replaced_label_values_total", Counter,
        &[("label", "a label of calls"), ("reason", "too_many, looks_secret, looks_like_text, too_long, unprintable")],
        "Label values of calls that were not exposed as they came."),
    table(TableMetric::ExpiredCallSeries, "tollgate_expired_call_series_total", Counter, NONE, "Label tuples dropped because no call used them for the expiry time."),

    own(ReceiverMetric::ResidentMemory, "tollgate_resident_memory_bytes", Gauge, Unit::Bytes, NONE, "Memory of the process that is resident."),
    own(ReceiverMetric::Scrapes, "tollgate_scrapes_total", Counter, Unit::None, &[("format", "text, openmetrics")], "Scrapes answered."),
    own_seconds(ReceiverMetric::ScrapeDuration, "tollgate_scrape_duration_seconds", NONE, &SCRAPE_EDGES, "Time to render one scrape, without sending it."),
    own(ReceiverMetric::ScrapeSize, "tollgate_scrape_size_bytes", Gauge, Unit::Bytes, NONE, "Size of the last scrape before compression."),
    own(ReceiverMetric::SuppressedLogLines, "tollgate_suppressed_log_lines_total", Counter, Unit::None, &[("event", "a closed set")],
        "Log lines left out because too many of their kind came at once."),
    own(ReceiverMetric::BuildInfo, "tollgate_build_info", Gauge, Unit::None, &[("version", "of Tollgate")], "Which Tollgate this is. Always 1."),
    own(ReceiverMetric::StartTime, "tollgate_start_time_seconds", Gauge, Unit::Seconds, NONE, "When the process started, seconds since the Unix epoch."),
    own(ReceiverMetric::CatalogueInfo, "tollgate_catalogue_info", Gauge, Unit::None,
        &[("date", "of the price data"), ("source", "embedded, file")], "The price catalogue in use. Always 1."),
    own(ReceiverMetric::CatalogueTimestamp, "tollgate_catalogue_timestamp_seconds", Gauge, Unit::Seconds, NONE, "Date of the price data, seconds since the Unix epoch."),
    own(ReceiverMetric::CatalogueModels, "tollgate_catalogue_models", Gauge, Unit::None, NONE, "Models that the price catalogue knows."),
    own(ReceiverMetric::TlsReloads, "tollgate_tls_reloads_total", Counter, Unit::None, &[("result", "success, failure")],
        "Certificates and tokens of listeners that changed and were read again; failure = those before stay in use."),
    own(ReceiverMetric::TlsCertificateExpiry, "tollgate_tls_certificate_expiry_seconds", Gauge, Unit::Seconds, &[("listener", "grpc, http, metrics")],
        "When the certificate of a listener ends, seconds since the Unix epoch."),
    own(ReceiverMetric::Pushes, "tollgate_pushes_total", Counter, Unit::None, &[("result", "success, failure")], "Pushes of metrics by OTLP; what a failed one did not deliver is in the next."),
    own(ReceiverMetric::ConfigReloads, "tollgate_config_reloads_total", Counter, Unit::None, &[("result", "success, failure")], "Reloads of the configuration."),
    own(ReceiverMetric::ConfigReloadSuccessful, "tollgate_config_last_reload_successful", Gauge, Unit::None, NONE, "1 if the last reload of the configuration worked, else 0 and the one before is still in use."),
    own(ReceiverMetric::ConfigReloadTimestamp, "tollgate_config_last_reload_success_timestamp_seconds", Gauge, Unit::Seconds, NONE, "When the configuration in use was loaded, seconds since the Unix epoch."),
];
