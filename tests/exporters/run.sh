#!/usr/bin/env bash
# Sends spans at a Tollgate with the real exporters of OpenTelemetry for Python and Node, one line per case.
# Usage: tests/exporters/run.sh [--binary] BINARY
# What it installs goes into build/exporters. (The exporter for Rust is in tests/receive/exporter.rs.)
set -euo pipefail
[ "${1:-}" = --binary ] && shift
binary=$(realpath "${1:-target/debug/tollgate}")
cd "$(dirname "$0")"
source prepare.sh
exec python3 run.py "$binary" "$build"
