#!/usr/bin/env bash
# The long proof: what takes too long for `make test`. The results, with date and commit, are written to docs/proof.md.
# A step is one line below; a tool that is not there is left out by name.
set -uo pipefail
cd "$(dirname "$0")/.."

logs=target/proof-logs
source tests/steps.sh

# Programs that Debian has too old, built once from their Go modules and kept outside the repository.
tools=${TOLLGATE_TOOLS:-$HOME/.cache/tollgate}
alertmanager=$tools/alertmanager-0.28.1/alertmanager
limit=7200

export alertmanager
build_alertmanager() {
    [ -x "$alertmanager" ] || GOBIN=$(dirname "$alertmanager") nice -n 15 go install github.com/prometheus/alertmanager/cmd/alertmanager@v0.28.1
}

step_with "go" "alertmanager 0.28.1" build_alertmanager
step_with "promtool python3" "alert scenes in both forms" nice -n 10 python3 tests/pager/run_scenes.py
step_with "promtool python3" "chance wakes nobody and trouble does" nice -n 10 python3 tests/pager/poisson.py
limit=3600 step_with "promtool python3" "no incident in healthy weeks" nice -n 10 python3 tests/pager/week.py
step_with "go" "collector with the connector" collector/build.sh
step_with "go zstd python3" "collector recipes" tests/collector/whole.sh
step_with "c++" "fuzz targets for an hour" nice -n 10 fuzz/run.sh 600 fuzz
step "binary" cargo build --locked
step_with "python3 node npm openssl curl prometheus" "real clients at closed doors" nice -n 5 tests/doors/run.sh target/debug/tollgate 30
TOLLGATE_ATTACKS=whole step "attacks of the real size" cargo test --locked --release --test attacks -- --test-threads=1 --nocapture
step "dependencies" tests/supply.sh "$tools"

verdict >"$logs/verdict.txt"
code=$?
cat "$logs/verdict.txt"
{
    echo "# The long proof"
    echo
    echo "\`make proof\` on $(date -u +%F), commit $(git rev-parse --short HEAD). Written by tests/proof.sh; what was left out is named."
    echo
    echo '```'
    for name in "${passed[@]}"; do echo "passed: $name: $(tail -n 1 "$logs/${name// /-}.log")"; done
    sed '/^$/d' "$logs/verdict.txt"
    echo '```'
} >docs/proof.md
exit $code
