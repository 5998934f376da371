#!/usr/bin/env python3
"""Three Tollgates behind a router, one killed and replaced. Usage: tests/collector/replicas.py TOLLGATE

The router stands for the Collector's load-balancing exporter, whose module not every proxy serves: like it, it takes a
request apart by `routing_key` and sends every part to the replica that the hash of its key names. By service
(`routing_key: service`) the sums over the replicas are those of one Tollgate. By trace id they are not: two
instrumentations can put one call into two traces, and each replica counts what it sees.
"""

import collections
import concurrent.futures
import pathlib
import signal
import sys
import tempfile
import threading
import time
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from harness import Kept, captures, counted, expected, post, settled, wait_for  # noqa: E402
from wire import field, fields  # noqa: E402

REPLICAS = 3


# === requests taken apart ===

def service(resource_spans):
    """Its `service.name`."""
    resource = next((value for number, value, _ in fields(resource_spans) if number == 1), b"")
    for number, attribute, _ in fields(resource):
        if number == 1:
            parts = {number: value for number, value, _ in fields(attribute)}
            if parts[1] == b"service.name":
                return next((value for _, value, _ in fields(parts[2])), b"")
    return b""


def by_service(body):
    parts = collections.defaultdict(bytes)
    for _, resource_spans, whole in fields(body):
        parts[service(resource_spans)] += whole
    return parts


def by_trace(body):
    parts = collections.defaultdict(bytes)
    for _, resource_spans, _ in fields(body):
        shared = b"".join(whole for number, _, whole in fields(resource_spans) if number != 2)
        for number, scope_spans, _ in fields(resource_spans):
            if number == 2:
                scope = b"".join(whole for number, _, whole in fields(scope_spans) if number != 2)
                for number, span, whole in fields(scope_spans):
                    if number == 2:
                        trace = next(value for number, value, _ in fields(span) if number == 1)
                        parts[trace] += field(1, shared + field(2, scope + whole))
    return parts


# === the test ===

def route(replicas, split):
    """Sends every part to the replica of its key, one part after the other, and again while that one is away."""
    queues = [[] for _ in replicas]
    for body in captures():
        for key, part in split(body).items():
            queues[zlib.crc32(key) % len(replicas)].append(part)

    def deliver(replica, parts):
        for part in parts:
            post(replica.address, part, tries=300)
    assert all(queues), "a replica would have nothing to do"
    with concurrent.futures.ThreadPoolExecutor(len(replicas)) as threads:
        list(threads.map(deliver, replicas, queues))


def sums(split, killed):
    """What three replicas count together; one is killed and replaced on the way."""
    with tempfile.TemporaryDirectory() as folder:
        replicas = [Kept(f"{folder}/{number}") for number in range(REPLICAS)]
        killer = threading.Thread(target=kill_and_replace, args=(replicas[1],))
        if killed:
            killer.start()
        route(replicas, split)
        if killed:
            killer.join()
        total = sum((settled(replica.server) for replica in replicas), collections.Counter())
        for replica in replicas:
            replica.end(signal.SIGTERM)
        return total


def kill_and_replace(replica):
    """Once it has counted a part of what it will get."""
    wait_for("calls on a replica", 60, lambda: sum(counted(replica.server).values()) > 100)
    replica.end(signal.SIGKILL)
    time.sleep(1)
    replica.start()


def main():
    one = expected()
    services = sums(by_service, killed=True)
    assert services == one, f"by service: missing {dict(one - services)}, too many {dict(services - one)}"
    print("ok by service, one of three killed and replaced: the sums of one Tollgate")
    traces = sums(by_trace, killed=False)
    calls = [sum(count for key, count in total.items() if key[0] == "llm_requests_total") for total in (one, traces)]
    assert calls[1] > calls[0], f"by trace id nothing is counted twice any more: say so in collector/README.md ({calls})"
    print(f"ok by trace id they differ: {calls[1]:.0f} calls for {calls[0]:.0f}")


main()
