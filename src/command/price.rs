//! `tollgate price`: what the catalogue says.
//!
//! In: the name of a model, or a stream of questions. Out: text or JSON; for a stream, one answer a line.

use clap::Args;

use super::{ConfigArguments, Failure};

/// Arguments of `price`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Where the configuration is.
    #[command(flatten)]
    pub config: ConfigArguments,
    /// Print JSON instead of text
    #[arg(long)]
    pub json: bool,
    /// A model, as `gpt-5` or `openai/gpt-5`; `-` reads one JSON question a line and answers in order
    #[arg(value_name = "MODEL")]
    pub model: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// When the configuration is wrong.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    arguments.config.load()?;
    Err(Failure::Input("price is not built yet".to_owned()))
}
