"""The console's server: who may ask, what is told, what is refused."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from cdk_streamer_local.console.admission import SECRET_HEADER, Admission
from cdk_streamer_local.console.console import Console
from cdk_streamer_local.console.journal import EntryKind, Journal
from cdk_streamer_local.console.live import Reader
from cdk_streamer_local.console.packages import Packages, installed
from cdk_streamer_local.console.panel import Panel, Refused, Unknown
from cdk_streamer_local.console.running import Running
from cdk_streamer_local.console.server import Server, Site
from cdk_streamer_local.engine.port import listen
from cdk_streamer_local.errors import ConsoleUnavailable

SECRET = "a-secret"
RUNNING = cast("Running", object())  # the panels below look at nothing


class Lamps(Panel):
    """A panel of a test: lamps that are on or off."""

    name = "lamps"
    seconds = 0.0

    def __init__(self) -> None:
        self.on: list[str] = []

    def read(self, running: Running) -> object:
        del running
        return {"on": self.on}

    def item(self, running: Running, id: str, query: Any) -> object:
        del running
        if id not in self.on:
            raise Unknown(f"no lamp {id!r} is on")
        return {"id": id, **query}

    def act(self, running: Running, verb: str, body: Any) -> object:
        del running
        if verb != "light":
            raise Refused("lamps can be lit and nothing else")
        self.on = [*self.on, body["lamp"]]
        return {"lit": body["lamp"]}


class Broken(Panel):
    """A panel that cannot be read."""

    name = "broken"

    def read(self, running: Running) -> object:
        del running
        raise ConnectionError("the table is gone")


@dataclass
class Served:
    """A served site, and how to ask it."""

    port: int
    journal: Journal
    running: Running | None = RUNNING

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        link.request(
            method,
            path,
            body=None if body is None else json.dumps(body),
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )
        answer = link.getresponse()
        text = answer.read().decode()
        link.close()
        kind = answer.headers["Content-Type"]
        return answer.status, json.loads(text) if "json" in kind else text

    def act(self, verb: str, body: object) -> tuple[int, Any]:
        return self.ask("POST", f"/api/act/lamps/{verb}", body, **{SECRET_HEADER: SECRET})

    def hear(self, panels: str, after: int = 0) -> Iterator[tuple[str, Any]]:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        link.request("GET", f"/api/live?panels={panels}&after={after}")
        answer = link.getresponse()
        kind = ""
        try:
            for line in answer:
                word, _, rest = line.decode().rstrip("\n").partition(": ")
                if word == "event":
                    kind = rest
                if word == "data":
                    yield kind, json.loads(rest)
        finally:
            answer.close()
            link.close()


@pytest.fixture
def served() -> Iterator[Served]:
    listener = listen()
    port = listener.getsockname()[1]
    served = Served(port=port, journal=Journal())
    readers = [Reader(panel, lambda: served.running) for panel in (Lamps(), Broken())]
    server = Server(
        listener,
        Site(
            admission=Admission(port=port, secret=SECRET),
            readers={reader.panel.name: reader for reader in readers},
            journal=served.journal,
            running=lambda: served.running,
            packages=installed,
            app="<lamps>",
        ),
    )
    yield served
    server.close()


def test_the_document_names_every_module_and_escapes_the_apps_name(served):
    status, text = served.ask("GET", "/")

    assert status == 200
    assert "<title>&lt;lamps&gt;" in text
    assert served.ask("GET", "/packages/lit/index.js")[0] == 200
    assert served.ask("GET", "/page/console.js")[0] == 200
    assert served.ask("GET", "/page/client/index.js")[0] == 200


def test_another_name_for_loopback_is_refused(served):
    """Else a page whose name resolves to loopback could read everything."""
    status, told = served.ask(
        "GET", "/api/items/lamps/hall", Host=f"evil.example.com:{served.port}"
    )

    assert status == 403
    assert f"127.0.0.1:{served.port}" in told["problem"]


@pytest.mark.parametrize("headers", [{}, {SECRET_HEADER: "another"}])
def test_who_was_not_told_the_secret_changes_nothing(served, headers):
    status, _ = served.ask("POST", "/api/act/lamps/light", {"lamp": "hall"}, **headers)

    assert status == 403
    assert served.ask("GET", "/api/items/lamps/hall")[0] == 404


def test_another_pages_request_is_refused_even_with_the_secret(served):
    status, _ = served.ask(
        "POST",
        "/api/act/lamps/light",
        {"lamp": "hall"},
        **{SECRET_HEADER: SECRET, "Origin": "https://example.com"},
    )

    assert status == 403


@pytest.mark.parametrize(
    "path", ["/page/../server.py", "/packages/../../../etc/passwd", "/page/%2e%2e/server.py"]
)
def test_no_file_outside_is_given(served, path):
    assert served.ask("GET", path)[0] == 404


def test_what_is_done_is_told_to_whoever_watches(served):
    heard = served.hear("lamps")
    assert next(heard) == ("hello", {})
    assert next(heard) == ("panel", {"panel": "lamps", "data": {"on": []}})

    assert served.act("light", {"lamp": "hall"}) == (200, {"lit": "hall"})

    assert next(heard) == ("panel", {"panel": "lamps", "data": {"on": ["hall"]}})
    assert served.ask("GET", "/api/items/lamps/hall?bright=yes")[1] == {
        "id": "hall",
        "bright": "yes",
    }


def test_a_panel_that_cannot_be_read_leaves_the_others(served):
    heard = served.hear("broken,lamps")
    next(heard)

    told = dict([next(heard), next(heard)])

    assert told["fault"] == {
        "panel": "broken",
        "cause": "ConnectionError: the table is gone",
    }
    assert told["panel"]["panel"] == "lamps"


def test_lines_are_told_once_each_and_again_from_where_a_page_was(served):
    for text in ("one", "two"):
        served.journal.add(EntryKind.LINE, time.time(), function="Worker", text=text)
    heard = served.hear("lines")
    next(heard)
    _, first = next(heard)
    served.journal.add(EntryKind.LINE, time.time(), function="Worker", text="three")
    _, second = next(heard)
    again = served.hear("lines", after=first[0]["number"])
    next(again)
    _, missed = next(again)

    assert [line["text"] for line in first] == ["one", "two"]
    assert [line["text"] for line in second] == ["three"]
    assert [line["text"] for line in missed] == ["two", "three"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/api/items/nobody/1", 404),
        ("GET", "/api/items/lamps/cellar", 404),
        ("POST", "/api/act/nobody/light", 404),
        ("POST", "/api/act/lamps/burn", 409),
        ("POST", "/api/act/broken/light", 404),
    ],
)
def test_what_is_not_there_or_cannot_be_done_is_said(served, method, path, status):
    got, told = served.ask(method, path, {}, **{SECRET_HEADER: SECRET})

    assert got == status
    assert told["problem"]


def test_a_body_that_is_no_json_is_refused(served):
    link = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
    link.request("POST", "/api/act/lamps/light", b"{", {SECRET_HEADER: SECRET})

    assert link.getresponse().status == 409
    link.close()


def test_before_the_app_is_deployed_it_says_so(served):
    served.running = None

    status, told = served.act("light", {"lamp": "hall"})

    assert status == 409
    assert "not deployed yet" in told["problem"]


def test_without_its_packages_the_page_says_why(served):
    from cdk_streamer_local.console.document import page

    def packages() -> Path:
        raise ConsoleUnavailable("no packages", remedy="connect", detail="ENOTFOUND <registry>")

    shown = page("app", SECRET, packages).body.decode()

    assert "No packages; connect." in shown
    assert "ENOTFOUND &lt;registry&gt;" in shown
    assert "<the-console>" not in shown
    assert '<meta http-equiv="refresh"' in shown  # and it asks again


def test_what_could_not_be_installed_is_tried_again(tmp_path):
    network = {"up": False}

    def install() -> Path:
        if not network["up"]:
            raise ConsoleUnavailable("no packages", remedy="connect")
        return tmp_path

    packages = Packages(install)
    with pytest.raises(ConsoleUnavailable):
        packages.folder()
    network["up"] = True

    assert _within_some_attempts(packages) == tmp_path


def _within_some_attempts(packages: Packages) -> Path:
    for _ in range(3):  # one may have begun before the network was back
        with contextlib.suppress(ConsoleUnavailable):
            return packages.folder()
    return packages.folder()


def test_a_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    file = tmp_path / "cache"
    file.write_text("no folder")
    monkeypatch.setenv("CDK_STREAMER_CACHE", str(file))

    with pytest.raises(ConsoleUnavailable, match="packages cannot be kept in"):
        installed()


def test_a_console_comes_back_where_it_was_with_the_same_secret(tmp_path):
    first = Console("app", tmp_path)
    first.close()
    second = Console("app", tmp_path)
    beside = Console("app", tmp_path)
    second.close()
    beside.close()

    assert second.address == first.address
    assert beside.address != second.address
    assert (tmp_path / "console.json").stat().st_mode & 0o077 == 0


def test_whoever_waits_for_lines_wakes_up_when_one_comes():
    journal = Journal()
    woken = threading.Event()

    def wait() -> None:
        if journal.wait(0, 20):
            woken.set()

    threading.Thread(target=wait, daemon=True).start()
    journal.add(EntryKind.LINE, 0.0, function="Worker", text="hello")

    assert woken.wait(20)


def test_only_the_latest_entries_are_kept():
    journal = Journal(kept=3)
    for number in range(5):
        journal.add(EntryKind.LINE, 0.0, function="Worker", text=str(number))

    assert [entry.text for entry in journal.after(0)] == ["2", "3", "4"]
    assert [entry.text for entry in journal.after(4)] == ["4"]
    assert journal.after(5) == ()
