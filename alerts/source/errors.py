"""Alerts on failing calls: how many, and why.

A page wants more than a ratio: so many failures that chance does not explain them, in a short window for what is bad and
in longer ones for what is slow; or, where there is little traffic, no success at all. One failure alone opens a ticket.
"""

from .nouns import CALLERS, FAILED, FRUITLESS, MODEL, PROVIDER, PROVIDER_MODEL, SERVICE_PROVIDER, Alert, Area, Record, counted, excess
from .thresholds import Thresholds

CALL = ("environment", "service_name", "provider", "model")
ROUTE = ("environment", "service_name", "provider")
# For each of `error_windows`: how many standard deviations over the threshold, how many failures at least. By arithmetic for
# Poisson traffic of 40 calls in 5 minutes (tests/pager/poisson.py measures it): in 10 minutes 80 calls, of which 13 must fail:
# at a steady 4 % one window in 40,000, at 20 % four in five; in an hour 480 calls, 41 must fail, 5 deviations over 4 %; in
# six hours 2880 calls, 153 must fail, 3.5 over 4 % and 1.5 under 6 %. Shorter histories prove less: hence the 100.
TIERS = ((4, 10), (3.3, 12), (0.7, 100))
# And where it was better before, less is enough: at least so many failures in the shortest window, so many deviations over
# the threshold, and so much over the usual in roots of counts, whose spread by chance is a half whatever their size. Usual is
# the longest window before, counted as 1.2 in roots and 60 calls more than it was, so that a short past is no proof of good
# health. By 6,000 runs of the same traffic: 97 % of those that go from 1 % to 20 % page within 10 minutes, 96 % of those that
# fail so from their first call, 1.4 % of the nights at a steady 4 %, one week in 100 at 1 %.
SUDDEN = (1, 8)
UNUSUAL, PRIOR_ROOT, PRIOR_CALLS = 1.6, 1.2, 60
COUNTED = (("requests", ""), ("failed_requests", f"{{{FAILED}}}"))


def area(t: Thresholds) -> Area:
    """The rules on failures."""
    alerts = (
        *(error_rate(t), provider_failing(t), *down(t), *quota(t), *access(t), *not_found(t)),
        *(rate_limited(t), overloaded(t), callers_errors(t), retries(t)),
    )
    return Area("errors", fast_records(t), alerts, of_window(t.error_windows[2]))


FRUITLESS_15M = "service:llm_fruitless:increase15m"


def fast_records(t: Thresholds) -> tuple[Record, ...]:
    """Calls and failed calls of the shorter windows; whether anything worked."""
    return (
        *(record for window in dict.fromkeys((*t.error_windows[:2], "10m", "1h")) for record in of_window(window)),
        Record("service:llm_successes:increase20m", by_route('error_class="none"', "20m")),
        Record("service:llm_successes:increase1h", by_route('error_class="none"', "1h")),
        Record(FRUITLESS_15M, fruitless("15m", "<at>")),
        *(Record(excessive(scope), begun(t, scope)) for scope in ("model", "provider")),
    )


def of_window(window: str) -> tuple[Record, ...]:
    """Calls and failed calls by service and model, then by provider."""
    return (*(increase(name, selector, window) for name, selector in COUNTED), *(together(name, window) for name, _ in COUNTED))


def increase(name: str, selector: str, window: str) -> Record:
    return Record(f"model:llm_{name}:increase{window}", f"sum by ({MODEL}) (increase(llm_requests_total{selector}[{window}]<at>))")


def together(name: str, window: str) -> Record:
    """Over all services and models of a provider."""
    return Record(f"provider:llm_{name}:increase{window}", f"sum by ({PROVIDER}) (model:llm_{name}:increase{window})")


def by_route(selector: str, window: str) -> str:
    return f"sum by ({SERVICE_PROVIDER}) (increase(llm_requests_total{{{selector}}}[{window}]<at>))"


def excessive(scope: str) -> str:
    """The recorded series: the failing part of calls, while it is beyond the threshold in any window."""
    return f"{scope}:llm_failed_requests:excess"


def begun(t: Thresholds, scope: str) -> str:
    failed, calls = f"{scope}:llm_failed_requests:increase", f"{scope}:llm_requests:increase"
    tiers = (f"(\n  {excess(failed + window, calls + window, t.error_ratio, sigmas, least)}\n)" for window, (sigmas, least) in zip(t.error_windows, TIERS, strict=True))
    return " or ".join((*tiers, f"(\n  {sudden(t, scope)}\n)"))


def sudden(t: Thresholds, scope: str) -> str:
    """Beyond the threshold in the shortest window, and more than it ever is here by chance."""
    short, _, long = t.error_windows
    failed, calls = f"{scope}:llm_failed_requests:increase{short}", f"{scope}:llm_requests:increase{short}"
    # A class that never failed before has no series.
    earlier_failed, earlier_calls = (f"({scope}:llm_{name}:increase{long} offset {short} or 0 * {calls})" for name in ("failed_requests", "requests"))
    usual = f"sqrt({calls} / ({PRIOR_CALLS} + {earlier_calls})) * ({PRIOR_ROOT} + sqrt({earlier_failed}))"
    return f"{excess(failed, calls, t.error_ratio, *SUDDEN)}\n  and sqrt({failed}) - {usual} > {UNUSUAL}"


def burning(t: Thresholds, scope: str) -> str:
    """Beyond the threshold within the longest window, and still failing at half of it.

    What lies near the threshold crosses it again and again: having crossed it once is enough to begin, only a quiet short
    window ends it. So it is a latch that Grafana can keep too, and that a restart of Prometheus does not open.
    """
    short, _, long = t.error_windows
    now = f"{scope}:llm_failed_requests:increase{short} / {scope}:llm_requests:increase{short}"
    # The first half says it at once where the second looks every ten minutes, as Grafana's form does.
    return f"{now} > {t.error_ratio / 2:g}\nand ({excessive(scope)} > 0 or max_over_time({excessive(scope)}[{long}]) > 0)"


def error_rate(t: Thresholds) -> Alert:
    return Alert(
        "LLMErrorRateHigh",
        "page",
        burning(t, "model"),
        "{{ $value | humanizePercentage }} of calls of {{ $labels.service_name }} to {{ $labels.model }} fail",
        f"More than {t.error_ratio:.0%} of calls failed, beyond what chance explains, over 10 minutes, 1 hour or 6 hours, and they"
        " still fail ({{ $labels.provider }}, {{ $labels.environment }}). Calls that the caller gave up and requests that the"
        " caller got wrong are not counted as failures. Dashboard Errors tells the cause.",
        "errors",
        CALL,
        wait=t.error_wait,
        keep=t.error_ratio_keep,
        causes=CALL,
    )


def provider_failing(t: Thresholds) -> Alert:
    """Many services with little traffic each are together enough to say so."""
    return Alert(
        "LLMProviderFailing",
        "page",
        burning(t, "provider"),
        "{{ $value | humanizePercentage }} of calls to {{ $labels.provider }} fail",
        f"More than {t.error_ratio:.0%} of the calls of all services to all models of {{{{ $labels.provider }}}} in"
        " {{ $labels.environment }}, over 10 minutes, 1 hour or 6 hours, and they still fail. Look at its status page.",
        "errors",
        ("environment", "provider"),
        wait=t.error_wait,
        keep=t.error_ratio_keep,
        causes=("environment", "provider"),
    )


# --- no success at all


def fruitless(window: str, at: str = "") -> str:
    """Calls that brought nothing, counted exactly; those that the caller gave up among them."""
    selector = f"llm_requests_total{{{FRUITLESS}}}"
    return f"sum by ({SERVICE_PROVIDER}) (last_over_time({selector}[{window}]{at}) - min_over_time({selector}[{window}]{at}))"


def nothing_works(t: Thresholds) -> str:
    """No success for an hour with a few failures, or for 20 minutes with many."""
    return (
        f"({fruitless('1h')} >= 1 unless service:llm_successes:increase1h > 0)\n"
        f"or ({fruitless('20m')} >= {t.down_failures_20m} unless service:llm_successes:increase20m > 0)"
    )


def lasting(t: Thresholds) -> str:
    """Enough failures, and no quarter of an hour has them all.

    Fixed parts of the hour would not do: as the hour moves on, the border between two passes through every burst.
    """
    return f"{fruitless('1h')} >= {t.down_failures_1h}\nand {fruitless('1h')} > max_over_time({FRUITLESS_15M}[45m:1m])"


def worked_before(t: Thresholds) -> str:
    return f"sum_over_time(service:llm_successes:increase1h[{t.worked_before}:30m] offset 10m) > 0"


def down(t: Thresholds) -> tuple[Alert, Alert]:
    calls = "{{ printf \"%.0f\" $value }} calls, none worked"
    where = "{{ $labels.service_name }} to {{ $labels.provider }} in {{ $labels.environment }}"
    whole = f"(\n{nothing_works(t)}\n)\nand ({lasting(t)})\nand {worked_before(t)}"
    page = Alert(
        "LLMServiceDown",
        "page",
        whole,
        "no call of {{ $labels.service_name }} to {{ $labels.provider }} works",
        f"{calls}: {where}, for an hour, or for 20 minutes where there is traffic, though they worked in the last {t.worked_before}."
        " Calls that the callers gave up are among them: who waits too long gets nothing either.",
        "errors",
        ROUTE,
        wait=t.error_wait,
        keep=t.error_keep,
        causes=ROUTE,
    )
    ticket = Alert(
        "LLMServiceDown",
        "ticket",
        f"(\n{nothing_works(t)}\n)\nunless (({lasting(t)})\nand {worked_before(t)})",
        "no call of {{ $labels.service_name }} to {{ $labels.provider }} has worked lately",
        f"{calls}: {where}, in the last hour. They are few, came all at once, or it has not worked in {t.worked_before}.",
        "errors",
        ROUTE,
        wait="5m",
        lesser=True,
    )
    return page, ticket


# --- causes that do not pass by themselves


def cause(classes: str, window: str, t: Thresholds, by: str = MODEL, also: str = "") -> tuple[str, str]:
    """Expressions of page and ticket: several refusals that are a good part of all calls, or any at all."""
    selector = f'llm_requests_total{{error_class=~"{classes}"}}'
    refused = counted(selector, by, window)
    part = f"{counted(selector, MODEL, window)} / {counted('llm_requests_total', MODEL, window)}"
    page = f"{refused} >= {t.cause_failures}\nand on ({MODEL}) {part} > {t.cause_ratio}{also}"
    return page, f"{refused} > 0\nunless (\n{page}\n)"


def page_and_ticket(page: Alert, expr: str, description: str) -> tuple[Alert, Alert]:
    """The page, and the ticket that tells of what is less."""
    ticket = Alert(
        page.name, "ticket", expr, page.summary, description, page.dashboard, page.variables, wait="5m", lesser=True
    )
    return page, ticket


FEW = "{{ printf \"%.0f\" $value }} call(s) in {{ $labels.environment }}: a small part of all, or nothing that worked before."


def quota(t: Thresholds) -> tuple[Alert, Alert]:
    expr, lesser = cause("quota_exhausted", t.quota_window, t)
    page = Alert(
        "LLMQuotaExhausted",
        "page",
        expr,
        "{{ $labels.provider }} refuses {{ $labels.service_name }}: quota or credit for {{ $labels.model }} is used up",
        f"{{{{ printf \"%.0f\" $value }}}} calls were refused in {t.quota_window} in {{{{ $labels.environment }}}}. Waiting does not"
        " help: somebody must add credit or raise the spend limit at {{ $labels.provider }}, or traffic must move.",
        "errors",
        CALL,
        keep=t.quota_keep,
        causes=CALL,
    )
    return page_and_ticket(page, lesser, FEW)


def access(t: Thresholds) -> tuple[Alert, Alert]:
    """Authentication and permission, where the same service and provider worked before."""
    worked = f"\nand on ({SERVICE_PROVIDER}) {worked_before(t)}"
    expr, lesser = cause("authentication|permission", "10m", t, f"{MODEL}, error_class", worked)
    page = Alert(
        "LLMAccessDenied",
        "page",
        expr,
        "{{ $labels.provider }} denies {{ $labels.service_name }} access to {{ $labels.model }} ({{ $labels.error_class }})",
        "{{ printf \"%.0f\" $value }} calls failed in 10 minutes in {{ $labels.environment }}, though this service's calls to"
        f" {{{{ $labels.provider }}}} worked in the last {t.worked_before}. A key was revoked, rotated or lost a right.",
        "errors",
        CALL,
        keep=t.error_keep,
        causes=CALL,
    )
    return page_and_ticket(page, lesser, FEW)


def not_found(t: Thresholds) -> tuple[Alert, Alert]:
    works = counted('llm_requests_total{error_class="none"}', MODEL, "10m")
    worked = f"\nand on ({SERVICE_PROVIDER}) {worked_before(t)}\nunless on ({MODEL}) {works} > 0"
    expr, lesser = cause("model_not_found", "10m", t, MODEL, worked)
    page = Alert(
        "LLMModelGone",
        "page",
        expr,
        "{{ $labels.provider }} no longer finds model {{ $labels.model }}, asked for by {{ $labels.service_name }}",
        "{{ printf \"%.0f\" $value }} calls failed in 10 minutes in {{ $labels.environment }} and none worked, though this service's"
        f" calls to {{{{ $labels.provider }}}} worked in the last {t.worked_before}. The model was retired or renamed, or this account lost it.",
        "errors",
        CALL,
        keep=t.error_keep,
        causes=CALL,
    )
    return page_and_ticket(page, lesser, FEW)


# --- pace and capacity


def of_class(classes: str, by: str, window: str = "10m") -> str:
    return f"sum by ({by}) (increase(llm_requests_total{{{classes}}}[{window}]))"


def rate_limited(t: Thresholds) -> Alert:
    calls = f"sum by ({PROVIDER_MODEL}) (model:llm_requests:increase10m)"
    return Alert(
        "LLMRateLimited",
        "page",
        excess(of_class('error_class="rate_limit"', PROVIDER_MODEL), calls, t.rate_limit_ratio, 2, 10),
        "{{ $labels.provider }} rate-limits {{ $value | humanizePercentage }} of calls to {{ $labels.model }}",
        f"More than {t.rate_limit_ratio:.0%} of calls over 10 minutes in {{{{ $labels.environment }}}} were answered 429."
        " Dashboard Rate limits shows which limit is full and when it refills.",
        "limits",
        ("environment", "provider", "model"),
        wait=t.error_wait,
        keep=t.error_keep,
        causes=("environment", "provider", "model"),
    )


def overloaded(t: Thresholds) -> Alert:
    calls = f"sum by ({PROVIDER_MODEL}) (model:llm_requests:increase1h)"
    of_hour, now = (of_class('error_class="overloaded"', PROVIDER_MODEL, window) for window in ("1h", "10m"))
    return Alert(
        "LLMProviderOverloaded",
        "ticket",
        f"{excess(of_hour, calls, t.overloaded_ratio, 1, 10)}\nand {now} > 0",
        "{{ $labels.provider }} has no capacity for {{ $value | humanizePercentage }} of calls to {{ $labels.model }}",
        f"More than {t.overloaded_ratio:.0%} of calls over an hour in {{{{ $labels.environment }}}}, and it goes on. It is the provider's"
        " capacity, not your limit: fall back to another model or region, and look at its status page.",
        "errors",
        ("environment", "provider", "model"),
        wait="5m",
        keep=t.error_keep,
    )


def callers_errors(t: Thresholds) -> Alert:
    return Alert(
        "LLMCallersErrorsHigh",
        "ticket",
        excess(of_class(CALLERS, MODEL, "1h"), "model:llm_requests:increase1h", t.error_ratio, 3, 20),
        "{{ $value | humanizePercentage }} of calls of {{ $labels.service_name }} to {{ $labels.model }} are refused for what they ask",
        f"More than {t.error_ratio:.0%} of calls over an hour in {{{{ $labels.environment }}}} were refused by a content filter, were"
        " longer than the model takes, or were not valid. The provider works; a release, a prompt or a user's input does not.",
        "errors",
        CALL,
        wait="5m",
        keep="30m",
    )


def retries(t: Thresholds) -> Alert:
    calls = f"sum by ({MODEL}) (increase(llm_requests_total[10m]))"
    return Alert(
        "LLMRetryStorm",
        "ticket",
        f"sum by ({MODEL}) (increase(llm_retries_total[10m]))\n/ ({calls} >= {2 * t.floor_requests_5m}) > {t.retries_per_request}",
        "{{ $labels.service_name }} retries calls to {{ $labels.model }} {{ printf \"%.1f\" $value }} times each",
        f"More than {t.retries_per_request} hidden attempts per call over 10 minutes in {{{{ $labels.environment }}}}. Retries"
        " multiply load on a provider that is already refusing, and hide its errors behind long calls.",
        "errors",
        CALL,
        wait="5m",
        keep=t.error_keep,
    )
