"""Nights that somebody on call would know: what happens, whom it wakes, and what is only written down.

In: nothing. Out: `SCENES`, run by promtool (run_scenes.py) in Prometheus' and in Grafana's form.
"""

from dataclasses import dataclass


Series = dict[str, str]
DAY = 1440
MODELS = ("gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-4.1", "gpt-4o", "o3")
OPENAI = ("prod", "openai")


@dataclass(frozen=True)
class Scene:
    """`pages` are the incidents, by their group's labels, in order; `tickets` are alerts that must be written down."""

    name: str
    length: int
    series: Series
    pages: tuple[tuple[str, ...], ...] = ()
    tickets: tuple[str, ...] = ()
    # Minute at which it begins, and how many minutes the first page may take.
    begins: int = 0
    within: int | None = None
    step: int = 1
    # Minute from which it is looked at, and how often.
    look_from: int = 0
    every: int = 1


def calls(error_class: str, values: str, **labels: str) -> Series:
    named = {"service_name": "checkout", "environment": "prod", "provider": "openai", "model": "gpt-5", "operation": "chat"} | labels
    return series("llm_requests_total", values, **named, error_class=error_class)


def series(family: str, values: str, **labels: str) -> Series:
    return {family + "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}": values}


def cost(values: str, **labels: str) -> Series:
    named = {"service_name": "checkout", "environment": "prod", "provider": "openai", "model": "gpt-5", "operation": "chat", "type": "output"}
    return series("llm_cost_usd_total", values, **(named | labels))


def limit(family: str, values: str, window: str = "minute") -> Series:
    return series(family, values, provider="openai", model="gpt-5", account="a1", resource="tokens", window=window, source="header")


def many(*parts: Series) -> Series:
    return {name: values for part in parts for name, values in part.items()}


def steps(*parts: tuple[float, int]) -> str:
    """A counter that grows by so much for so many steps, then otherwise."""
    total, texts = 0.0, []
    for by, count in parts:
        texts.append(f"{total:g}+{by:g}x{count - 1}")
        total += by * count
    return " ".join(texts)


def six_models(error_class: str, environment: str = "prod") -> Series:
    """Each healthy for an hour, then failing one after the other until minute 100, then healthy."""
    parts = []
    for number, model in enumerate(MODELS):
        healthy = 60 + 3 * number
        parts.append(calls("none", steps((8, healthy), (0, 100 - healthy), (8, 80)), model=model, environment=environment))
        parts.append(calls(error_class, steps((0, healthy), (8, 100 - healthy), (0, 80)), model=model, environment=environment))
    return many(*parts)


def outages() -> tuple[Scene, ...]:
    return (
        Scene("an outage over six models", 180, six_models("server_error"), (OPENAI,), begins=60, within=5),
        Scene("no capacity for anything: the ticket keeps no page", 180, six_models("overloaded"), (OPENAI,), begins=60, within=5),
        Scene("the same in staging", 180, six_models("server_error", "staging"), (), ("LLMErrorRateHigh", "LLMProviderFailing")),
        Scene("the same where nobody set an environment", 180, six_models("server_error", "unknown"), (("unknown", "openai"),), begins=60, within=5),
        Scene(
            "a fifth of the calls fails",
            140,
            many(calls("none", steps((8, 60), (6.4, 30), (8, 50))), calls("timeout", steps((0, 60), (1.6, 30), (0, 50)))),
            (OPENAI,),
            begins=60,
            within=10,
        ),
        Scene(
            "one call a minute fails for four hours",
            420,
            many(calls("none", steps((1, 120), (0, 240), (1, 60))), calls("connection", steps((0, 120), (1, 240), (0, 60)))),
            (OPENAI,),
            begins=120,
            within=20,
        ),
        Scene(
            "one call in ten minutes fails",
            420,
            many(calls("none", steps((0.1, 120), (0, 240), (0.1, 60))), calls("timeout", steps((0, 120), (0.1, 240), (0, 60)))),
            (OPENAI,),
            begins=120,
            within=75,
        ),
        Scene(
            "eight services with three calls a minute each, a third fails",
            120,
            many(
                *(calls("none", steps((3, 60), (2, 60)), service_name=f"service-{number}") for number in range(8)),
                *(calls("server_error", steps((0, 60), (1, 60)), service_name=f"service-{number}") for number in range(8)),
            ),
            (OPENAI,),
            begins=60,
            within=10,
        ),
        Scene(
            "the callers give up every call",
            240,
            many(calls("none", steps((8, 120), (0, 60), (8, 60))), calls("cancelled", steps((0, 120), (8, 60), (0, 60)))),
            (OPENAI,),
            begins=120,
            within=25,
        ),
        Scene("it never worked, and few try", 360, calls("connection", steps((0.05, 360))), (), ("LLMServiceDown",)),
        Scene(
            "three failures at once, then silence",
            240,
            many(calls("none", steps((1, 120), (0, 120))), calls("timeout", steps((0, 150), (1, 3), (0, 87)))),
            (),
            ("LLMServiceDown",),
        ),
        Scene("a steady 6 % for eleven hours", 660, many(calls("none", steps((7.52, 660))), calls("server_error", steps((0.48, 660)))), (OPENAI,), every=5),
        Scene("a steady 4 % for eleven hours", 660, many(calls("none", steps((7.68, 660))), calls("server_error", steps((0.32, 660)))), every=5),
    )


def causes() -> tuple[Scene, ...]:
    return (
        Scene("one 404 of a notebook", 90, many(calls("none", steps((8, 90))), calls("model_not_found", "_x60 0 1+0x30", service_name="notebook")), (), ("LLMModelGone",)),
        Scene("one refusal in a thousand", 90, many(calls("none", steps((100, 90))), calls("quota_exhausted", "_x60 0 1+0x30")), (), ("LLMQuotaExhausted",)),
        Scene("credit is used up", 150, six_models("quota_exhausted"), (OPENAI,), begins=60, within=5),
        Scene(
            "a key is revoked at the weekend, and Monday is quiet",
            5 * DAY,
            many(
                calls("none", steps((1, 288), (0, 576 + 288 + 288)), operation="chat"),
                calls("authentication", steps((0, 288 + 576 + 96), (0.5, 480)), operation="chat"),
            ),
            (OPENAI,),
            begins=3 * DAY + 480,
            within=75,
            step=5,
            look_from=3 * DAY,
            every=5,
        ),
        Scene(
            "everything that users ask for is refused",
            180,
            many(calls("none", steps((8, 60), (0, 120))), *(calls(each, steps((0, 60), (3, 120))) for each in ("content_filter", "context_length", "invalid_request"))),
            (),
            ("LLMCallersErrorsHigh",),
        ),
        Scene(
            "a storm of 429s, the limit full",
            180,
            many(six_models("rate_limit"), limit("llm_rate_limit_peak_used_ratio", "0.5+0x59 1+0x40 0.5+0x80")),
            (OPENAI,),
            ("LLMRateLimitAlmostExhausted",),
            begins=60,
            within=5,
        ),
        Scene(
            "a limit breathes to 97 %, nothing is refused",
            120,
            many(calls("none", steps((8, 120))), limit("llm_rate_limit_peak_used_ratio", "0.97+0x120")),
            (),
            ("LLMRateLimitAlmostExhausted",),
        ),
        Scene(
            "a day's limit refills before it runs out",
            60,
            many(calls("none", steps((8, 60))), limit("llm_rate_limit_exhaustion_seconds", "300+0x60", "day"), limit("llm_rate_limit_reset_seconds", "200+0x60", "day")),
        ),
        Scene(
            "a day's limit will be gone in minutes",
            90,
            many(calls("none", steps((8, 90))), limit("llm_rate_limit_exhaustion_seconds", "7200+0x29 300+0x20 9000+0x40", "day"), limit("llm_rate_limit_reset_seconds", "30000+0x90", "day")),
            (OPENAI,),
            begins=30,
            within=5,
        ),
    )


def busy(minutes: int, step: int = 5, by: float = 10) -> Series:
    return calls("none", steps((by, minutes // step)))


def money() -> tuple[Scene, ...]:
    half_hour, hour = 6, 12
    night = [(0.05, hour), (3, 5)]
    return (
        Scene(
            "a loop spends",
            32 * 60,
            many(busy(32 * 60), cost(steps((0.1, 26 * hour), (10, 3 * hour), (0.1, 3 * hour)))),
            (("prod", "checkout"),),
            step=5,
            begins=26 * 60,
            within=45,
            look_from=20 * 60,
            every=5,
        ),
        Scene("a spike without a day's history", 6 * 60, many(busy(360), cost(steps((0.1, 3 * hour), (2, 3 * hour)))), (("prod", "checkout"),), step=5, begins=180, within=60, every=5),
        Scene(
            "a batch each night, not by the minute, and the clocks change",
            4 * DAY,
            many(busy(4 * DAY), cost(steps((0.05, 2 * hour), (3, 5), (0.05, 24 * hour - 2), (3, 5), (0.05, 24 * hour + 7), (3, 5), (0.05, 20 * hour)))),
            step=5,
            look_from=20 * 60,
            every=10,
        ),
        Scene("a first morning, after an install in the night", 26 * 60, many(busy(26 * 60), cost(steps(*((0.1 + 0.11 * min(hours, 24 - hours), hour) for hours in range(24)), (0.1, 2 * hour)))), step=5, every=5),
        Scene("one dear call", 30 * 60, many(busy(30 * 60), cost(steps((0.02, 26 * hour), (60, 1), (0.02, 4 * hour - 1)))), step=5, look_from=20 * 60, every=5),
        Scene(
            "a first Saturday: much more than on Friday night, no more than on Friday noon",
            2 * DAY,
            many(busy(2 * DAY), cost(steps((0.05, 8 * hour), (1, 8 * hour), (0.05, 8 * hour), (0.05, 2 * hour), (1, 8 * hour), (0.05, 14 * hour)))),
            step=5,
            look_from=DAY,
            every=10,
        ),
    )


def tollgate() -> tuple[Scene, ...]:
    at = {"job": "tollgate", "instance": "tollgate-0:9464"}  # the instance that answers in the other scenes
    return (
        Scene(
            "Tollgate is gone",
            90,
            many(series("up", "1+0x29 0+0x30 1+0x30", **at), series("tollgate_build_info", "1+0x29 _x31 1+0x30", **at, version="1")),
            (("tollgate",),),
            begins=30,
            within=10,
        ),
    )


SCENES = (*outages(), *causes(), *money(), *tollgate())
