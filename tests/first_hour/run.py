"""Runs each line of README as somebody would in the first hour, and looks for the model's name in /metrics.

Usage: run.py BINARY BUILD (tests/first_hour/run.sh prepares BUILD)

The lines come out of README itself; only addresses are changed. OpenAI is `provider.py`, because the real one costs money.
"""

import os
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import provider

sys.path.append(str(Path(__file__).resolve().parent.parent))
from ports import free_ports  # noqa: E402

HERE = Path(__file__).resolve().parent
README = (HERE.parent.parent / "README.md").read_text()
SECONDS = 240


@dataclass(frozen=True)
class Guide:
    """A way to send traces: the heading in README, where it runs, and what must be seen."""

    name: str
    heading: str
    folder: str
    program: str
    sought: tuple[str, ...] = ()


CALL = (rf'llm_requests_total\{{[^}}]*model="{provider.MODEL}"[^}}]*error_class="none"\}} 1$', rf'llm_tokens_total\{{[^}}]*model="{provider.MODEL}"[^}}]*type="input"\}} {provider.PROMPT}$')
LIMIT = (rf'llm_rate_limit_limit\{{provider="openai",model="{provider.MODEL}"[^}}]*resource="requests"[^}}]*\}} 10000$',)
GUIDES = (
    Guide("python", "Python", "python", "app.py"),
    Guide("python with headers", "Rate limits", "python", "app.py", LIMIT),
    Guide("node", "Node", "node", "app.js"),
    Guide("vercel ai sdk", "Vercel AI SDK", "vercel", "app.mjs"),
    Guide("litellm", "LiteLLM", "litellm", "litellm_app.py", LIMIT),
    Guide("openllmetry", "OpenLLMetry", "openllmetry", "openllmetry_app.py"),
)


# Whose command runs a program.
LANGUAGES = {"app.js": "Node", "app.py": "Python", "app.mjs": "Vercel AI SDK"}


def block(heading: str) -> str:
    """What README says under a bold heading."""
    return re.search(rf"^\*\*{re.escape(heading)}\*\*(.*?)(?=^\*\*|^## )", README, re.S | re.M)[1]


def installed(heading: str) -> list[str]:
    """The packages of a guide's install line."""
    found = re.search(r"(?:pip|npm) install ([^#\n]+)", block(heading))
    return found[1].split() if found else []


def settings(heading: str) -> dict[str, str]:
    """Variables that a guide sets, in front of a command, alone on a line or in a sentence."""
    return {name: value.strip('"`') for name, value in re.findall(r"\b((?:OTEL|TRACELOOP)_[A-Z_]+)=(\"[^\"]*\"|[^\s`]+)", block(heading))}


def command(guide: Guide) -> str:
    """The command of a guide; those that tell only a variable or a line of code are run as their language's is."""
    heading = LANGUAGES.get(guide.program)
    if heading is None:
        return f"python {guide.program}"
    lines = block(heading).replace("\\\n", " ")
    return re.search(r"(?:opentelemetry-instrument|node) [^\n]*app\.(?:py|m?js)", lines)[0]


def environment(guide: Guide, ports: dict[str, int], openai: int, build: Path) -> dict[str, str]:
    told = settings(LANGUAGES.get(guide.program, guide.heading)) | settings(guide.heading)
    moved = {name: re.sub(r":(4317|4318)\b", lambda port: f":{ports['grpc' if port[1] == '4317' else 'http']}", value) for name, value in told.items()}
    quiet = {"OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    to_openai = {"OPENAI_API_KEY": provider.KEY, "OPENAI_BASE_URL": f"http://127.0.0.1:{openai}/v1"}
    path = {"PATH": f"{build / guide.folder / 'bin'}:{os.environ['PATH']}"}
    own = {"OTEL_SERVICE_NAME": guide.name.replace(" ", "-"), "TOLLGATE_HTTP": f"http://127.0.0.1:{ports['http']}"}
    return os.environ | quiet | to_openai | path | moved | own


def get(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        return answer.read().decode()


def missing(port: int, sought: tuple[str, ...]) -> list[str]:
    """What is still not in /metrics when time is over."""
    end = time.monotonic() + 20
    while True:
        metrics = get(port, "/metrics")
        wanted = [each for each in sought if not re.search(each, metrics, re.M)]
        if not wanted or time.monotonic() > end:
            return wanted
        time.sleep(0.5)


def tried(binary: str, guide: Guide, openai: int, build: Path) -> list[str]:
    """What went wrong with a guide, on a Tollgate of its own."""
    ports = free_ports(("grpc", "http", "metrics"))
    listen = {f"TOLLGATE_LISTEN_{name.upper()}": f"127.0.0.1:{port}" for name, port in ports.items()}
    # No Prometheus scrapes here, so nothing has to be held for its sake.
    quick = {"TOLLGATE_SERIES_HOLD_SECONDS": "0", "TOLLGATE_SETTLE_SECONDS": "1", "TOLLGATE_LOG_LEVEL": "error"}
    server = subprocess.Popen([binary, "serve"], env=os.environ | listen | quick, stdout=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                get(ports["metrics"], "/readyz")
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        done = subprocess.run(
            ["bash", "-c", command(guide)], cwd=build / guide.folder, env=environment(guide, ports, openai, build), capture_output=True, text=True, timeout=SECONDS
        )
        wrong = [] if done.returncode == 0 else [done.stderr[-1500:]]
        return wrong + [f"not in /metrics: {each}" for each in missing(ports["metrics"], (*CALL, *guide.sought))]
    finally:
        server.terminate()
        server.wait(30)


def not_installed(guide: Guide) -> list[str]:
    """Packages of README's install line that the pinned list of the guide has not."""
    listed = (HERE / guide.folder / ("package.json" if guide.program.endswith("js") else "names.txt")).read_text()
    return [f"not pinned: {name}" for name in installed(guide.heading) if name not in listed]


def main() -> None:
    binary, build = sys.argv[1], Path(sys.argv[2])
    openai = provider.server()
    threading.Thread(target=openai.serve_forever, daemon=True).start()
    failed = 0
    for guide in GUIDES:
        wrong = not_installed(guide) + tried(binary, guide, openai.server_port, build) + openai.refused
        openai.refused.clear()
        failed += bool(wrong)
        print(f"{'WRONG' if wrong else 'ok   '} {guide.name}: {command(guide)}", *wrong, sep="\n      ")
    print(f"{len(GUIDES) - failed} passed, {failed} failed")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
