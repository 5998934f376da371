#!/usr/bin/env python3
"""Writes the dashboards in both forms from dashboards/source and alerts/thresholds.yaml.

    python3 dashboards/generate.py                            write the committed files
    python3 dashboards/generate.py --check                    exit 1 if a committed file is not what the source says
    python3 dashboards/generate.py --thresholds F --out DIR   write dashboards with your numbers to DIR
"""

import argparse
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from alerts.source.thresholds import Thresholds, load  # noqa: E402
from dashboards.source import agents, bill, boards, cost, errors, itself, latency, limits, models, overview  # noqa: E402


def files(t: Thresholds) -> dict[str, str]:
    """Path under dashboards/ and text of every written file."""
    written = {}
    for module in (overview, bill, cost, limits, errors, latency, models, agents, itself):
        board = module.board(t)
        document = boards.build(board)
        for form, each in (("provisioning", document), ("import", boards.for_import(document))):
            written[f"{form}/{board.uid}.json"] = json.dumps(each, indent=2, ensure_ascii=False) + "\n"
    return written


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only compare")
    parser.add_argument("--thresholds", type=Path, help="a file with the keys of thresholds.yaml that you change")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to (default: dashboards/)")
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
        print(f"{name} is not what dashboards/source says: run python3 dashboards/generate.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
