"""Alerts on what feeds the others: services that fall silent, and Tollgate itself."""

from .nouns import SERVICE, Alert, Area
from .thresholds import Thresholds


def area(t: Thresholds) -> Area:
    """The rules on missing and distrusted data."""
    return Area("tollgate", (), (down(), missing(), refusing(), overflowing(), late(), silent(t)), (), (catalogue_old(t),))


def down() -> Alert:
    return Alert(
        "TollgateDown",
        "page",
        "up == 0 and on (job, instance) max by (job, instance) (max_over_time(tollgate_build_info[1d]))",
        "Prometheus cannot scrape Tollgate at {{ $labels.instance }}",
        "For 2 minutes. No LLM metric is fresh, so no other alert of this instance can fire. Applications that export to it may block or drop spans.",
        "self",
        wait="2m",
    )


def missing() -> Alert:
    return Alert(
        "TollgateMissing",
        "page",
        "absent(tollgate_build_info)",
        "No Tollgate is being scraped at all",
        "For 5 minutes no instance has answered. Nothing is known of LLM spend, errors or limits until one does.",
        "self",
        wait="5m",
    )


def refusing() -> Alert:
    return Alert(
        "TollgateRefusing",
        "ticket",
        'sum by (job, instance, reason) (rate(tollgate_refused_requests_total{reason!~"wrong_.*"}[5m])) * 300 > 5',
        "Tollgate {{ $labels.instance }} refused {{ printf \"%.0f\" $value }} export requests in 5 minutes ({{ $labels.reason }})",
        "Calls in refused requests are counted nowhere unless the exporter sends them again: spend and errors are higher than shown.",
        "self",
        wait="5m",
    )


def overflowing() -> Alert:
    return Alert(
        "TollgateOverflowing",
        "ticket",
        "sum by (job, instance) (increase(tollgate_overflow_calls_total[15m])) > 0",
        "Tollgate {{ $labels.instance }} has no room for new series: {{ printf \"%.0f\" $value }} calls in 15 minutes went to `other`",
        "Totals stay right, but models, services or dimensions of these calls are not told apart. Look for a label with too many values.",
        "self",
        wait="5m",
    )


def late() -> Alert:
    return Alert(
        "TollgateForgetting",
        "ticket",
        'sum by (job, instance, outcome) (increase(tollgate_settle_spans_total{outcome=~"early|forgotten"}[15m])) > 100',
        "Tollgate {{ $labels.instance }} settled {{ printf \"%.0f\" $value }} spans {{ $labels.outcome }} in 15 minutes: memory is full",
        "A call whose spans arrive far apart may be counted twice or with less detail. Give Tollgate more memory or shorten settle_seconds.",
        "self",
        wait="5m",
    )


def silent(t: Thresholds) -> Alert:
    """Sent at this time yesterday, and last week where known, but not now."""
    then = f"sum by ({SERVICE}) (increase(llm_requests_total[{t.silent_for}] offset"
    return Alert(
        "LLMServiceSilent",
        "ticket",
        f"({then} 1d)) > {t.silent_floor_requests})\n"
        f"unless {then} 1w)) == 0\n"
        f"unless sum by ({SERVICE}) (increase(llm_requests_total[{t.silent_for}])) > 0",
        "No LLM calls from {{ $labels.service_name }} for " + t.silent_for,
        "At this time yesterday {{ $labels.service_name }} in {{ $labels.environment }} made {{ printf \"%.0f\" $value }} calls in as long."
        " Either it is down, or its traces no longer arrive.",
        "overview",
        ("environment", "service_name"),
        wait="5m",
    )


def catalogue_old(t: Thresholds) -> Alert:
    return Alert(
        "TollgateCatalogueOld",
        "info",
        f"(time() - max by (job, instance) (tollgate_catalogue_timestamp_seconds)) / 86400 > {t.catalogue_age_days}",
        "The price catalogue of Tollgate {{ $labels.instance }} is {{ printf \"%.0f\" $value }} days old",
        f"More than {t.catalogue_age_days} days: prices may have changed and new models are unpriced. Refresh it or load a newer file.",
        "self",
        wait="1h",
    )
