"""Which metrics, labels and bucket edges a query names, and whether Tollgate has them.

In: PromQL text and the catalogue of `tollgate metrics --format json`. Out: sentences about what does not exist.
"""

import re
from dataclasses import dataclass

OWN = re.compile(r"\b(?:llm|tollgate)_[a-z0-9_]+\b")
SELECTOR = re.compile(r"\b((?:llm|tollgate)_[a-z0-9_]+)\s*\{([^{}]*)\}")
MATCHER = re.compile(r'([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')
GROUPING = re.compile(r"\b(?:by|on|group_left|group_right|without|ignoring)\s*\(([^()]*)\)")
STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"')
SUFFIXES = ("_bucket", "_sum", "_count")
# The scraper's own, and those that queries make for themselves.
SCRAPERS = {"job", "instance", "le"}
MADE = {"when", "first_number", "chosen", "name", "date", "source", "of_window"}


@dataclass(frozen=True)
class Catalogue:
    """The families of `tollgate metrics --format json`, by name."""

    families: dict[str, dict]
    dimensions: frozenset[str]

    def family_of(self, name: str) -> dict | None:
        """The family of a sample's name: `…_bucket` belongs to its histogram."""
        if name in self.families:
            return self.families[name]
        for suffix in SUFFIXES:
            family = self.families.get(name.removesuffix(suffix))
            if name.endswith(suffix) and family and family["type"] == "histogram":
                return family
        return None

    def labels_of(self, family: dict) -> set[str]:
        calls = "service_name" in family["labels"]
        return set(family["labels"]) | SCRAPERS | (self.dimensions if calls else set())

    def every_label(self) -> set[str]:
        return {label for family in self.families.values() for label in family["labels"]} | SCRAPERS | MADE | self.dimensions


def faults(expr: str, catalogue: Catalogue, recorded: frozenset[str] = frozenset()) -> list[str]:
    """What a query names that does not exist."""
    found = []
    for name in sorted(set(OWN.findall(without_records(STRINGS.sub('""', expr), recorded)))):
        if catalogue.family_of(name) is None:
            found.append(f"no metric {name}")
    for name, matchers in SELECTOR.findall(expr):
        family = catalogue.family_of(name)
        for label, value in MATCHER.findall(matchers) if family else ():
            found += label_faults(name, family, label, value, catalogue)
    for group in GROUPING.findall(expr):
        for label in filter(None, map(str.strip, group.split(","))):
            if label not in catalogue.every_label() and not label.startswith("$"):
                found.append(f"no label {label}")
    return found


def without_records(expr: str, recorded: frozenset[str]) -> str:
    for name in recorded:
        expr = expr.replace(name, "")
    return expr


def label_faults(name: str, family: dict, label: str, value: str, catalogue: Catalogue) -> list[str]:
    if label not in catalogue.labels_of(family):
        return [f"{name} has no label {label}"]
    edge = re.fullmatch(r"(\d+(?:\.\d+)?)(?:\(\\+\.0\)\?)?", value) if label == "le" else None
    if edge and float(edge[1]) not in family["buckets"]:
        return [f"{name} has no bucket edge {edge[1]}"]
    return []
