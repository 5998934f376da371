#!/usr/bin/env python3
"""Writes the alert rules in every format, and who hears of them, from alerts/source and alerts/thresholds.yaml.

    python3 alerts/generate.py                            write the committed files
    python3 alerts/generate.py --check                    exit 1 if a committed file is not what the source says
    python3 alerts/generate.py --thresholds F --out DIR   write rules with your numbers to DIR
"""

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from alerts.source import cost, errors, latency, limits, routing, tollgate, writers  # noqa: E402
from alerts.source.thresholds import Thresholds, load  # noqa: E402


def areas(t: Thresholds) -> list:
    """Every area of rules."""
    return [module.area(t) for module in (cost, errors, limits, latency, tollgate)]


def files(t: Thresholds) -> dict[str, str]:
    """Path under alerts/ and text of every written file."""
    every = areas(t)
    return {
        **{f"prometheus/{area.name}.rules.yml": writers.prometheus(area, t) for area in every},
        "kubernetes/prometheusrule.yaml": writers.custom_resource(every, t),
        "grafana/rules.yaml": writers.grafana(every, t),
        **{f"alertmanager/{name}": text for name, text in routing.files().items()},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only compare")
    parser.add_argument("--thresholds", type=Path, help="a file with the keys of thresholds.yaml that you change")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to (default: alerts/)")
    arguments = parser.parse_args()
    stale = []
    for name, text in files(load(arguments.thresholds)).items():
        path = arguments.out / name
        if arguments.check:
            stale += [name] if not path.is_file() or path.read_text() != text else []
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    for name in stale:
        print(f"{name} is not what alerts/source says: run python3 alerts/generate.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
