#!/usr/bin/env python3
"""Packs small hand-made inputs by kind, with their right answers, into one fixture.

    cases.py FOLDER > tests/cases/cases.jsonl.zst        # wants zstd

FOLDER/<kind>/answers.json lists the cases of a kind, with the files beside it. One line a case comes out: kind, name, why,
source, right, control, the OTLP/JSON requests, and the configuration, if it has one.
"""
import json, os, subprocess, sys


def lines(folder):
    for kind in sorted(os.listdir(folder)):
        path = os.path.join(folder, kind)
        if not os.path.exists(f"{path}/answers.json"):
            continue
        for case in json.load(open(f"{path}/answers.json")):
            line = {"kind": kind, "name": case["name"], "why": case.get("why", ""), "right": case["right"]}
            line["control"] = bool(case.get("holds_today"))
            line["requests"] = [json.load(open(f"{path}/{file}")) for file in case["files"]]
            if "source" in case:
                line["source"] = case["source"]
            if "config" in case:
                line["config"] = open(f"{path}/{case['config']}").read()
            yield json.dumps(line, separators=(",", ":"))


packed = "\n".join(lines(sys.argv[1])) + "\n"
sys.stdout.buffer.write(subprocess.run(["zstd", "-19", "-q"], input=packed.encode(), capture_output=True, check=True).stdout)
