#!/usr/bin/env bash
# Dashboards, alerts, runbooks and the way to the pager, on real Prometheus and Alertmanager: about five minutes.
#     tests/dashboards/run.sh BINARY
# Needs prometheus, promtool, amtool and prometheus-alertmanager (Debian packages prometheus, prometheus-alertmanager)
# and Python 3.11 or newer; Python packages go into a virtual environment under target/.
set -uo pipefail
cd "$(dirname "$0")/../.."

binary=${1:-target/debug/tollgate}
for tool in prometheus promtool amtool python3; do
    command -v "$tool" >/dev/null || { echo "needs $tool" >&2; exit 1; }
done
logs=target/test-logs/dashboards
mkdir -p "$logs"
python=target/dashboards-venv/bin/python
[ -x "$python" ] || python3 -m venv target/dashboards-venv
"$python" -m pip install --quiet --disable-pip-version-check -r tests/dashboards/requirements.txt || exit 1

failed=0
# part NAME COMMAND…: one part of the test; its log is shown when it fails.
part() {
    local name=$1 started=$SECONDS
    shift
    if timeout 900 "$@" >"$logs/$name.log" 2>&1; then
        echo "$name: $(grep -hoE 'Ran [0-9]+ tests?|[0-9]+ passed' "$logs/$name.log" | tail -n 1), $((SECONDS - started)) s"
        grep -h '^left out: ' "$logs/$name.log"
        # What unittest skipped was not run either.
        sed -nE "s/^(test_[a-z_0-9]+) .*skipped '(.*)'$/left out: \1: \2/p" "$logs/$name.log"
        return 0
    else
        echo "$name FAILED after $((SECONDS - started)) s:"
        tail -n 60 "$logs/$name.log"
        return 1
    fi
}

# These wait more than they work, so they run beside the rest.
waiting() {
    local failed=0
    part pager "$python" tests/pager/run.py "$binary" || failed=1
    part incidents "$python" tests/pager/test_incidents.py || failed=1
    part states "$python" tests/dashboards/test_states.py "$binary" || failed=1
    return $failed
}
waiting &
waiting=$!
part files "$python" tests/dashboards/test_files.py "$binary" || failed=1
part deploy "$python" tests/dashboards/test_deploy.py || failed=1
part days "$python" tests/dashboards/test_days.py || failed=1
part services env PYTHONPATH=tests/pager "$python" -m unittest -v test_services test_routing || failed=1
part scenes "$python" alerts/tests/run.py || failed=1
part poisson "$python" tests/pager/poisson.py 2 || failed=1
part live "$python" tests/dashboards/test_live.py "$binary" || failed=1
wait "$waiting" || failed=1
exit $failed
