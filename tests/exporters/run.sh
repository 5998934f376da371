#!/usr/bin/env bash
# Sends spans at a Tollgate with the real exporters of OpenTelemetry for Python and Node, one line per case.
# Usage: tests/exporters/run.sh [--binary] BINARY
# What it installs goes into build/exporters. (The exporter for Rust is in tests/receive/exporter.rs.)
set -euo pipefail
[ "${1:-}" = --binary ] && shift
binary=$(realpath "${1:-target/debug/tollgate}")
cd "$(dirname "$0")"
build=$(realpath -m ../../build/exporters)
mkdir -p "$build/node"

# fresh STAMP FILE…: true when FILEs are as they were when STAMP was written.
fresh() { [ -f "$1" ] && cat "${@:2}" | cmp -s - "$1"; }

if ! fresh "$build/python.stamp" python/requirements.txt; then
    python3 -m venv --clear "$build/python"
    "$build/python/bin/pip" install --quiet --disable-pip-version-check -r python/requirements.txt
    cp python/requirements.txt "$build/python.stamp"
fi
cp node/package.json node/package-lock.json node/send.js "$build/node"
if ! fresh "$build/node.stamp" node/package-lock.json; then
    (cd "$build/node" && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error)
    cp node/package-lock.json "$build/node.stamp"
fi
exec python3 run.py "$binary" "$build"
