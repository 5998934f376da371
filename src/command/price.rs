//! `tollgate price`: what the catalogue says, and what the configuration makes of it.
//!
//! In: the name of a model, or a stream of questions. Out: text or JSON; for a stream, one answer a line, in order
//! and as soon as each is known.

use std::io::{self, BufRead, Write};

use clap::Args;

use super::{ConfigArguments, Failure, price_book, print};
use crate::clock;
use crate::price::{Catalogue, PriceBook, bulk, describe};

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
    let settings = arguments.config.load()?;
    let book = price_book(&settings)?;
    match arguments.model.as_deref() {
        Some("-") => match answer_all(&book, io::stdin().lock(), io::stdout().lock()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
            Ok(()) | Err(_) => Ok(()),
        },
        Some(model) => tell(&book, model, arguments),
        None => print(&about(book.catalogue())),
    }
}

fn tell(book: &PriceBook, model: &str, arguments: &Arguments) -> Result<(), Failure> {
    let Some(description) = describe(book, model, now_unix_seconds()) else {
        let date = &book.catalogue().about().date;
        return Err(Failure::Input(format!(
            "the catalogue of {date} has no price for `{model}`; calls of it count as unpriced until it has one under `prices.models`"
        )));
    };
    if arguments.json {
        return print(&format!("{}\n", serde_json::to_string_pretty(&description).unwrap_or_default()));
    }
    print(&description.to_string())?;
    match (&arguments.config.config, description.changes.is_empty()) {
        (Some(path), true) => print(&format!("\n  {} changes nothing for it\n", path.display())),
        (Some(_) | None, _) => Ok(()),
    }
}

/// What can be asked, when nothing was.
fn about(catalogue: &Catalogue) -> String {
    let about = catalogue.about();
    format!(
        "{} models, figures of {} ({})\n  tollgate price gpt-5     all prices of a model\n  tollgate price -         answers questions, one JSON object a line\n",
        catalogue.model_count(),
        about.source,
        about.date
    )
}

fn now_unix_seconds() -> i64 {
    (clock::now_unix_nano() / 1_000_000_000).cast_signed()
}

/// Answers each line of `questions` with a line.
fn answer_all(book: &PriceBook, mut questions: impl BufRead, answers: impl Write) -> io::Result<()> {
    let now = now_unix_seconds();
    let mut answers = io::BufWriter::new(answers);
    let mut line = Vec::new();
    loop {
        line.clear();
        if io::Read::take(&mut questions, MAX_LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
            return answers.flush();
        }
        let question = String::from_utf8_lossy(&line);
        if !question.trim().is_empty() {
            writeln!(answers, "{}", bulk::answer_line(book, question.trim(), now))?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::PricesConfig;

    #[test]
    fn every_question_has_its_answer_in_order() {
        let mut out = Vec::new();
        let questions =
            "{\"model\": \"no-such-model\"}\nnonsense\n\n{\"provider\": \"openai\", \"model\": \"gpt-4o\"}";
        answer_all(&PriceBook::new(&PricesConfig::default()).unwrap(), questions.as_bytes(), &mut out)
            .unwrap();
        let lines: Vec<serde_json::Value> =
            out.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[1]["error"].is_string());
        assert_eq!(lines[2]["matched_model"], "gpt-4o");
    }
}
