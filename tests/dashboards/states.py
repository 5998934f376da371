"""States in which a board must not mislead, each with a real Tollgate and a real Prometheus of its own.

In: a name and a binary. Out: a `Stage` whose Prometheus has seen the state, and what `explain` says of its calls.
By itself it holds a state for pictures: `states.py BINARY STATE SECONDS` prints the address of Prometheus.
"""

import contextlib
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent))

from stack import Process, Prometheus, fetch, free_port, wait_for  # noqa: E402
from traffic import Call, Told, explained, request, send  # noqa: E402

QUICK = {"TOLLGATE_SETTLE_SECONDS": "1", "TOLLGATE_LOG_LEVEL": "error"}
# How often Prometheus looks, and how many seconds a new series reads 0, so that it sees that: large scrapes take their time.
SCRAPES = {"300 models": ("3s", "8")}
OFTEN = ("500ms", "2")
MODELS = 300
LONG = "team-of-the-house/a-model-with-a-very-long-name"


class Tollgate(Process):
    """`tollgate serve` on ports of its own, which stay the same over restarts."""

    def __init__(self, binary: Path, folder: Path, configuration: dict | None = None, hold: str = OFTEN[1]) -> None:
        grpc, http, metrics = (free_port() for _ in range(3))
        self.target, self.http = f"127.0.0.1:{metrics}", f"127.0.0.1:{http}"
        self.configuration = folder / f"tollgate-{metrics}.yaml"
        self.configuration.write_text(yaml.safe_dump(configuration or {}))
        listen = {f"TOLLGATE_LISTEN_{name}": f"127.0.0.1:{port}" for name, port in {"GRPC": grpc, "HTTP": http, "METRICS": metrics}.items()}
        super().__init__([str(binary), "serve", "--config", str(self.configuration)], folder / f"tollgate-{metrics}.log", listen | QUICK | {"TOLLGATE_SERIES_HOLD_SECONDS": hold})

    def wait_until_ready(self) -> None:
        wait_for("Tollgate is ready", lambda: fetch(f"http://{self.target}/readyz"), 20)


@dataclass
class Stage:
    """A state that is reached."""

    prometheus: Prometheus
    at: float
    told: Told
    down: Tollgate | None = None


# What each state sends: a batch is sent whole, to each replica in turn.
BATCHES: dict[str, list[list[Call]]] = {
    "empty": [],
    "dead": [[Call()] * 12],
    "one call": [[Call()]],
    "first minute": [[Call()] * 5],
    "all failing": [[Call(tokens=None, error="500")] * 17],
    "unpriced": [[Call(model="acme-support-7b")] * 14],
    "no usage": [[Call(tokens=None)] * 9],
    "tiny": [[Call(model="gpt-4o-mini", tokens=(40, 1))] * 4],
    "300 models": [[Call(model=f"{LONG}-{number:03}", tokens=(1000 + 10 * number, 200)) for number in range(MODELS)] * 2],
    "two replicas": [[Call()] * 30 + [Call(tokens=None, error="500")] * 6, [Call(service="search")] * 15],
    "one down": [[Call()] * 10, [Call()] * 10],
    "after a restart": [[Call()] * 40, [Call(service="search", model="gpt-4o-mini")] * 25],
}
# Held for a minute, so that the half interval that increase() adds at the end of a series is no percent of it.
LONG_LIVED = {"two replicas"}
REPLICAS = {"two replicas": 2, "one down": 2}
PRICED_MODELS = {"prices": {"models": [{"model": f"{LONG}-{number:03}", "prices": {"input": 1, "output": 2}} for number in range(MODELS)]}}


def counted(prometheus: Prometheus) -> float:
    """Calls that Prometheus has seen, over restarts."""
    return sum(float(each["value"][1]) for each in prometheus.query("sum(max_over_time(llm_requests_total[1h]))"))


@contextlib.contextmanager
def stage(name: str, binary: Path, folder: Path) -> Iterator[Stage]:
    """Reaches a state, and holds it while the context is open."""
    with contextlib.ExitStack() as open_ones:
        configuration = PRICED_MODELS if name == "300 models" else None
        interval, hold = SCRAPES.get(name, OFTEN)
        replicas = [Tollgate(binary, folder, configuration, hold) for _ in range(REPLICAS.get(name, 1))]
        for each in replicas:
            open_ones.enter_context(each)
        prometheus = open_ones.enter_context(Prometheus(folder, [each.target for each in replicas], [], interval))
        wait_for("Prometheus has scraped", lambda: len(prometheus.query("tollgate_build_info")) == len(replicas), 20)
        sent, bodies = 0, [request(calls) for calls in BATCHES[name]]
        for number, body in enumerate(bodies):
            replica = replicas[number % len(replicas)]
            if number and name == "after a restart":
                replica.__exit__()
                replica.__enter__()
                time.sleep(2)
            send(replica.http, body)
            sent += len(BATCHES[name][number])
            if name != "first minute":
                wait_for("Prometheus has all calls", lambda: counted(prometheus) >= sent, 90)  # noqa: B023
        if name in ("dead", "one down"):
            replicas[-1].__exit__()
        time.sleep(60 if name in LONG_LIVED else 15)
        yield Stage(prometheus, time.time(), explained(binary, bodies, folder, replicas[0].configuration) if bodies else Told())


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as kept, stage(sys.argv[2], Path(sys.argv[1]).resolve(), Path(kept)) as reached:
        print(reached.prometheus.address, flush=True)
        time.sleep(float(sys.argv[3]))
