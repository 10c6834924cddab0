"""The command as scripts and terminals use it: what it writes, and that nothing of it remains."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdk_streamer_local import LocalStack
from cdk_streamer_local.cloud.assembly import DEFAULT_ACCOUNT, DEFAULT_REGION
from cdk_streamer_local.cloud.services import Services
from tests.local import assemblies, processes
from tests.local.command import COMMAND, Run

HELLO = "def handler(event, context):\n    print('hello')\n    return 'world'\n"
INTERRUPTED = 130


@pytest.fixture
def app(tmp_path):
    assemblies.write(
        tmp_path / "app" / "cdk.out",
        {"Role": assemblies.ROLE, "Hello": assemblies.function(HELLO)},
        outputs={"Name": {"Value": {"Ref": "Hello"}}},
    )
    return tmp_path / "app"


@pytest.fixture
def run(app) -> Iterator[Run]:
    command = Run(app, "cdk.out")
    try:
        yield command
    finally:
        command.close()


def scratch_of(pids):
    """Give the engine's folder, which its command line names."""
    (engine,) = (words for words in map(processes.command, pids) if "serve.py" in " ".join(words))
    return Path(engine[-3])


def test_events_come_as_json_lines_in_the_order_of_what_happens(run):
    run.wait_for("warmed")

    names = [event["event"] for event in run.seen if event["event"] != "deploying"]
    milestones = [name for name in names if name not in {"spoke", "installing"}]
    assert milestones == ["synthesized", "deployed", "ready", "warmed"]


def test_the_record_tells_other_commands_where_it_runs(run, app):
    ready = run.wait_for("ready")

    record = json.loads((app / ".cdk-streamer" / "local.json").read_text())
    assert record == ready["record"]
    assert record["pid"] == run.process.pid
    assert record["outputs"]["Hand"]["Name"].startswith("Hand-Hello")


def test_what_belongs_to_this_machine_is_kept_out_of_git(run, app):
    run.wait_for("ready")

    assert (app / ".cdk-streamer" / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_however_it_is_ended_no_process_and_no_file_remains(run, app, how):
    run.wait_for("warmed")
    below = processes.descendants(run.process.pid)
    scratch = scratch_of(below)

    status = run.end(how)

    assert len(below) >= 2  # the engine and a worker
    assert status == INTERRUPTED
    assert processes.living(below) == set()
    assert not scratch.exists()
    assert not (app / ".cdk-streamer" / "local.json").exists()


def test_even_when_it_is_killed_the_engine_and_its_workers_end(run):
    run.wait_for("warmed")
    below = processes.descendants(run.process.pid)
    scratch = scratch_of(below)

    run.end(signal.SIGKILL)

    processes.wait_until_gone(below)
    assert not scratch.exists()


def test_a_command_that_was_killed_is_not_taken_for_a_running_one(run, app):
    run.wait_for("ready")
    run.end(signal.SIGKILL)

    second = Run(app, "cdk.out")
    try:
        assert second.wait_for("ready")["record"]["pid"] == second.process.pid
    finally:
        second.close()


def test_when_the_engine_ends_by_itself_the_command_says_so_and_ends(run):
    run.wait_for("warmed")
    below = processes.descendants(run.process.pid)
    (engine,) = (pid for pid in below if os.getpgid(pid) == pid)

    os.kill(engine, signal.SIGKILL)

    failed = run.wait_for("failed")
    assert failed["error"] == "EngineDied"
    assert failed["cause"] == "the engine ended by signal 9"
    run.process.communicate(timeout=30)
    assert run.process.returncode == 1
    processes.wait_until_gone(below)


def test_a_second_command_for_the_same_app_is_refused(run, app):
    ready = run.wait_for("ready")

    second = Run(app, "cdk.out")
    try:
        failed = second.wait_for("failed")
    finally:
        second.close()

    endpoint, pid = ready["record"]["endpoint"], run.process.pid
    assert failed["cause"] == f"this app runs already, at {endpoint} (process {pid})"


def test_tests_of_the_same_app_run_beside_the_command_and_leave_it_its_record(run, app):
    ready = run.wait_for("ready")

    with LocalStack(app / "cdk.out") as stack:
        assert stack.endpoint != ready["record"]["endpoint"]

    assert run.record == ready["record"]


def test_the_chosen_port_is_used_and_when_taken_its_holder_is_named(app, tmp_path):
    first = Run(app, "cdk.out")
    try:
        port = first.wait_for("ready")["record"]["endpoint"].rpartition(":")[2]
        other = assemblies.write(tmp_path / "other" / "cdk.out", {"Role": assemblies.ROLE})
        second = Run(other.parent, "cdk.out", "--port", port)
        try:
            failed = second.wait_for("failed")
        finally:
            second.close()
    finally:
        first.close()

    assert failed["error"] == "PortTaken"
    assert failed["cause"].startswith(f"port {port} cannot be used (python")
    assert failed["cause"].endswith("listens there)")


def test_functions_do_not_wait_for_a_reader_that_stands_still(tmp_path):
    loud = "def handler(event, context):\n    print('x' * 100_000)\n    return 'said'\n"
    resources = {"Role": assemblies.ROLE, "Loud": assemblies.function(loud)}
    folder = assemblies.write(
        tmp_path / "app" / "cdk.out", resources, outputs={"Name": {"Value": {"Ref": "Loud"}}}
    ).parent
    run = Run(folder, "cdk.out")
    try:
        record = run.wait_for("warmed") and run.record
        services = Services(
            endpoint=record["endpoint"],
            bundle=Path(record["ca_bundle"]),
            account=DEFAULT_ACCOUNT,
            region=DEFAULT_REGION,
        )
        name = record["outputs"]["Hand"]["Name"]
        invoke = services.client("lambda").invoke
        # Each line alone is more than a pipe holds.
        answers = [invoke(FunctionName=name)["Payload"].read() for _ in range(5)]
    finally:
        run.close()

    assert answers == [b'"said"'] * 5


def test_the_help_shows_what_there_is_to_do():
    shown = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True).stdout

    assert all(
        command in shown for command in ("local", "token", "credentials", "call", "examples:")
    )


def test_a_key_to_sign_with_is_written_as_a_shell_reads_it(run):
    endpoint = run.wait_for("ready")["record"]["endpoint"]

    words = [shlex.split(line) for line in run.ask("credentials").splitlines()]

    exported = dict(word[1].split("=", 1) for word in words if word[0] == "export")
    assert exported["AWS_ACCESS_KEY_ID"].startswith("AKIA")
    assert (exported["AWS_ENDPOINT_URL"], exported["AWS_REGION"]) == (endpoint, "us-east-1")


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
