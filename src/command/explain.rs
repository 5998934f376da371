//! `tollgate explain`: the whole story of the LLM calls in trace files.
//!
//! In: files of OTLP, protobuf or JSON, as one stream. Out: text, or the JSON object of the contract.

use std::path::PathBuf;

use clap::Args;

use super::{ConfigArguments, Failure};

/// Arguments of `explain`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Where the configuration is.
    #[command(flatten)]
    pub config: ConfigArguments,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
    /// `.pb` = ExportTraceServiceRequest, `.json` = OTLP/JSON, `-` = standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// When the configuration is wrong or a file cannot be read.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    arguments.config.load()?;
    Err(Failure::Input("explain is not built yet".to_owned()))
}
