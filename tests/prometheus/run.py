#!/usr/bin/env python3
"""What a real Prometheus makes of Tollgate. Usage: tests/prometheus/run.py BINARY

Needs `prometheus` and `promtool` (Debian package prometheus) and nothing else.
"""

import json
import subprocess
import sys
import time
from datetime import datetime, timezone

from servers import Prometheus, TextOnly, Tollgate, chat_span, get, limited_span, wait_for

BINARY = sys.argv[1] if len(sys.argv) > 1 else "target/debug/tollgate"

# Families that ordinary traffic does not feed, each with the reason.
NOT_FED = {
    "llm_suspicious_usage_total": "no client of the demo miscounts",
    "llm_estimated_tokens_total": "estimating is off by default",
    "llm_estimated_requests_total": "`sampling: estimate` is off by default",
    "llm_estimated_request_tokens_total": "the same",
    "llm_estimated_request_cost_usd_total": "the same",
    "llm_reported_cost_total": "no library of the demo states its costs in another currency",
    "llm_spend_month_forecast_usd": "needs three days of calls",
    "llm_budget_limit": "no budget is set",
    "llm_budget_spent": "no budget is set",
    "llm_budget_used_ratio": "no budget is set",
    "llm_budget_forecast_ratio": "no budget is set",
    "llm_budget_over": "no budget is set",
}


def catalogue():
    return json.loads(subprocess.check_output([BINARY, "metrics", "--format", "json"]))


def the_demo_fills_every_family_within_ten_seconds(demo, started):
    time.sleep(max(0, started + 10 - time.monotonic()))
    text = demo.scrape()
    missing = [
        row["name"] for row in catalogue()
        if row["name"].startswith("llm_") and row["name"] not in NOT_FED
        and not any(text.count(f"\n{row['name']}{end}") for end in ("{", " ", "_bucket{"))
    ]
    assert not missing, f"without a series after ten seconds: {missing}"


def promtool_finds_nothing(demo):
    for accept in ("text/plain", "application/openmetrics-text"):
        found = subprocess.run(
            ["promtool", "check", "metrics"], input=demo.scrape(accept), text=True, capture_output=True, check=False)
        # promtool reads the text format only; OpenMetrics is judged by the server below.
        if accept == "text/plain":
            assert found.returncode == 0 and not found.stdout + found.stderr, found.stdout + found.stderr


def prometheus_scrapes(target):
    with Prometheus(target, 1) as server:
        wait_for("scrape", 20, lambda: server.one("up") == 1)
        wait_for("counted calls", 30, lambda: (server.one("sum(llm_requests_total)") or 0) > 0)
        wait_for("dollars", 30, lambda: (server.one("sum(llm_cost_usd_total)") or 0) > 0)
        assert server.one('sum(llm_request_duration_seconds_bucket{le="+Inf"})') > 0
        names = {row["metric"]["__name__"] for row in server.ask("query", query='{__name__=~"llm_.+"}')["result"]}
        types = server.ask("metadata")
        for row in catalogue():
            family = row["name"]
            if not any(name.startswith(family) for name in names):
                continue
            known = types.get(family) or types.get(family.removesuffix("_total"))
            assert known and known[0]["type"] == row["type"], f"{family}: {known}"


def prometheus_scrapes_text(demo):
    between = TextOnly(demo.metrics)
    assert get(between.metrics)[0].startswith("text/plain")
    prometheus_scrapes(between.metrics)


def prometheus_scrapes_openmetrics(demo):
    wanted = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
    assert get(demo.metrics, Accept=wanted)[0].startswith("application/openmetrics-text")
    prometheus_scrapes(demo.metrics)


def exemplars_lead_to_traces(demo):
    with Prometheus(demo.metrics, 1) as server:
        def exemplars():
            now = time.time()
            return server.ask("query_exemplars", query="llm_request_duration_seconds_bucket",
                              start=now - 300, end=now + 60)
        found = wait_for("exemplars", 30, exemplars)
        labels = found[0]["exemplars"][0]["labels"]
        assert len(labels["trace_id"]) == 32 and len(labels["span_id"]) == 16, labels


def increase_loses_nothing():
    """Two servers at different intervals; models appear while they scrape; every call of each is in increase()."""
    with Tollgate(BINARY, SETTLE_SECONDS=0) as tollgate, \
            Prometheus(tollgate.metrics, 1) as fast, Prometheus(tollgate.metrics, 3) as slow:
        # A server begins to scrape up to five seconds after it is ready.
        for server in (fast, slow):
            wait_for("first scrape", 30, lambda: server.one("up") == 1)
        sent = {}
        for round_number in range(6):
            for model, calls in (("gpt-4o-mini", 7), (f"brand-new-{round_number}", 3 + round_number)):
                tollgate.send([chat_span(model) for _ in range(calls)])
                sent[model] = sent.get(model, 0) + calls
            time.sleep(1.3)
        for server, name in ((fast, "1 s"), (slow, "3 s")):
            for model, calls in sent.items():
                series = f'llm_requests_total{{model="{model}",error_class="none"}}'
                wait_for(f"{calls} calls of {model}", 30, lambda: server.one(series) == calls)
                # At the time of the last sample nothing is extrapolated beyond it, and nothing before a 0.
                # As text, because Prometheus cuts a number of seconds to the millisecond below.
                last = datetime.fromtimestamp(server.one(f"timestamp({series})"), timezone.utc)
                at = last.isoformat(timespec="milliseconds").replace("+00:00", "Z")
                increase = server.one(f"increase({series}[5m])", time=at)
                assert increase is not None and abs(increase - calls) < 1e-6, \
                    f"{model}, scraped every {name}: {calls} calls, increase() says {increase}"


def a_limit_is_told_as_it_is():
    """Approached, hit, refilled, raised, gone silent: what the server reads at each step."""
    with Tollgate(BINARY, SERIES_HOLD_SECONDS=0, SETTLE_SECONDS=0, LIMITS_STALE_AFTER_SECONDS=6) as tollgate, \
            Prometheus(tollgate.metrics, 1) as server:
        wait_for("first scrape", 30, lambda: server.one("up") == 1)

        def reads(step, **wanted):
            def found():
                return {name: server.one(f'llm_rate_limit_{name}{{resource="requests"}}') for name in wanted}

            def is_so():
                return all(value is not None and abs(value - wanted[name]) < 1e-9 if wanted[name] is not None
                           else value is None for name, value in found().items())
            try:
                wait_for(step, 12, is_so)
            except AssertionError as error:
                raise AssertionError(f"{error}: {found()}, not {wanted}") from None

        def answer(limit, remaining, reset="60s", **more):
            tollgate.send([limited_span(limit, remaining, reset, **more)])

        for remaining in (60, 30, 5):
            answer(100, remaining)
            reads(f"{remaining} left", limit=100, remaining=remaining, used_ratio=1 - remaining / 100)
        answer(100, 0, "4s", failed=True)
        reads("limit hit", limit=100, remaining=0, used_ratio=1, peak_used_ratio=1)
        assert 0 < server.one('llm_rate_limit_reset_seconds{resource="requests"}') <= 4
        wait_for("counted failure", 10, lambda: server.one('sum(llm_errors_total{error_class="rate_limit"})') == 1)
        reads("refilled without another answer", limit=100, remaining=100, used_ratio=0, peak_used_ratio=1, reset_seconds=None)
        answer(400, 399)
        answer(400, 398)
        reads("raised", limit=400, remaining=398, used_ratio=0.005)
        assert server.one('tollgate_rate_limit_changes_total{direction="raised"}') == 1
        answer(400, 100, "1s")
        reads("gone silent", limit=None, remaining=None, used_ratio=None, peak_used_ratio=None, reset_seconds=None)
    assert "old=100 new=400" in tollgate.lines(), tollgate.lines()


def a_shutdown_counts_what_was_accepted():
    """Calls that still wait for others of their kind are counted before the process ends."""
    with Tollgate(BINARY, SERIES_HOLD_SECONDS=0, SETTLE_SECONDS=60) as tollgate:
        tollgate.send([chat_span("gpt-4o") for _ in range(4)])
        assert tollgate.stop() == 0
        assert "stopped, everything is counted requests=1 calls=4" in tollgate.lines(), tollgate.lines()


def main():
    passed = failed = 0

    def check(test, *arguments):
        nonlocal passed, failed
        name = test.__name__.replace("_", " ")
        started = time.monotonic()
        try:
            test(*arguments)
        except Exception as error:  # noqa: BLE001 - a test may fail in any way
            failed += 1
            print(f"FAILED  {name}: {error}", flush=True)
        else:
            passed += 1
            print(f"passed  {name} ({time.monotonic() - started:.0f} s)", flush=True)

    started = time.monotonic()
    with Tollgate(BINARY, "demo", "--speed", "5") as demo:
        check(the_demo_fills_every_family_within_ten_seconds, demo, started)
        check(promtool_finds_nothing, demo)
        check(prometheus_scrapes_text, demo)
        check(prometheus_scrapes_openmetrics, demo)
        check(exemplars_lead_to_traces, demo)
    check(increase_loses_nothing)
    check(a_limit_is_told_as_it_is)
    check(a_shutdown_counts_what_was_accepted)
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
