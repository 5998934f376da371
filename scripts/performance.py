#!/usr/bin/env python3
"""Writes docs/performance.md from what `cargo bench --bench speed` printed. Usage: performance.py ROWS FILE

ROWS holds lines of `name<TAB>value`; what begins with # is a remark of the run.
"""

import platform
import subprocess
import sys
from pathlib import Path

# Name of a row: at least (or at most), aim. Rows that only show what a ratio is made of have neither.
TARGETS = {
    "in process Lean: times the baseline, min": ("7", "8"),
    "in process Content: times the baseline, min": ("6.5", "8"),
    "in process Mixed: times the baseline, min": ("6", "10"),
    "two instrumentations Lean: against one": ("0.8", "0.9"),
    "two instrumentations Content: against one": ("0.8", "0.9"),
    "two instrumentations Mixed: against one": ("0.8", "0.9"),
    "gRPC Lean: share of bytes only": ("40 %", "45 %"),
    "gRPC Content: share of bytes only": ("60 %", "70 %"),
    "gRPC Mixed: share of bytes only": ("50 %", "60 %"),
    "one-span requests: share of bytes only": ("70 %", "80 %"),
    "readers and engine on two cores against one": ("1.7", "1.9"),
    "scrape: part of prometheus-client's time, OpenMetrics both": ("below 0.25", ""),
    "ingest p99 while scraped, against alone": ("below 2", ""),
    "hostile request, settling included: ms of CPU a started MiB": ("at most 50", ""),
    "heap allocations a span, known series": ("0", ""),
    "bytes a waiting span": ("at most 250", ""),
    "bytes a remembered id": ("at most 16", ""),
    "bytes a label tuple with all families, four lengths of calls": ("at most 3,000", ""),
}

HEAD = """# Speed and cost

Written by `make bench`; edit `benches/speed` and `scripts/performance.py` instead. Read the ratios: absolute figures
move with the machine and its load.

In process: bytes of export requests of 512 spans to counted calls, against owned prost and five `metrics` macros a
call, alternating in one process, at least nine rounds, CPU time of the thread. Ids are fresh; five seconds of spans
really wait at 410,000 spans/s; the run fails when a span is settled early or when tokens per model differ from what
`explain` says. Lean is a call without text, Content the same with prompt and answer, Mixed one call among nine other
spans. Over loopback: load and server have a core each, the server's CPU is read when all that waits is settled, and
the floor is a tonic server that takes the bytes and answers.
"""


def main():
    lines = Path(sys.argv[1]).read_text().splitlines()
    rows = [line.split("\t", 1) for line in lines if "\t" in line]
    remarks = [line[1:].strip() for line in lines if line.startswith("#")]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    out = [HEAD, f"\nMeasured at commit {commit} on {platform.processor() or platform.machine()}.\n"]
    out.append("\n| what | measured | at least | aim |\n|---|---|---|---|\n")
    for name, value in rows:
        least, aim = TARGETS.get(name, ("", ""))
        out.append(f"| {name} | {value} | {least} | {aim} |\n")
    missing = [name for name in TARGETS if name not in dict(rows)]
    if missing:
        out.append("\nNot measured in this run: " + "; ".join(missing) + ".\n")
    if remarks:
        out.append("\nBounds of the run: " + "; ".join(remarks) + ".\n")
    Path(sys.argv[2]).write_text("".join(out))


main()
