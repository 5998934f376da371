"""What the alerts on failing calls must do."""

from .nouns import CALL_LABELS, Case, Series, call, requests

PROVIDER_MODEL = {"environment": "prod", "provider": "openai", "model": "gpt-4o"}
WORKED = "0+5x30 150+0x220"


def retried(retries: str, **by_class: str) -> Series:
    return call("llm_retries_total", retries) | requests(**by_class)


ROUTE = {"environment": "prod", "service_name": "checkout", "provider": "openai"}
FEW = "call(s) in prod: a small part of all, or nothing that worked before."


def eight_services() -> Series:
    """Each fails at a quarter of three calls a minute: too little for a rule of its own."""
    series: Series = {}
    for number in range(8):
        each = requests(none="0+2.25x60", server_error="0+0.75x60")
        series |= {name.replace("checkout", f"service-{number}"): values for name, values in each.items()}
    return series


CASES = [
    Case(
        "LLMErrorRateHigh",
        fires_at="30m",
        silent_again_at="100m",
        series=requests(none="0+94x180", server_error="0+6x60 360+0x120"),
        labels={"severity": "page"} | CALL_LABELS,
        summary="prod: 6% of calls of checkout to gpt-4o fail",
        description="More than 5% of calls failed, beyond what chance explains, over 10 minutes, 1 hour or 6 hours, and they still fail (openai, prod). Calls that the caller gave up and requests that the caller got wrong are not counted as failures. Dashboard Errors tells the cause.",
        fires_too={
            "a restart in the middle": ("40m", requests(none="0+94x20 0+94x40", server_error="0+6x20 0+6x40")),
            "the errors are a new series": ("80m", requests(none="0+94x120", timeout="_x60 0+20x60")),
            "classes that only together pass it": ("40m", requests(none="0+94x60", timeout="0+3x60", connection="0+3x60")),
            "a fifth fails, for ten minutes, at 8 calls a minute": ("70m", requests(none="0+8x60 480+6.4x20", server_error="0+0x60 0+1.6x20")),
            "all fail, for five minutes, at 8 calls a minute": ("65m", requests(none="0+8x60 480+0x20", server_error="0+0x60 0+8x20")),
        },
        stays_silent={
            "just below: 4.9 %": ("30m", requests(none="0+951x60", server_error="0+49x60")),
            "one failure in six calls": ("30m", requests(none="0+0.5x60", server_error="0+0.1x60")),
            "a burst of five minutes in a good hour": ("64m", requests(none="0+94x120", server_error="0+0x60 0+10x5 50+0x60")),
            "calls that the caller gave up": ("30m", requests(none="0+80x60", cancelled="0+20x60")),
            "what users cause": ("30m", requests(none="0+40x60", content_filter="0+20x60", context_length="0+20x60", invalid_request="0+20x60")),
            "a restart below it": ("40m", requests(none="0+96x30 0+96x40", server_error="0+4x30 0+4x40")),
        },
    ),
    Case(
        "LLMProviderFailing",
        fires_at="30m",
        silent_again_at="100m",
        series=requests(none="0+94x180", server_error="0+6x60 360+0x120"),
        labels={"severity": "page", "environment": "prod", "provider": "openai"},
        summary="prod: 6% of calls to openai fail",
        description="More than 5% of the calls of all services to all models of openai in prod, over 10 minutes, 1 hour or 6 hours, and they still fail. Look at its status page.",
        fires_too={
            "eight services with three calls a minute each": ("15m", eight_services()),
        },
        stays_silent={
            "just below: 4.9 %": ("30m", requests(none="0+951x60", server_error="0+49x60")),
            "what users cause": ("30m", requests(none="0+40x60", content_filter="0+60x60")),
        },
    ),
    Case(
        "LLMServiceDown",
        fires_at="190m",
        silent_again_at="300m",
        series=requests(none="0+1x120 120+0x120 120+1x100", timeout="0+0x120 0+0.1x120 12+0x100"),
        labels={"severity": "page"} | ROUTE,
        summary="prod: no call of checkout to openai works",
        description="6 calls, none worked: checkout to openai in prod, for an hour, or for 20 minutes where there is traffic, though they worked in the last 5d. Calls that the callers gave up are among them: who waits too long gets nothing either.",
        fires_too={
            "the callers give up every call": ("145m", requests(none="0+8x120 960+0x60", cancelled="0+0x120 0+8x60")),
        },
        stays_silent={
            "one success in the hour": ("190m", requests(none="0+1x120 120+0x30 121+0x60", timeout="0+0x120 0+0.2x120")),
            "two failures, until they are an hour old": ("230m", requests(none="0+1x60 60+0x160", timeout="0+0x150 0+1x2 2+0x60")),
            "refused for what they ask": ("190m", requests(none="0+1x60 60+0x160", invalid_request="0+0x120 0+1x120")),
        },
    ),
    Case(
        "LLMQuotaExhausted",
        fires_at="15m",
        silent_again_at="50m",
        series=requests(none="0+5x10 50+0x60", quota_exhausted="0+0x10 0+4x10 40+0x60"),
        labels={"severity": "page"} | CALL_LABELS,
        summary="prod: openai refuses checkout: quota or credit for gpt-4o is used up",
        description="16 calls were refused in 10m in prod. Waiting does not help: somebody must add credit or raise the spend limit at openai, or traffic must move.",
        fires_too={
            "one refusal, in a new series, as a ticket": ("18m", requests(none="0+5x60", quota_exhausted="_x10 0 1+0x30")),
            "after a restart": ("28m", requests(quota_exhausted="3+0x20 0 1+0x30")),
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
        silent_again_at="100m",
        series=requests(none=WORKED, authentication="0+0x40 0+1x20 20+0x60"),
        labels={"severity": "page", "error_class": "authentication"} | CALL_LABELS,
        summary="prod: openai denies checkout access to gpt-4o (authentication)",
        description="9 calls failed in 10 minutes in prod, though this service's calls to openai worked in the last 5d. A key was revoked, rotated or lost a right.",
        fires_too={
            "permission": ("50m", requests(none=WORKED, permission="0+0x40 0+1x20")),
            "in a new series": ("50m", requests(none=WORKED, authentication="_x40 0+1x20")),
            "a restart between": ("50m", requests(none="0+5x30 0+0x60", authentication="0+0x40 0+1x20")),
            "two in ten minutes, as a ticket": ("50m", requests(none=WORKED, authentication="0+0x42 2+0x60")),
            "a service that never worked, as a ticket": ("50m", requests(authentication="0+1x60")),
        },
        stays_silent={
            "refusals of an earlier hour": ("80m", requests(none=WORKED, authentication="0+0x40 5+0x60")),
        },
    ),
    Case(
        "LLMModelGone",
        fires_at="50m",
        silent_again_at="100m",
        series=requests(none=WORKED, model_not_found="0+0x40 0+1x20 20+0x60"),
        labels={"severity": "page"} | CALL_LABELS,
        summary="prod: openai no longer finds model gpt-4o, asked for by checkout",
        description="9 calls failed in 10 minutes in prod and none worked, though this service's calls to openai worked in the last 5d. The model was retired or renamed, or this account lost it.",
        fires_too={
            "one failure, in a new series, as a ticket": ("53m", requests(none=WORKED, model_not_found="_x45 0 1+0x30")),
            "a restart between": ("50m", requests(none="0+5x30 0+0x60", model_not_found="0+0x40 0+1x20")),
        },
        stays_silent={
            "other failures": ("50m", requests(none=WORKED, invalid_request="0+1x60")),
            "a restart": ("50m", requests(none=WORKED, model_not_found="9+0x45 0+0x60")),
        },
    ),
    Case(
        "LLMRateLimited",
        fires_at="20m",
        silent_again_at="80m",
        series=requests(none="0+80x90", rate_limit="0+20x30 600+0x60"),
        labels={"severity": "page"} | PROVIDER_MODEL,
        summary="prod: openai rate-limits 20% of calls to gpt-4o",
        description="More than 10% of calls over 10 minutes in prod were answered 429. Dashboard Rate limits shows which limit is full and when it refills.",
        fires_too={
            "a restart in the middle": ("24m", requests(none="0+80x12 0+80x20", rate_limit="0+20x12 0+20x20")),
            "in a new series": ("45m", requests(none="0+80x60", rate_limit="_x30 0+30x30")),
        },
        stays_silent={
            "just below: 9 %": ("20m", requests(none="0+91x60", rate_limit="0+9x60")),
            "nine refusals": ("20m", requests(none="0+1x60", rate_limit="0+0.9x60")),
            "an exhausted quota is not a rate limit": ("20m", requests(none="0+80x60", quota_exhausted="0+20x60")),
        },
    ),
    Case(
        "LLMProviderOverloaded",
        fires_at="30m",
        silent_again_at="80m",
        series=requests(none="0+93x90", overloaded="0+7x30 210+0x60"),
        labels={"severity": "ticket"} | PROVIDER_MODEL,
        summary="prod: openai has no capacity for 7% of calls to gpt-4o",
        description="More than 5% of calls over an hour in prod, and it goes on. It is the provider's capacity, not your limit: fall back to another model or region, and look at its status page.",
        fires_too={
            "a restart in the middle": ("40m", requests(none="0+93x15 0+93x40", overloaded="0+7x15 0+7x40")),
            "in a new series": ("50m", requests(none="0+80x60", overloaded="_x20 0+20x40")),
        },
        stays_silent={
            "just below: 4.9 %": ("30m", requests(none="0+951x60", overloaded="0+49x60")),
            "nine refusals": ("30m", requests(none="0+1x60", overloaded="0+0x20 0+1x9 9+0x60")),
        },
    ),
    Case(
        "LLMCallersErrorsHigh",
        fires_at="60m",
        silent_again_at="240m",
        series=requests(none="0+9x300", content_filter="0+1x60 60+0x240"),
        labels={"severity": "ticket"} | CALL_LABELS,
        summary="prod: 10% of calls of checkout to gpt-4o are refused for what they ask",
        description="More than 5% of calls over an hour in prod were refused by a content filter, were longer than the model takes, or were not valid. The provider works; a release, a prompt or a user's input does not.",
        fires_too={"every call, since a release": ("100m", requests(none="0+9x60 540+0x60", invalid_request="0+0x60 0+9x60"))},
        stays_silent={
            "just below: 4.9 %": ("60m", requests(none="0+951x60", context_length="0+49x60")),
            "failures of the provider": ("60m", requests(none="0+9x60", server_error="0+9x60")),
        },
    ),
    Case(
        "LLMRetryStorm",
        fires_at="20m",
        silent_again_at="70m",
        series=retried("0+12x30 360+0x60", none="0+10x90"),
        labels={"severity": "ticket"} | CALL_LABELS,
        summary="prod: checkout retries calls to gpt-4o 1.2 times each",
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
