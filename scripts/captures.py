#!/usr/bin/env python3
"""Packs real captured export requests, and the truth about them, into the fixtures of tests/captures.

    captures.py FOLDER OUT.jsonl.zst      FOLDER/<library>/<scenario>.pb and expected.json

One line a scenario: the requests as they left the library, base64, and from the provider's own access log what was
billed and answered. Everything in them is synthetic: prompts, keys and organisations are made up.
"""

import base64
import json
import pathlib
import subprocess
import sys

KEEP = (
    "provider_calls", "billed", "usage_in_spans", "tokens_derivable", "split_in_spans", "oracle_cost_usd",
    "cost_comparable", "llm_spans", "final_error_class", "error_evidence_in_spans",
    "error_class", "also_acceptable", "decidable", "limits",
)


def main(folder, out):
    lines = []
    for library in sorted(pathlib.Path(folder).iterdir()):
        expected = library / "expected.json"
        if not expected.exists():
            continue
        for scenario, truth in json.loads(expected.read_text())["scenarios"].items():
            if not truth.get("spans_exported", True):
                continue
            files = [base64.b64encode((library / name).read_bytes()).decode() for name in truth["files"]]
            row = {"library": library.name, "scenario": scenario, "requests": files}
            lines.append(json.dumps(row | {key: truth[key] for key in KEEP if key in truth}))
    data = ("\n".join(lines) + "\n").encode()
    subprocess.run(["zstd", "-19", "--long=27", "-qf", "-o", out], input=data, check=True)
    print(f"{len(lines)} scenarios, {pathlib.Path(out).stat().st_size} bytes")


main(*sys.argv[1:])
