//! `tollgate doctor`: what a Tollgate cannot see, what that costs, and the line that would change it.
//!
//! In: the `/metrics` of a running Tollgate, or files of OTLP through the same path as `explain`. Out: a list, the
//! blind spots first. Exit code 1 when numbers are missing, 2 when nothing has arrived, 0 else.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

use clap::Args;

use super::ask::{get, own_address};
use super::{ConfigArguments, Failure, explain, print};
use crate::advice::Row;
use crate::explain::{Story, Why};

/// Most lines of each kind that are printed.
const LINES: usize = 50;
/// What to do where a library's own names are not known.
const CONVENTION: &str = "write gen_ai.operation.name=chat, gen_ai.request.model, gen_ai.usage.input_tokens and gen_ai.usage.output_tokens on these spans";
/// What to do where only a request is seen, at a path that is not known.
const INSTRUMENT: &str = "add the OpenTelemetry instrumentation of your LLM library beside that of HTTP";

/// Arguments of `doctor`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Where the configuration is.
    #[command(flatten)]
    pub config: ConfigArguments,
    /// The metrics of a running Tollgate; without it and without files those of the configured address
    #[arg(long, value_name = "URL", conflicts_with = "files")]
    pub url: Option<String>,
    /// Look at captured exports instead, as `explain` reads them
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Findings {
    /// Spans by what became of them.
    pub spans: BTreeMap<String, u64>,
    /// Refused requests.
    pub refused: u64,
    /// Calls that could say more, by service, scope and code.
    pub advice: BTreeMap<[String; 3], u64>,
    /// Unread spans, by scope and reason.
    pub unread: BTreeMap<[String; 2], u64>,
}

/// Runs the command.
///
/// # Errors
/// [`Failure::Blind`] and [`Failure::Silent`] for what was found; others when it could not look.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let settings = arguments.config.load()?;
    let findings = if arguments.files.is_empty() {
        let own = own_address(&settings);
        let url = arguments.url.as_deref().unwrap_or(&own);
        match get(url, "/metrics")? {
            (200, document) => Findings::of_metrics(&document),
            (status, _) => {
                let what = format!("{url}: the answer was {status}, not the metrics of a Tollgate");
                return Err(Failure::System(io::Error::new(io::ErrorKind::InvalidInput, what)));
            }
        }
    } else {
        explain::story(&settings, &arguments.files)?.into()
    };
    print(&findings.to_string())?;
    findings.verdict()
}

// === impl Findings ===

impl Findings {
    /// From a document in the text format.
    #[must_use]
    pub fn of_metrics(document: &str) -> Self {
        let mut findings = Self::default();
        for line in document.lines().filter(|line| line.starts_with("tollgate_")) {
            let Some((series, value)) = line.rsplit_once(' ') else { continue };
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let count = value.parse::<f64>().unwrap_or(0.0) as u64;
            let label = |name| label(labels, name);
            match name {
                "tollgate_spans_total" => {
                    findings.spans.insert(label("result"), count);
                }
                "tollgate_refused_requests_total" => findings.refused += count,
                "tollgate_advice_calls_total" => {
                    let key = [label("service_name"), label("scope"), label("advice")];
                    // It exists since something was counted; the first reader sees 0.
                    findings.advice.insert(key, count.max(1));
                }
                "tollgate_unread_spans_total" => {
                    findings.unread.insert([label("scope"), label("reason")], count.max(1));
                }
                _ => {}
            }
        }
        findings
    }

    fn received(&self) -> u64 {
        self.spans.values().sum()
    }

    fn calls(&self) -> u64 {
        self.spans.get("call").copied().unwrap_or(0)
    }

    /// Codes of advice, the blind ones first, then the most frequent.
    fn rows(&self) -> Vec<(&'static Row, &[String; 3], u64)> {
        let known = |(key, count): (&'_ [String; 3], &u64)| Row::named(&key[2]).map(|row| (row, *count));
        let mut rows: Vec<_> = self
            .advice
            .iter()
            .filter_map(|(key, count)| known((key, count)).map(|(row, count)| (row, key, count)))
            .collect();
        rows.sort_by_key(|(row, _, count)| (!row.blind, std::cmp::Reverse(*count)));
        rows
    }

    /// Nothing, unless something is wrong.
    ///
    /// # Errors
    /// When nothing has arrived, and when numbers are missing.
    pub fn verdict(&self) -> Result<(), Failure> {
        if self.received() == 0 {
            let refused =
                if self.refused > 0 { "; requests came and were refused, the log says why" } else { "" };
            return Err(Failure::Silent(format!("nothing has arrived{refused}")));
        }
        let blind = self.rows().iter().filter(|(row, ..)| row.blind).count() + self.unread.len();
        if self.calls() == 0 {
            return Err(Failure::Blind("blind: spans arrive, and none is a call of a model".to_owned()));
        }
        if blind > 0 {
            return Err(Failure::Blind(format!(
                "blind: what is marked so above ({blind}) is missing from the numbers"
            )));
        }
        Ok(())
    }
}

impl From<Story> for Findings {
    fn from(story: Story) -> Self {
        let mut spans = BTreeMap::from([("call".to_owned(), story.calls.len() as u64)]);
        for left_out in &story.left_out {
            let result = match &left_out.why {
                Why::Settled { reason, .. } => reason.label(),
                Why::Unconcerned => "not_a_call",
                Why::Malformed(_) => "malformed",
            };
            *spans.entry(result.to_owned()).or_default() += 1;
        }
        Self { spans, refused: 0, advice: story.advice, unread: story.unread }
    }
}

impl std::fmt::Display for Findings {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} spans", self.received())?;
        for (result, count) in self.spans.iter().filter(|(_, count)| **count > 0) {
            write!(out, ", {} {count}", result.replace('_', " "))?;
        }
        out.write_char('\n')?;
        for ([scope, reason], count) in self.unread.iter().take(LINES) {
            let line = if reason == "host" { INSTRUMENT } else { CONVENTION };
            write!(out, "\nBLIND   unread ({reason}), {count} spans of {scope}\n        ")?;
            writeln!(
                out,
                "they look like calls and are not read, so they are counted nowhere\n        {line}"
            )?;
        }
        for (row, [service, scope, code], count) in self.rows().into_iter().take(LINES) {
            let mark = if row.blind { "BLIND " } else { "poorer" };
            writeln!(out, "\n{mark}  {code}, {count} calls of {service} by {scope}\n        {}", row.costs)?;
            writeln!(out, "        {}", row.line(scope))?;
        }
        if self.received() > 0 && self.unread.is_empty() && self.advice.is_empty() && self.calls() > 0 {
            out.write_str("everything that these spans can tell is seen\n")?;
        }
        Ok(())
    }
}

/// The value of a label; empty when there is none.
fn label(labels: &str, name: &str) -> String {
    let mut rest = labels;
    while let Some((key, after)) = rest.split_once("=\"") {
        let mut value = String::new();
        let mut characters = after.char_indices();
        let mut end = after.len();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    end = at + 1;
                    break;
                }
                '\\' => match characters.next() {
                    Some((_, 'n')) => value.push('\n'),
                    Some((_, other)) => value.push(other),
                    None => {}
                },
                other => value.push(other),
            }
        }
        if key.trim_start_matches(',') == name {
            return value;
        }
        rest = &after[end..];
    }
    String::new()
}

/// One answer over plain HTTP.
#[cfg(test)]
mod tests {
    use super::*;

    const SEEN: &str =
        "tollgate_spans_total{result=\"call\"} 10\ntollgate_spans_total{result=\"not_a_call\"} 5\n";

    fn code(findings: &Findings) -> u8 {
        match findings.verdict() {
            Ok(()) => 0,
            Err(Failure::Blind(_)) => 1,
            Err(_) => 2,
        }
    }

    #[test]
    fn nothing_is_two_and_blind_is_one() {
        assert_eq!(code(&Findings::of_metrics("")), 2);
        assert_eq!(code(&Findings::of_metrics("tollgate_spans_total{result=\"not_a_call\"} 5\n")), 1);
        assert_eq!(code(&Findings::of_metrics(SEEN)), 0);
        let unread = format!("{SEEN}tollgate_unread_spans_total{{scope=\"acme\",reason=\"keys\"}} 3\n");
        assert_eq!(code(&Findings::of_metrics(&unread)), 1);
        // Whoever reads first sees a new series at 0.
        assert_eq!(code(&Findings::of_metrics(&unread.replace("} 3", "} 0"))), 1);
    }

    #[test]
    fn poorer_is_told_and_is_no_failure() {
        let row = "tollgate_advice_calls_total{service_name=\"s\\\"h\",scope=\"acme\",advice=\"no_limit_headers\"} 7\n";
        let findings = Findings::of_metrics(&format!("{SEEN}{row}"));
        assert_eq!(code(&findings), 0);
        let text = findings.to_string();
        assert!(text.contains("poorer  no_limit_headers, 7 calls of s\"h by acme"), "{text}");
        assert!(text.contains("OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_RESPONSE"), "{text}");
    }

    #[test]
    fn the_blind_spots_come_first_with_the_line_of_their_language() {
        let rows = "tollgate_advice_calls_total{service_name=\"a\",scope=\"x\",advice=\"no_limit_headers\"} 900\n\
             tollgate_advice_calls_total{service_name=\"a\",scope=\"@opentelemetry/instrumentation-undici\",advice=\"http_only\"} 2\n";
        let findings = Findings::of_metrics(&format!("{SEEN}{rows}"));
        let text = findings.to_string();
        assert!(text.find("BLIND").unwrap() < text.find("poorer").unwrap(), "{text}");
        assert!(text.contains("npm install @opentelemetry/instrumentation-openai"), "{text}");
        assert_eq!(code(&findings), 1);
    }
}
