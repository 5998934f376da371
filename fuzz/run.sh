#!/usr/bin/env bash
# Bytes of strangers at every reader: each target for so many seconds, from the committed corpus and what earlier runs
# found. The stable toolchain builds it (see rustc.sh); a C++ compiler is needed for libfuzzer itself.
# Usage: fuzz/run.sh [SECONDS_A_TARGET] [CARGO_PROFILE]
# Inputs that break something stay in target/fuzz-found: a fault's right outcome becomes a test of its own.
set -uo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-10} profile=${2:-dev}
folder=$([ "$profile" = dev ] && echo debug || echo "$profile")
targets=$(sed -n 's/^name = "\(.*\)"$/\1/p' fuzz/Cargo.toml | tail -n +2)

if ! echo 'fn main() {}' | rustc -C passes=sancov-module --crate-type=lib --emit=obj -o /dev/null - 2>/dev/null; then
    echo "left out: all targets: this rustc has not LLVM's SanitizerCoverage"
    exit 0
fi
if ! RUSTC_WORKSPACE_WRAPPER=$PWD/fuzz/rustc.sh cargo build --locked -p tollgate-fuzz --profile "$profile"; then
    echo "the targets do not build; libfuzzer needs a C++ compiler"
    exit 1
fi
passed=0 failed=0
for target in $targets; do
    found=target/fuzz-corpus/$target
    mkdir -p "$found" "target/fuzz-found/$target"
    seeds=("fuzz/corpus/$target")
    case $target in walk | json | exposition) seeds+=(tests/decode/captures) ;; esac
    log=target/fuzz-found/$target.log
    if "target/$folder/$target" -max_total_time="$seconds" -timeout=60 -rss_limit_mb=1024 -max_len=16384 \
        -print_final_stats=1 -artifact_prefix="target/fuzz-found/$target/" "$found" "${seeds[@]}" >"$log" 2>&1; then
        passed=$((passed + 1))
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        echo "ok    $target: $runs inputs, $(sed -nE 's/.*DONE +(cov: [0-9]+).*/\1/p' "$log")"
    else
        failed=$((failed + 1))
        echo "WRONG $target: all of it in $log"
        grep -vE '^#' "$log" | tail -n 30
    fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
