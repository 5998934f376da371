//! Labels of the user's own choice: the section `dimensions`.
//!
//! In: the nodes of the section. Out: checked [`Dimension`]s and every fault. It knows which label names the
//! contract and the scraper own.

use super::fault::{Faults, suggestion};
use super::raw::{Content, Document, Entry, Node};
use super::settings::Dimension;
use crate::metric;

/// The most dimensions that one configuration may have: each is a label on every series of calls.
pub const MAX_DIMENSIONS: usize = 16;
/// Distinct values where `max_values` is not written.
pub const DEFAULT_MAX_VALUES: u64 = 200;
const MOST_VALUES: u64 = 100_000;

/// Labels that a scraper sets.
const SCRAPER_LABELS: [&str; 6] = ["service", "namespace", "pod", "job", "instance", "endpoint"];

const ENTRY_KEYS: [&str; 3] = ["label", "attributes", "max_values"];

/// Reads the section.
pub(super) fn read(document: &Document, section: &Node, faults: &mut Faults) -> Vec<Dimension> {
    let Content::List(items) = &section.content else {
        let message = format!("is {}; a list would be right: `- label: team`", section.content.noun());
        faults.add(&document.place(section.location), "dimensions", message);
        return Vec::new();
    };
    if items.len() > MAX_DIMENSIONS {
        let message = format!("has {} entries; at most {MAX_DIMENSIONS} would be right", items.len());
        faults.add(&document.place(section.location), "dimensions", message);
    }
    let mut dimensions: Vec<Dimension> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let mut reader = Reader { document, faults, path: format!("dimensions[{index}]") };
        let Some(dimension) = reader.dimension(item) else { continue };
        if dimensions.iter().any(|other| other.label == dimension.label) {
            reader.fault(
                item,
                "label",
                format!("`{}` is used twice; a name of its own would be right", dimension.label),
            );
        }
        dimensions.push(dimension);
    }
    dimensions
}

struct Reader<'a> {
    document: &'a Document,
    faults: &'a mut Faults,
    path: String,
}

impl Reader<'_> {
    fn fault(&mut self, node: &Node, key: &str, message: impl Into<String>) {
        let path = if key.is_empty() { self.path.clone() } else { format!("{}.{key}", self.path) };
        self.faults.add(&self.document.place(node.location), &path, message);
    }

    fn dimension(&mut self, item: &Node) -> Option<Dimension> {
        let Content::Map(entries) = &item.content else {
            self.fault(
                item,
                "",
                format!(
                    "is {}; `label: team` with `attributes: [team.id]` would be right",
                    item.content.noun()
                ),
            );
            return None;
        };
        self.unknown_keys(entries);
        let find = |key: &str| entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value);
        let label = self.label(item, find("label"));
        let attributes = self.attributes(item, find("attributes"));
        let max_values = self.max_values(find("max_values"));
        Some(Dimension { label: label?, attributes: attributes?, max_values: max_values? })
    }

    fn unknown_keys(&mut self, entries: &[Entry]) {
        for entry in entries.iter().filter(|entry| !ENTRY_KEYS.contains(&entry.key.as_str())) {
            let place = self.document.place(entry.location);
            let message = format!("is not a key; {}", suggestion(&entry.key, &ENTRY_KEYS));
            self.faults.add(&place, &format!("{}.{}", self.path, entry.key), message);
        }
    }

    fn label(&mut self, item: &Node, node: Option<&Node>) -> Option<String> {
        let Some(Node { content: Content::Scalar(label), .. }) = node else {
            self.fault(
                node.unwrap_or(item),
                "label",
                "is missing; a label name such as `team` would be right",
            );
            return None;
        };
        let message = refusal(label);
        if let Some(message) = message {
            self.fault(node.unwrap_or(item), "label", message);
            return None;
        }
        Some(label.clone())
    }

    fn attributes(&mut self, item: &Node, node: Option<&Node>) -> Option<Vec<String>> {
        let found = node.and_then(scalars).and_then(|texts| attribute_keys(texts.into_iter()));
        if found.is_none() {
            let message = "is not a list of attribute keys; `[team.id, user.team]` would be right";
            self.fault(node.unwrap_or(item), "attributes", message);
        }
        found
    }

    fn max_values(&mut self, node: Option<&Node>) -> Option<u64> {
        let Some(node) = node else { return Some(DEFAULT_MAX_VALUES) };
        let number = match &node.content {
            Content::Scalar(text) => text.parse().ok().filter(|number| (1..=MOST_VALUES).contains(number)),
            Content::Empty => Some(DEFAULT_MAX_VALUES),
            Content::List(_) | Content::Map(_) => None,
        };
        if number.is_none() {
            self.fault(node, "max_values", format!("is not a whole number from 1 to {MOST_VALUES}"));
        }
        number
    }
}

/// The texts of a list, or the one text of a single value.
pub(super) fn scalars(node: &Node) -> Option<Vec<&str>> {
    match &node.content {
        Content::Scalar(text) => Some(vec![text]),
        Content::List(items) => items
            .iter()
            .map(|item| match &item.content {
                Content::Scalar(text) => Some(text.as_str()),
                Content::Empty | Content::List(_) | Content::Map(_) => None,
            })
            .collect(),
        Content::Empty | Content::Map(_) => None,
    }
}

/// Why a name cannot be a dimension's label. Rules of Prometheus: <https://prometheus.io/docs/concepts/data_model/>.
fn refusal(label: &str) -> Option<String> {
    let first = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
    let sound = label.starts_with(first)
        && label.len() <= 64
        && label.chars().all(|letter| first(letter) || letter.is_ascii_digit());
    if !sound {
        return Some(format!(
            "`{label}` is not a label name; letters, digits and `_`, not first a digit, would be right"
        ));
    }
    if label.starts_with("__") {
        return Some(format!(
            "`{label}` begins with `__`, which Prometheus keeps for itself; another name would be right"
        ));
    }
    if tollgate_sets(label) {
        return Some(format!(
            "`{label}` is a label that Tollgate sets; another name would be right, such as `app_{label}`"
        ));
    }
    if SCRAPER_LABELS.contains(&label) {
        return Some(format!(
            "`{label}` is a label that the scraper sets; another name would be right, such as `app_{label}`"
        ));
    }
    None
}

/// True for every label of the metric catalogue, and for those that the text format itself uses.
fn tollgate_sets(label: &str) -> bool {
    // Dimensions are labels of calls; the gauges of the ledger have labels of their own.
    let others = metric::FAMILIES.iter().filter(|family| !matches!(family.metric, metric::Metric::Ledger(_)));
    let mut labels = others.flat_map(metric::Family::labels);
    ["le", "quantile"].contains(&label) || labels.any(|set| set == label)
}

/// Attribute keys, each trimmed; `None` when there is none or one is empty.
fn attribute_keys<'a>(written: impl Iterator<Item = &'a str>) -> Option<Vec<String>> {
    let keys: Vec<String> = written.map(|key| key.trim().to_owned()).collect();
    let sound = !keys.is_empty() && keys.iter().all(|key| !key.is_empty() && key.len() <= 256);
    sound.then_some(keys)
}
