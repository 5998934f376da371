//! Every row of the error tables against failures as they reach spans, valid and damaged.
//!
//! The expectations stand in `rows/errors.txt`, apart from the tables, each with its source.

use std::collections::HashSet;
use std::fmt::Write as _;

use proptest::prelude::*;
use tollgate::call::ErrorClass;
use tollgate::classify::{ErrorEvidence, ErrorVerdict, Rule, Sign, TABLES, classify};

const ROWS: &str = include_str!("rows/errors.txt");

/// One line of the data.
#[derive(Debug, Default)]
struct Row<'a> {
    line: usize,
    provider: &'a str,
    status: Option<u16>,
    failed: bool,
    codes: Vec<&'a str>,
    types: Vec<String>,
    finish_reasons: Vec<&'a str>,
    headers: Vec<(&'a str, &'a str)>,
    causes: Vec<&'a str>,
    message: &'a str,
    class: &'a str,
    retryable: Option<bool>,
}

impl<'a> Row<'a> {
    fn read(line: usize, text: &'a str) -> Self {
        let fields: Vec<&str> = text.split(" | ").collect();
        let [provider, evidence, message, class, _source] = fields[..] else {
            panic!("line {line}: not five fields: {text}")
        };
        let blank = |field: &'a str| if field == "-" { "" } else { field };
        let (provider, message) = (blank(provider), blank(message));
        let mut row = Self { line, provider, message, class, failed: true, ..Self::default() };
        for part in evidence.split(' ').filter(|part| *part != "-") {
            match part.split_once('=') {
                Some(("code", value)) => row.codes.push(value),
                Some(("type", value)) => row.types.push(value.replace("class_", "class ")),
                Some(("finish", value)) => row.finish_reasons.push(value),
                Some(("header", value)) => row.headers.push(value.split_once(':').expect("name:value")),
                Some(("cause", value)) => row.causes.push(value),
                Some(("retry", value)) => row.retryable = Some(value == "yes"),
                Some(_) => panic!("line {line}: {part}"),
                None if part == "ok" => row.failed = false,
                None => row.status = Some(part.parse().expect("a status")),
            }
        }
        row
    }

    fn verdict(&self, message: &str) -> ErrorVerdict {
        let types: Vec<&str> = self.types.iter().map(String::as_str).collect();
        classify(&ErrorEvidence {
            provider: self.provider,
            server_address: "",
            failed: self.failed,
            http_status: self.status,
            codes: &self.codes,
            types: &types,
            messages: &[message],
            causes: &self.causes,
            finish_reasons: &self.finish_reasons,
            headers: &self.headers,
        })
    }
}

fn rows() -> impl Iterator<Item = Row<'static>> {
    let lines = ROWS.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines.map(|(line, text)| Row::read(line + 1, text))
}

/// Every code that a verdict may carry.
fn vocabulary() -> HashSet<&'static str> {
    let rules = TABLES.into_iter().flat_map(|table| table.rules);
    rules
        .flat_map(|rule| {
            let own: Vec<&'static str> = match rule.sign {
                Sign::Code(codes) | Sign::CodeUnless(codes, _) | Sign::General(codes) => codes.to_vec(),
                Sign::CodeAndText(code, _) => vec![code],
                _ => Vec::new(),
            };
            own.into_iter().chain(rule.code)
        })
        .collect()
}

#[test]
fn every_failure_has_its_class() {
    let mut faults = String::new();
    for row in rows() {
        let verdict = row.verdict(row.message);
        let retryable = row.retryable.is_none_or(|expected| verdict.retryable == Some(expected));
        if verdict.class.label() != row.class || !retryable {
            let sign = verdict.rule.map(|rule| rule.sign);
            writeln!(
                faults,
                "line {}: {} (retry {:?}) by {sign:?}, expected {} (retry {:?})",
                row.line,
                verdict.class.label(),
                verdict.retryable,
                row.class,
                row.retryable
            )
            .expect("a string takes everything");
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn every_row_of_the_tables_decides_some_failure() {
    let deciding: HashSet<*const Rule> =
        rows().filter_map(|row| row.verdict(row.message).rule).map(std::ptr::from_ref).collect();
    let idle: Vec<String> = TABLES
        .into_iter()
        .flat_map(|table| table.rules.iter().map(move |rule| (table.title, rule)))
        .filter(|(_, rule)| !deciding.contains(&std::ptr::from_ref(*rule)))
        .map(|(title, rule)| format!("{title}: {:?}", rule.sign))
        .collect();
    assert!(idle.is_empty(), "no line of rows/errors.txt is decided by\n{}", idle.join("\n"));
}

#[test]
fn the_letters_case_does_not_count() {
    for row in rows() {
        let expected = row.verdict(row.message);
        assert_eq!(row.verdict(&row.message.to_uppercase()).class, expected.class, "line {}", row.line);
    }
}

/// A message is cut anywhere: it never panics, and never leaves the vocabulary.
#[test]
fn damaged_messages() {
    let vocabulary = vocabulary();
    for row in rows() {
        for (cut, _) in row.message.char_indices().step_by(3) {
            for half in [&row.message[..cut], &row.message[cut..]] {
                let verdict = row.verdict(half);
                assert!(verdict.code.is_none_or(|code| vocabulary.contains(code)), "line {}", row.line);
            }
        }
    }
}

#[test]
fn phrases_are_written_in_lower_case() {
    for rule in TABLES.into_iter().flat_map(|table| table.rules) {
        let phrases: &[&str] = match rule.sign {
            Sign::Text(phrases)
            | Sign::TextUnless(phrases, _)
            | Sign::CodePart(phrases, _)
            | Sign::StatusAndException(_, phrases)
            | Sign::Wrapper(phrases)
            | Sign::CodeAndText(_, phrases)
            | Sign::StatusAndText(_, phrases)
            | Sign::Words(phrases)
            | Sign::Exception(phrases)
            | Sign::Finish(phrases) => phrases,
            _ => &[],
        };
        assert!(phrases.iter().all(|phrase| *phrase == phrase.to_lowercase()), "{:?}", rule.sign);
        assert!(
            phrases.iter().all(|phrase| !phrase.contains(['\'', '"'])),
            "quotes are escaped in bodies: {:?}",
            rule.sign
        );
        assert!(!rule.source.is_empty() && !rule.action.is_empty(), "{:?}", rule.sign);
    }
}

#[test]
fn the_host_tells_providers_apart_where_the_name_does_not() {
    let quota = "You exceeded your current quota, please check your plan and billing details.";
    let at = |server_address| {
        let evidence = ErrorEvidence {
            provider: "openai",
            server_address,
            failed: true,
            http_status: Some(429),
            messages: &[quota],
            ..ErrorEvidence::default()
        };
        classify(&evidence).class
    };
    assert_eq!(at("api.openai.com"), ErrorClass::QuotaExhausted);
    assert_eq!(at("generativelanguage.googleapis.com"), ErrorClass::RateLimit);
}

#[test]
fn the_status_is_read_from_the_text() {
    let status = |message| {
        let evidence = ErrorEvidence { failed: true, messages: &[message], ..ErrorEvidence::default() };
        classify(&evidence).status_code
    };
    assert_eq!(status("Error code: 429 - {'error': {}}"), Some(429));
    assert_eq!(status("429 status code (no body)"), Some(429));
    assert_eq!(status("Client error '404 Not Found' for url"), Some(404));
    assert_eq!(status("error, status code: 401, status: 401 Unauthorized"), Some(401));
    assert_eq!(status("{\"error\": {\"code\": 503}}"), Some(503));
    assert_eq!(status("the prompt has 500 words and 429 lines"), None);
    assert_eq!(status("Read timed out. (read timeout=500)"), None);
    assert_eq!(status("port 443, 200 OK"), None);
}

proptest! {
    #[test]
    fn nothing_panics(message in "\\PC{0,300}", code in "\\PC{0,60}", kind in "\\PC{0,60}", status in any::<Option<u16>>()) {
        let evidence = ErrorEvidence {
            failed: true,
            http_status: status,
            codes: &[&code],
            types: &[&kind],
            messages: &[&message],
            finish_reasons: &[&kind],
            headers: &[(&code, &kind)],
            ..ErrorEvidence::default()
        };
        let verdict = classify(&evidence);
        prop_assert!(verdict.class != ErrorClass::None);
        prop_assert!(verdict.code.is_none_or(|code| vocabulary().contains(code)));
    }
}
