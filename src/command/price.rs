//! `tollgate price`: what the catalogue says.
//!
//! In: the name of a model, or a stream of questions. Out: text or JSON; for a stream, one answer a line, in order
//! and as soon as each is known.

use std::io::{self, BufRead, Write};

use clap::Args;

use super::{ConfigArguments, Failure};
use crate::clock;
use crate::price::{Catalogue, bulk};

/// Longest question that is read, in bytes; what goes beyond is answered as not being one.
const MAX_LINE_BYTES: u64 = 1 << 20;

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
/// When the configuration is wrong, or the streams break.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    arguments.config.load()?;
    match arguments.model.as_deref() {
        Some("-") => match answer_all(Catalogue::embedded(), io::stdin().lock(), io::stdout().lock()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
            Ok(()) | Err(_) => Ok(()),
        },
        Some(_) | None => Err(Failure::Input("price MODEL is not built yet; `price -` is".to_owned())),
    }
}

/// Answers each line of `questions` with a line.
fn answer_all(catalogue: &Catalogue, mut questions: impl BufRead, answers: impl Write) -> io::Result<()> {
    let now = (clock::now_unix_nano() / 1_000_000_000).cast_signed();
    let mut answers = io::BufWriter::new(answers);
    let mut line = Vec::new();
    loop {
        line.clear();
        if io::Read::take(&mut questions, MAX_LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
            return answers.flush();
        }
        let question = String::from_utf8_lossy(&line);
        if !question.trim().is_empty() {
            writeln!(answers, "{}", bulk::answer_line(catalogue, question.trim(), now))?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_has_its_answer_in_order() {
        let mut out = Vec::new();
        let questions =
            "{\"model\": \"no-such-model\"}\nnonsense\n\n{\"provider\": \"openai\", \"model\": \"gpt-4o\"}";
        answer_all(Catalogue::embedded(), questions.as_bytes(), &mut out).unwrap();
        let lines: Vec<serde_json::Value> =
            out.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[1]["error"].is_string());
        assert_eq!(lines[2]["matched_model"], "gpt-4o");
    }
}
