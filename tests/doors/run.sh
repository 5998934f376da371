#!/usr/bin/env bash
# Closed doors with real clients: exporters, a Collector, Prometheus, curl, a browser; certificates and tokens rotated under load.
# Usage: tests/doors/run.sh [BINARY] [SECONDS_OF_LOAD]
set -euo pipefail
binary=$(realpath "${1:-target/debug/tollgate}") seconds=${2:-16}
cd "$(dirname "$0")"
source ../exporters/prepare.sh
# Without a built Collector it is left out by name.
exec python3 run.py "$binary" "$build" "$seconds" $(../../collector/build.sh --cached)
