#!/usr/bin/env bash
# The whole test suite, step by step. Each step can fail; the others still run, so that one look shows all.
# As root it installs the Debian packages that it needs; otherwise it runs what it can and names what it left out.
set -uo pipefail
cd "$(dirname "$0")/.."

logs=target/test-logs
source tests/steps.sh

# Debian's name for a tool where it differs.
package_of() {
    case $1 in
        promtool | prometheus) echo prometheus ;;
        amtool | prometheus-alertmanager) echo prometheus-alertmanager ;;
        npm) echo npm ;;
        node) echo nodejs ;;
        nginx) echo nginx-light ;;
        python3) echo python3 python3-venv ;;
        *) echo "$1" ;;
    esac
}

install_tools() {
    local tool packages=()
    for tool in "$@"; do
        command -v "$tool" >/dev/null || packages+=($(package_of "$tool"))
    done
    [ ${#packages[@]} -eq 0 ] && return
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "-- not root on Debian: cannot install ${packages[*]}"
        return
    fi
    echo "-- installing ${packages[*]}"
    export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
    # Run level 1: no service starts by itself; the tests run their own, on ports of their own.
    { apt-get update && apt-get install -y --no-install-recommends "${packages[@]}"; } >"$logs/apt.log" 2>&1 ||
        tail -n 20 "$logs/apt.log"
}

binary=target/debug/tollgate

install_tools promtool prometheus-alertmanager python3 node npm zstd valgrind faketime nginx
step "the suite itself" python3 tests/test_steps.py
step "formatting" cargo fmt --check
step "lints" cargo clippy --all-targets --locked -- -D warnings
step "documentation" env RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" cargo doc --no-deps --document-private-items --locked
limit=1800 step "build" cargo test --locked --no-run
step "binary" cargo build --locked
limit=1800 step "cargo test" cargo test --locked --no-fail-fast
step_with "c++" "fuzz targets" fuzz/run.sh 10
step_with "python3 node npm" "real exporters" tests/exporters/run.sh "$binary"
step_with "python3 node npm" "first hour" tests/first_hour/run.sh "$binary"
step_with "python3 nginx" "budgets" python3 tests/budgets/run.py "$binary"
step_with "prometheus promtool python3" "real prometheus" python3 tests/prometheus/run.py "$binary"
step_with "prometheus promtool amtool prometheus-alertmanager python3" \
    "dashboards and alerts" tests/dashboards/run.sh "$binary"
step_with "prometheus python3" "faults" python3 tests/faults/run.py "$binary" --seconds 60 \
    $(collector/build.sh --cached | sed 's/^/--collector /')
step_with "zstd python3" "replicas" python3 tests/collector/replicas.py "$binary"
step_with "go" "collector connector" env GOFLAGS=-mod=mod go -C collector/tollgateconnector test ./...
if otelcol=$(collector/build.sh --cached); then
    step_with "zstd python3" "collector recipes" python3 tests/collector/run.py "$binary" "$otelcol"
else
    left_out+=("collector recipes: needs a built Collector, which make proof builds")
fi

# Of cargo's own tests some need tools or minutes: what it ignored was not run either.
while read -r line; do left_out+=("cargo test: ${line#test }"); done < <(grep -hE '^test .* \.\.\. ignored' "$logs/cargo-test.log" 2>/dev/null)
verdict
