//! The command line: one file per subcommand.
//!
//! In: arguments and the environment. Out: an exit code, or a [`Failure`] that `main` prints. Everything that
//! a subcommand does is in its own file; here is what they share.
//!
//! | exit code | means |
//! |---|---|
//! | 0 | done; for `serve` and `demo`: stopped on request |
//! | 1 | the configuration, a price or an input file is wrong; `doctor`: numbers are missing |
//! | 2 | the command line is wrong; `doctor`: nothing has arrived |
//! | 3 | an address could not be listened on |
//! | 4 | the output could not be written, or the system refused something else |
//! | 70 | a fault of Tollgate itself: its engine failed or did not finish |
//! | 130 | stopped at once by a second interrupt |

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{self, Faults, Settings};
use crate::price::PriceBook;

mod ask;
pub mod backup;
pub mod check;
pub mod demo;
pub mod doctor;
pub mod explain;
pub mod forget;
pub mod metrics;
mod order;
mod past;
pub mod price;
pub mod reprice;
pub mod serve;
pub mod spend;
pub mod vocabulary;

/// Turns OpenTelemetry traces of LLM calls into Prometheus metrics: tokens, dollars, rate limits, errors.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, propagate_version = true)]
pub struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::Arguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Receive traces and serve metrics (the default)
    Serve(serve::Arguments),
    /// Serve, and feed itself through a real OTLP exporter with a believable mix of calls
    Demo(demo::Arguments),
    /// Validate configuration and price overrides: every fault with file, line and key, and what is odd
    Check(check::Arguments),
    /// Tell of every LLM call in trace files: why it is one, tokens, price, error, limits
    Explain(explain::Arguments),
    /// What is not seen, what that costs, and the line to set; exit code 1 when blind, 2 when nothing has arrived
    Doctor(doctor::Arguments),
    /// What a model costs, and what the configuration does to it; `-` answers a stream of questions
    Price(price::Arguments),
    /// Who spent what: dollars, calls and tokens by team, user, model, from the ledger of a running Tollgate
    Spend(spend::Arguments),
    /// List every metric
    Metrics(metrics::Arguments),
    /// Put what the ledger has of a person down to nobody, whether Tollgate runs or not
    Forget(forget::Arguments),
    /// What the ledger would say at today's prices; with `--apply` it says it from then on
    Reprice(reprice::Arguments),
    /// Copy what `data_dir` knows to a file, while Tollgate runs
    Backup(backup::Arguments),
    /// List every attribute key, scope and host that is known
    Vocabulary(vocabulary::Arguments),
}

/// Where the configuration is.
#[derive(Clone, Debug, Default, Args)]
pub struct ConfigArguments {
    /// YAML file; without one the defaults and TOLLGATE_* variables hold
    #[arg(long, value_name = "FILE", env = "TOLLGATE_CONFIG")]
    pub config: Option<PathBuf>,
}

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Mistakes in the configuration.
    #[error("{0}")]
    Configuration(#[from] Faults),
    /// An input that cannot be read, in words.
    #[error("{0}")]
    Input(String),
    /// An address that cannot be listened on, in words.
    #[error("{0}")]
    Listen(String),
    /// The system refused something.
    #[error("{0}")]
    System(#[from] io::Error),
    /// Numbers are missing, in words.
    #[error("{0}")]
    Blind(String),
    /// Nothing has arrived, in words.
    #[error("{0}")]
    Silent(String),
    /// A fault of Tollgate itself, in words.
    #[error("{0}")]
    Engine(String),
}

impl Failure {
    /// The exit code of the table above.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Configuration(_) | Self::Input(_) | Self::Blind(_) => 1,
            Self::Silent(_) => 2,
            Self::Listen(_) => 3,
            Self::System(_) => 4,
            Self::Engine(_) => 70,
        })
    }
}

impl CommandLine {
    /// Runs the command that was asked for.
    ///
    /// # Errors
    /// A [`Failure`] for a person to read.
    pub fn run(self) -> Result<(), Failure> {
        match self.command.unwrap_or(Command::Serve(self.serve)) {
            Command::Serve(arguments) => serve::run(&arguments),
            Command::Demo(arguments) => demo::run(&arguments),
            Command::Check(arguments) => check::run(&arguments),
            Command::Explain(arguments) => explain::run(&arguments),
            Command::Doctor(arguments) => doctor::run(&arguments),
            Command::Price(arguments) => price::run(&arguments),
            Command::Spend(arguments) => spend::run(&arguments),
            Command::Metrics(arguments) => metrics::run(&arguments),
            Command::Forget(arguments) => forget::run(&arguments),
            Command::Reprice(arguments) => reprice::run(&arguments),
            Command::Backup(arguments) => backup::run(&arguments),
            Command::Vocabulary(arguments) => vocabulary::run(&arguments),
        }
    }
}

impl ConfigArguments {
    /// Reads the file and the environment.
    ///
    /// # Errors
    /// Every fault of both.
    pub fn load(&self) -> Result<Settings, Faults> {
        config::load(self.config.as_deref(), &environment())
    }
}

/// The price book of settings that were checked; it can still fail when a file vanished meanwhile.
///
/// # Errors
/// Every fault of the section `prices`.
pub fn price_book(settings: &Settings) -> Result<PriceBook, Failure> {
    config::price_book(&settings.prices).map_err(|faults| {
        let lines: Vec<String> =
            faults.iter().map(|fault| format!("prices.{}: {}", fault.key, fault.problem)).collect();
        Failure::Input(lines.join("\n"))
    })
}

/// The environment. Names and values that are not Unicode cannot be ours.
#[must_use]
pub fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Writes to standard output. A reader that went away (`tollgate metrics | head`) is no failure.
///
/// # Errors
/// Any other refusal of the system.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}
