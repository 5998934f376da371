"""What the alerts on money must do. Thresholds are written out: a changed default must be seen here."""

from .nouns import CALL_LABELS, Case, Series, call, requests

SERVICE = {"environment": "prod", "service_name": "checkout"}
PROVIDER_MODEL = {"environment": "prod", "provider": "openai", "model": "gpt-4o"}


def cost(values: str, **labels: str) -> Series:
    return call("llm_cost_usd_total", values, type="output", **labels)


def dear(count: str, up_to_ten: str, edge: str = "10") -> Series:
    return call("llm_request_cost_usd_count", count) | call("llm_request_cost_usd_bucket", up_to_ten, le=edge)


def unpriced(values: str) -> Series:
    return call("llm_priced_requests_total", values, price_source="unpriced")


def usage(without: str, **by_class: str) -> Series:
    return call("llm_requests_without_usage_total", without) | requests(**by_class)


def prompt(fresh: str, cached: str) -> Series:
    return call("llm_tokens_total", fresh, type="input") | call("llm_tokens_total", cached, type="cache_read")


CASES = [
    Case(
        "LLMSpendOverDailyBudget",
        fires_at="1d",
        silent_again_at="40h",
        series=cost("0+4x150 600+0x120"),
        labels={"severity": "page", "environment": "prod"},
        summary="$576.00 spent on LLM calls in 24 hours in prod",
        description="The budget is $500 in any 24 hours. Dashboard Cost shows which model, service and kind of token it went to.",
        step="10m",
        fires_too={
            "a restart in the middle": ("1d", cost("0+4x70 0+4x80")),
            "a new series that starts at 0 and jumps": ("1d", cost("_x138 0 600+0x10")),
            "two replicas that only together pass it": ("1d", cost("0+2x150", instance="a") | cost("0+2x150", instance="b")),
        },
        stays_silent={
            "just below: 489.60 dollars a day": ("1d", cost("0+3.4x150")),
            "hardly any traffic": ("1d", cost("0+0.001x150")),
            "just below with a restart": ("1d", cost("0+3.4x70 0+3.4x80")),
            "two environments below it": ("1d", cost("0+2x150") | {k.replace("prod", "staging"): v for k, v in cost("0+2x150").items()}),
        },
    ),
    Case(
        "LLMSpendOnPaceToPassBudget",
        fires_at="150m",
        silent_again_at="320m",
        series=cost("0+0.4x200 80+0x120"),
        labels={"severity": "ticket", "environment": "prod"},
        summary="On pace to spend $576 on LLM calls in 24 hours in prod",
        description="At the pace of the last hour the budget of $500 in 24 hours will be passed.",
        fires_too={
            "a restart in the middle": ("190m", cost("0+0.4x100 0+0.4x100")),
            "a second series, new in the last hour": ("190m", cost("0+0.3x200") | cost("_x120 0+0.2x80", instance="b")),
        },
        stays_silent={
            "just below: a pace of 489.60 dollars": ("200m", cost("0+0.34x200")),
            "too early to believe a pace: 24 dollars so far": ("60m", cost("0+0.4x60")),
            "already over the budget, which has its own alert": ("190m", cost("0+8x200")),
        },
    ),
    Case(
        "LLMSpendRateAboveUsual",
        fires_at="26h",
        silent_again_at="30h",
        series=cost("0+0.3333x144 48+2x12 72+0.3333x30"),
        labels={"severity": "page"} | SERVICE,
        summary="checkout spends $12.00 an hour on LLM calls, many times the usual",
        description="More than 5 times what checkout in prod spent in the same hour of yesterday, and of last week where that is known. A loop, a new job or a dearer model.",
        step="10m",
        fires_too={
            "a restart in the middle": ("26h", cost("0+0.3333x144 48+2x3 0+2x20")),
            "the traffic comes in a new series": ("26h", cost("0+0.3333x170") | cost("_x144 0+2x20", instance="b")),
            "last week known, and low": ("170h", cost("0+0.3333x1008 336+2x20")),
        },
        stays_silent={
            "just below: 4.9 times": ("26h", cost("0+0.3333x144 48+1.633x20")),
            "ten times nearly nothing": ("26h", cost("0+0.03333x144 4.8+0.3333x20")),
            "no history at all": ("5h", cost("0+2x40")),
            "the same hour of last week was as dear": ("170h", cost("0+2x144 288+0.3333x864 576+2x20")),
            "a restart on a usual day": ("26h", cost("0+0.3333x150 0+0.3333x20")),
        },
    ),
    Case(
        "LLMCallCostHigh",
        fires_at="15m",
        silent_again_at="30m",
        series=dear("0+1x10 11+1x60", "0+1x10 10+1x60"),
        labels={"severity": "ticket"} | CALL_LABELS,
        summary="1 call(s) of checkout to gpt-4o cost more than $10 each",
        description="Seen in the last 15 minutes in prod. The exemplars of the panel Cost per request lead to the traces.",
        fires_too={
            "edges as OpenMetrics writes them": ("15m", dear("0+1x10 11+1x60", "0+1x10 10+1x60", "10.0")),
            "the first call ever": ("12m", dear("_x10 0 1+0x20", "_x10 0 0+0x20")),
            "after a restart": ("20m", dear("0+1x10 0 1+0x20", "0+1x10 0 0+0x20")),
        },
        stays_silent={
            "just below: a call of 9.99 dollars": ("15m", dear("0+1x10 11+1x60", "0+1x10 11+1x60")),
            "no traffic": ("15m", dear("0+0x60", "0+0x60")),
            "a restart": ("15m", dear("5+1x10 0+1x60", "3+1x10 0+1x60")),
        },
    ),
    Case(
        "LLMDimensionSpendHigh",
        fires_at="1d",
        silent_again_at="44h",
        series=cost("0+1x150 150+0x160", team="growth"),
        labels={"severity": "ticket", "environment": "prod", "team": "growth", "dimension": "team"},
        summary="team growth spent $144.00 on LLM calls in 24 hours",
        description="More than $100 in 24 hours for one team in prod.",
        step="10m",
        fires_too={
            "a user": ("1d", cost("0+1x150", user="u-17")),
            "a restart in the middle": ("1d", cost("0+1x70 0+1x80", team="growth")),
            "a new team that jumps": ("1d", cost("_x138 0 150+0x10", team="growth")),
        },
        stays_silent={
            "just below: 99.36 dollars": ("1d", cost("0+0.69x150", team="growth")),
            "dear, but of no team": ("1d", cost("0+1x150")),
            "two teams below it": ("1d", cost("0+0.6x150", team="growth") | cost("0+0.6x150", team="search")),
        },
    ),
    Case(
        "LLMUnpricedTraffic",
        fires_at="40m",
        silent_again_at="150m",
        series=unpriced("0+1x60 60+0x100"),
        labels={"severity": "ticket"} | PROVIDER_MODEL,
        summary="40 calls to gpt-4o in an hour have no price",
        description="Their tokens are counted, their dollars are not: spend in prod is higher than shown. Add a price for openai / gpt-4o to the configuration, or load a newer catalogue.",
        fires_too={
            "a restart in the middle": ("60m", unpriced("0+1x30 0+1x40")),
            "a new model": ("80m", unpriced("_x50 0+1x60")),
        },
        stays_silent={
            "just below: 9 calls in an hour": ("60m", unpriced("0 9+0x100")),
            "no traffic": ("60m", unpriced("0+0x100")),
            "every call priced": ("60m", call("llm_priced_requests_total", "0+9x100", price_source="catalogue")),
        },
    ),
    Case(
        "LLMCallsWithoutUsage",
        fires_at="80m",
        silent_again_at="200m",
        series=usage("0+1x100 100+0x120", none="0+2x220"),
        labels={"severity": "info"} | CALL_LABELS,
        summary="50% of calls of checkout to gpt-4o do not say their tokens",
        description="Neither tokens nor dollars of these calls are known. Most often streaming without the option that asks the provider for usage. Failed calls are left out; the threshold is 20% of successful calls in an hour.",
        fires_too={
            "a restart in the middle": ("100m", usage("0+1x60 0+1x60", none="0+2x60 0+2x60")),
            "a new model": ("100m", usage("_x30 0+1x90", none="_x30 0+2x90")),
        },
        stays_silent={
            "just below: 19 %": ("80m", usage("0+19x100", none="0+100x100")),
            "30 calls in an hour": ("80m", usage("0+0.5x100", none="0+0.5x100")),
            "only the failed calls are without usage": ("80m", usage("0+2x100", none="0+2x100", rate_limit="0+2x100")),
        },
    ),
    Case(
        "LLMCacheHitRateFallen",
        fires_at="26h",
        silent_again_at="30h",
        series=prompt("0+4e4x144 5760000+9e4x12 6840000+4e4x40", "0+6e4x144 8640000+1e4x12 8760000+6e4x40"),
        labels={"severity": "ticket"} | CALL_LABELS,
        summary="Prompt cache hit rate of checkout on gpt-4o fell to 10%",
        description="Under 50% of what it was at this hour yesterday. A prompt whose beginning changed is billed in full.",
        step="10m",
        fires_too={
            "a restart in the middle": ("26h", prompt("0+4e4x144 0+9e4x20", "0+6e4x144 0+1e4x20")),
            "the prompt now comes in a new series": (
                "26h",
                prompt("0+4e4x170", "0+6e4x144 8640000+0x20") | call("llm_tokens_total", "_x144 0+6e4x20", type="input", instance="b"),
            ),
        },
        stays_silent={
            "just above half: 31 % after 60 %": ("26h", prompt("0+4e4x144 5760000+6.9e4x20", "0+6e4x144 8640000+3.1e4x20")),
            "hardly any tokens": ("26h", prompt("0+400x144 57600+900x20", "0+600x144 86400+100x20")),
            "no history": ("3h", prompt("0+9e4x40", "0+1e4x40")),
            "a cache that was never warm": ("26h", prompt("0+8.5e4x144 12240000+9.9e4x20", "0+1.5e4x144 2160000+1e3x20")),
        },
    ),
]
