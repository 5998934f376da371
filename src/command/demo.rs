//! `tollgate demo`: serve, and feed itself.
//!
//! In: a speed and troubles. Out: a running process whose `/metrics` fills within ten seconds.

use std::path::PathBuf;

use clap::Args;

use super::past;
use super::serve::{block_on, serve};
use super::{ConfigArguments, Failure, print};
use crate::config::{Dimension, Settings};
use crate::demo::{Options, Scenario};
use crate::ledger::settings::{BudgetConfig, BudgetUnit, Period};

/// Seconds that calls settle in the demo: nobody wants to wait for the first number.
const SETTLE_SECONDS: f64 = 2.0;

/// Arguments of `demo`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Where the configuration is.
    #[command(flatten)]
    pub config: ConfigArguments,
    /// How many times as many calls as usual; usual is about six a second
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = speed)]
    pub speed: f64,
    /// The same seed makes the same calls
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,
    /// Troubles to show; several are separated by commas
    #[arg(long, value_name = "SCENARIO", value_enum, value_delimiter = ',')]
    pub failing: Vec<Scenario>,
    /// Seconds of ordinary traffic before the troubles
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0)]
    pub failing_after: f64,
    /// Seconds that the troubles last [default: to the end]
    #[arg(long, value_name = "SECONDS")]
    pub failing_for: Option<f64>,
    /// Keep what is known here; a new folder gets a ledger with a past, of this month and the one before
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// When the configuration is wrong or an address is taken.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut settings = hurried(arguments.config.load()?);
    if let Some(folder) = &arguments.data_dir {
        settings.data.folder = Some(folder.clone());
    }
    let options = Options {
        seed: arguments.seed,
        speed: arguments.speed,
        failing: arguments.failing.clone(),
        failing_after_seconds: arguments.failing_after,
        failing_for_seconds: arguments.failing_for.unwrap_or(f64::INFINITY),
    };
    print("This is the demo: made-up calls of a made-up company, sent through a real OTLP exporter.\n\n")?;
    if settings.data.folder.is_some() {
        if settings.ledger.budgets.is_empty() {
            settings.ledger.budgets = budgets();
        }
        let hours = past::begin(&settings, arguments.seed)?;
        if hours > 0 {
            print(&format!("Its ledger begins with a past of {} days: see /spend.\n\n", hours / 24))?;
        }
    }
    block_on(serve(&arguments.config, settings, Some(options)))
}

/// The settings with shorter waits, and with two dimensions unless there are others.
fn hurried(mut settings: Settings) -> Settings {
    settings.settle.seconds = settings.settle.seconds.min(SETTLE_SECONDS);
    if settings.dimensions.is_empty() {
        settings.dimensions =
            vec![dimension("team", &["team", "ai.telemetry.metadata.team"]), dimension("user", &["user.id"])];
    }
    settings
}

/// Budgets of the made-up company.
fn budgets() -> Vec<BudgetConfig> {
    let budget = |name: &str, amount, period, per: &[&str]| BudgetConfig {
        name: name.to_owned(),
        amount,
        unit: BudgetUnit::Usd,
        period,
        per: per.iter().map(ToString::to_string).collect(),
        only: [("environment".to_owned(), "production".to_owned())].into(),
        warn: vec![0.8, 1.0],
        label: false,
    };
    vec![budget("company", 12_000.0, Period::Month, &[]), budget("team-day", 150.0, Period::Day, &["team"])]
}

fn dimension(label: &str, attributes: &[&str]) -> Dimension {
    Dimension {
        label: label.to_owned(),
        attributes: attributes.iter().map(ToString::to_string).collect(),
        max_values: crate::config::DEFAULT_MAX_VALUES,
    }
}

fn speed(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|speed| (0.01..=1000.0).contains(speed))
        .ok_or_else(|| "a number from 0.01 to 1000 would be right".to_owned())
}
