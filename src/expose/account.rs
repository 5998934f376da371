//! The ledger over HTTP: `/spend`, `/api/v1/spend`, `/api/v1/budgets/{name}` and `/check`.
//!
//! In: the path and query of a request, the ledger, the time. Out: a status and a body. It knows no socket.

use http::StatusCode;
use serde_json::json;

use super::page::spend;
use crate::ledger::budget::{Budget, Status};
use crate::ledger::report::{self, Refusal, Report};
use crate::ledger::{Column, Ledger};

/// An answer before it is one of HTTP.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) status: StatusCode,
    pub(super) content_type: &'static str,
    pub(super) body: String,
    /// Why a check refuses.
    pub(super) reason: Option<String>,
}

/// Who asks, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking {
    /// Seconds since the Unix epoch.
    pub(super) now: i64,
    /// Persons may be shown.
    pub(super) persons: bool,
}

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
const CSV: &str = "text/csv; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// True for a path that is answered here.
pub(super) fn is_path(path: &str) -> bool {
    path == "/spend" || path.starts_with("/api/v1/")
}

/// True for a path whose answer takes no time to speak of, however long the ledger is.
pub(super) fn is_short(path: &str) -> bool {
    path != "/spend" && path != "/api/v1/spend"
}

/// Answers.
pub(super) fn answer(ledger: &Ledger, path: &str, query: &str, asking: Asking, version: &str) -> Said {
    let pairs = pairs(query);
    match path {
        "/spend" => page(ledger, pairs, asking, version),
        "/api/v1/spend" => spend(ledger, &pairs, asking),
        "/api/v1/budgets" => budgets(ledger, asking),
        _ => match path.strip_prefix("/api/v1/budgets/") {
            Some(rest) => budget(ledger, rest, &pairs, asking),
            None => wrong(
                StatusCode::NOT_FOUND,
                "there are /api/v1/spend, /api/v1/budgets, /api/v1/budgets/NAME and /api/v1/budgets/NAME/check",
            ),
        },
    }
}

fn spend(ledger: &Ledger, pairs: &[(String, String)], asking: Asking) -> Said {
    let format = pairs.iter().rev().find(|(name, _)| name == "format").map_or("json", |(_, value)| value);
    if !matches!(format, "json" | "csv" | "text") {
        return wrong(StatusCode::BAD_REQUEST, "`format` is not json, csv or text");
    }
    let question = match report::question(pairs, ledger.calendar(), asking.now, asking.persons) {
        Ok(question) => question,
        Err(refusal) => return refused(&refusal),
    };
    let report = Report::of(ledger, question, asking.now);
    match format {
        "csv" => said(CSV, report.csv()),
        "text" => said(TEXT, report.text()),
        _ => said(JSON, report.json()),
    }
}

fn page(ledger: &Ledger, mut pairs: Vec<(String, String)>, asking: Asking, version: &str) -> Said {
    let value = |pairs: &[(String, String)], name: &str| {
        pairs
            .iter()
            .rev()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.clone())
    };
    let from = value(&pairs, "from").unwrap_or_else(|| "month".to_owned());
    let last = if from == "last_month" { "month" } else { "now" };
    let to = value(&pairs, "to").unwrap_or_else(|| last.to_owned());
    if value(&pairs, "by").is_none() {
        let team = ledger.settings().attribution.is_on(crate::ledger::attribution::Owner::Team);
        let by = if team { "team" } else { "model" };
        pairs.push(("by".to_owned(), by.to_owned()));
    }
    pairs.push(("to".to_owned(), to.clone()));
    match report::question(&pairs, ledger.calendar(), asking.now, asking.persons) {
        Ok(question) => {
            let report = Report::of(ledger, question, asking.now);
            let asked = spend::Asked { from, to, persons: asking.persons, kept: ledger.is_kept() };
            said(HTML, spend::page(ledger, &report, &asked, version))
        }
        Err(refusal) => refused(&refusal),
    }
}

fn budgets(ledger: &Ledger, asking: Asking) -> Said {
    let names: Vec<&str> = ledger.budgets().iter().map(|budget| budget.config().name.as_str()).collect();
    said(JSON, json!({"budgets": names, "as_of": stamp(asking.now)}).to_string() + "\n")
}

fn budget(ledger: &Ledger, rest: &str, pairs: &[(String, String)], asking: Asking) -> Said {
    let (name, check) = rest.strip_suffix("/check").map_or((rest, false), |name| (name, true));
    let name = decoded(name);
    let Some(budget) = ledger.budgets().iter().find(|budget| budget.config().name == name) else {
        return wrong(StatusCode::NOT_FOUND, "no budget has this name; /api/v1/budgets lists them");
    };
    let owner = match owner(ledger, budget, pairs) {
        Ok(owner) => owner,
        Err(problem) => return wrong(StatusCode::BAD_REQUEST, &problem),
    };
    let status = budget.status(&owner, asking.now);
    if check { checked(&status) } else { said(JSON, left(&status, asking.now)) }
}

/// Whose part of a budget is asked for.
fn owner(ledger: &Ledger, budget: &Budget, pairs: &[(String, String)]) -> Result<String, String> {
    let value = |column: &Column| {
        let value =
            pairs.iter().rev().find(|(name, _)| name == column.label()).map(|(_, value)| value.clone());
        let value = value.map(|name| ledger.kept_name(*column, &name).into_owned());
        value.ok_or_else(|| format!("this budget is per {0}: add `{0}=…`", column.label()))
    };
    Ok(budget.per().iter().map(value).collect::<Result<Vec<_>, _>>()?.join("\u{1f}"))
}

fn left(status: &Status, now: i64) -> String {
    let left = (status.limit - status.spent).max(0.0);
    let object = json!({
        "budget": status.name,
        "period": status.period,
        "unit": status.unit,
        "limit": status.limit,
        "spent": status.spent_text,
        "left": left,
        "used_ratio": status.used,
        "resets_at": stamp(status.resets_at),
        "as_of": stamp(now),
    });
    object.to_string() + "\n"
}

/// 204 while something is left, 403 when it is spent.
fn checked(status: &Status) -> Said {
    if status.used < 1.0 {
        return Said {
            status: StatusCode::NO_CONTENT,
            content_type: TEXT,
            body: String::new(),
            reason: None,
        };
    }
    let reason = format!(
        "budget {} is spent: {} of {} {}, it begins anew at {}",
        status.name,
        status.spent,
        status.limit,
        status.unit,
        stamp(status.resets_at)
    );
    Said { body: format!("{reason}\n"), reason: Some(reason), ..wrong(StatusCode::FORBIDDEN, "") }
}

fn refused(refusal: &Refusal) -> Said {
    let status = match refusal {
        Refusal::Wrong(_) => StatusCode::BAD_REQUEST,
        Refusal::Personal(_) => StatusCode::FORBIDDEN,
    };
    wrong(status, &refusal.to_string())
}

fn said(content_type: &'static str, body: String) -> Said {
    Said { status: StatusCode::OK, content_type, body, reason: None }
}

fn wrong(status: StatusCode, problem: &str) -> Said {
    Said { status, content_type: TEXT, body: format!("{problem}\n"), reason: None }
}

fn stamp(unix_seconds: i64) -> String {
    jiff::Timestamp::from_second(unix_seconds).map_or_else(|_| String::new(), |moment| moment.to_string())
}

/// Names and values of a query or a form.
pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    let parts = query.split('&').filter(|part| !part.is_empty()).take(64);
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decoded(name), decoded(value))
        })
        .collect()
}

fn decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let mut ahead = bytes.clone();
                match (digit(ahead.next()), digit(ahead.next())) {
                    (Some(high), Some(low)) => {
                        out.push((high * 16 + low) as u8);
                        bytes = ahead;
                    }
                    _ => out.push(b'%'),
                }
            }
            byte => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_as_forms_write_it() {
        let read = pairs("by=team&user=a%40b.c&x=1+2&odd=%zz&=&last");
        let read: Vec<(&str, &str)> =
            read.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            read,
            [("by", "team"), ("user", "a@b.c"), ("x", "1 2"), ("odd", "%zz"), ("", ""), ("last", "")]
        );
    }
}
