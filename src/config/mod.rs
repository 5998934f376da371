//! What the user wants, checked.
//!
//! In: a YAML file and the environment. Out: [`Settings`], or [`Faults`]: every mistake with file, line,
//! column and key, and what would be right. Later modules see [`Settings`] only. The steps:
//!
//! | file | does |
//! |---|---|
//! | `expand` | values of the environment and of files in place of `${…}` |
//! | `node` | a part of the tree to any type of serde |
//! | `raw` | YAML to a tree in which every node knows its place |
//! | `keys` | the table of all keys that hold one value |
//! | `dimensions` | the list of the user's own labels |
//! | `doubts` | what is sound and probably not meant |
//! | `sections` | `prices` and `limits`, read by the types of those modules |
//! | `settings` | what the program needs |
//! | `whole` | a section with all its faults |
//! | `written` | numbers as people write them |
//! | `fault` | what is wrong, in words |
//!
//! Environment variables win over the file, the file over the defaults.

mod dimensions;
mod doubts;
mod expand;
mod fault;
pub mod keys;
mod node;
mod raw;
mod sections;
mod settings;
mod whole;
mod written;

use std::path::Path;

pub use dimensions::{DEFAULT_MAX_VALUES, MAX_DIMENSIONS};
pub use doubts::{Doubt, doubts};
pub use fault::{Fault, Faults, Place, closest};
pub use keys::{Change, KEYS, Key};
pub use sections::{PriceFault, price_book};
pub use settings::{
    Data, Dimension, Guards, Listen, Log, LogFormat, LogLevel, Receive, Sampling, Series, Settings, Settle,
};

use expand::{Expanded, Sources};
use fault::suggestion;
use raw::{Content, Document, Entry};

use crate::regular_file;

/// A longer configuration or price catalogue is something else.
const LONGEST_FILE: u64 = 64 << 20;

/// Sections that are read by code of their own and not by the table of keys.
const STRUCTURED: [&str; 9] = [
    "dimensions",
    "prices",
    "limits",
    "vocabulary",
    "otlp_metrics",
    "ledger",
    "attribution",
    "budgets",
    "credits",
];

/// Reads a file, if there is one, and the environment over it.
///
/// # Errors
/// Every fault of both.
pub fn load(file: Option<&Path>, environment: &[(String, String)]) -> Result<Settings, Faults> {
    let Some(path) = file else { return parse("", "", environment) };
    let name = path.display().to_string();
    match read(path) {
        Ok(text) => parse(&name, &text, environment),
        Err(error) => {
            let mut faults = Faults::default();
            let place = Place::File { path: name, line: 0, column: 0 };
            faults.add(&place, "", format!("cannot be read: {error}"));
            Err(faults)
        }
    }
}

fn read(path: &Path) -> Result<String, String> {
    let bytes = regular_file::read_up_to(LONGEST_FILE, path)?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}

/// Reads the text of a file and the environment over it.
///
/// # Errors
/// Every fault of both.
pub fn parse(path: &str, text: &str, environment: &[(String, String)]) -> Result<Settings, Faults> {
    let mut document = Document::parse(path, text)?;
    let mut settings = Settings::default();
    let mut faults = Faults::default();
    let folder = Path::new(path).parent().unwrap_or(Path::new(""));
    let expanded = Expanded::of(&mut document.entries, &Sources { environment, folder });
    for (location, problem) in expanded.faults {
        faults.add(&document.place(location), "", problem);
    }
    for entry in &document.entries {
        section(&document, entry, &mut settings, &mut faults);
    }
    for (variable, value) in environment {
        let Some(key) = KEYS.iter().find(|key| key.variable() == *variable) else { continue };
        if let Err(message) = key.set(&mut settings, value) {
            faults.add(&Place::Environment(variable.clone()), key.path, message);
        }
    }
    sections::check(&document, environment, &settings, &mut faults);
    let places: Vec<Place> = expanded.places.iter().map(|location| document.place(*location)).collect();
    faults.without(&expanded.secrets, &places).or(settings)
}

/// Where each doubt stands: in the file, or in it as a whole.
#[must_use]
pub fn placed(file: Option<&Path>, doubts: Vec<Doubt>) -> Vec<Fault> {
    let name = file.map(|path| path.display().to_string()).unwrap_or_default();
    let text = file.and_then(|path| read(path).ok()).unwrap_or_default();
    let document = Document::parse(&name, &text).unwrap_or_else(|_| Document::empty(&name));
    let fault =
        |doubt: Doubt| Fault { place: document.place_of(&doubt.key), key: doubt.key, message: doubt.problem };
    doubts.into_iter().map(fault).collect()
}

/// Variables that look like one of ours with a slip of the pen. Others with our prefix are left alone:
/// Kubernetes sets `TOLLGATE_PORT`, `TOLLGATE_SERVICE_HOST` and more beside a service of that name.
#[must_use]
pub fn suspicious_variables(environment: &[(String, String)]) -> Vec<(String, String)> {
    let known: Vec<String> = KEYS.iter().map(Key::variable).collect();
    environment
        .iter()
        .filter(|(variable, _)| variable.starts_with("TOLLGATE_") && !known.contains(variable))
        .filter_map(|(variable, _)| {
            closest(variable, known.iter().map(String::as_str))
                .map(|right| (variable.clone(), right.to_owned()))
        })
        .collect()
}

/// The keys whose values differ and that take effect only when Tollgate starts again.
#[must_use]
pub fn needs_restart(running: &Settings, wanted: &Settings) -> Vec<&'static str> {
    let differs = |key: &&Key| key.change == Change::Restart && key.show(running) != key.show(wanted);
    let mut keys: Vec<&str> = KEYS.iter().filter(differs).map(|key| key.path).collect();
    if running.dimensions != wanted.dimensions {
        keys.push("dimensions");
    }
    if running.ledger.attribution != wanted.ledger.attribution {
        keys.push("attribution");
    }
    if running.push != wanted.push {
        keys.push("otlp_metrics");
    }
    keys
}

/// `running` with every value of `wanted` that may change while Tollgate runs.
#[must_use]
pub fn reloaded(running: &Settings, wanted: &Settings) -> Settings {
    let mut next = wanted.clone();
    for key in KEYS.iter().filter(|key| key.change == Change::Restart) {
        // A value that is in force was accepted once; it is accepted again.
        let _ = key.set(&mut next, &key.show(running));
    }
    // Another set of labels is another table of series.
    next.dimensions.clone_from(&running.dimensions);
    next.push.clone_from(&running.push);
    next.ledger.attribution.clone_from(&running.ledger.attribution);
    next
}

fn section(document: &Document, entry: &Entry, settings: &mut Settings, faults: &mut Faults) {
    match entry.key.as_str() {
        "dimensions" if matches!(entry.value.content, Content::Empty) => {}
        "dimensions" => settings.dimensions = dimensions::read(document, &entry.value, faults),
        "prices" => sections::read_prices(document, settings, faults),
        "limits" => sections::read_limits(document, settings, faults),
        "vocabulary" => sections::read_vocabulary(document, settings, faults),
        "otlp_metrics" => sections::read_push(document, settings, faults),
        "ledger" | "attribution" | "budgets" | "credits" => {
            sections::read_ledger(document, &entry.key, settings, faults);
        }
        key => value(document, key, entry, settings, faults),
    }
}

/// Reads the key at `path`, or the keys below it.
fn value(document: &Document, path: &str, entry: &Entry, settings: &mut Settings, faults: &mut Faults) {
    let place = document.place(entry.value.location);
    // An address may stand alone, or in a mapping with what guards it.
    let path = path
        .strip_suffix(".address")
        .filter(|parent| KEYS.iter().any(|key| key.path == *parent))
        .unwrap_or(path);
    let key = KEYS.iter().find(|key| key.path == path);
    if let Some(key) =
        key.filter(|_| !has_keys_below(path) || !matches!(entry.value.content, Content::Map(_)))
    {
        match dimensions::scalars(&entry.value) {
            Some(texts) => {
                if let Err(message) = key.set(settings, &texts.join(",")) {
                    faults.add(&place, path, message);
                } else {
                    key.place_beside(settings, Path::new(&document.path));
                }
            }
            None if matches!(entry.value.content, Content::Empty) => {}
            None => {
                faults.add(&place, path, format!("is {}, not {}", entry.value.content.noun(), key.range()));
            }
        }
        return;
    }
    let siblings = names_below(path.rsplit_once('.').map_or("", |(parent, _)| parent));
    if !has_keys_below(path) {
        let message = format!("is not a key; {}", suggestion(&entry.key, &siblings));
        faults.add(&document.place(entry.location), path, message);
        return;
    }
    match &entry.value.content {
        Content::Empty => {}
        Content::Map(entries) => {
            for inner in entries {
                value(document, &format!("{path}.{}", inner.key), inner, settings, faults);
            }
        }
        Content::Scalar(_) | Content::List(_) => {
            let keys = names_below(path).join(", ");
            faults.add(
                &place,
                path,
                format!("is {}; a mapping with {keys} would be right", entry.value.content.noun()),
            );
        }
    }
}

fn has_keys_below(path: &str) -> bool {
    KEYS.iter().any(|key| key.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

/// The names that may stand directly below a path; `""` for the top of the file.
fn names_below(path: &str) -> Vec<&'static str> {
    let below = |key: &'static Key| match path {
        "" => Some(key.path),
        path => key.path.strip_prefix(path).and_then(|rest| rest.strip_prefix('.')),
    };
    let structured = STRUCTURED.iter().copied().filter(|_| path.is_empty());
    let mut names: Vec<&str> = KEYS
        .iter()
        .filter_map(below)
        .map(|rest| rest.split('.').next().unwrap_or(rest))
        .chain(structured)
        .collect();
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(*name));
    names
}

#[cfg(test)]
mod tests;
