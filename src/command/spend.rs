//! `tollgate spend`: who spent what, from the ledger of a running Tollgate or of a `data_dir`.
//!
//! In: a question as arguments. Out: a table, JSON or CSV, as the server wrote it: it is the same as
//! `GET /api/v1/spend`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::ask::{get, own_address};
use super::{ConfigArguments, Failure, print};
use crate::expose::percent;
use crate::ledger::Ledger;
use crate::ledger::hash::OwnerHash;
use crate::ledger::report::{self, Report};
use crate::{clock, store};

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
    /// Read a `data_dir` instead, whether Tollgate runs or not
    #[arg(long, value_name = "FOLDER", conflicts_with = "url")]
    pub data_dir: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// [`Failure::Input`] with what the server finds wrong; [`Failure::System`] when nobody answers.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    if let Some(folder) = &arguments.data_dir {
        return print(&arguments.read(folder)?);
    }
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
        let pairs = self.pairs()?.into_iter();
        let query: Vec<String> =
            pairs.map(|(name, value)| format!("{}={}", percent(&name), percent(&value))).collect();
        let format = match (self.json, self.csv) {
            (true, _) => "json",
            (_, true) => "csv",
            _ => "text",
        };
        Ok(format!("/api/v1/spend?format={format}&{}", query.join("&")))
    }

    /// The question as an address has it.
    fn pairs(&self) -> Result<Vec<(String, String)>, Failure> {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let fixed = [("by", &self.by), ("from", &self.from), ("to", &self.to), ("top", &self.top)];
        let mut pairs: Vec<_> = fixed.into_iter().map(|(name, value)| pair(name, value)).collect();
        for only in &self.only {
            let (column, name) = only.split_once('=').ok_or_else(|| {
                Failure::Input(format!("`{only}` is not COLUMN=NAME; `team=search` would be right"))
            })?;
            pairs.push(pair(column, name));
        }
        Ok(pairs)
    }

    /// The answer from a directory's own files.
    fn read(&self, folder: &Path) -> Result<String, Failure> {
        let settings = self.config.load()?.ledger;
        let mut ledger = Ledger::new(settings.clone());
        if let Some(key) = store::owner_key(folder) {
            ledger.hash_names(OwnerHash::new(key, &settings.attribution));
        }
        let known = store::read_ledger(folder, |row| ledger.restore(row));
        let known = known.map_err(|opening| Failure::Input(opening.to_string()))?;
        let now = i64::try_from(clock::now_unix_nano() / 1_000_000_000).unwrap_or(i64::MAX);
        let (since, closed) = known.unwrap_or((u32::try_from(now / 3600).unwrap_or(0), 0));
        ledger.go_on(since, closed);
        let question = report::question(&self.pairs()?, ledger.calendar(), now, true);
        let question = question.map_err(|refusal| Failure::Input(refusal.to_string()))?;
        let report = Report::of(&ledger, question, now);
        Ok(match (self.json, self.csv) {
            (true, _) => report.json(),
            (_, true) => report.csv(),
            _ => report.text(),
        })
    }
}
