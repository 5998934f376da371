# Steps of the test suite and of the proof, for `source`: each can fail, the others still run, and what is left out is named.

passed=() failed=() left_out=()
# Every step by name, whether or not it is run; `only` are words of the names to run, none for all.
named=() only=()
mkdir -p "$logs"

# The longest a step may take, in seconds: several times what it takes on two busy cores. `limit=60 step …` sets it for one.
limit=1200

# Runs a command, ended with all that it started when it takes too long. (`timeout` cannot run a function of the shell.)
bounded() (
    if declare -F "$1" >/dev/null; then
        export -f "$1"
        set -- bash -c '"$@"' "$1" "$@"
    fi
    exec timeout --kill-after=20 "$limit" "$@"
)
# Whether a step is to be run.
chosen() {
    local word
    named+=("$1")
    [ ${#only[@]} -eq 0 ] && return 0
    for word in "${only[@]}"; do [[ "$1" == *"$word"* ]] && return 0; done
    return 1
}

# What is under way ends with us.
child=
trap '[ -n "$child" ] && kill "$child"; exit 130' INT TERM

# Tests that cargo called slow and never finished: the ones that hang.
hanging() {
    local name
    grep -hoE '^test .* has been running for over' "$1" | sed -E 's/^test (.*) has been running for over/\1/' | sort -u |
        while read -r name; do
            grep -qE "^test $name( - should panic)? \.\.\. " "$1" || echo "   never ended: $name"
        done
    grep -hE '^ +(Running|Doc-tests) ' "$1" | tail -n 1
}

# step NAME COMMAND…: runs it, keeps its output, shows the end of it when it fails.
step() {
    chosen "$1" && run_step "$@"
}

run_step() {
    local name=$1 log code started=$SECONDS
    shift
    log="$logs/${name// /-}.log"
    echo "== $name"
    bounded "$@" >"$log" 2>&1 &
    child=$!
    wait "$child"
    code=$? child=
    if [ $code -eq 0 ]; then
        passed+=("$name")
        grep -hE '^test result: |^[0-9]+ passed' "$log" | tail -n 3
        # What a step itself did not run is left out too.
        while read -r line; do left_out+=("$name: ${line#left out: }"); done < <(grep -h '^left out: ' "$log")
        echo "   passed in $((SECONDS - started)) s"
    elif [ $code -eq 124 ] || [ $code -eq 137 ]; then
        failed+=("$name: ended after $limit s")
        tail -n 60 "$log"
        hanging "$log"
        echo "   FAILED: not finished after $limit s; all of it: $log"
    else
        failed+=("$name")
        # cargo runs all and names what failed at the end of each part.
        grep -hE '^test .* FAILED$|^error: test failed|^    `' "$log" | head -n 30
        tail -n 60 "$log"
        echo "   FAILED after $((SECONDS - started)) s; all of it: $log"
    fi
}

# step_with TOOLS NAME COMMAND…: the same when every tool is there.
step_with() {
    local tool missing=()
    chosen "$2" || return
    for tool in $1; do
        command -v "$tool" >/dev/null || missing+=("$tool")
    done
    shift
    if [ ${#missing[@]} -eq 0 ]; then
        run_step "$@"
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
