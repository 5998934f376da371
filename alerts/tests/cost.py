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


CALLS = requests(none="0+10x400")
PERIOD = {"period": "month", "unit": "usd"}
LOOK = "`tollgate spend` and Tollgate's page /spend show who spent it."
BUDGETS = (
    ("LLMBudgetSpent", "page", "llm_budget_used_ratio", 1.02, 0.99, PERIOD, "102% of budget research (usd per month) is spent", f"Nothing is left of it in this period. {LOOK}"),
    ("LLMBudgetFilling", "ticket", "llm_budget_used_ratio", 0.85, 0.79, PERIOD, "85% of budget research (usd per month) is spent", f"From 80% on. {LOOK}"),
    (
        *("LLMBudgetForecastOver", "ticket", "llm_budget_forecast_ratio", 1.2, 0.98, PERIOD),
        *("120% of budget research (usd per month) is what the forecast for the end of the period says", f"At the present pace it will be passed. {LOOK}"),
    ),
    (
        *("LLMBudgetStepPassed", "ticket", "llm_budget_over", 3, 0, {"step": "80%"}),
        *("3 of those that share budget research are above 80%", "Each has an amount of its own; names are not told here. /spend with a token names them."),
    ),
)


def budget(family: str, values: str) -> Series:
    labels = 'step="80%"' if family == "llm_budget_over" else 'period="month",unit="usd"'
    return {f'{family}{{budget="research",{labels}}}': values}


CASES = [
    Case(
        "LLMSpendOverDailyBudget",
        fires_at="1d",
        silent_again_at="40h",
        series=cost("0+4x150 600+0x120"),
        labels={"severity": "page", "environment": "prod"},
        summary="prod: $576.00 spent on LLM calls in 24 hours in prod",
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
        silent_again_at="350m",
        series=cost("0+0.4x200 80+0x160"),
        labels={"severity": "ticket", "environment": "prod"},
        summary="prod: on pace to spend $576 on LLM calls today (UTC)",
        description="Spent since midnight UTC, and the rest of the day at the pace of the last hour: over the budget of $500 for prod.",
        fires_too={
            "a second series, new in the last hour": ("190m", cost("0+0.3x200") | cost("_x120 0+0.2x80", instance="b")),
            "the ledger says what was spent": ("190m", cost("0+0.1x200") | {'llm_spend_day_usd{environment="prod",provider="openai"}': "400+0x200"}),
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
        series=cost("0+0.1667x288 48+1x24 72+0.1667x60") | CALLS,
        labels={"severity": "page"} | SERVICE,
        summary="prod: checkout spent $12.00 on LLM calls in the last hour, many times the usual",
        description="More than 5 times the most that checkout spent in an hour at this time yesterday or last week, in prod; without a last week, in any hour known. A loop, a new job or a dearer model.",
        step="5m",
        fires_too={
            "the traffic comes in a new series": ("26h", cost("0+0.1667x340") | cost("_x288 0+1x40", instance="b") | CALLS),
            "a service without any history, at 30 dollars an hour": ("80m", cost("0+2.5x40") | CALLS),
            "three hours of history": ("4h", cost("0+0.1x36 3.6+1.5x40") | CALLS),
        },
        stays_silent={
            "just below: 4.9 times": ("26h", cost("0+0.1667x288 48+0.8165x40") | CALLS),
            "ten times nearly nothing": ("26h", cost("0+0.01667x288 4.8+0.1667x40") | CALLS),
            "no history, at 12 dollars an hour": ("5h", cost("0+1x80") | CALLS),
            "one dear call": ("25h", cost("0+0.01667x294 60+0.01667x40") | CALLS),
            "a restart on a usual day": ("26h", cost("0+0.1667x300 0+0.1667x40") | CALLS),
        },
    ),
    *(
        Case(
            name,
            fires_at="45m",
            silent_again_at="100m",
            series=budget(family, f"{value}+0x60 0+0x60"),
            labels={"severity": severity, "budget": "research"} | labels,
            summary=summary,
            description=description,
            stays_silent={"below": ("45m", budget(family, f"{below}+0x60"))},
        )
        for name, severity, family, value, below, labels, summary, description in BUDGETS
    ),
    Case(
        "LLMCallCostHigh",
        fires_at="15m",
        silent_again_at="30m",
        series=dear("0+1x10 11+1x60", "0+1x10 10+1x60"),
        labels={"severity": "ticket"} | CALL_LABELS,
        summary="prod: 1 call(s) of checkout to gpt-4o cost more than $10 each",
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
        summary="prod: team growth spent $144.00 on LLM calls in 24 hours",
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
        summary="prod: 40 calls to gpt-4o in an hour have no price",
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
        summary="prod: 50% of calls of checkout to gpt-4o do not say their tokens",
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
        summary="prod: Prompt cache hit rate of checkout on gpt-4o fell to 10%",
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
