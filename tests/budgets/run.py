"""Ask before you spend, with real parts: nginx's auth_request, the decorator, LiteLLM's pre-call hook, a thousand questions a second.

    tests/budgets/run.py BINARY [a Python that has litellm[proxy]; else one is made in build/budgets]

alice has spent her budget, bob has not, nobody knows carol.
"""

import concurrent.futures
import http.client
import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
from ports import free_port  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
DEPLOY = HERE.parent.parent / "deploy" / "budgets"
passed = 0


def holds(what: bool, words: str) -> None:
    global passed
    if not what:
        raise SystemExit(f"FAILED: {words}")
    passed += 1


def ask(url: str, method: str = "GET", body: bytes | None = None, headers: dict[str, str] | None = None):
    try:
        answer = urllib.request.urlopen(urllib.request.Request(url, body, headers or {}, method=method), timeout=10)
    except urllib.error.HTTPError as error:
        answer = error
    return answer.status, dict((name.lower(), value) for name, value in answer.headers.items()), answer.read().decode()


def until(what, seconds: float, words: str):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if value := what():
                return value
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"FAILED: {words} within {seconds} s")


def span(number: int, user: str, tokens: int) -> dict:
    now = time.time_ns()
    values = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "user.id": user,
    }
    attributes = [{"key": key, "value": {"stringValue": value}} for key, value in values.items()]
    for key, count in (("gen_ai.usage.input_tokens", tokens), ("gen_ai.usage.output_tokens", 10)):
        attributes.append({"key": key, "value": {"intValue": str(count)}})
    return {
        "traceId": f"{number:032x}",
        "spanId": f"{number:016x}",
        "name": "chat gpt-4o",
        "kind": 3,
        "startTimeUnixNano": str(now - 10**9),
        "endTimeUnixNano": str(now),
        "attributes": attributes,
    }


def export(port: int, spans: list[dict]) -> None:
    body = {"resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {"name": "opentelemetry.instrumentation.openai_v2"}, "spans": spans}]}]}
    headers = {"content-type": "application/json"}
    status, _, text = ask(f"http://127.0.0.1:{port}/v1/traces", "POST", json.dumps(body).encode(), headers)
    holds(status == 200, f"an export: {status} {text}")


def api(tollgate: str) -> None:
    status, _, text = ask(f"{tollgate}/api/v1/budgets/user-day?user=alice")
    said = json.loads(text)
    holds(status == 200 and float(said["spent"]) > 1 and said["left"] == 0 and said["limit"] == 1, text)
    holds(said["resets_at"].endswith("T00:00:00Z") and said["as_of"] > "2020", text)
    status, _, text = ask(f"{tollgate}/api/v1/budgets/user-day", "POST", b"user=bob", {"content-type": "application/x-www-form-urlencoded"})
    holds(status == 200 and 0 < float(json.loads(text)["spent"]) < 1, text)
    status, _, text = ask(f"{tollgate}/api/v1/budgets/user-day?user=carol")
    holds(status == 200 and json.loads(text)["spent"] == "0", text)
    holds(ask(f"{tollgate}/api/v1/budgets/nope?user=bob")[0] == 404, "an unknown budget is 404")
    holds(ask(f"{tollgate}/api/v1/budgets/user-day")[0] == 400, "a budget per user wants a user")
    status, headers, _ = ask(f"{tollgate}/api/v1/budgets/user-day/check?user=alice")
    holds(status == 403 and "user-day is spent" in headers["x-tollgate-reason"], str(headers))
    holds(ask(f"{tollgate}/api/v1/budgets/user-day/check?user=bob")[0] == 204, "bob has something left")


def nginx(tollgate_port: int, folder: pathlib.Path) -> None:
    binary = shutil.which("nginx") or "/usr/sbin/nginx"
    if not pathlib.Path(binary).exists():
        print("left out: nginx is missing")
        return

    class Model(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"an answer of a model")

        def log_message(self, *_):
            pass

    model = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=model.serve_forever, daemon=True).start()
    port = free_port()
    text = (DEPLOY / "nginx.conf").read_text().replace("listen 8080", f"listen 127.0.0.1:{port}")
    gone = free_port()

    def serve(tollgate: int):
        server = text.replace("TOLLGATE/", f"127.0.0.1:{tollgate}/").replace("http://UPSTREAM", f"http://127.0.0.1:{model.server_port}")
        paths = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (folder / "nginx.conf").write_text(
            f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\nevents {{}}\nhttp {{ access_log off; {paths}\n{server}}}\n"
        )
        running = subprocess.Popen([binary, "-c", folder / "nginx.conf", "-p", folder], stderr=subprocess.DEVNULL)
        until(lambda: socket.create_connection(("127.0.0.1", port)), 10, "nginx listens")
        return running

    running = serve(tollgate_port)
    try:
        url = f"http://127.0.0.1:{port}/v1/chat"
        status, headers, text_ = ask(url, headers={"X-User": "alice"})
        holds(status == 403 and "user-day is spent" in headers["x-tollgate-reason"] and "is spent" in text_, f"alice is let in: {status} {text_}")
        status, _, answer = ask(url, headers={"X-User": "bob"})
        holds(status == 200 and answer == "an answer of a model", f"bob is kept out: {status}")
    finally:
        running.terminate()
        running.wait()
    running = serve(gone)
    try:
        holds(ask(f"http://127.0.0.1:{port}/", headers={"X-User": "alice"})[0] == 200, "without Tollgate the request does not pass")
    finally:
        running.terminate()
        running.wait()
        model.shutdown()


def decorator() -> None:
    sys.path.insert(0, str(DEPLOY))
    import budget

    @budget.budgeted("user-day")
    def answer(question: str, user: str) -> str:
        return f"{question} for {user}"

    holds(answer("Why?", user="bob") == "Why? for bob", "bob is answered")
    try:
        answer("Why?", user="alice")
        raise SystemExit("FAILED: alice is answered")
    except budget.BudgetSpent as spent:
        holds("user-day is spent" in str(spent), str(spent))
    budget.TOLLGATE = f"http://127.0.0.1:{free_port()}"
    holds(answer("Why?", user="alice") == "Why? for alice", "without Tollgate the call goes on")


HOOK = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
import budget
from litellm.proxy._types import UserAPIKeyAuth
ask = lambda user: asyncio.run(budget.hook.async_pre_call_hook(UserAPIKeyAuth(api_key="k", user_id=user), None, {"model": "gpt-4o"}, "completion"))
assert ask("bob") == {"model": "gpt-4o"}, ask("bob")
assert "user-day is spent" in ask("alice"), ask("alice")
"""


def has_litellm(python: str | pathlib.Path) -> bool:
    return pathlib.Path(python).exists() and subprocess.run([python, "-c", "import litellm.proxy._types"], capture_output=True).returncode == 0


def with_litellm() -> str:
    """A Python of the pinned LiteLLM, made once; by uv where there is one."""
    folder = HERE.parent.parent / "build" / "budgets" / "litellm"
    python, wanted = folder / "bin" / "python", HERE / "litellm.txt"
    if not has_litellm(python):
        uv = shutil.which("uv")
        make = [uv, "venv", "-q", folder] if uv else [sys.executable, "-m", "venv", folder]
        fill = [uv, "pip", "install", "-q", "--python", python] if uv else [python, "-m", "pip", "install", "-q"]
        for command in (make, [*fill, "-r", wanted]):
            if subprocess.run(command, capture_output=True, timeout=600).returncode != 0:
                break
    return str(python)


def litellm(python: str, tollgate: str) -> None:
    if not has_litellm(python):
        print("left out: LiteLLM's hook: no Python with litellm[proxy]")
        return
    done = subprocess.run([python, "-c", HOOK, str(DEPLOY)], env={**os.environ, "TOLLGATE_URL": tollgate}, capture_output=True, text=True)
    holds(done.returncode == 0, done.stderr[-2000:])


def rate(port: int) -> None:
    """Questions on four connections that stay; how long each took."""

    def many(count: int) -> list[float]:
        connection, times = http.client.HTTPConnection("127.0.0.1", port), []
        for _ in range(count):
            began = time.perf_counter()
            connection.request("GET", "/api/v1/budgets/user-day/check?user=bob")
            answer = connection.getresponse()
            answer.read()
            times.append(time.perf_counter() - began)
            if answer.status != 204:
                raise SystemExit(f"FAILED: {answer.status}")
        return times

    began = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        times = sorted(time_ for part in pool.map(many, [1000] * 4) for time_ in part)
    seconds = time.perf_counter() - began
    holds(len(times) == 4000, "every question is answered")
    print(f"4,000 questions in {seconds:.2f} s; p50 {times[2000] * 1e3:.2f} ms, p99 {times[3960] * 1e3:.2f} ms, Python's own time included")


def main() -> None:
    binary, python = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else with_litellm()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        http_port, metrics_port = free_port(), free_port()
        (folder / "tollgate.yaml").write_text(
            f"listen: {{grpc: 127.0.0.1:{free_port()}, http: 127.0.0.1:{http_port}, metrics: 127.0.0.1:{metrics_port}}}\n"
            "settle_seconds: 0.2\n"
            "budgets:\n  - {name: user-day, amount: 1, period: day, per: [user]}\n  - {name: all, amount: 1000}\n"
        )
        running = subprocess.Popen([binary, "--config", folder / "tollgate.yaml"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        tollgate = f"http://127.0.0.1:{metrics_port}"
        os.environ["TOLLGATE_URL"] = tollgate
        try:
            until(lambda: ask(f"{tollgate}/readyz")[0] == 200, 20, "Tollgate is ready")
            # gpt-4o: $2.50 a million tokens in.
            export(http_port, [span(1, "alice", 500_000), span(2, "bob", 1_000)])
            until(lambda: '"spent":"0"' not in ask(f"{tollgate}/api/v1/budgets/user-day?user=bob")[2], 10, "bob's call is counted")
            api(tollgate)
            nginx(metrics_port, folder)
            decorator()
            litellm(python, tollgate)
            rate(metrics_port)
        finally:
            running.terminate()
            running.wait()
    print(f"{passed} passed")


if __name__ == "__main__":
    main()
