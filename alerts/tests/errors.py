"""What the alerts on failing calls must do."""

from .nouns import CALL_LABELS, Case, Series, call, requests

PROVIDER_MODEL = {"environment": "prod", "provider": "openai", "model": "gpt-4o"}
WORKED = "0+5x30 150+0x220"


def retried(retries: str, **by_class: str) -> Series:
    return call("llm_retries_total", retries) | requests(**by_class)


CASES = [
    Case(
        "LLMErrorRateHigh",
        fires_at="30m",
        silent_again_at="70m",
        series=requests(none="0+94x180", server_error="0+6x60 360+0x120"),
        labels={"severity": "page"} | CALL_LABELS,
        summary="6% of calls of checkout to gpt-4o fail",
        description="More than 5% of calls failed over 5 minutes and over 1 hour (openai, prod). Calls that the caller gave up are not failures. Dashboard Errors tells the cause.",
        fires_too={
            "a restart in the middle": ("40m", requests(none="0+94x20 0+94x40", server_error="0+6x20 0+6x40")),
            "the errors are a new series": ("80m", requests(none="0+94x120", timeout="_x60 0+20x60")),
            "classes that only together pass it": ("30m", requests(none="0+94x60", timeout="0+3x60", connection="0+3x60")),
        },
        stays_silent={
            "just below: 4.9 %": ("30m", requests(none="0+951x60", server_error="0+49x60")),
            "half of 3 calls a minute": ("30m", requests(none="0+1.5x60", server_error="0+1.5x60")),
            "a burst of five minutes in a good hour": ("64m", requests(none="0+94x120", server_error="0+0x60 0+10x5 50+0x60")),
            "calls that the caller gave up": ("30m", requests(none="0+80x60", cancelled="0+20x60")),
            "a restart below it": ("40m", requests(none="0+96x30 0+96x40", server_error="0+4x30 0+4x40")),
        },
    ),
    Case(
        "LLMQuotaExhausted",
        fires_at="15m",
        silent_again_at="40m",
        series=requests(none="0+5x10 50+0x60", quota_exhausted="0+0x10 0+4x10 40+0x60"),
        labels={"severity": "page"} | CALL_LABELS,
        summary="openai refuses checkout: quota or credit for gpt-4o is used up",
        description="16 calls were refused in 10m in prod. Waiting does not help: somebody must add credit or raise the spend limit at openai, or traffic must move.",
        fires_too={
            "one refusal, in a new series": ("12m", requests(quota_exhausted="_x10 0 1+0x30")),
            "after a restart": ("22m", requests(quota_exhausted="3+0x20 0 1+0x30")),
            "still, nine minutes after the last refusal": ("29m", requests(quota_exhausted="0+0x10 0+4x10 40+0x60")),
        },
        stays_silent={
            "rate limits, which pass by themselves": ("20m", requests(none="0+5x60", rate_limit="0+5x60")),
            "refusals of an earlier day": ("20m", requests(none="0+5x60", quota_exhausted="40+0x60")),
            "a restart": ("20m", requests(quota_exhausted="40+0x10 0+0x60")),
        },
    ),
    Case(
        "LLMAccessDenied",
        fires_at="50m",
        silent_again_at="80m",
        series=requests(none=WORKED, authentication="0+0x40 0+1x20 20+0x60"),
        labels={"severity": "page", "error_class": "authentication"} | CALL_LABELS,
        summary="openai denies checkout access to gpt-4o (authentication)",
        description="9 calls failed in 10 minutes in prod, though this service's calls to openai worked in the last 1d. A key was revoked, rotated or lost a right.",
        fires_too={
            "permission": ("50m", requests(none=WORKED, permission="0+0x40 0+1x20")),
            "in a new series": ("50m", requests(none=WORKED, authentication="_x40 0+1x20")),
            "a restart between": ("50m", requests(none="0+5x30 0+0x60", authentication="0+0x40 0+1x20")),
        },
        stays_silent={
            "just below: 2 in ten minutes": ("50m", requests(none=WORKED, authentication="0+0x42 2+0x60")),
            "a service that never worked": ("50m", requests(authentication="0+1x60")),
            "it worked two days ago": ("3005m", requests(none="0+5x30 150+0x3000", authentication="0+0x2990 0+1x40")),
        },
    ),
    Case(
        "LLMModelGone",
        fires_at="50m",
        silent_again_at="80m",
        series=requests(none=WORKED, model_not_found="0+0x40 0+1x20 20+0x60"),
        labels={"severity": "page"} | CALL_LABELS,
        summary="openai no longer finds model gpt-4o, asked for by checkout",
        description="9 calls failed in 10 minutes in prod. The model worked in the last 1d: it was retired, renamed, or this account lost it.",
        fires_too={
            "one failure, in a new series": ("50m", requests(none=WORKED, model_not_found="_x45 0 1+0x30")),
            "a restart between": ("50m", requests(none="0+5x30 0+0x60", model_not_found="0+0x40 0+1x20")),
        },
        stays_silent={
            "a misspelt model that never worked": ("50m", requests(model_not_found="0+1x60")),
            "other failures": ("50m", requests(none=WORKED, invalid_request="0+1x60")),
            "a restart": ("50m", requests(none=WORKED, model_not_found="9+0x45 0+0x60")),
        },
    ),
    Case(
        "LLMRateLimited",
        fires_at="10m",
        silent_again_at="50m",
        series=requests(none="0+88x90", rate_limit="0+12x30 360+0x60"),
        labels={"severity": "page"} | PROVIDER_MODEL,
        summary="openai rate-limits 12% of calls to gpt-4o",
        description="More than 10% of calls over 5 minutes in prod were answered 429. Dashboard Rate limits shows which limit is full and when it refills.",
        fires_too={
            "a restart in the middle": ("20m", requests(none="0+88x12 0+88x20", rate_limit="0+12x12 0+12x20")),
            "in a new series": ("40m", requests(none="0+88x60", rate_limit="_x30 0+20x30")),
        },
        stays_silent={
            "just below: 9 %": ("10m", requests(none="0+91x60", rate_limit="0+9x60")),
            "half of 3 calls a minute": ("10m", requests(none="0+1.5x60", rate_limit="0+1.5x60")),
            "an exhausted quota is not a rate limit": ("10m", requests(none="0+80x60", quota_exhausted="0+20x60")),
        },
    ),
    Case(
        "LLMProviderOverloaded",
        fires_at="15m",
        silent_again_at="50m",
        series=requests(none="0+94x90", overloaded="0+6x30 180+0x60"),
        labels={"severity": "ticket"} | PROVIDER_MODEL,
        summary="openai has no capacity for 6% of calls to gpt-4o",
        description="More than 5% of calls over 5 minutes in prod. It is the provider's capacity, not your limit: fall back to another model or region, and look at its status page.",
        fires_too={
            "a restart in the middle": ("25m", requests(none="0+94x15 0+94x20", overloaded="0+6x15 0+6x20")),
            "in a new series": ("45m", requests(none="0+94x60", overloaded="_x30 0+10x30")),
        },
        stays_silent={
            "just below: 4.9 %": ("15m", requests(none="0+951x60", overloaded="0+49x60")),
            "half of 3 calls a minute": ("15m", requests(none="0+1.5x60", overloaded="0+1.5x60")),
            "a restart below it": ("25m", requests(none="0+96x15 0+96x20", overloaded="0+4x15 0+4x20")),
        },
    ),
    Case(
        "LLMRetryStorm",
        fires_at="20m",
        silent_again_at="60m",
        series=retried("0+12x30 360+0x60", none="0+10x90"),
        labels={"severity": "ticket"} | CALL_LABELS,
        summary="checkout retries calls to gpt-4o 1.2 times each",
        description="More than 0.5 hidden attempts per call over 10 minutes in prod. Retries multiply load on a provider that is already refusing, and hide its errors behind long calls.",
        fires_too={
            "a restart in the middle": ("30m", retried("0+12x20 0+12x20", none="0+10x20 0+10x20")),
            "in a new series": ("50m", retried("_x30 0+12x30", none="0+10x60")),
        },
        stays_silent={
            "just below: 0.49 a call": ("20m", retried("0+4.9x60", none="0+10x60")),
            "two calls a minute": ("20m", retried("0+4x60", none="0+2x60")),
            "no retries": ("20m", requests(none="0+10x60")),
        },
    ),
]
