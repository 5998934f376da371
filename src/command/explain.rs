//! `tollgate explain`: the whole story of the LLM calls in trace files.
//!
//! In: files of OTLP, protobuf or JSON, as one stream. Out: text, or the JSON object of the contract.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{ConfigArguments, Failure};
use crate::dialect::Vocabulary;
use crate::explain::Explainer;
use crate::price::{PriceBook, PricesConfig};
use crate::settle::SettleSettings;

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
    let settings = arguments.config.load()?;
    let keys: Vec<Vec<String>> =
        settings.dimensions.iter().map(|dimension| dimension.attributes.clone()).collect();
    let book =
        PriceBook::new(&PricesConfig::default()).map_err(|faults| Failure::Input(format!("{faults:?}")))?;
    let mut explainer = Explainer::new(Vocabulary::new(&keys), SettleSettings::default(), book);
    for file in &arguments.files {
        read(&mut explainer, file)?;
    }
    let story = explainer.finish();
    super::print(&format!("{}\n", story.to_json()))
}

fn read(explainer: &mut Explainer, file: &Path) -> Result<(), Failure> {
    let wrong = |problem: String| Failure::Input(format!("{}: {problem}", file.display()));
    let bytes = if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(file)
    };
    let bytes = bytes.map_err(|error| wrong(error.to_string()))?;
    let json = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let read = if json { explainer.read_json(&bytes) } else { explainer.read_protobuf(&bytes) };
    read.map_err(|fault| wrong(format!("not an OTLP ExportTraceServiceRequest: {fault}")))
}
