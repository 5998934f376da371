"""Alerts on what feeds the others: services that fall silent, and Tollgate itself."""

from .nouns import SERVICE, Alert, Area
from .thresholds import Thresholds


def area(t: Thresholds) -> Area:
    """The rules on missing and distrusted data."""
    fast = (down(), missing(), lagging(t), refusing(), overflowing(), late(), reload_failed(), journal(), pushes(), silent(t))
    slow = (unread(t), advice(), drift(), certificate(t), catalogue_old(t))
    return Area("tollgate", (), fast, (), slow)


def own(name: str, severity: str, expr: str, summary: str, description: str, wait: str) -> Alert:
    """An alert on Tollgate itself, which has no environment of calls."""
    return Alert(name, severity, expr, summary, description, "self", wait=wait, by_environment=False)


def down() -> Alert:
    return own(
        "TollgateDown",
        "page",
        "up == 0 and on (job, instance) max by (job, instance) (max_over_time(tollgate_build_info[1d]))",
        "Prometheus cannot scrape Tollgate at {{ $labels.instance }}",
        "For 2 minutes. No LLM metric is fresh, so no other alert of this instance can fire. Applications that export to it may block or drop spans.",
        wait="2m",
    )


def missing() -> Alert:
    return own(
        "TollgateMissing",
        "page",
        "absent(tollgate_build_info)",
        "No Tollgate is being scraped at all",
        "For 5 minutes no instance has answered. Nothing is known of LLM spend, errors or limits until one does.",
        wait="5m",
    )


def refusing() -> Alert:
    return own(
        "TollgateRefusing",
        "ticket",
        'sum by (job, instance, reason) (rate(tollgate_refused_requests_total{reason!~"wrong_.*"}[5m])) * 300 > 5',
        "Tollgate {{ $labels.instance }} refused {{ printf \"%.0f\" $value }} export requests in 5 minutes ({{ $labels.reason }})",
        "Calls in refused requests are counted nowhere unless the exporter sends them again: spend and errors are higher than shown.",
        wait="5m",
    )


def overflowing() -> Alert:
    return own(
        "TollgateOverflowing",
        "ticket",
        "sum by (job, instance) (increase(tollgate_overflow_calls_total[15m])) > 0",
        "Tollgate {{ $labels.instance }} has no room for new series: {{ printf \"%.0f\" $value }} calls in 15 minutes went to `other`",
        "Totals stay right, but models, services or dimensions of these calls are not told apart. Look for a label with too many values.",
        wait="5m",
    )


def late() -> Alert:
    return own(
        "TollgateForgetting",
        "ticket",
        "max by (job, instance) (tollgate_settle_reach_seconds) < 0.9 * max by (job, instance) (tollgate_settle_remember_seconds)\n"
        'or sum by (job, instance) (increase(tollgate_settle_spans_total{outcome="early"}[15m])) > 100',
        "Tollgate {{ $labels.instance }} forgets too soon: its memory is full",
        "A span that is sent again after that counts twice, and calls whose spans arrive far apart have less detail."
        " Give Tollgate more memory (settle_max_bytes) or shorten settle_seconds.",
        wait="5m",
    )


def lagging(t: Thresholds) -> Alert:
    return own(
        "TollgateLagging",
        "page",
        f"max by (job, instance) (tollgate_engine_lag_seconds) > {t.engine_lag_seconds}",
        "Tollgate {{ $labels.instance }} is {{ $value | humanizeDuration }} behind: its numbers stand still",
        "It answers, but counts nothing. Requests are kept until its queue is full and refused after that; no LLM alert is to be trusted.",
        wait="1m",
    )


def reload_failed() -> Alert:
    return own(
        "TollgateReloadFailed",
        "ticket",
        "max by (job, instance) (tollgate_config_last_reload_successful == 0)",
        "Tollgate {{ $labels.instance }} could not read its new configuration",
        "The one before is still in use, so prices, limits or budgets that somebody changed are not. Run tollgate check.",
        wait="5m",
    )


def journal() -> Alert:
    return own(
        "TollgateJournalErrors",
        "ticket",
        "sum by (job, instance, reason) (increase(tollgate_journal_errors_total[15m])) > 0",
        "Tollgate {{ $labels.instance }} cannot write its journal ({{ $labels.reason }})",
        "Requests are answered UNAVAILABLE until it can: exporters that try again lose nothing. Look at the disk of data_dir: full, read-only or broken.",
        wait="1m",
    )


def pushes() -> Alert:
    """A push that fails is in the next one, so failures matter when nothing gets through."""
    return own(
        "TollgatePushFailing",
        "ticket",
        'sum by (job, instance) (increase(tollgate_pushes_total{result="failure"}[15m])) > 0\n'
        'unless sum by (job, instance) (increase(tollgate_pushes_total{result="success"}[15m])) > 0',
        "Tollgate {{ $labels.instance }} cannot push its metrics: {{ printf \"%.0f\" $value }} attempts failed in 15 minutes, none worked",
        "Whoever reads them where they are pushed to sees numbers that stand still, and alerts there do not fire. Nothing is lost"
        " yet: the next push that works carries the sums.",
        wait="5m",
    )


def unread(t: Thresholds) -> Alert:
    return own(
        "TollgateUnreadSpans",
        "ticket",
        f"sum by (job, instance, scope, reason) (increase(tollgate_unread_spans_total[1h])) > {t.unread_spans_1h}",
        "Tollgate {{ $labels.instance }} cannot read {{ printf \"%.0f\" $value }} spans an hour of {{ $labels.scope }} that look like LLM calls",
        "By their {{ $labels.reason }} they are LLM calls, but no known key says model or tokens: they are not counted, and spend is higher"
        " than shown. `tollgate doctor` names the attributes that would change it.",
        wait="15m",
    )


def advice() -> Alert:
    return own(
        "TollgateAdvice",
        "info",
        "sum by (job, instance, service_name, scope, advice) (increase(tollgate_advice_calls_total[1d])) > 0",
        "Calls of {{ $labels.service_name }} could say more: {{ $labels.advice }}",
        "{{ printf \"%.0f\" $value }} calls in a day through {{ $labels.scope }}. `tollgate doctor` says what to change.",
        wait="1h",
    )


def drift() -> Alert:
    """Replicas that price by different catalogues give sums that nobody can explain."""
    return own(
        "TollgateCatalogueDrift",
        "ticket",
        "count by (job) (count by (job, date, source) (tollgate_catalogue_info)) > 1",
        "Instances of Tollgate price by {{ printf \"%.0f\" $value }} different catalogues",
        "The same call costs different amounts, depending on who counts it. Give all the same version or the same catalogue file.",
        wait="1h",
    )


def certificate(t: Thresholds) -> Alert:
    return own(
        "TollgateCertificateExpiring",
        "ticket",
        f"(min by (job, instance, listener) (tollgate_tls_certificate_expiry_seconds) - time()) / 86400 < {t.certificate_days}",
        "The certificate of Tollgate {{ $labels.instance }} ({{ $labels.listener }}) ends in {{ printf \"%.1f\" $value }} days",
        "After that exporters refuse to send, and scrapes fail. Put the new one in place; Tollgate reads it without a restart.",
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
        keep="10m",
    )


def catalogue_old(t: Thresholds) -> Alert:
    return own(
        "TollgateCatalogueOld",
        "info",
        f"(time() - max by (job, instance) (tollgate_catalogue_timestamp_seconds)) / 86400 > {t.catalogue_age_days}",
        "The price catalogue of Tollgate {{ $labels.instance }} is {{ printf \"%.0f\" $value }} days old",
        f"More than {t.catalogue_age_days} days: prices may have changed and new models are unpriced. Refresh it or load a newer file.",
        wait="1h",
    )
