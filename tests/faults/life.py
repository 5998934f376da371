"""The lives of one Tollgate on one directory, at the same addresses."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
from ports import free_port  # noqa: E402

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
# People see what is counted, whatever scrapers were shown so far.
PERSON = {"User-Agent": "curl/8"}


def wall_clocks(left_out):
    if not FAKETIME.exists():
        left_out.append("a clock that is set: needs libfaketime (Debian package faketime)")
    return FAKETIME.exists()


class Life:
    def __init__(self, binary, folder, disk, clocks):
        self.binary, self.folder, self.process = binary, folder, None
        self.log, self.clock, self.config = folder / "log", folder / "clock", folder / "tollgate.yaml"
        ports = {name: f"127.0.0.1:{free_port()}" for name in ("GRPC", "HTTP", "METRICS")}
        self.grpc, self.http = (f"http://{ports[name]}" for name in ("GRPC", "HTTP"))
        self.metrics = f"http://{ports['METRICS']}/metrics"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("TOLLGATE_")}
        self.environment |= {f"TOLLGATE_LISTEN_{name}": address for name, address in ports.items()}
        self.environment |= {"TOLLGATE_DATA_DIR": str(disk.path), "TOLLGATE_SETTLE_SECONDS": "1"}
        preload = [str(disk.preloaded)] if disk.may_fail else []
        self.clocks = clocks
        if clocks:
            preload.append(str(FAKETIME))
            self.environment |= {
                "FAKETIME_TIMESTAMP_FILE": str(self.clock), "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
            }
        self.environment |= {"LD_PRELOAD": ":".join(preload), "FAILING_DISK": str(disk.control)}
        self.set_clock(0)
        self.write("log: {level: info}\n")

    def write(self, text):
        self.config.write_text(text)

    def set_clock(self, seconds):
        """So far from the true time."""
        self.clock.write_text(f"{seconds:+d}\n")

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([self.binary, "serve", "--config", self.config], stdout=log, stderr=log,
                                            env=self.environment)
        end = time.monotonic() + 60
        while not self.is_ready():
            assert self.process.poll() is None, f"it ended while starting:\n{self.words()[-2000:]}"
            assert time.monotonic() < end, "not ready after a minute"
            time.sleep(0.02)

    def is_ready(self):
        try:
            return self.get(self.metrics.replace("/metrics", "/readyz")) == "ready\n"
        except OSError:
            return False

    def again(self, kind):
        """Ends it, and starts it again."""
        self.process.send_signal(kind)
        code = self.process.wait(timeout=60)
        assert kind == signal.SIGKILL or code == 0, f"exit code {code}:\n{self.words()[-2000:]}"
        self.start()

    def reload_broken(self):
        """A broken configuration, then a good one."""
        for text in ("log: {level: loud}\nseires: [", "log: {level: info}\n"):
            self.write(text)
            self.process.send_signal(signal.SIGHUP)
            time.sleep(0.2)

    @staticmethod
    def get(url, headers=PERSON):
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return answer.read().decode()

    def settled(self, wanted):
        """What is counted once no span waits and nothing changes any more; a Collector may pause before it delivers the rest."""
        end, last, same = time.monotonic() + 180, None, 0
        while time.monotonic() < end:
            text = self.get(self.metrics)
            calls = sum(map(int, re.findall(r"^llm_requests_total\{.*\} (\d+)$", text, re.M)))
            held = re.search(r"^tollgate_settle_held_spans (\d+)$", text, re.M)[1]
            same = same + 1 if (calls, held) == (last, "0") else 0
            if same > 20 or calls == wanted and same > 2:
                return calls
            last = calls
            time.sleep(0.7)
        raise AssertionError(f"spans still wait:\n{self.words()[-2000:]}")

    def by_service(self):
        counted = {}
        for labels, calls in re.findall(r"^llm_requests_total\{(.*)\} (\d+)$", self.get(self.metrics), re.M):
            service = re.search(r'service_name="([^"]*)"', labels)[1]
            counted[service] = counted.get(service, 0) + int(calls)
        return counted

    def words(self):
        return self.log.read_text(errors="replace")

    def has_not_failed(self):
        for line in self.words().splitlines():
            assert "panicked" not in line and "the engine failed" not in line, line

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
