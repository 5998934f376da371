//! What the program needs: every setting checked and filled in.
//!
//! In: nothing; [`Settings::default`] is a working configuration. Out: typed settings, units in their names.
//! It knows neither YAML nor the environment; [`super::keys`] says what each field is called there.

use std::path::PathBuf;

use crate::dialect::VocabularyConfig;
use crate::ledger::LedgerSettings;
use crate::limits::LimitsConfig;
use crate::price::PricesConfig;
use crate::push::settings::PushSettings;
use crate::receive::guard::GuardSettings;
use crate::receive::listen::Address;
use crate::store::Durability;

/// Everything that can be configured.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Addresses.
    pub listen: Listen,
    /// Who may come in there.
    pub guards: Guards,
    /// What the receiver accepts at most.
    pub receive: Receive,
    /// How spans of one call wait for each other.
    pub settle: Settle,
    /// Bounds of the series table.
    pub series: Series,
    /// What outlives the process.
    pub data: Data,
    /// Seconds for which `/metrics` stays after a signal to end, where nothing outlives the process.
    pub linger_seconds: f64,
    /// The `service_name` label of resources that do not tell.
    pub default_service: String,
    /// The `environment` label of resources that do not tell.
    pub default_environment: String,
    /// Labels of the user's own choice.
    pub dimensions: Vec<Dimension>,
    /// Prices of the user's own, discounts, aliases.
    pub prices: PricesConfig,
    /// Rate limits: names of accounts, limits that providers do not send.
    pub limits: LimitsConfig,
    /// The ledger: time zone, whose a call is, budgets.
    pub ledger: LedgerSettings,
    /// What spans of the user's own libraries mean.
    pub vocabulary: VocabularyConfig,
    /// Where metrics are pushed to by OTLP.
    pub push: Option<PushSettings>,
    /// Estimate tokens from text where a span has content and no usage; kept in a family of its own.
    pub estimate_missing_usage: bool,
    /// What is made of spans that stand for others.
    pub sampling: Sampling,
    /// Tollgate's own log.
    pub log: Log,
}

/// What guards the three addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guards {
    /// OTLP/gRPC.
    pub grpc: GuardSettings,
    /// OTLP/HTTP.
    pub http: GuardSettings,
    /// `/metrics` and the status page.
    pub metrics: GuardSettings,
    /// Names of the metrics port besides addresses and `localhost`.
    pub hosts: Vec<String>,
}

/// The three addresses of the contract.
#[derive(Clone, Debug, PartialEq)]
pub struct Listen {
    /// OTLP/gRPC.
    pub grpc: Address,
    /// OTLP/HTTP.
    pub http: Address,
    /// `/metrics`, `/healthz`, `/readyz`, `/`.
    pub metrics: Address,
}

/// Bounds of the receiver.
#[derive(Clone, Debug, PartialEq)]
pub struct Receive {
    /// Bytes of one request as sent, compressed or not.
    pub max_request_bytes: u64,
    /// Bytes of one request after inflating.
    pub max_inflated_bytes: u64,
    /// Bytes of all requests that are being read or wait to be counted.
    pub max_in_flight_bytes: u64,
    /// Open connections, of all listeners together.
    pub max_connections: u64,
    /// Seconds for a sender to deliver one whole request.
    pub request_timeout_seconds: f64,
    /// Seconds that a connection may say nothing.
    pub idle_timeout_seconds: f64,
    /// Seconds that a shutdown waits for requests that have begun.
    pub shutdown_seconds: f64,
}

/// How long, and in how much memory, spans wait for others of the same call.
#[derive(Clone, Debug, PartialEq)]
pub struct Settle {
    /// Seconds.
    pub seconds: f64,
    /// Bytes of everything that waits or is remembered.
    pub max_bytes: u64,
    /// Seconds for which a span that is sent again is recognised.
    pub remember_seconds: f64,
    /// Bytes for that.
    pub remember_max_bytes: u64,
}

/// Bounds of the series table.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Label combinations of calls; what comes beyond is counted under `other`.
    pub max: u64,
    /// Seconds without a call after which a label combination is dropped; 0 keeps all.
    pub idle_seconds: f64,
    /// Seconds that a new series reads 0, so that `increase()` sees its first value arrive; none: until every regular
    /// scraper has read the 0.
    pub hold_seconds: Option<f64>,
}

/// What outlives the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    /// Where; none: nothing does.
    pub folder: Option<PathBuf>,
    /// Most bytes there.
    pub max_bytes: u64,
    /// When a request is answered.
    pub durability: Durability,
}

/// A label that the user maps from attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// The label's name.
    pub label: String,
    /// Span or resource attribute keys; the first one present wins.
    pub attributes: Vec<String>,
    /// Distinct values; later ones become `other`.
    pub max_values: u64,
}

/// Tollgate's own log, on standard error.
#[derive(Clone, Debug, PartialEq)]
pub struct Log {
    /// The least severe level that is written.
    pub level: LogLevel,
    /// The shape of a line.
    pub format: LogFormat,
}

/// The least severe level that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What needs a person.
    Error,
    /// What may need one.
    Warn,
    /// What happened.
    Info,
    /// How it happened.
    Debug,
    /// Everything.
    Trace,
}

/// The shape of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What is made of spans that stand for others which were not kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sampling {
    /// It is told.
    #[default]
    Tell,
    /// It is told, and families of their own estimate what there was.
    Estimate,
}

// === impl LogLevel, LogFormat, Sampling ===

impl Sampling {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Tell, Self::Estimate];

    /// The word in the configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tell => "tell",
            Self::Estimate => "estimate",
        }
    }
}

impl LogLevel {
    /// Every level, quietest first.
    pub const ALL: [Self; 6] = [Self::Off, Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    /// The word in the configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl LogFormat {
    /// Every format.
    pub const ALL: [Self; 2] = [Self::Text, Self::Json];

    /// The word in the configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

// === defaults ===

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: Listen::default(),
            guards: Guards::default(),
            receive: Receive::default(),
            settle: Settle::default(),
            series: Series::default(),
            data: Data::default(),
            linger_seconds: 75.0,
            default_service: "unknown_service".to_owned(),
            default_environment: "unknown".to_owned(),
            dimensions: Vec::new(),
            prices: PricesConfig::default(),
            limits: LimitsConfig::default(),
            ledger: LedgerSettings::default(),
            vocabulary: VocabularyConfig::default(),
            push: None,
            estimate_missing_usage: false,
            sampling: Sampling::default(),
            log: Log::default(),
        }
    }
}

impl Default for Listen {
    fn default() -> Self {
        Self { grpc: Address::local(4317), http: Address::local(4318), metrics: Address::local(9464) }
    }
}

impl Default for Receive {
    fn default() -> Self {
        Self {
            max_request_bytes: 20 << 20,
            max_inflated_bytes: 20 << 20,
            max_in_flight_bytes: 256 << 20,
            max_connections: 4096,
            request_timeout_seconds: 30.0,
            idle_timeout_seconds: 120.0,
            shutdown_seconds: 10.0,
        }
    }
}

impl Default for Settle {
    fn default() -> Self {
        Self { seconds: 5.0, max_bytes: 64 << 20, remember_seconds: 900.0, remember_max_bytes: 320 << 20 }
    }
}

impl Default for Series {
    fn default() -> Self {
        Self { max: 20_000, idle_seconds: 86_400.0, hold_seconds: None }
    }
}

impl Default for Data {
    fn default() -> Self {
        Self { folder: None, max_bytes: 4 << 30, durability: Durability::default() }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: LogLevel::Info, format: LogFormat::Text }
    }
}
