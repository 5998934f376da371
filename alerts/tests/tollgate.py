"""What the alerts on missing and distrusted data must do."""

from .nouns import Case, Series, requests

AT = 'job="tollgate",instance="tollgate-0:9464"'
INSTANCE = {"job": "tollgate", "instance": "tollgate-0:9464"}
INFO = {f'tollgate_build_info{{{AT},version="0.1.0"}}': "1+0x30 _x60"}


def own(family: str, values: str, further: str = "") -> Series:
    return {f"{family}{{{AT}{further}}}": values}


def refused(values: str, reason: str = "queue_full") -> Series:
    return own("tollgate_refused_requests_total", values, f',reason="{reason}"')


def settled(values: str, outcome: str) -> Series:
    return own("tollgate_settle_spans_total", values, f',outcome="{outcome}"')


CASES = [
    Case(
        "TollgateDown",
        fires_at="40m",
        silent_again_at="70m",
        series=own("up", "1+0x30 0+0x30 1+0x20") | INFO,
        labels={"severity": "page"} | INSTANCE,
        summary="Prometheus cannot scrape Tollgate at tollgate-0:9464",
        description="For 2 minutes. No LLM metric is fresh, so no other alert of this instance can fire. Applications that export to it may block or drop spans.",
        fires_too={"a new instance that answered once": ("10m", own("up", "_x3 1 0+0x20") | own("tollgate_build_info", "_x3 1 _x20"))},
        stays_silent={
            "one missed scrape": ("31m", own("up", "1+0x30 0 1+0x20") | INFO),
            "somebody else's target": ("40m", own("up", "0+0x60")),
        },
    ),
    Case(
        "TollgateMissing",
        fires_at="45m",
        silent_again_at="70m",
        fires_without_data=True,
        series={f"tollgate_build_info{{{AT}}}": "1+0x30 _x30 1+0x20"},
        labels={"severity": "page"},
        summary="No Tollgate is being scraped at all",
        description="For 5 minutes no instance has answered. Nothing is known of LLM spend, errors or limits until one does.",
        stays_silent={"one of two instances answers": ("45m", {f"tollgate_build_info{{{AT}}}": "1+0x60"} | INFO)},
    ),
    Case(
        "TollgateRefusing",
        fires_at="15m",
        silent_again_at="50m",
        series=refused("0+2x30 60+0x60"),
        labels={"severity": "ticket", "reason": "queue_full"} | INSTANCE,
        summary="Tollgate tollgate-0:9464 refused 10 export requests in 5 minutes (queue_full)",
        description="Calls in refused requests are counted nowhere unless the exporter sends them again: spend and errors are higher than shown.",
        fires_too={
            "a restart in the middle": ("30m", refused("0+2x15 0+2x30")),
            "a new reason": ("40m", refused("_x20 0+2x30", "malformed")),
        },
        stays_silent={
            "just below: one a minute": ("15m", refused("0+1x60")),
            "metrics and logs sent here by mistake": ("15m", refused("0+9x60", "wrong_signal")),
            "a restart": ("15m", refused("90+0x10 0+0x60")),
        },
    ),
    Case(
        "TollgateOverflowing",
        fires_at="15m",
        silent_again_at="60m",
        series=own("tollgate_overflow_calls_total", "0+3x30 90+0x60"),
        labels={"severity": "ticket"} | INSTANCE,
        summary="Tollgate tollgate-0:9464 has no room for new series: 45 calls in 15 minutes went to `other`",
        description="Totals stay right, but models, services or dimensions of these calls are not told apart. Look for a label with too many values.",
        fires_too={
            "a restart in the middle": ("30m", own("tollgate_overflow_calls_total", "0+3x15 0+3x30")),
            "a new instance": ("40m", own("tollgate_overflow_calls_total", "_x20 0+3x30")),
        },
        stays_silent={
            "an overflow of an earlier day": ("15m", own("tollgate_overflow_calls_total", "90+0x60")),
            "a restart": ("15m", own("tollgate_overflow_calls_total", "90+0x5 0+0x60")),
        },
    ),
    Case(
        "TollgateForgetting",
        fires_at="20m",
        silent_again_at="60m",
        series=settled("0+20x30 600+0x60", "forgotten"),
        labels={"severity": "ticket", "outcome": "forgotten"} | INSTANCE,
        summary="Tollgate tollgate-0:9464 settled 300 spans forgotten in 15 minutes: memory is full",
        description="A call whose spans arrive far apart may be counted twice or with less detail. Give Tollgate more memory or shorten settle_seconds.",
        fires_too={
            "a restart in the middle": ("35m", settled("0+20x15 0+20x30", "early")),
            "a new instance": ("45m", settled("_x20 0+20x30", "early")),
        },
        stays_silent={
            "just below: 90 in 15 minutes": ("20m", settled("0+6x60", "forgotten")),
            "late spans, which are only told": ("20m", settled("0+20x60", "late")),
        },
    ),
    Case(
        "LLMServiceSilent",
        fires_at="26h",
        silent_again_at="30h",
        series=requests(none="0+30x144 4320+0x18 4320+30x60"),
        labels={"severity": "ticket", "environment": "prod", "service_name": "checkout"},
        summary="No LLM calls from checkout for 30m",
        description="At this time yesterday checkout in prod made 90 calls in as long. Either it is down, or its traces no longer arrive.",
        step="10m",
        fires_too={
            "its series is gone": ("26h", requests(none="0+30x144")),
            "a restart yesterday": ("26h", requests(none="0+30x8 0+30x136")),
            "last week known, and busy": ("194h", requests(none="0+30x1152 34560+0x40")),
        },
        stays_silent={
            "just below: 18 calls in half an hour of yesterday": ("26h", requests(none="0+6x144 864+0x60")),
            "no history": ("2h", requests(none="0+0x60")),
            "silent at this hour of last week too": ("194h", requests(none="0+0x170 0+30x985 29550+0x60")),
            "it only fails": ("26h", requests(none="0+30x144 4320+0x30", server_error="0+1x200")),
        },
    ),
    Case(
        "TollgateCatalogueOld",
        fires_at="1464h",
        silent_again_at="1500h",
        series=own("tollgate_catalogue_timestamp_seconds", "0+0x1480 5328000+0x60"),
        labels={"severity": "info"} | INSTANCE,
        summary="The price catalogue of Tollgate tollgate-0:9464 is 61 days old",
        description="More than 60 days: prices may have changed and new models are unpriced. Refresh it or load a newer file.",
        step="1h",
        stays_silent={"just below: 59 days": ("1416h", own("tollgate_catalogue_timestamp_seconds", "0+0x1480"))},
    ),
]
