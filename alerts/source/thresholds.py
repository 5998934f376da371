"""Reads alerts/thresholds.yaml and what a user overrides in it.

In: the defaults and, if given, a file with changed keys. Out: `Thresholds`, one attribute a key.
Knows no rule and no dashboard.
"""

from pathlib import Path
from types import SimpleNamespace

import yaml

DEFAULTS = Path(__file__).resolve().parent.parent / "thresholds.yaml"


class Thresholds(SimpleNamespace):
    """The numbers of thresholds.yaml as attributes."""


def load(overrides: Path | None = None) -> Thresholds:
    """The defaults with `overrides` laid over them; exits with a sentence on an unknown key or a wrong kind."""
    values = yaml.safe_load(DEFAULTS.read_text())
    for key, value in (yaml.safe_load(overrides.read_text()) or {} if overrides else {}).items():
        if key not in values:
            raise SystemExit(f"{overrides}: unknown key {key!r}; the keys are those of {DEFAULTS}")
        if not same_kind(values[key], value):
            raise SystemExit(f"{overrides}: {key} is {value!r}; something like {values[key]!r} is needed")
        values[key] = value
    return Thresholds(**values)


def same_kind(default: object, value: object) -> bool:
    """True for number and number, text and text, list and list."""
    numbers = (int, float)
    if isinstance(value, bool):
        return isinstance(default, bool)
    return isinstance(value, numbers if isinstance(default, numbers) else type(default))
