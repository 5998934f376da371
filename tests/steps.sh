# Steps of the test suite and of the proof, for `source`: each can fail, the others still run, and what is left out is named.

passed=() failed=() left_out=()
mkdir -p "$logs"

# step NAME COMMAND…: runs it, keeps its output, shows the end of it when it fails.
step() {
    local name=$1 log started=$SECONDS
    shift
    log="$logs/${name// /-}.log"
    echo "== $name"
    if "$@" >"$log" 2>&1; then
        passed+=("$name")
        grep -hE '^test result: |^[0-9]+ passed' "$log" | tail -n 3
        # What a step itself did not run is left out too.
        while read -r line; do left_out+=("$name: ${line#left out: }"); done < <(grep -h '^left out: ' "$log")
        echo "   passed in $((SECONDS - started)) s"
    else
        failed+=("$name")
        tail -n 60 "$log"
        echo "   FAILED after $((SECONDS - started)) s; all of it: $log"
    fi
}

# step_with TOOLS NAME COMMAND…: the same when every tool is there.
step_with() {
    local tool missing=()
    for tool in $1; do
        command -v "$tool" >/dev/null || missing+=("$tool")
    done
    shift
    if [ ${#missing[@]} -eq 0 ]; then
        step "$@"
    else
        left_out+=("$1: needs ${missing[*]}")
        echo "== $1: left out, needs ${missing[*]}"
    fi
}

# The last lines: what was left out, what failed, and the numbers; false when something failed.
verdict() {
    echo
    for name in "${left_out[@]}"; do echo "left out: $name"; done
    for name in "${failed[@]}"; do echo "failed: $name"; done
    echo "${#passed[@]} passed, ${#failed[@]} failed, ${#left_out[@]} skipped"
    [ ${#failed[@]} -eq 0 ]
}
