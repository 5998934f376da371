"""Tollgate itself: can the other dashboards be believed?"""

from alerts.source.thresholds import Thresholds

from .boards import ITSELF_VARIABLES, Board, Row
from .panels import Column, Labels, Query, grid, lines, rising, tile
from .queries import ITSELF, NO_DATA, NO_REQUESTS, RATE, increase, most, quantile, rate, ratio, select, told


def board(t: Thresholds) -> Board:
    """The dashboard."""
    return Board(
        "tollgate-self",
        "LLM / Tollgate itself",
        "Can the other dashboards be believed? What arrives, what is refused or lost, how full the tables are, how old the prices.",
        (
            Row(4, tiles(t)),
            Row(10, ((12, spans()), (12, requests()))),
            Row(10, ((12, refused()), (12, decode()))),
            Row(9, ((8, queue()), (8, series()), (8, settling())), "Memory and cardinality"),
            Row(9, ((8, labels()), (8, memory()), (8, volume()))),
            Row(9, ((12, scrapes()), (12, kept()))),
            Row(7, ((24, unread()),), "What is not seen"),
            Row(8, ((24, advice()),)),
            Row(6, ((24, instances(t)),), "Instances"),
        ),
        variables=ITSELF_VARIABLES,
    )


def own(family: str) -> str:
    return select(family, scope=ITSELF)


def own_rate(family: str, *matchers: str, by: str = "", window: str = RATE) -> str:
    return rate(family, *matchers, by=by, window=window, scope=ITSELF)


def tiles(t: Thresholds) -> tuple:
    full = f"max({own('tollgate_call_series')} / {own('tollgate_call_series_limit')})"
    age = f"max(time() - {own('tollgate_catalogue_timestamp_seconds')})"
    lost = ratio(own_rate("tollgate_requests_total", 'result="refused"', window="5m"), own_rate("tollgate_requests_total", window="5m"))
    overflow = increase("tollgate_overflow_calls_total", scope=ITSELF)
    return (
        (
            4,
            tile("Instances", "Tollgate processes that answer to Prometheus.", "short", Query(told(f"count({own('tollgate_build_info')})", NO_DATA)), decimals=0),
        ),
        (
            4,
            tile(
                "Spans, 5 min",
                "Spans received in the last five minutes, per second, LLM calls or not.",
                "/s",
                Query(told(own_rate("tollgate_spans_total", window="5m"), NO_DATA)),
            ),
        ),
        (
            4,
            tile(
                "Refused, 5 min",
                "Export requests that were turned away, of all in the last five minutes. What they carried is counted nowhere unless sent again.",
                "percentunit",
                Query(told(lost, NO_REQUESTS)),
                steps=rising(0.001, 0.01),
            ),
        ),
        (
            4,
            tile(
                "Series in use",
                "Label tuples of calls as a part of what may be kept, on the fullest instance. Beyond it calls are counted as `other`.",
                "percentunit",
                Query(told(full, NO_DATA)),
                steps=rising(0.7, 0.9),
            ),
        ),
        (
            4,
            tile(
                "Overflow",
                "In the time that is shown, because there was no room for their labels. Totals stay right.",
                "short",
                Query(told(overflow, NO_DATA)),
                decimals=0,
                steps=((None, "green"), (1, "red")),
            ),
        ),
        (
            4,
            tile(
                "Age of prices",
                f"Of the price catalogue in use. An info alert from {t.catalogue_age_days} days.",
                "s",
                Query(told(age, NO_DATA)),
                decimals=0,
                steps=rising(t.catalogue_age_days * 43200, t.catalogue_age_days * 86400),
            ),
        ),
    )


def spans():
    return lines(
        "Spans by what became of them",
        "Per second. call: counted. duplicate and aggregate: tell of a call already counted. malformed: not valid OTLP.",
        "/s",
        Query(own_rate("tollgate_spans_total", by="result"), "{{result}}"),
        stacked=True,
        interval="1m",
        colors={"malformed": "red", "call": "green", "not_a_call": "#8E8E99", "aggregate": "#5794F2", "duplicate": "dark-yellow"},
    )


def requests():
    return lines(
        "Export requests",
        "Per second, by transport and answer. partial: some spans were malformed, the rest was kept.",
        "reqps",
        Query(own_rate("tollgate_requests_total", by="transport, result"), "{{transport}} {{result}}"),
        stacked=True,
        interval="1m",
    )


def refused():
    return lines(
        "Refused, by reason",
        "Export requests per second that were turned away, for the six most frequent reasons. wrong_signal: metrics or logs were sent here by mistake.",
        "reqps",
        Query(most(own_rate("tollgate_refused_requests_total", by="reason"), "tollgate_refused_requests_total", "reason", 6, ITSELF), "{{reason}}"),
        stacked=True,
        interval="1m",
    )


def queue():
    return lines(
        "Queue",
        "Accepted requests that wait to be counted, and how many may wait (dashed).",
        "short",
        Query(f"sum by (instance) ({own('tollgate_queue_requests')})", "waiting {{instance}}"),
        Query(f"max({own('tollgate_queue_limit_requests')})", "limit"),
        decimals=0,
        guide="limit",
    )


def decode():
    percentiles = ((0.5, "p50"), (0.99, "p99"))
    return lines(
        "Time to decode a request",
        "Decoding and recognising the spans of one request.",
        "s",
        *(Query(quantile(q, "tollgate_decode_duration_seconds", scope=ITSELF), name) for q, name in percentiles),
        empty="no requests, or no data from Tollgate",
        interval="1m",
    )


def series():
    return lines(
        "Label tuples of calls",
        "How many are kept. A steep rise is a label with too many values.",
        "short",
        Query(f"sum by (instance) ({own('tollgate_call_series')})", "{{instance}}"),
        Query(f"max({own('tollgate_call_series_limit')})", "limit"),
        decimals=0,
        logarithmic=True,
        guide="limit",
    )


def settling():
    return lines(
        "Spans held to settle",
        "Spans held until another can no longer explain them, and per second those settled out of the ordinary: early, late or forgotten.",
        "short",
        Query(f"sum by (instance) ({own('tollgate_settle_held_spans')})", "held {{instance}}"),
        Query(own_rate("tollgate_settle_spans_total", by="outcome"), "{{outcome}} /s"),
        decimals=1,
        interval="1m",
    )


def labels():
    return lines(
        "Label values replaced",
        "Values per second that were not exposed as they came: too many, too long, unprintable, or shaped like a secret.",
        "/s",
        Query(own_rate("tollgate_replaced_label_values_total", by="reason"), "{{reason}}"),
        decimals=2,
        stacked=True,
        interval="1m",
    )


def memory():
    return lines(
        "Memory",
        "Resident memory of the process, and what held spans and the queue take of it.",
        "bytes",
        Query(f"sum by (instance) ({own('tollgate_resident_memory_bytes')})", "resident {{instance}}"),
        Query(f"sum({own('tollgate_settle_held_bytes')})", "held spans"),
        Query(f"sum({own('tollgate_queue_bytes')})", "queue"),
        decimals=1,
    )


def volume():
    return lines(
        "Bytes in",
        "Per second, as they arrived and after inflating.",
        "Bps",
        Query(own_rate("tollgate_request_wire_bytes_total"), "on the wire"),
        Query(own_rate("tollgate_request_body_bytes_total"), "inflated"),
        decimals=1,
        interval="1m",
    )


def scrapes():
    return lines(
        "Scrapes",
        "p99 of the time to render one scrape, by instance.",
        "s",
        Query(quantile(0.99, "tollgate_scrape_duration_seconds", by="instance", scope=ITSELF), "{{instance}}"),
        decimals=1,
        interval="1m",
    )


def kept():
    return lines(
        "Kept on disk",
        "Bytes of the files in data_dir, by instance; nothing where it is not set. At data_max_bytes requests are refused.",
        "bytes",
        Query(f"sum by (instance) ({own('tollgate_data_bytes')})", "{{instance}}"),
        empty="no data_dir is set, or no data from Tollgate",
        decimals=1,
    )


def unread():
    by = "scope, reason"
    return grid(
        "Spans that look like LLM calls and are not read",
        "In the time that is shown. host: sent to a provider. keys, marker: names that speak of tokens, models, prompts. Without them their calls are not counted.",
        Labels({"scope": "Instrumentation", "reason": "Reason"}, {}, {"reason": 90}),
        Column(f"{increase('tollgate_unread_spans_total', by=by, scope=ITSELF)} > 0", "Spans", "locale", 0),
        sort="Spans",
        empty="none, or no data from Tollgate",
    )


def advice():
    by = "service_name, scope, advice"
    return grid(
        "Advice",
        "Calls in the time that is shown of which Tollgate would know more with one more line of setup.",
        Labels({"service_name": "Service", "scope": "Instrumentation", "advice": "Advice"}, {}, {"advice": 180}),
        Column(f"{increase('tollgate_advice_calls_total', by=by, scope=ITSELF)} > 0", "Calls", "locale", 0, width=67),
        sort="Calls",
        empty="none, or no data from Tollgate",
    )


def instances(t: Thresholds):
    by = "job, instance"
    return grid(
        "Instances",
        "What runs, with which prices and configuration. Reloaded: whether the last reload worked. Scrape: its size. Logs cut: lines left out because too many of a kind came.",
        Labels({"job": "Job", "instance": "Instance"}, {}, {"job": 90, "instance": 150}),
        Column(f"time() - max by ({by}) ({own('tollgate_start_time_seconds')})", "Up for", "s", 0),
        Column(f"max by ({by}) ({own('tollgate_catalogue_models')})", "Models", "locale", 0),
        Column(f"1000 * max by ({by}) ({own('tollgate_catalogue_timestamp_seconds')})", "Prices of", "dateTimeAsIso", width=158),
        Column(f"1000 * max by ({by}) ({own('tollgate_config_last_reload_success_timestamp_seconds')})", "Config of", "dateTimeAsIso", width=158),
        Column(
            f"min by ({by}) ({own('tollgate_config_last_reload_successful')})",
            "Reloaded",
            "bool_yes_no",
            None,
            ((None, "red"), (1, "green")),
            "color",
        ),
        Column(f"max by ({by}) ({own('tollgate_scrape_size_bytes')})", "Scrape", "bytes", 1),
        Column(f"sum by ({by}) (increase({own('tollgate_suppressed_log_lines_total')}[$__range]))", "Logs cut", "locale", 0),
        sort="Instance",
        ascending=True,
        empty="none",
    )
