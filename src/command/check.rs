//! `tollgate check`: is the configuration sound?
//!
//! In: a file and the environment. Out: every fault with file, line, column and key; or every warning, and one line.

use std::io::{self, Write};

use clap::Args;

use super::{ConfigArguments, Failure, environment, print};
use crate::config;

/// Arguments of `check`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Where the configuration is.
    #[command(flatten)]
    pub config: ConfigArguments,
    /// Print two budgets to begin with, and nothing else
    #[arg(long)]
    pub suggest_budgets: bool,
    /// A warning is a fault
    #[arg(long)]
    pub strict: bool,
}

/// Budgets to begin with.
const SUGGESTED: &str = "\
# For the configuration; docs/ledger.md has all keys. Alerts LLMBudgetFilling, LLMBudgetSpent and others stand on them.
budgets:
  - {name: all-day, amount: 500, period: day, warn: [0.8, 1.0]}                # everybody together, dollars
  - {name: user-day, amount: 100, period: day, per: [user], warn: [0.8, 1.0]}  # each user
";

/// Runs the command.
///
/// # Errors
/// [`Failure::Configuration`] with every fault; with `--strict`, [`Failure::Input`] when there is a warning.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.suggest_budgets {
        return print(SUGGESTED);
    }
    let settings = arguments.config.load()?;
    for (variable, right) in config::suspicious_variables(&environment()) {
        print(&format!("note: {variable} is set and means nothing; did you mean {right}?\n"))?;
    }
    let file = arguments.config.config.as_deref();
    config::Faults(config::placed(file, super::serve::guard_problems(&settings.guards))).or(())?;
    let warnings = config::placed(file, config::doubts(&settings));
    for warning in &warnings {
        writeln!(io::stderr(), "warning: {warning}")?;
    }
    let what = file.map_or_else(
        || "no file given; defaults and environment".to_owned(),
        |path| path.display().to_string(),
    );
    let warned = match warnings.len() {
        0 => "no faults".to_owned(),
        1 => "no faults, 1 warning".to_owned(),
        count => format!("no faults, {count} warnings"),
    };
    if arguments.strict && !warnings.is_empty() {
        return Err(Failure::Input(format!("{what}: {warned}, and --strict makes faults of them")));
    }
    print(&format!("{what}: {warned}\n"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_suggested_budgets_are_sound() {
        let settings = crate::config::parse("suggested", super::SUGGESTED, &[]).unwrap();
        let names: Vec<&str> = settings.ledger.budgets.iter().map(|budget| budget.name.as_str()).collect();
        assert_eq!(names, ["all-day", "user-day"]);
    }
}
