#!/usr/bin/env python3
"""Healthy weeks: nobody is woken, whatever chance does.

    python3 tests/pager/week.py         3 weeks, one a seed
    python3 tests/pager/week.py 1       so many

Four services with models of three providers, busy by day, calm by night and at the weekend, with every family that rules look
at: 1 % of calls fail for six reasons, limits breathe, prompts and costs vary, a batch runs each night, and Tollgate is
restarted once. promtool evaluates every shipped rule every two minutes.
"""

import math
import random
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from poisson import poisson  # noqa: E402
from replay import incidents, timeline  # noqa: E402

STEP, DAYS = 2, 7
MOMENTS = DAYS * 1440 // STEP
RESTART = MOMENTS // 2
FAILURES = {"rate_limit": 0.003, "server_error": 0.003, "timeout": 0.002, "overloaded": 0.001, "content_filter": 0.001, "cancelled": 0.005}
DURATIONS = {"1": 0.2, "2.5": 0.55, "5": 0.8, "10": 0.95, "30": 0.995, "60": 1.0}
FIRST_TOKENS = {"0.25": 0.3, "0.5": 0.7, "1": 0.93, "2": 0.99, "5": 1.0}
PROMPTS = {"8000": 0.7, "32000": 0.93, "80000": 0.995, "100000": 0.999, "200000": 1.0}
COSTS = {"0.01": 0.6, "0.1": 0.97, "1": 0.9999, "10": 1.0, "100": 1.0}


@dataclass(frozen=True)
class Traffic:
    """Calls of a service to a model: how many a minute at noon, and dollars of a call."""

    service: str
    provider: str
    model: str
    calls: float
    dollars: float
    nightly: bool = False

    @property
    def labels(self) -> str:
        return f'service_name="{self.service}",environment="prod",provider="{self.provider}",model="{self.model}",operation="chat"'

    def expected(self, moment: int) -> float:
        """Calls of a step."""
        hour, day = moment * STEP / 60 % 24, moment * STEP // 1440
        if self.nightly:
            return self.calls * STEP if 2 <= hour < 3 else 0.02 * STEP
        by_day = 0.55 - 0.45 * math.cos(hour / 24 * 2 * math.pi)
        return self.calls * STEP * by_day * (0.4 if day >= 5 else 1)


TRAFFIC = (
    Traffic("checkout", "openai", "gpt-5", 20, 0.008),
    Traffic("checkout", "anthropic", "claude-sonnet-4-5", 4, 0.02),
    Traffic("search", "openai", "gpt-5-mini", 60, 0.001),
    Traffic("assistant", "gcp.gemini", "gemini-2.5-flash", 1.5, 0.004),
    Traffic("reports", "openai", "gpt-5-mini", 40, 0.002, nightly=True),
)


class Week:
    """Counters and gauges, each as a list of values."""

    def __init__(self, seed: int) -> None:
        self.source = random.Random(seed)
        self.values: dict[str, list[float]] = {}
        for each in TRAFFIC:
            self.calls(each)
        self.limits()
        self.tollgate()

    def counter(self, name: str, added: list[float]) -> None:
        """Begins anew at the restart."""
        total, values = 0.0, [0.0]
        for moment, one in enumerate(added):
            total = one if moment == RESTART else total + one
            values.append(round(total, 6))
        self.values[name] = values

    def histogram(self, family: str, labels: str, calls: list[int], shape: dict[str, float]) -> None:
        for edge, part in (*shape.items(), ("+Inf", 1.0)):
            self.counter(f'{family}_bucket{{{labels},le="{edge}"}}', [self.some(count, part) for count in calls])
        self.counter(f"{family}_count{{{labels}}}", calls)

    def some(self, count: int, part: float) -> float:
        """So many of `count`, with little noise: buckets must not cross."""
        return count if part >= 1 else count * part

    def calls(self, each: Traffic) -> None:
        made = [poisson(each.expected(moment), self.source) for moment in range(MOMENTS)]
        failed = {name: [sum(self.source.random() < part for _ in range(count)) for count in made] for name, part in FAILURES.items()}
        good = [count - sum(by[moment] for by in failed.values()) for moment, count in enumerate(made)]
        for name, added in {"none": good, **failed}.items():
            self.counter(f'llm_requests_total{{{each.labels},error_class="{name}"}}', added)
        for name, added in failed.items():
            self.counter(f'llm_errors_total{{{each.labels},error_class="{name}",error_code="",status_code=""}}', added)
        dollars = [count * each.dollars * self.source.lognormvariate(0, 0.4) for count in good]
        self.counter(f'llm_cost_usd_total{{{each.labels},type="output"}}', dollars)
        for kind, tokens in (("input", 3000), ("cache_read", 2000), ("output", 400)):
            self.counter(f'llm_tokens_total{{{each.labels},type="{kind}"}}', [count * tokens * self.source.uniform(0.8, 1.2) for count in good])
        self.counter(f'llm_priced_requests_total{{{each.labels},price_source="catalogue"}}', good)
        self.counter(f"llm_requests_without_usage_total{{{each.labels}}}", [count - fine for count, fine in zip(made, good, strict=True)])
        self.counter(f"llm_retries_total{{{each.labels}}}", failed["rate_limit"])
        self.counter(f'llm_streaming_requests_total{{{each.labels},streaming="true",over_10s="false"}}', good)
        self.histogram("llm_request_duration_seconds", f'{each.labels},outcome="ok"', good, DURATIONS)
        self.histogram("llm_time_to_first_token_seconds", each.labels, good, FIRST_TOKENS)
        self.histogram("llm_request_input_tokens", each.labels, good, PROMPTS)
        self.histogram("llm_request_cost_usd", each.labels, good, COSTS)

    def limits(self) -> None:
        for provider, model in (("openai", "gpt-5"), ("anthropic", "claude-sonnet-4-5")):
            limit = f'provider="{provider}",model="{model}",account="1a2b3c4d5e",resource="tokens",window="minute",source="header"'
            self.values[f"llm_rate_limit_peak_used_ratio{{{limit}}}"] = [round(self.source.betavariate(3, 6), 3) for _ in range(MOMENTS + 1)]

    def tollgate(self) -> None:
        at = 'job="tollgate",instance="tollgate-0:9464"'
        flat = {
            **{f"up{{{at}}}": 1, f'tollgate_build_info{{{at},version="1"}}': 1, f"tollgate_engine_lag_seconds{{{at}}}": 0.1},
            **{f"tollgate_settle_reach_seconds{{{at}}}": 3600, f"tollgate_settle_remember_seconds{{{at}}}": 3600},
            **{f"tollgate_config_last_reload_successful{{{at}}}": 1, f"tollgate_catalogue_timestamp_seconds{{{at}}}": 0},
            f'tollgate_catalogue_info{{{at},date="2026-11-01",source="embedded"}}': 1,
        }
        self.values |= {name: [value] * (MOMENTS + 1) for name, value in flat.items()}
        pushed = [6] * MOMENTS
        # The store of metrics is restarted too: two pushes fail.
        self.counter(f'tollgate_pushes_total{{{at},result="success"}}', pushed)
        self.counter(f'tollgate_pushes_total{{{at},result="failure"}}', [2 if moment == RESTART + 30 else 0 for moment in range(MOMENTS)])
        self.counter(f'tollgate_refused_requests_total{{{at},reason="timeout"}}', [int(moment % 700 == 0) for moment in range(MOMENTS)])
        self.counter(f"tollgate_overflow_calls_total{{{at}}}", [0] * MOMENTS)
        self.counter(f'tollgate_unread_spans_total{{{at},scope="other",reason="keys"}}', [0] * MOMENTS)

    def series(self) -> dict[str, str]:
        return {name: " ".join(f"{value:g}" if value < 1e5 else f"{value:.2f}" for value in values) for name, values in self.values.items()}


def main() -> int:
    seeds, woken = int(sys.argv[1]) if len(sys.argv) > 1 else 3, 0
    for seed in range(seeds):
        week = Week(seed)
        found = timeline(week.series(), STEP, list(range(0, DAYS * 1440, 2 * STEP)))
        begun = incidents(found)
        tickets = sorted({dict(labels)["alertname"] for alerts in found.values() for labels in alerts if ("severity", "ticket") in labels})
        woken += len(begun)
        print(f"week {seed}, {len(week.values)} series: {len(begun)} incidents {begun}, tickets {tickets}", flush=True)
    print(f"{seeds} weeks, {woken} incidents: {int(not woken)} passed, {int(bool(woken))} failed")
    return 1 if woken else 0


if __name__ == "__main__":
    sys.exit(main())
