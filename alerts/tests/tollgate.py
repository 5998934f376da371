"""What the alerts on missing and distrusted data must do."""

from .nouns import Case, Series, requests

AT = 'job="tollgate",instance="tollgate-0:9464"'
INSTANCE = {"job": "tollgate", "instance": "tollgate-0:9464"}
INFO = {f'tollgate_build_info{{{AT},version="0.1.0"}}': "1+0x30 _x60"}


def own(family: str, values: str, further: str = "") -> Series:
    return {f"{family}{{{AT}{further}}}": values}


def refused(values: str, reason: str = "queue_full") -> Series:
    return own("tollgate_refused_requests_total", values, f',reason="{reason}"')


def early(values: str) -> Series:
    return own("tollgate_settle_spans_total", values, ',outcome="early"')


def reach(seconds: str) -> Series:
    return own("tollgate_settle_reach_seconds", seconds) | own("tollgate_settle_remember_seconds", "600+0x90")


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
        series=reach("600+0x10 300+0x20 600+0x60"),
        labels={"severity": "ticket"} | INSTANCE,
        summary="Tollgate tollgate-0:9464 forgets too soon: its memory is full",
        description="A span that is sent again after that counts twice, and calls whose spans arrive far apart have less detail. Give Tollgate more memory (settle_max_bytes) or shorten settle_seconds.",
        fires_too={
            "spans settled before their time, a restart in the middle": ("35m", early("0+20x15 0+20x30")),
            "the same, a new instance": ("45m", early("_x20 0+20x30")),
        },
        stays_silent={
            "as far back as it should": ("20m", reach("600+0x60")),
            "four minutes of a burst": ("20m", reach("600+0x15 300+0x4 600+0x60")),
            "just below: 90 in 15 minutes": ("20m", early("0+6x60")),
        },
    ),
    Case(
        "LLMServiceSilent",
        fires_at="26h",
        silent_again_at="30h",
        series=requests(none="0+30x144 4320+0x18 4320+30x60"),
        labels={"severity": "ticket", "environment": "prod", "service_name": "checkout"},
        summary="prod: No LLM calls from checkout for 30m",
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
    Case(
        "TollgateLagging",
        fires_at="15m",
        silent_again_at="40m",
        series=own("tollgate_engine_lag_seconds", "0+0x10 65+0x20 0+0x20"),
        labels={"severity": "page"} | INSTANCE,
        summary="Tollgate tollgate-0:9464 is 1m 5s behind: its numbers stand still",
        description="It answers, but counts nothing. Requests are kept until its queue is full and refused after that; no LLM alert is to be trusted.",
        stays_silent={"just below: 59 seconds": ("15m", own("tollgate_engine_lag_seconds", "59+0x60"))},
    ),
    Case(
        "TollgateReloadFailed",
        fires_at="20m",
        silent_again_at="40m",
        series=own("tollgate_config_last_reload_successful", "1+0x10 0+0x20 1+0x20"),
        labels={"severity": "ticket"} | INSTANCE,
        summary="Tollgate tollgate-0:9464 could not read its new configuration",
        description="The one before is still in use, so prices, limits or budgets that somebody changed are not. Run tollgate check.",
        stays_silent={"it works": ("20m", own("tollgate_config_last_reload_successful", "1+0x60"))},
    ),
    Case(
        "TollgateJournalErrors",
        fires_at="15m",
        silent_again_at="60m",
        series=own("tollgate_journal_errors_total", "0+1x30 30+0x60", ',reason="full"'),
        labels={"severity": "ticket", "reason": "full"} | INSTANCE,
        summary="Tollgate tollgate-0:9464 cannot write its journal (full)",
        description="Requests are answered UNAVAILABLE until it can: exporters that try again lose nothing. Look at the disk of data_dir: full, read-only or broken.",
        stays_silent={"an error of an earlier day": ("30m", own("tollgate_journal_errors_total", "9+0x60", ',reason="full"'))},
    ),
    Case(
        "TollgatePushFailing",
        fires_at="35m",
        silent_again_at="70m",
        series=own("tollgate_pushes_total", "0+0x10 0+1x40 40+0x60", ',result="failure"') | own("tollgate_pushes_total", "0+1x10 10+0x40 10+1x60", ',result="success"'),
        labels={"severity": "ticket"} | INSTANCE,
        summary="Tollgate tollgate-0:9464 cannot push its metrics: 15 attempts failed in 15 minutes, none worked",
        description="Whoever reads them where they are pushed to sees numbers that stand still, and alerts there do not fire. Nothing is lost yet: the next push that works carries the sums.",
        stays_silent={
            "every second one works": ("40m", own("tollgate_pushes_total", "0+1x60", ',result="failure"') | own("tollgate_pushes_total", "0+1x60", ',result="success"')),
            "nothing is pushed": ("40m", own("tollgate_pushes_total", "0+0x60", ',result="failure"') | own("tollgate_pushes_total", "0+0x60", ',result="success"')),
        },
    ),
    Case(
        "TollgateUnreadSpans",
        fires_at="60m",
        silent_again_at="180m",
        series=own("tollgate_unread_spans_total", "0+1x90 90+0x120", ',scope="acme.llm",reason="keys"'),
        labels={"severity": "ticket", "scope": "acme.llm", "reason": "keys"} | INSTANCE,
        summary="Tollgate tollgate-0:9464 cannot read 60 spans an hour of acme.llm that look like LLM calls",
        description="By their keys they are LLM calls, but no known key says model or tokens: they are not counted, and spend is higher than shown. `tollgate doctor` names the attributes that would change it.",
        stays_silent={"just below: 6 an hour": ("90m", own("tollgate_unread_spans_total", "0+0.1x120", ',scope="a",reason="host"'))},
    ),
    Case(
        "TollgateAdvice",
        fires_at="25h",
        silent_again_at="60h",
        series=own("tollgate_advice_calls_total", "0+1x150 150+0x300", ',service_name="checkout",scope="openai",advice="stream_usage"'),
        labels={"severity": "info", "service_name": "checkout", "scope": "openai", "advice": "stream_usage"} | INSTANCE,
        summary="Calls of checkout could say more: stream_usage",
        description="144 calls in a day through openai. `tollgate doctor` says what to change.",
        step="10m",
        stays_silent={"advice of an earlier week": ("25h", own("tollgate_advice_calls_total", "9+0x200", ',service_name="a",scope="b",advice="c"'))},
    ),
    Case(
        "TollgateCatalogueDrift",
        fires_at="90m",
        silent_again_at="150m",
        series=own("tollgate_catalogue_info", "1+0x200", ',date="2026-11-01",source="embedded"')
        | {'tollgate_catalogue_info{job="tollgate",instance="tollgate-1:9464",date="2026-10-01",source="embedded"}': "1+0x100 _x100"},
        labels={"severity": "ticket", "job": "tollgate"},
        summary="Instances of Tollgate price by 2 different catalogues",
        description="The same call costs different amounts, depending on who counts it. Give all the same version or the same catalogue file.",
        stays_silent={"two instances, one catalogue": ("90m", own("tollgate_catalogue_info", "1+0x200", ',date="2026-11-01",source="embedded"') | {'tollgate_catalogue_info{job="tollgate",instance="b",date="2026-11-01",source="embedded"}': "1+0x200"})},
    ),
    Case(
        "TollgateCertificateExpiring",
        fires_at="50h",
        silent_again_at="70h",
        series=own("tollgate_tls_certificate_expiry_seconds", "691200+0x60 31536000+0x20", ',listener="grpc"'),
        labels={"severity": "ticket", "listener": "grpc"} | INSTANCE,
        summary="The certificate of Tollgate tollgate-0:9464 (grpc) ends in 5.9 days",
        description="After that exporters refuse to send, and scrapes fail. Put the new one in place; Tollgate reads it without a restart.",
        step="1h",
        stays_silent={"eight days": ("10h", own("tollgate_tls_certificate_expiry_seconds", "727200+0x60", ',listener="grpc"'))},
    ),
]
