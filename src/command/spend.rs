//! `tollgate spend`: who spent what, from the ledger of a running Tollgate.
//!
//! In: a question as arguments. Out: a table, JSON or CSV, as the server wrote it: it is the same as
//! `GET /api/v1/spend`.

use clap::Args;

use super::ask::{get, own_address};
use super::{ConfigArguments, Failure, print};
use crate::expose::percent;

/// Arguments of `spend`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Where the configuration is.
    #[command(flatten)]
    pub config: ConfigArguments,
    /// Split by these columns: team, user, feature, model, provider, service, environment, operation, …
    #[arg(long, value_name = "COLUMNS", default_value = "model")]
    pub by: String,
    /// From when: 2026-11-01, today, week, month, `last_month`, 7d, 36h, or RFC 3339
    #[arg(long, value_name = "TIME", default_value = "month")]
    pub from: String,
    /// Until when
    #[arg(long, value_name = "TIME", default_value = "now")]
    pub to: String,
    /// Only these calls, such as `team=search`; may be repeated
    #[arg(long, value_name = "COLUMN=NAME")]
    pub only: Vec<String>,
    /// So many rows, or `all`
    #[arg(long, value_name = "ROWS", default_value = "20")]
    pub top: String,
    /// As JSON
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// As CSV
    #[arg(long)]
    pub csv: bool,
    /// A running Tollgate; without it that of the configuration
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// [`Failure::Input`] with what the server finds wrong; [`Failure::System`] when nobody answers.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let url = match &arguments.url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => own_address(&arguments.config.load()?),
    };
    match get(&url, &arguments.path()?)? {
        (200, body) => print(&body),
        (status, body) => Err(Failure::Input(format!("{url} answered {status}: {}", body.trim()))),
    }
}

impl Arguments {
    fn path(&self) -> Result<String, Failure> {
        let format = match (self.json, self.csv) {
            (true, _) => "json",
            (_, true) => "csv",
            _ => "text",
        };
        let mut path = format!(
            "/api/v1/spend?format={format}&by={}&from={}&to={}&top={}",
            percent(&self.by),
            percent(&self.from),
            percent(&self.to),
            percent(&self.top)
        );
        for only in &self.only {
            let (column, name) = only.split_once('=').ok_or_else(|| {
                Failure::Input(format!("`{only}` is not COLUMN=NAME; `team=search` would be right"))
            })?;
            path = format!("{path}&{}={}", percent(column), percent(name));
        }
        Ok(path)
    }
}
