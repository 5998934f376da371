//! The tables as a page for people: `docs/errors.md`.

use std::fmt::Write as _;

use super::guidance;
use super::rule::{Rule, Sign, Table};
use super::{TABLES, common};
use crate::call::ErrorClass;

const HEAD: &str = "# Why calls fail, and what to do

<!-- Generated from src/classify. `TOLLGATE_WRITE_DOCS=1 cargo test --test errors_document` writes it anew. -->

`error_class` on `llm_requests_total` and `llm_errors_total` is one of the words below. It is decided by the strongest
evidence that the spans hold: provider error codes and body or message patterns, then general codes, then the HTTP
status, then the exception's name, then the causes that a stack trace names (outermost first), then the span status. The
name of an SDK's exception class (`InternalServerError`) restates a status: it is no provider's code and yields to both. `error_code` is a code from these tables and nothing else.

A row of a provider also holds when its answer comes through a gateway, unless it is marked *only here*.

";

/// The whole page, as Markdown.
#[must_use]
pub fn document() -> String {
    let mut page = String::from(HEAD);
    classes(&mut page);
    let providers = TABLES.into_iter().filter(|table| !std::ptr::eq(*table, &common::TABLE));
    let mut providers: Vec<&Table> = providers.collect();
    providers.sort_by_key(|table| table.title);
    for table in providers.into_iter().chain([&common::TABLE]) {
        provider(&mut page, table);
    }
    page
}

fn classes(page: &mut String) {
    page.push_str(
        "## The classes\n\n| class | meaning | retry | who acts | first action |\n|---|---|---|---|---|\n",
    );
    for class in ErrorClass::ALL {
        let usual = guidance::of(class);
        let (retry, actor) = (retry(usual.retryable), usual.actor.label());
        let who = if class == ErrorClass::None { "" } else { actor };
        let _infallible = writeln!(
            page,
            "| `{}` | {} | {retry} | {who} | {} |",
            class.label(),
            usual.meaning,
            usual.action
        );
    }
}

fn provider(page: &mut String, table: &Table) {
    let names = table.names.first().map_or(String::new(), |name| format!(" (`{name}`)"));
    let _infallible = write!(
        page,
        "\n## {}{names}\n\n| what it looks like | class | code | retry | who acts | first action | source |\n|---|---|---|---|---|---|---|\n",
        table.title
    );
    for rule in table.rules {
        row(page, rule);
    }
}

fn row(page: &mut String, rule: &Rule) {
    let code = rule.code.map_or(String::new(), |code| format!("`{code}`"));
    let only = if rule.local { " *(only here)*" } else { "" };
    let why = if rule.why.is_empty() { String::new() } else { format!("<br>{}", rule.why) };
    let _infallible = writeln!(
        page,
        "| {}{only}{why} | `{}` | {code} | {} | {} | {} | {} |",
        look(rule.sign),
        rule.class.label(),
        retry(rule.retryable),
        rule.actor.label(),
        rule.action,
        rule.source
    );
}

fn look(sign: Sign) -> String {
    match sign {
        Sign::Code(codes) => format!("code {}", list(codes, " or ")),
        Sign::CodeUnless(codes, unless) => {
            format!("code {}, and no text with {}", list(codes, " or "), list(unless, " or "))
        }
        Sign::TextUnless(phrases, unless) => {
            format!("text with {}, and none with {}", list(phrases, " and "), list(unless, " or "))
        }
        Sign::CodePart(parts, unless) => {
            let without = if unless.is_empty() {
                String::new()
            } else {
                format!(", and no text with {}", list(unless, " or "))
            };
            format!("code that has {} in it{without}, and no better evidence", list(parts, " or "))
        }
        Sign::StatusAndException(status, names) => {
            format!("HTTP {status}, and an exception named like {}", list(names, " or "))
        }
        Sign::Wrapper(names) => {
            format!("exception named like {}, and no cause that says more", list(names, " or "))
        }
        Sign::Text(phrases) => format!("text with {}", list(phrases, " and ")),
        Sign::CodeAndText(code, phrases) => format!("code `{code}`, text with {}", list(phrases, " and ")),
        Sign::StatusAndText(status, phrases) => format!("{status}, text with {}", list(phrases, " and ")),
        Sign::StatusAndHeader(status, name) => format!("{status}, with the header `{name}`"),
        Sign::BareStatus(status) => format!("HTTP {status}, and no text that says more"),
        Sign::Header(name, value) => format!("header `{name}: {value}`"),
        Sign::General(codes) => format!("code {}, and no better evidence", list(codes, " or ")),
        Sign::Status(status) => format!("HTTP {status}"),
        Sign::Exception(names) => format!("exception named like {}", list(names, " or ")),
        Sign::Words(phrases) => format!("text with {}, and no better evidence", list(phrases, " or ")),
        Sign::Finish(reasons) => format!("finish reason {}", list(reasons, " or ")),
    }
}

fn list(words: &[&str], joint: &str) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(joint)
}

fn retry(retryable: Option<bool>) -> &'static str {
    match retryable {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    }
}
