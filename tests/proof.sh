#!/usr/bin/env bash
# The long proof: what takes too long for `make test`. Each step's result, with its own date and commit, is written to
# docs/proof.md; what a run does not reach keeps the line it has, so that the whole may be gathered over several runs.
# Usage: tests/proof.sh [WORD…]     only the steps with one of these words in their name
# A tool that is not there is left out by name.
set -uo pipefail
cd "$(dirname "$0")/.."

logs=target/proof-logs
source tests/steps.sh
only=("$@")

# Programs that Debian has too old, built once from their Go modules and kept outside the repository.
tools=${TOLLGATE_TOOLS:-$HOME/.cache/tollgate}
alertmanager=$tools/alertmanager-0.28.1/alertmanager
python=target/dashboards-venv/bin/python
limit=7200

export alertmanager python
build_alertmanager() {
    [ -x "$alertmanager" ] || GOBIN=$(dirname "$alertmanager") nice -n 15 go install github.com/prometheus/alertmanager/cmd/alertmanager@v0.28.1 || return 1
    "$alertmanager" --version 2>&1 | head -n 1
}

incidents() {
    [ -x "$python" ] || { python3 -m venv target/dashboards-venv && "$python" -m pip install --quiet --disable-pip-version-check -r tests/dashboards/requirements.txt; } || return 1
    nice -n 10 "$python" tests/pager/test_incidents.py 2>&1 | tee /dev/stderr | sed -n 's/^Ran /ran /p'
    return "${PIPESTATUS[0]}"
}

dirty() { [ -z "$(git status --porcelain --untracked-files=no -- . ':!docs/proof.md')" ] || echo " and changes"; }
commit=$(git rev-parse --short HEAD)$(dirty)

# What stands in docs/proof.md for a step: `| step | date | commit | result |`.
row() {
    local name=$1 said="" each ended
    ended=$(date -u '+%F %H:%M')
    for each in "${passed[@]}"; do [ "$each" = "$name" ] && said="passed: $(grep -v '^left out: ' "$logs/${name// /-}.log" | tail -n 1)"; done
    for each in "${failed[@]}"; do [[ "$each" == "$name"* ]] && said="**failed**${each#"$name"}"; done
    for each in "${left_out[@]}"; do [[ "$each" == "$name: "* ]] && said="${said:+$said; }left out: ${each#"$name: "}"; done
    if [ -n "$said" ]; then
        [ -e "$logs/${name// /-}.log" ] && ended=$(date -u -r "$logs/${name// /-}.log" '+%F %H:%M')
        echo "| $name | $ended | $commit | ${said//|/\\|} |"
    else
        grep -F "| $name |" docs/proof.md 2>/dev/null || echo "| $name | – | – | not run yet |"
    fi
}

# Written at the end, and when the run is ended before it: what has passed is not lost.
written() {
    local name line
    {
        echo "# The long proof"
        echo
        echo "Written by \`make proof\` (\`tests/proof.sh\`), which can run chosen steps: each has the date and the commit of its own last run. What was left out is named."
        echo
        echo "| step | when, UTC | commit | result |"
        echo "|---|---|---|---|"
        for name in "${named[@]}"; do row "$name"; done
        # What this run did not come to.
        grep '^| ' docs/proof.md 2>/dev/null | while IFS= read -r line; do
            name=${line#| }
            name=${name%% |*}
            [ "$name" = step ] || printf '%s\n' "${named[@]}" | grep -qxF "$name" || echo "$line"
        done
    } >"$logs/proof.md"
    mv "$logs/proof.md" docs/proof.md
}
trap written EXIT

step_with "go" "alertmanager 0.28.1" build_alertmanager
step_with "promtool prometheus-alertmanager python3" "incidents on the real Alertmanager, Teams among them" incidents
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

verdict
