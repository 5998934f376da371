#!/usr/bin/env python3
"""No first increment is lost. Usage: tests/faults/first.py BINARY; six minutes, most of them waiting.

Sixty models appear, one every two seconds. Real Prometheus servers scrape every 15, 30 and 60 seconds, a curious person looks
every few seconds, and in the middle Tollgate is killed and starts again. Guarantees: what each server saw of each model rise is
what was sent, from the first call on.
"""

import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "prometheus"))

from clients import as_json  # noqa: E402
from disk import Disk  # noqa: E402
from life import Life  # noqa: E402
from raw import increases  # noqa: E402
from servers import Prometheus, wait_for  # noqa: E402

import urllib.request  # noqa: E402

MODELS = 60


def call(life, model):
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": model,
                  "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 10}
    body = as_json([attributes], "shop")
    urllib.request.urlopen(urllib.request.Request(
        life.http + "/v1/traces", body, {"Content-Type": "application/json"}), timeout=30).close()


def main():
    with tempfile.TemporaryDirectory() as folder:
        disk = Disk(Path(folder) / "disk", [])
        life = Life(sys.argv[1], Path(folder), disk, False)
        life.start()
        with Prometheus(life.metrics, 15) as a, Prometheus(life.metrics, 30) as b, Prometheus(life.metrics, 60) as c:
            servers = {"15 s": a, "30 s": b, "60 s": c}
            for server in servers.values():
                wait_for("first scrape", 120, lambda: server.one("up") == 1)
            for number in range(MODELS):
                call(life, f"model-{number}")
                life.get(life.metrics)
                time.sleep(2)
                if number == MODELS // 2:
                    life.again(signal.SIGKILL)
            # Every server sees each 0, and then each value.
            time.sleep(150)
            lost = {}
            for name, server in servers.items():
                rows, _ = increases(server, 'llm_requests_total{error_class="none"}')
                seen = {labels["model"]: increase for labels, increase in rows}
                lost[name] = sum(seen.get(f"model-{number}", 0) != 1 for number in range(MODELS))
        life.end()
        disk.remove()
    print(f"of {MODELS} first increments lost: {lost}")
    failed = any(lost.values())
    print(f"{int(not failed)} passed, {int(failed)} failed")
    return failed


if __name__ == "__main__":
    sys.exit(main())
