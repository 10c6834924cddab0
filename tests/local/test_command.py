"""The command as scripts and terminals use it: what it writes, and that nothing of it remains."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cdk_streamer_local import LocalStack
from cdk_streamer_local.cloud.assembly import DEFAULT_ACCOUNT, DEFAULT_REGION
from cdk_streamer_local.cloud.services import Services
from tests.local import assemblies, processes
from tests.local.command import COMMAND, Run

HELLO = "def handler(event, context):\n    print('hello')\n    return 'world'\n"
# Each line alone is more than a pipe holds.
LOUD = "def handler(event, context):\n    print('x' * 100_000)\n    return 'said'\n"
INTERRUPTED = 130
ENGINE = "engine/serve.py"


def written(folder: Path, *, code: str = HELLO) -> Path:
    assemblies.write(
        folder / "cdk.out",
        {"Role": assemblies.ROLE, "Hello": assemblies.function(code)},
        outputs={"Name": {"Value": {"Ref": "Hello"}}},
    )
    return folder


@pytest.fixture
def app(tmp_path):
    return written(tmp_path / "app")


@pytest.fixture
def run(app) -> Iterator[Run]:
    """The command, of the test's own, that may end it."""
    with closing(Run(app, "cdk.out")) as command:
        yield command


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[Run]:
    """The command, ready, for the tests that leave it running; nobody reads what it says then."""
    app = written(tmp_path_factory.mktemp("running") / "app", code=LOUD)
    with closing(Run(app, "cdk.out")) as command:
        command.wait_for("warmed")
        yield command


def scratch_of(pids):
    """Give the engine's folder, which its command line names."""
    _, words = engine_of(pids)
    (at,) = (index for index, word in enumerate(words) if word.endswith(ENGINE))
    return Path(words[at + 4])


def engine_of(pids):
    """Give the engine's id and its command line."""
    (engine,) = (
        (pid, words)
        for pid, words in ((pid, processes.command(pid)) for pid in pids)
        if any(word.endswith(ENGINE) for word in words) and os.getpgid(pid) == pid
    )
    return engine


def test_events_come_as_json_lines_in_the_order_of_what_happens(running):
    names = [event["event"] for event in running.seen if event["event"] != "deploying"]
    milestones = [name for name in names if name not in {"spoke", "installing"}]
    assert milestones == ["synthesized", "deployed", "ready", "warmed"]


def test_the_record_tells_other_commands_where_it_runs(running):
    (ready,) = (event for event in running.seen if event["event"] == "ready")

    assert running.record == ready["record"]
    assert running.record["pid"] == running.process.pid
    assert running.record["outputs"]["Hand"]["Name"].startswith("Hand-Hello")


def test_what_belongs_to_this_machine_is_kept_out_of_git(running):
    assert (running.folder / ".cdk-streamer" / ".gitignore").read_text() == "*\n"


def test_a_second_command_for_the_same_app_is_refused(running):
    with closing(Run(running.folder, "cdk.out")) as second:
        failed = second.wait_for("failed")

    endpoint, pid = running.record["endpoint"], running.process.pid
    assert failed["cause"] == f"this app runs already, at {endpoint} (process {pid})"


def test_tests_of_the_same_app_run_beside_the_command_and_leave_it_its_record(running):
    before = running.record

    with LocalStack(running.folder / "cdk.out") as stack:
        assert stack.endpoint != before["endpoint"]

    assert running.record == before


def test_a_taken_port_cannot_be_chosen_and_its_holder_is_named(running, tmp_path):
    port = running.record["endpoint"].rpartition(":")[2]
    other = assemblies.write(tmp_path / "other" / "cdk.out", {"Role": assemblies.ROLE})

    with closing(Run(other.parent, "cdk.out", "--port", port)) as second:
        failed = second.wait_for("failed")

    assert failed["error"] == "PortTaken"
    assert failed["cause"].startswith(f"port {port} cannot be used (python")
    assert failed["cause"].endswith("listens there)")


def test_a_key_to_sign_with_is_written_as_a_shell_reads_it(running):
    endpoint = running.record["endpoint"]

    words = [shlex.split(line) for line in running.ask("credentials").splitlines()]

    exported = dict(word[1].split("=", 1) for word in words if word[0] == "export")
    assert exported["AWS_ACCESS_KEY_ID"].startswith("AKIA")
    assert (exported["AWS_ENDPOINT_URL"], exported["AWS_REGION"]) == (endpoint, "us-east-1")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_however_it_is_ended_no_process_and_no_file_remains(run, app, how):
    run.wait_for("warmed")
    below = processes.descendants(run.process.pid)
    scratch = scratch_of(below)

    status = run.end(how)

    assert len(below) >= 3  # the engine, the gateway and a worker
    assert status == INTERRUPTED
    assert processes.living(below) == set()
    assert not scratch.exists()
    assert not (app / ".cdk-streamer" / "local.json").exists()


def test_when_it_is_killed_the_engine_and_its_workers_end_and_another_may_run(run, app):
    run.wait_for("warmed")
    below = processes.descendants(run.process.pid)
    scratch = scratch_of(below)

    run.end(signal.SIGKILL)

    with closing(Run(app, "cdk.out")) as second:
        assert second.wait_for("ready")["record"]["pid"] == second.process.pid
    processes.wait_until_gone(below)
    assert not scratch.exists()


def test_when_the_engine_ends_by_itself_the_command_says_so_and_ends(run):
    run.wait_for("warmed")
    below = processes.descendants(run.process.pid)
    engine, _ = engine_of(below)

    os.kill(engine, signal.SIGKILL)

    failed = run.wait_for("failed")
    assert failed["error"] == "EngineDied"
    assert failed["cause"] == "the engine ended by signal 9"
    run.process.communicate(timeout=30)
    assert run.process.returncode == 1
    processes.wait_until_gone(below)


def test_functions_do_not_wait_for_a_reader_that_stands_still(running):
    record = running.record
    services = Services(
        endpoint=record["endpoint"],
        bundle=Path(record["ca_bundle"]),
        account=DEFAULT_ACCOUNT,
        region=DEFAULT_REGION,
    )
    name = record["outputs"]["Hand"]["Name"]
    invoke = services.client("lambda").invoke
    answers = [invoke(FunctionName=name)["Payload"].read() for _ in range(5)]

    assert answers == [b'"said"'] * 5


def test_the_help_shows_what_there_is_to_do():
    shown = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True).stdout

    assert all(
        command in shown for command in ("local", "token", "credentials", "call", "examples:")
    )


def test_a_token_needs_a_running_app(tmp_path):
    done = subprocess.run(
        [*COMMAND, "token"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"error: nothing runs for an app in {str(tmp_path)!r}\n"
        "       run `cdk-streamer local` there in another terminal\n"
    )
