//! Every price equals that of the Python package `genai-prices`, to the last digit: all models of the catalogue, at
//! three dates or more, in ten shapes of usage or more, and which names mean a model at all.
//!
//! The vectors are written by `scripts/price_oracle.py`; `--check` writes them anew and compares.

use serde_json::Value;
use tollgate::price::{Dollars, PriceBook, PricesConfig, bulk};

const VECTORS: &[u8] = include_bytes!("price/oracle.tsv.zst");
const MAX_BYTES: usize = 64 << 20;

/// One line of the vectors.
struct Vector<'a> {
    question: [&'a str; 6],
    provider: &'a str,
    model: &'a str,
    total: &'a str,
}

impl<'a> Vector<'a> {
    fn parse(line: &'a str) -> Self {
        let fields: Vec<&str> = line.split('\t').collect();
        let [provider, model, at, context, tokens, units, found_provider, found_model, total] = fields[..]
        else {
            panic!("nine fields in {line:?}");
        };
        let question = [provider, model, at, context, tokens, units];
        Self { question, provider: found_provider, model: found_model, total }
    }

    /// The line that `tollgate price -` is given.
    fn line(&self) -> String {
        let [provider, model, at, context, tokens, units] = self.question;
        let text = |text: &str| Value::from(text).to_string();
        let mut line = format!("{{\"model\":{},\"at\":{}", text(model), text(at));
        if !provider.is_empty() {
            line += &format!(",\"provider\":{}", text(provider));
        }
        for (key, object) in [("context", context), ("tokens", tokens), ("units", units)] {
            if !object.is_empty() {
                line += &format!(",\"{key}\":{object}");
            }
        }
        line + "}"
    }

    /// What differs between our answer and the package's.
    fn difference(&self, book: &PriceBook) -> Option<String> {
        let line = self.line();
        let answer: Value =
            serde_json::from_str(&bulk::answer_line(book, &line, 0)).expect("an answer is JSON");
        let text = |key: &str| answer[key].as_str().unwrap_or_default();
        let dollars = |text: &str| Dollars::parse(text);
        let same = text("matched_provider") == self.provider
            && text("matched_model") == self.model
            && dollars(text("cost_usd")) == dollars(self.total);
        (!same).then(|| {
            format!("{line}\n  ours: {answer}\n  theirs: {} {} {}", self.provider, self.model, self.total)
        })
    }
}

#[test]
fn every_price_equals_the_published_package_to_the_last_digit() {
    let text =
        String::from_utf8(zstd::bulk::decompress(VECTORS, MAX_BYTES).expect("whole vectors")).expect("UTF-8");
    let lines: Vec<&str> = text.lines().collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = lines.len().div_ceil(threads);
    let differences: Vec<String> = std::thread::scope(|scope| {
        let check = |part: &[&str]| {
            let book = PriceBook::new(&PricesConfig::default()).expect("nothing is configured");
            part.iter().filter_map(|line| Vector::parse(line).difference(&book)).collect::<Vec<_>>()
        };
        let workers: Vec<_> = lines.chunks(share).map(|part| scope.spawn(move || check(part))).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no panic")).collect()
    });
    let models: std::collections::HashSet<(&str, &str)> =
        lines.iter().map(|line| Vector::parse(line)).map(|vector| (vector.provider, vector.model)).collect();
    assert!(lines.len() > 100_000, "{} vectors", lines.len());
    assert!(models.len() > 2_300, "{} models", models.len());
    let examples: Vec<&String> = differences.iter().step_by(differences.len() / 20 + 1).collect();
    assert!(differences.is_empty(), "{} of {} differ:\n{examples:#?}", differences.len(), lines.len());
}
