"""Closed doors with real clients: TLS, client certificates and tokens, right, wrong, expired and rotated under load.

Usage: run.py BINARY BUILD [SECONDS [OTELCOL]] (run.sh prepares BUILD and finds OTELCOL, a built Collector). The exporter for
Rust is in tests/built/doors.rs.
"""

import base64
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from certificates import Authority
from collector import Collector

sys.path.append(str(Path(__file__).resolve().parent.parent))
from ports import free_port, free_ports  # noqa: E402

HERE = Path(__file__).parent
EXPORTERS = HERE.parent / "exporters"
PATIENCE = 120
TOKEN, NEXT_TOKEN = "token-of-today-0123456789abcdef", "token-of-tomorrow-0123456789abcdef"
NAMES = ("grpc", "http", "metrics")
results = []


def check(name, right, said=""):
    results.append(bool(right))
    print(f"ok    {name}" if right else f"WRONG {name}: {said}", flush=True)


def wait_until(what, done):
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        with contextlib.suppress(OSError):
            if done():
                return True
        time.sleep(0.2)
    print(f"      waited {PATIENCE} s until {what}")
    return False


class Tollgate:
    """A server whose three listeners have the same files: cert.pem, key.pem, tokens and, if asked, clients.pem."""

    def __init__(self, binary, folder, authority, clients=None):
        self.folder, self.authority, self.ports = Path(folder), authority, free_ports(NAMES)
        self.folder.mkdir()
        self.put(*authority.leaf("first"))
        self.tokens(TOKEN)
        client_ca = ""
        if clients:
            shutil.copy(clients.pem, self.folder / "clients.pem")
            client_ca = ", client_ca: clients.pem"
        guard = f"tls: {{cert: cert.pem, key: key.pem{client_ca}}}, tokens_file: tokens"
        lines = [f"  {name}: {{address: '127.0.0.1:{port}', {guard}}}" for name, port in self.ports.items()]
        (self.folder / "tollgate.yaml").write_text("\n".join(["listen:", *lines, "series: {hold_seconds: 0}", "settle_seconds: 1\n"]))
        self.process = subprocess.Popen([binary, "serve", "--config", self.folder / "tollgate.yaml"], stdout=subprocess.DEVNULL)
        self.client = None
        if clients:
            self.client = clients.leaf("scraper")
        if not wait_until("it is ready", lambda: self.get("/readyz")):
            sys.exit("it is not ready")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)

    def put(self, cert, key):
        # As Kubernetes does: the files change places, not contents.
        for path, name in ((cert, "cert.pem"), (key, "key.pem")):
            shutil.copy(path, self.folder / "next")
            os.replace(self.folder / "next", self.folder / name)

    def tokens(self, *tokens):
        (self.folder / "next").write_text("\n".join(tokens) + "\n")
        os.replace(self.folder / "next", self.folder / "tokens")

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def get(self, path, token=TOKEN):
        context = ssl.create_default_context(cafile=self.authority.pem)
        if self.client:
            context.load_cert_chain(*self.client)
        url = f"https://127.0.0.1:{self.ports['metrics']}{path}"
        request = urllib.request.Request(url, headers={"authorization": f"Bearer {token}"} if token else {})
        with urllib.request.urlopen(request, timeout=60, context=context) as answer:
            return answer.read().decode()

    def status(self, path, token):
        try:
            self.get(path, token)
            return 200
        except urllib.error.HTTPError as error:
            return error.code

    def total(self, family, **labels):
        sum_ = 0.0
        for series, value in re.findall(rf"^{family}\{{(.*)\}} (\S+)", self.get("/metrics"), re.MULTILINE):
            if labels.items() <= dict(re.findall(r'(\w+)="([^"]*)"', series)).items():
                sum_ += float(value)
        return sum_

    def serial(self, port):
        context = ssl.create_default_context(cafile=self.authority.pem)
        if self.client:
            context.load_cert_chain(*self.client)
        with socket.create_connection(("127.0.0.1", self.ports[port]), timeout=60) as stream:
            with context.wrap_socket(stream, server_hostname="127.0.0.1") as tls:
                return tls.getpeercert()["serialNumber"]


def environment(tollgate, service, port, ca, token, client=None):
    # Authorities of the machine's own choice would win over those that the exporter is given.
    own = {name: value for name, value in os.environ.items() if name not in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")}
    variables = own | {
        "OTEL_SERVICE_NAME": service,
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"https://127.0.0.1:{tollgate.ports[port]}",
        "OTEL_EXPORTER_OTLP_CERTIFICATE": str(ca),
        "NODE_EXTRA_CA_CERTS": str(ca),
        "OTEL_BSP_EXPORT_TIMEOUT": "120000",
    }
    if token:
        variables["OTEL_EXPORTER_OTLP_HEADERS"] = f"authorization=Bearer%20{token}"
    if client:
        variables |= {"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": str(client[0]), "OTEL_EXPORTER_OTLP_CLIENT_KEY": str(client[1])}
    return variables


def exporters(tollgate, build, others, clients=None):
    """Each exporter, once as it should be and once with each thing wrong."""
    python, node = [f"{build}/python/bin/python", "python/send.py"], ["node", f"{build}/node/send.js"]
    kinds = [("python-grpc", [*python, "grpc"], "grpc"), ("python-http", [*python, "http"], "http"),
             ("node-grpc", [*node, "grpc"], "grpc"), ("node-json", [*node, "http"], "http"), ("node-proto", [*node, "proto"], "http")]
    own = clients.leaf("application") if clients else None
    if clients:
        # The exporters of Node over HTTP take no client certificate from the environment.
        kinds = [kind for kind in kinds if kind[0] not in ("node-json", "node-proto")]
    wrongs = {"without a token": (tollgate.authority.pem, None, own), "with another token": (tollgate.authority.pem, "x" * 32, own),
              "with another authority": (others.pem, TOKEN, own)}
    if clients:
        wrongs = {"without a certificate": (tollgate.authority.pem, TOKEN, None),
                  "with a certificate of others": (tollgate.authority.pem, TOKEN, others.leaf("stranger"))}
    with_ = "mutual TLS" if clients else "TLS and a token"

    def send(service, command, port, ca, token, client):
        variables = environment(tollgate, service, port, ca, token, client)
        # A refused connection is tried again for as long as this.
        variables["OTEL_EXPORTER_OTLP_TIMEOUT"] = "60" if command[0] != "node" else "60000"
        if service.startswith("wrong"):
            variables["OTEL_EXPORTER_OTLP_TIMEOUT"] = "3" if command[0] != "node" else "3000"
        return subprocess.run(command, cwd=EXPORTERS, env=variables, capture_output=True, text=True, timeout=PATIENCE)

    for name, command, port in kinds:
        done = send(name, command, port, tollgate.authority.pem, TOKEN, own)
        arrived = wait_until(f"{name} is counted", lambda: tollgate.total("llm_requests_total", service_name=name) == 3)
        check(f"{name} with {with_}", arrived, (done.stdout + done.stderr)[-800:])
        for wrong, (ca, token, client) in wrongs.items():
            done = send(f"wrong-{name}", command, port, ca, token, client)
            check(f"{name} {wrong} says so", done.stderr.strip() or done.stdout.strip(), "nothing")
    time.sleep(3)
    for name, *_ in kinds:
        check(f"nothing of the wrong {name} is counted", tollgate.total("llm_requests_total", service_name=f"wrong-{name}") == 0)


def plain(port, service):
    """What an application that sends to its Collector has in its environment."""
    return os.environ | {"OTEL_SERVICE_NAME": service, "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"}


def collectors(tollgate, build, otelcol, others, clients=None):
    """An application sends to a real Collector, and that over TLS: once as it should be, and once with each thing wrong."""
    ours, own = tollgate.authority.pem, clients.leaf("collector") if clients else None
    right = {exporter: (exporter, ours, TOKEN, own) for exporter in ("otlp_grpc", "otlp_http")}
    wrong = {"without a token": ("otlp_grpc", ours, None, own, "Unauthenticated"),
             "with another token": ("otlp_http", ours, "x" * 32, own, "401"),
             "with another authority": ("otlp_grpc", others.pem, TOKEN, own, "unknown authority")}
    if clients:
        wrong = {"without a certificate": ("otlp_grpc", ours, TOKEN, None, "certificate required"),
                 "with a certificate of others": ("otlp_http", ours, TOKEN, others.leaf("other-collector"), "tls: ")}
    with_ = "mutual TLS and a token" if clients else "TLS and a token"

    def through(exporter, authority, token, client, service, then):
        endpoint = f"https://127.0.0.1:{tollgate.ports['grpc' if exporter == 'otlp_grpc' else 'http']}"
        with Collector(otelcol, exporter, endpoint, authority, token, client) as collector:
            wait_until("the Collector is open", collector.is_open)
            subprocess.run([f"{build}/python/bin/python", "python/send.py", "http"], cwd=EXPORTERS, timeout=PATIENCE,
                           env=plain(collector.port, service), capture_output=True)
            return wait_until(f"a Collector, {service}", lambda: then(collector)), collector.said()[-800:]

    for name, (exporter, authority, token, client) in right.items():
        service = f"collector-{name}"
        check(f"a Collector by {name} with {with_}", *through(
            exporter, authority, token, client, service, lambda _: tollgate.total("llm_requests_total", service_name=service) == 3))
    for name, (exporter, authority, token, client, words) in wrong.items():
        check(f"a Collector {name} says so", *through(
            exporter, authority, token, client, f"wrong-collector-{exporter}", lambda collector: words in collector.said()))
        check(f"nothing of a Collector {name} is counted",
              tollgate.total("llm_requests_total", service_name=f"wrong-collector-{exporter}") == 0)


def renewed(tollgate, build, otelcol, clients, seconds):
    """A Collector's own certificate ends and is renewed while it serves, and Tollgate's authority of clients changes; nothing is lost."""
    endpoint, next_ = f"https://127.0.0.1:{tollgate.ports['grpc']}", Authority(f"{tollgate.folder}/next-clients", "next clients")
    with Collector(otelcol, "otlp_grpc", endpoint, tollgate.authority.pem, TOKEN, clients.leaf("collector-1")) as collector:
        wait_until("the Collector is open", collector.is_open)
        load = subprocess.Popen([f"{build}/python/bin/python", HERE / "load.py", "http", str(seconds)], text=True,
                                env=plain(collector.port, "load-renewed"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        seen = lambda: tollgate.total("llm_requests_total", service_name="load-renewed")
        check("a Collector's first certificate is good", wait_until("it is", lambda: seen() > 0), collector.said()[-800:])
        # Only clients of the next authority come in: the Collector's certificate is none, until it is renewed.
        shutil.copy(next_.pem, tollgate.folder / "clients.pem")
        tollgate.client = next_.leaf("scraper")
        tollgate.reload()
        wait_until("the next authority is used", lambda: tollgate.get("/readyz"))
        collector.put(next_.leaf("collector-2"))
        out, err = load.communicate(timeout=PATIENCE + seconds)
        count = float(out or 0)
        check(f"a Collector's certificate is renewed under load: all {count:.0f} calls are counted",
              count > 0 and wait_until("it is", lambda: seen() == count), f"{seen()} {err[-300:]} {collector.said()[-800:]}")


def prometheus(tollgate):
    """The real one, with `scheme: https`, and a credentials file that is right, then wrong."""
    folder = tollgate.folder / "prometheus"
    folder.mkdir()
    address = f"127.0.0.1:{free_port()}"
    job = {"scheme": "https", "tls_config": {"ca_file": str(tollgate.authority.pem)},
           "static_configs": [{"targets": [f"127.0.0.1:{tollgate.ports['metrics']}"]}]}
    for name, token in (("right", TOKEN), ("wrong", "x" * 32)):
        (folder / name).write_text(token + "\n")
    config = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [
        job | {"job_name": name, "authorization": {"credentials_file": str(folder / name)}} for name in ("right", "wrong")]}
    (folder / "prometheus.yml").write_text(json.dumps(config))
    process = subprocess.Popen(
        ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data", f"--web.listen-address={address}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        def targets():
            with urllib.request.urlopen(f"http://{address}/api/v1/targets", timeout=30) as answer:
                active = json.load(answer)["data"]["activeTargets"]
            return {target["labels"]["job"]: target for target in active}

        def health(job, wanted):
            return lambda: targets().get(job, {}).get("health") == wanted

        check("prometheus scrapes over https with a credentials file", wait_until("it is up", health("right", "up")), targets())
        check("prometheus with another token is refused", wait_until("it is down", health("wrong", "down")), targets())
        check("prometheus says 401", "401" in targets()["wrong"]["lastError"], targets()["wrong"]["lastError"])
    finally:
        process.terminate()
        process.wait(60)


def browser(tollgate):
    """The status page by a real browser, which asks for HTTP Basic; the token is the password."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        print("left out: a browser (Debian package chromium)")
        return

    def page(user):
        # Its own store of authorities is not ours to change; what is tried here is Basic.
        with tempfile.TemporaryDirectory() as profile:
            command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={profile}",
                       "--ignore-certificate-errors", "--dump-dom", f"https://{user}127.0.0.1:{tollgate.ports['metrics']}/"]
            return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE).stdout

    shown = page(f"me:{TOKEN}@")
    check("a browser with the token as password sees the page", "<h1>Tollgate" in shown and "ready" in shown, shown[:300])
    shown = page("")
    check("a browser without it does not", "<h1>Tollgate" not in shown, shown[:300])


def by_curl(tollgate):
    def status(*arguments):
        url = f"https://127.0.0.1:{tollgate.ports['metrics']}/"
        command = ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--cacert", str(tollgate.authority.pem)]
        return subprocess.run([*command, *arguments, url], capture_output=True, text=True, timeout=PATIENCE).stdout

    basic = base64.b64encode(f"me:{TOKEN}".encode()).decode()
    for name, arguments, wanted in [
        ("bearer", ["--oauth2-bearer", TOKEN], "200"), ("basic", ["--user", f"me:{TOKEN}"], "200"),
        ("basic by hand", ["--header", f"authorization: Basic {basic}"], "200"), ("no token", [], "401"),
        ("the token as user", ["--user", f"{TOKEN}:"], "401"), ("TLS 1.1", ["--tlsv1.1", "--tls-max", "1.1"], "000"),
    ]:
        check(f"curl with {name}: {wanted}", status(*arguments) == wanted, status(*arguments))


def rotation(tollgate, build, seconds, otelcol):
    """Certificates and tokens change, rightly and wrongly, while exporters and a Collector send; nothing is lost."""
    with contextlib.ExitStack() as held:
        port = None
        if otelcol:
            endpoint = f"https://127.0.0.1:{tollgate.ports['grpc']}"
            collector = held.enter_context(Collector(otelcol, "otlp_grpc", endpoint, tollgate.authority.pem, TOKEN))
            wait_until("the Collector is open", collector.is_open)
            port = collector.port
        rotate(tollgate, build, seconds, port)


def rotate(tollgate, build, seconds, collector):
    python = f"{build}/python/bin/python"

    def load(name, kind, token, lasting):
        variables = environment(tollgate, name, kind, tollgate.authority.pem, token)
        variables["OTEL_EXPORTER_OTLP_TIMEOUT"] = "60"
        command = [python, HERE / "load.py", kind, str(lasting)]
        return spawn(command, variables)

    def spawn(command, variables):
        return subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    failures = lambda: tollgate.total("tollgate_tls_reloads_total", result="failure")
    step = seconds / 8
    first = {name: load(name, kind, TOKEN, seconds) for name, kind in (("load-grpc", "grpc"), ("load-http", "http"))}
    if collector:
        first["load-collector"] = spawn([python, HERE / "load.py", "http", str(seconds)], plain(collector, "load-collector"))
    stranger = load("load-stranger", "http", "x" * 32, seconds)
    time.sleep(step)
    before = {port: tollgate.serial(port) for port in NAMES}
    tollgate.put(*tollgate.authority.leaf("second"))
    tollgate.reload()
    check("a rotated certificate is used", wait_until("it is used", lambda: all(tollgate.serial(port) != before[port] for port in NAMES)))
    used, counted = tollgate.serial("grpc"), failures()
    good = [tollgate.folder / "good.pem", tollgate.folder / "good.key"]
    shutil.copy(tollgate.folder / "cert.pem", good[0])
    shutil.copy(tollgate.folder / "key.pem", good[1])
    for what, pair in (("an expired pair", tollgate.authority.leaf("expired", "20200101000000Z", "20200102000000Z")),
                       ("a key of another", (good[0], tollgate.authority.leaf("third")[1]))):
        time.sleep(step)
        tollgate.put(*pair)
        tollgate.reload()
        check(f"{what} is refused and counted", wait_until("it is counted", lambda: failures() >= counted + 3), failures())
        check(f"{what} leaves the one before", tollgate.serial("grpc") == used)
        counted = failures()
    tollgate.put(*good)
    tollgate.tokens(TOKEN, NEXT_TOKEN)
    tollgate.reload()
    check("a second token is valid", wait_until("it is", lambda: tollgate.status("/metrics", NEXT_TOKEN) == 200))
    second = {"load-next": load("load-next", "grpc", NEXT_TOKEN, seconds)}
    sent = {name: process.communicate(timeout=PATIENCE + seconds) for name, process in first.items()}
    seen = lambda name: tollgate.total("llm_requests_total", service_name=name)
    for name, (out, _) in sent.items():
        # A Collector gives on what it took a moment later.
        wait_until(f"{name} is counted", lambda: seen(name) == float(out or 0))
    tollgate.tokens(NEXT_TOKEN)
    tollgate.reload()
    check("the first token ends", wait_until("it ends", lambda: tollgate.status("/metrics", TOKEN) == 401))
    sent |= {name: process.communicate(timeout=PATIENCE + seconds) for name, process in second.items()}
    stranger.communicate(timeout=PATIENCE + seconds)
    get = tollgate.get
    tollgate.get = lambda path, token=NEXT_TOKEN: get(path, token)
    for name, (out, err) in sent.items():
        count = float(out or 0)
        check(f"{name}: all {count:.0f} calls are counted", count > 0 and wait_until(f"{name} is", lambda: seen(name) == count),
              f"{seen(name)} {err[-500:]}")
    check("nothing of the stranger is", tollgate.total("llm_requests_total", service_name="load-stranger") == 0)
    check("who had no token is counted", tollgate.total("tollgate_refused_requests_total", reason="unauthenticated") > 0)


def main():
    binary, build = sys.argv[1:3]
    seconds, otelcol = float(sys.argv[3]) if len(sys.argv) > 3 else 16, sys.argv[4] if len(sys.argv) > 4 else None
    if not otelcol:
        print("left out: a Collector (collector/build.sh builds one)")
    with tempfile.TemporaryDirectory() as folder:
        ours, others, clients = (Authority(f"{folder}/{name}", name) for name in ("ours", "others", "clients"))
        with Tollgate(binary, f"{folder}/tokens", ours) as tollgate:
            exporters(tollgate, build, others)
            prometheus(tollgate)
            by_curl(tollgate)
            browser(tollgate)
            if otelcol:
                collectors(tollgate, build, otelcol, others)
            rotation(tollgate, build, seconds, otelcol)
        with Tollgate(binary, f"{folder}/mutual", ours, clients) as tollgate:
            exporters(tollgate, build, others, clients)
            if otelcol:
                collectors(tollgate, build, otelcol, others, clients)
                renewed(tollgate, build, otelcol, clients, seconds)
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    sys.exit(not all(results))


main()
