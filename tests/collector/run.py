#!/usr/bin/env python3
"""The recipes of deploy/collector on the real Collector. Usage: tests/collector/run.py TOLLGATE OTELCOL [NAME…]

OTELCOL is what collector/build.sh prints. Every test holds what Tollgate counted behind a Collector against what another
Tollgate counted of the same spans sent directly: nothing lost, nothing twice.
"""

import contextlib
import http.client
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from harness import (  # noqa: E402
    OTELCOL, ROOT, App, Collector, Kept, as_text, captures, counted, expected, free_port, get, long_span, otlp, post, post_json,
    pushing, same, tollgate, wait_for)


# === the recipes ===

def a_gateway_loses_and_doubles_nothing():
    with tollgate() as server, tollgate() as backend, \
            Collector("gateway.yaml", TOLLGATE_ENDPOINT=otlp(server), BACKEND_ENDPOINT=otlp(backend)) as gateway:
        for body in captures():
            post(gateway.http, body)
        same(expected(), server)
        same(expected(), backend)


def a_dead_backend_takes_nothing_from_tollgate():
    """Its queue is full in time, and senders are told to send again: Tollgate has taken what was refused, and counts it once."""
    with tollgate() as server, Collector("gateway.yaml", TOLLGATE_ENDPOINT=otlp(server)) as gateway:
        for body in captures():
            try:
                post(gateway.http, body)
            except urllib.error.HTTPError as refused:
                assert refused.code == 503, refused
        same(expected(), server)


def agent_and_gateway_lose_and_double_nothing():
    with tollgate() as server, tollgate() as backend, \
            Collector("gateway.yaml", TOLLGATE_ENDPOINT=otlp(server), BACKEND_ENDPOINT=otlp(backend)) as gateway, \
            Collector("agent.yaml", GATEWAY_ENDPOINT=gateway.grpc) as agent:
        for body in captures():
            post(agent.http, body)
        same(expected(), server)


def tail_sampling_comes_after_tollgate():
    """Tollgate counts everything, and the backend behind the sampling a part of it."""
    with tollgate() as server, tollgate() as backend, \
            Collector("tail-sampling.yaml", TOLLGATE_ENDPOINT=otlp(server), BACKEND_ENDPOINT=otlp(backend)) as collector:
        for body in captures():
            post(collector.http, body)
        same(expected(), server)
        wait_for("kept traces", 60, lambda: sum(counted(backend).values()) > 0)
        assert sum(counted(backend).values()) < sum(expected().values()) / 2


def a_killed_collector_and_a_late_tollgate_lose_nothing():
    """The Collector is killed twice while Tollgate is away; its senders try again; Tollgate comes last."""
    bodies, address = captures(), f"127.0.0.1:{free_port()}"
    with tollgate() as backend, \
            Collector("gateway.yaml", TOLLGATE_ENDPOINT=address, BACKEND_ENDPOINT=otlp(backend)) as gateway:
        for at, body in enumerate(bodies):
            if at in (len(bodies) // 3, 2 * len(bodies) // 3):
                gateway.end()
                gateway.start()
            post(gateway.http, body, tries=100)
        with tollgate(LISTEN_HTTP=address) as server:
            same(expected(), server, 120)


def all_three_end_under_load_and_nothing_is_lost(how):
    """App, Collector and Tollgate go down one after the other, twice, while spans are on their way; then all at once."""
    with tempfile.TemporaryDirectory() as folder, tollgate() as backend:
        kept = Kept(folder)
        with Collector("gateway.yaml", TOLLGATE_ENDPOINT=kept.address, BACKEND_ENDPOINT=otlp(backend)) as gateway:
            app = App(gateway.http, captures(), folder)
            for at, parts in enumerate([[app], [gateway], [kept], [app], [gateway], [kept], [app, gateway, kept]]):
                app.wait_until_sent((at + 1) / 8)
                for part in parts:
                    part.end(how)
                for part in parts:
                    part.start()
            app.wait_until_sent(1)
            same(expected(), kept.server, 120)
        kept.end(signal.SIGTERM)


def restarts_under_load_lose_nothing():
    all_three_end_under_load_and_nothing_is_lost(signal.SIGTERM)


def kills_under_load_lose_nothing():
    all_three_end_under_load_and_nothing_is_lost(signal.SIGKILL)


def long_prompts_arrive():
    """120 spans with prompts of a megabyte each, and usage."""
    with tollgate() as server, Collector("gateway.yaml", TOLLGATE_ENDPOINT=otlp(server)) as gateway:
        for _ in range(30):
            post_json(gateway.http, [long_span(1 << 20) for _ in range(4)])
        wait_for("120 calls", 240, lambda: sum(server.samples("llm_requests_total").values()) >= 120)
        sums = [sum(server.samples(name).values()) for name in ("llm_requests_total", "llm_tokens_total")]
        assert sums == [120, 120 * 110], sums


def with_one_above_the_cap(place):
    """Five spans, of which one is longer than Tollgate takes."""
    batch = [long_span(1 << 10) for _ in range(4)]
    batch.insert(place, long_span(24 << 20))
    return batch


def a_span_above_the_cap_takes_nothing_with_it():
    """Wherever it stands in its batch, and by every way; its prompt is cut, and it is counted too."""
    with tollgate() as server, tollgate() as backend, \
            Collector("gateway.yaml", TOLLGATE_ENDPOINT=otlp(server), BACKEND_ENDPOINT=otlp(backend)) as gateway, \
            Collector("agent.yaml", GATEWAY_ENDPOINT=gateway.grpc) as agent, \
            Collector("tail-sampling.yaml", TOLLGATE_ENDPOINT=otlp(server)) as sampling, \
            Collector("connector.yaml", TOLLGATE_ENDPOINT=otlp(server), TOLLGATE_METRICS_SOCKET=f"127.0.0.1:{free_port()}",
                      PROMETHEUS_ENDPOINT=f"127.0.0.1:{free_port()}") as connector:
        ways = (gateway, agent, sampling, connector)
        for way in ways:
            for place in (0, 2, 4):
                post_json(way.http, with_one_above_the_cap(place))
        wanted = 3 * 5 * len(ways)
        wait_for(f"{wanted} calls", 400, lambda: sum(server.samples("llm_requests_total").values()) == wanted)
        assert sum(server.samples("llm_tokens_total").values()) == wanted * 110


def a_request_above_the_cap_is_refused_with_key_and_size():
    with tollgate() as server:
        connection = http.client.HTTPConnection(otlp(server), timeout=60)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the answer comes before the end of the request
            connection.request("POST", "/v1/traces", b" " * (24 << 20), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        words = answer.read().decode()
        assert answer.status == 413 and "receive.max_request_bytes" in words and "20971520" in words, words


def the_connector_brings_metrics_back():
    """The Collector's own Prometheus exporter says what /metrics says, after the way there and back."""
    prometheus, metrics = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    with tollgate() as backend, pushing(metrics) as server, Collector(
            "connector.yaml", TOLLGATE_ENDPOINT=otlp(server), TOLLGATE_METRICS_SOCKET=metrics,
            BACKEND_ENDPOINT=otlp(backend), PROMETHEUS_ENDPOINT=prometheus) as collector:
        for body in captures():
            post(collector.http, body)
        same(expected(), server)

        def pushed():
            ours, theirs = as_text(server.scrape()), as_text(get(f"http://{prometheus}/metrics")[1])
            assert set(ours) == set(theirs) or len(theirs) < len(ours), sorted(set(theirs) ^ set(ours))[:5]
            calls = [series for series in ours if series[0].startswith("llm_")]
            return len(calls) > 1000 and set(ours) == set(theirs) and all(ours[key] == theirs[key] for key in calls)
        wait_for("equal text", 30, pushed)


def a_dead_tollgate_delays_nothing():
    """Traces go through the connector to a backend while nobody takes those for Tollgate."""
    passes_traces_on(f"127.0.0.1:{free_port()}")


def a_stuck_tollgate_delays_nothing():
    """The same while somebody takes connections for Tollgate, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as stuck:
        passes_traces_on("127.0.0.1:%d" % stuck.getsockname()[1])


def passes_traces_on(endpoint):
    with tollgate() as backend, Collector(
            "connector.yaml", TOLLGATE_ENDPOINT=endpoint, BACKEND_ENDPOINT=otlp(backend),
            TOLLGATE_METRICS_SOCKET=f"127.0.0.1:{free_port()}", PROMETHEUS_ENDPOINT=f"127.0.0.1:{free_port()}") as collector:
        slowest = 0
        for body in captures():
            began = time.monotonic()
            post(collector.http, body)
            slowest = max(slowest, time.monotonic() - began)
        assert slowest < 5, f"a request waited {slowest:.1f} s; the time-out towards Tollgate is 5 s"
        same(expected(), backend)


def validate_takes_every_recipe():
    for recipe in sorted((ROOT / "deploy/collector").glob("*.yaml")):
        answer = subprocess.run([OTELCOL, "validate", "--config", str(recipe)], capture_output=True, text=True)
        assert answer.returncode == 0, f"{recipe.name}: {answer.stderr}"


def validate_says_what_would_be_right():
    recipe = (ROOT / "deploy/collector/connector.yaml").read_text()
    wrong = recipe.replace("    sending_queue:\n      storage: file_storage\n    # Starts", "    command: [tollgate]\n    # Starts")
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(wrong)
        file.flush()
        answer = subprocess.run([OTELCOL, "validate", "--config", file.name], capture_output=True, text=True)
    assert answer.returncode != 0 and "/usr/bin/tollgate" in answer.stderr, answer.stderr


TESTS = [
    validate_takes_every_recipe,
    validate_says_what_would_be_right,
    a_gateway_loses_and_doubles_nothing,
    a_dead_backend_takes_nothing_from_tollgate,
    agent_and_gateway_lose_and_double_nothing,
    tail_sampling_comes_after_tollgate,
    a_killed_collector_and_a_late_tollgate_lose_nothing,
    restarts_under_load_lose_nothing,
    kills_under_load_lose_nothing,
    long_prompts_arrive,
    a_span_above_the_cap_takes_nothing_with_it,
    a_request_above_the_cap_is_refused_with_key_and_size,
    a_dead_tollgate_delays_nothing,
    a_stuck_tollgate_delays_nothing,
    the_connector_brings_metrics_back,
]


def main():
    wanted, failed = sys.argv[3:], 0
    chosen = [test for test in TESTS if not wanted or test.__name__ in wanted]
    for test in chosen:
        started = time.monotonic()
        try:
            test()
            print(f"ok {test.__name__} {time.monotonic() - started:.0f} s", flush=True)
        except Exception as fault:  # the next recipe is tried all the same
            failed += 1
            print(f"FAILED {test.__name__}: {fault}", flush=True)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
