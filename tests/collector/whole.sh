#!/usr/bin/env bash
# Every capture through every recipe, on the built binary and the real Collector.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --locked
EVERY=1 python3 tests/collector/replicas.py target/debug/tollgate
EVERY=1 python3 tests/collector/run.py target/debug/tollgate "$(collector/build.sh)"
