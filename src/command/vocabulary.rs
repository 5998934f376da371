//! `tollgate vocabulary`: every attribute key, scope and host that is known, from the tables that also read spans.
//!
//! In: the configuration, for the user's own entries. Out: the tables as Markdown or JSON.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};

use super::metrics::Format;
use super::{ConfigArguments, Failure, print};
use crate::advice;
use crate::dialect::taught::STATES;
use crate::dialect::{KEYS, Key, PROFILES, Profile, Taught};
use crate::normalise::HOSTS;

/// Arguments of `vocabulary`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Where the configuration is.
    #[command(flatten)]
    pub config: ConfigArguments,
    /// The shape of the list
    #[arg(long, value_enum, default_value_t = Format::Md)]
    pub format: Format,
}

/// Runs the command.
///
/// # Errors
/// When the output cannot be written.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let own = arguments.config.load()?.vocabulary.teach().unwrap_or_default();
    match arguments.format {
        Format::Md => print(&markdown(&own)),
        Format::Json => print(&format!("{}\n", json(&own))),
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

fn markdown(own: &Taught) -> String {
    // A `String` takes whatever is written.
    let mut out = String::new();
    if own.rows().next().is_some() {
        out.push_str("## Yours, above what is built in\n\n| | entry | says |\n|---|---|---|\n");
        for (kind, entry, says) in own.rows() {
            let _ = writeln!(out, "| {kind} | `{entry}` | {says} |");
        }
        out.push('\n');
    }
    out.push_str("## Attribute keys\n\n| key | states |\n|---|---|\n");
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
    out.push_str("\n## What a key of yours may state\n\n");
    let states: Vec<String> = STATES.iter().map(|(name, _)| format!("`{name}`")).collect();
    let _ = writeln!(out, "{}", states.join(", "));
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

fn json(own: &Taught) -> Value {
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
        "yours": own.rows().map(|(kind, entry, says)| json!({"kind": kind, "entry": entry, "says": says})).collect::<Vec<_>>(),
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
        let listed = json(&Taught::default());
        let count = |name: &str| listed[name].as_array().unwrap().len();
        assert_eq!(count("scopes"), scopes().count());
        assert_eq!(count("hosts"), HOSTS.len());
        assert_eq!(count("advice"), advice::ROWS.len());
        let text = markdown(&Taught::default());
        for key in ["gen_ai.usage.input_tokens", "llm.token_count.prompt", "server.address"] {
            assert_eq!(text.matches(&format!("| `{key}` |")).count(), 1, "{key}");
        }
    }
}
