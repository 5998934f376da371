"""A real Collector before closed doors: it takes spans in plain, and gives them on over TLS with a token."""

import json
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
from ports import free_port  # noqa: E402


class Collector:
    """One whose exporter is `otlp` (gRPC) or `otlphttp`, with these credentials, kept on disk until they are taken."""

    def __init__(self, binary, exporter, endpoint, authority, token=None, client=None):
        self.folder, self.port = tempfile.TemporaryDirectory(), free_port()
        self.at = Path(self.folder.name)
        tls = {"ca_file": str(authority)}
        if client:
            self.put(client)
            # The certificate is read again while it serves.
            tls |= {"cert_file": str(self.at / "client.pem"), "key_file": str(self.at / "client.key"), "reload_interval": "500ms"}
        (self.at / "queue").mkdir()
        config = {
            "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"127.0.0.1:{self.port}"}}}},
            "extensions": {"file_storage": {"directory": str(self.at / "queue")}},
            "exporters": {exporter: {
                "endpoint": endpoint, "tls": tls, "headers": {"authorization": f"Bearer {token}"} if token else {},
                "sending_queue": {"storage": "file_storage"},
                "retry_on_failure": {"initial_interval": "200ms", "max_interval": "1s", "max_elapsed_time": "0s"}}},
            "service": {"extensions": ["file_storage"], "telemetry": {"metrics": {"level": "none"}},
                        "pipelines": {"traces": {"receivers": ["otlp"], "exporters": [exporter]}}},
        }
        (self.at / "config.json").write_text(json.dumps(config))
        self.log = open(self.at / "log", "wb")
        self.process = subprocess.Popen([binary, "--config", self.at / "config.json"], stdout=self.log, stderr=self.log)

    def put(self, client):
        """This certificate and key are its own from now on."""
        for path, name in zip(client, ("client.pem", "client.key")):
            shutil.copy(path, self.at / "next")
            (self.at / "next").replace(self.at / name)

    def is_open(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def said(self):
        return (self.at / "log").read_text(errors="replace")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        self.folder.cleanup()
