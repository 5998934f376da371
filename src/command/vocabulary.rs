//! `tollgate vocabulary`: every attribute key, scope and host that is known, from the tables that also read spans.
//!
//! In: nothing. Out: the tables as Markdown or JSON.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};

use super::metrics::Format;
use super::{Failure, print};
use crate::advice;
use crate::dialect::{KEYS, Key, PROFILES, Profile};
use crate::normalise::HOSTS;

/// Arguments of `vocabulary`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// The shape of the list
    #[arg(long, value_enum, default_value_t = Format::Md)]
    pub format: Format,
}

/// Runs the command.
///
/// # Errors
/// When the output cannot be written.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    match arguments.format {
        Format::Md => print(&markdown()),
        Format::Json => print(&format!("{}\n", json())),
    }
}

/// Each key once, with what it states.
fn keys() -> impl Iterator<Item = &'static Key> {
    let mut seen = std::collections::HashSet::new();
    KEYS.iter().flat_map(|table| table.iter()).filter(move |row| seen.insert(row.key))
}

fn scopes() -> impl Iterator<Item = &'static Profile> {
    PROFILES.iter().flat_map(|table| table.iter())
}

fn markdown() -> String {
    // A `String` takes whatever is written.
    let mut out = String::from("## Attribute keys\n\n| key | states |\n|---|---|\n");
    for row in keys() {
        let _ = writeln!(out, "| `{}` | {:?} |", row.key, row.fact);
    }
    out.push_str(
        "\n## Scopes\n\n| scope | dialect | layer | input tokens | before version |\n|---|---|---|---|---|\n",
    );
    for row in scopes() {
        let Profile { scope, dialect, layer, convention, before, .. } = row;
        let _ = writeln!(out, "| `{scope}` | {dialect} | {layer:?} | {convention:?} | {before} |");
    }
    out.push_str("\n## Hosts\n\n| host ends in | provider |\n|---|---|\n");
    for (host, provider) in HOSTS {
        let _ = writeln!(out, "| `{host}` | {provider} |");
    }
    out.push_str("\n## Advice\n\n| code | | costs |\n|---|---|---|\n");
    for row in advice::ROWS {
        let _ = writeln!(
            out,
            "| `{}` | {} | {} |",
            row.code,
            if row.blind { "blind" } else { "poorer" },
            row.costs
        );
    }
    out
}

fn json() -> Value {
    let scope = |row: &Profile| {
        json!({
            "scope": row.scope,
            "dialect": row.dialect,
            "layer": format!("{:?}", row.layer),
            "input_tokens": format!("{:?}", row.convention),
            "before": row.before,
        })
    };
    json!({
        "keys": keys().map(|row| json!({"key": row.key, "states": format!("{:?}", row.fact)})).collect::<Vec<_>>(),
        "scopes": scopes().map(scope).collect::<Vec<_>>(),
        "hosts": HOSTS.iter().map(|(host, provider)| json!({"host": host, "provider": provider})).collect::<Vec<_>>(),
        "advice": advice::ROWS
            .iter()
            .map(|row| json!({"code": row.code, "blind": row.blind, "costs": row.costs}))
            .collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_listed_whole_and_no_key_twice() {
        let listed = json();
        let count = |name: &str| listed[name].as_array().unwrap().len();
        assert_eq!(count("scopes"), scopes().count());
        assert_eq!(count("hosts"), HOSTS.len());
        assert_eq!(count("advice"), advice::ROWS.len());
        let text = markdown();
        for key in ["gen_ai.usage.input_tokens", "llm.token_count.prompt", "server.address"] {
            assert_eq!(text.matches(&format!("| `{key}` |")).count(), 1, "{key}");
        }
    }
}
