//! `tollgate explain`: the whole story of the LLM calls in trace files.
//!
//! In: files of OTLP, protobuf or JSON, as one stream. Out: text, or the JSON object of the contract.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;

use super::serve::{settle_settings, vocabulary};
use super::{ConfigArguments, Failure, price_book, print};
use crate::config::Settings;
use crate::explain::{Explainer, Story};

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
    let story = story(&settings, &arguments.files)?;
    print(&if arguments.json { format!("{}\n", story.to_json()) } else { story.to_string() })
}

/// The story of these files, as one stream.
///
/// # Errors
/// When one cannot be read.
pub(super) fn story(settings: &Settings, files: &[PathBuf]) -> Result<Story, Failure> {
    let mut explainer = explainer(settings)?;
    for file in files {
        read(&mut explainer, file)?;
    }
    Ok(explainer.finish())
}

fn explainer(settings: &Settings) -> Result<Explainer, Failure> {
    Ok(Explainer::new(vocabulary(settings), settle_settings(settings), price_book(settings)?))
}

fn read(explainer: &mut Explainer, file: &Path) -> Result<(), Failure> {
    let wrong = |problem: String| Failure::Input(format!("{}: {problem}", file.display()));
    let bytes = if file == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(file)
    };
    let bytes = bytes.map_err(|error| wrong(error.to_string()))?;
    let read =
        if is_json(file, &bytes) { explainer.read_json(&bytes) } else { explainer.read_protobuf(&bytes) };
    read.map_err(|fault| wrong(format!("not an OTLP ExportTraceServiceRequest: {fault}")))
}

/// By the name; without one that tells, by the first byte: protobuf begins with a field's tag, which no JSON does
/// but for the line feed (0x0a: field 1), so that only a brace at the very start is JSON.
fn is_json(file: &Path, bytes: &[u8]) -> bool {
    match file.extension().and_then(OsStr::to_str) {
        Some("json") => true,
        Some("pb") => false,
        Some(_) | None => bytes.first() == Some(&b'{'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protobuf_request_of_123_bytes_is_not_taken_for_json() {
        // Field 1 (0x0a, a line feed) of length 123 (0x7b, a brace).
        assert!(!is_json(Path::new("-"), b"\n{"));
        assert!(is_json(Path::new("-"), b"{\"resourceSpans\": []}"));
        assert!(is_json(Path::new("spans.json"), b"\n{}"));
        assert!(!is_json(Path::new("spans.pb"), b"{"));
    }
}
