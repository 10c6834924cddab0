"""Edits: functions run them soon, tables and connections stay."""

from __future__ import annotations

import json
import ssl
import subprocess
from collections.abc import Iterator

import pytest
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.local.apps import copied
from tests.local.command import COMMAND, Run

HANDLERS = ["Api/Http/Handler", "Api/Socket/Message", "Api/Worker"]
ASK = json.dumps({"action": "version", "id": "1", "payload": {}})


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Iterator[Run]:
    """The command for an app of the constructs; every test edits it and leaves it working."""
    command = Run(copied("secured", tmp_path_factory.mktemp("apps")), "app.py")
    try:
        command.wait_for("warmed")
        yield command
    finally:
        command.close()


@pytest.fixture
def token(run):
    return run.ask("token", "--sub", "alice", "--tenant", "acme")


@pytest.fixture
def open_socket(run, token, tls):
    (socket,) = run.record["sockets"]
    offered = [Subprotocol("streamer.v1"), Subprotocol(f"bearer.{token}")]
    with connect(socket["url"], ssl=tls, subprotocols=offered) as opened:
        yield opened


@pytest.fixture
def tls(run):
    return ssl.create_default_context(cafile=run.record["ca_bundle"])


def version(socket):
    socket.send(ASK)
    return json.loads(socket.recv(30))["data"]["version"]


def edit(run, name, old, new):
    file = run.folder / name
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_an_edited_handler_answers_on_a_connection_that_was_open_before(run, open_socket):
    before = version(open_socket)

    edit(run, "handlers/requests.py", f"VERSION = {before}", f"VERSION = {before + 1}")
    reloaded = run.wait_for("reloaded")
    after = version(open_socket)

    assert after == before + 1
    assert reloaded["files"] == ["requests.py"]
    assert sorted(reloaded["functions"]) == HANDLERS


def test_a_new_module_of_the_handlers_can_be_imported(run, open_socket):
    (run.folder / "handlers" / "numbers_.py").write_text("ELEVEN = 11\n")
    edit(
        run,
        "handlers/requests.py",
        "from cdk_streamer_runtime import",
        "from handlers.numbers_ import ELEVEN\nfrom cdk_streamer_runtime import",
    )
    edit(run, "handlers/requests.py", '{"version": VERSION}', '{"version": ELEVEN}')
    run.wait_for("reloaded")

    assert version(open_socket) == 11
    edit(run, "handlers/requests.py", '{"version": ELEVEN}', '{"version": VERSION}')
    run.wait_for("reloaded")


def test_an_edit_that_is_no_python_is_refused_and_the_former_code_runs_on(run, open_socket):
    before = version(open_socket)

    edit(run, "handlers/requests.py", "app = AsyncApp()", "app = AsyncApp(")
    kept = run.wait_for("kept")
    after = version(open_socket)

    assert kept["cause"].startswith("requests.py, line ")
    assert kept["remedy"] == "correct it; functions run the former code until then"
    assert after == before
    edit(run, "handlers/requests.py", "app = AsyncApp(", "app = AsyncApp()")
    run.wait_for("reloaded")


def test_an_edit_that_cannot_be_imported_is_explained_at_once(run):
    edit(run, "handlers/requests.py", "app = AsyncApp()", "app = AsyncApp()\nimport nothing_here")
    explained = run.wait_for("explained")
    warmed = run.wait_for("warmed")

    assert "its code has no module 'nothing_here'" in explained["text"]
    assert sorted(warmed["unloadable"]) == HANDLERS
    edit(run, "handlers/requests.py", "\nimport nothing_here", "")
    run.wait_for("reloaded")


def test_an_app_that_breaks_runs_on_and_when_mended_keeps_requests_and_connections(
    run, open_socket
):
    open_socket.send(json.dumps({"action": "count", "id": "kept", "payload": {"to": 1}}))
    while json.loads(open_socket.recv(30))["type"] != "complete":
        pass

    app = run.folder / "app.py"
    added = 'CfnOutput(stack, "Added", value="yes")\napp.synth()'
    mended = app.read_text().replace("import App,", "import App, CfnOutput,")
    mended = mended.replace("app.synth()", added)
    edit(run, "app.py", "from aws_cdk", "raise RuntimeError('not yet')\nfrom aws_cdk")
    kept = run.wait_for("kept")
    still = version(open_socket)

    app.write_text(mended)
    ready = run.wait_for("ready")
    run.wait_for("warmed")
    open_socket.send(json.dumps({"action": "get", "id": "2", "payload": {"request_id": "kept"}}))
    stored = json.loads(open_socket.recv(30))

    assert kept["detail"].endswith("RuntimeError: not yet")
    assert isinstance(still, int)
    assert ready["record"]["outputs"]["Secured"]["Added"] == "yes"
    assert ready["record"]["sockets"] == run.record["sockets"]
    assert stored["data"]["state"] == "SUCCEEDED"


def test_call_asks_the_running_app_with_a_token_of_its_own(run):
    done = subprocess.run(
        [*COMMAND, "call", "version", "{}", "--sub", "bob"],
        cwd=run.folder,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert '"version"' in done.stdout
