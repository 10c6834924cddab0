"""What the examples' templates are, and a bucket on this machine for the calls of reports."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pygal  # noqa: F401 - see below
import pytest

# pygal's import hook knows only the way of Python 2, so every later import would warn of it.
sys.meta_path[:] = [finder for finder in sys.meta_path if hasattr(finder, "find_spec")]

CHECKED_APPS = Path(__file__).with_name("checked_apps.py")
EXAMPLES = ("orders", "poller", "receipts", "reminders", "reports")
MISSING = b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code><Message>none</Message></Error>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """What was put, by path, and where."""

    url: str
    objects: dict[str, bytes] = field(default_factory=dict)


@pytest.fixture
def bucket(monkeypatch) -> Iterator[Bucket]:
    """Serve a bucket over HTTP and let boto3 find it."""
    objects: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # boto3 asks before it sends, and would wait a second

        def do_PUT(self) -> None:
            objects[urlsplit(self.path).path] = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(200, b"")

        def do_GET(self) -> None:
            body = objects.get(urlsplit(self.path).path)
            self._answer(404, MISSING) if body is None else self._answer(200, body)

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("BUCKET", "files")
    yield Bucket(url=url, objects=objects)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the cloud assembly of each example, all made by one program."""
    folder = tmp_path_factory.mktemp("assemblies")
    done = subprocess.run(
        [sys.executable, str(CHECKED_APPS), str(folder), *EXAMPLES],
        # CDK's own validation takes long and is in tests/test_packaging.py.
        env={**os.environ, "CDK_VALIDATION": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder
