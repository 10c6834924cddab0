"""Workers that die or freeze in the middle of an attempt."""

from __future__ import annotations

import os
import signal

import pytest

from tests.end_to_end.wire import PATIENCE

LEASE_AND_LOOK = 2 * PATIENCE  # a lease of 6 s, the watcher's grace, and a busy machine


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_the_work_of_a_killed_worker_is_finished_by_another(wire):
    request_id = wire.submit("die_once")
    pid = wire.progress_of(request_id)["metadata"]["pid"]

    os.kill(pid, signal.SIGKILL)
    messages = wire.follow(request_id, patience=LEASE_AND_LOOK)

    assert [message["attempt"] for message in messages if message["type"] == "retrying"] == [2]
    assert messages[-1]["result"] == {"attempt": 2}


@pytest.mark.calm("counts attempts", "crash", "freeze")
def test_a_worker_that_froze_beyond_its_lease_cannot_finish_what_another_has_begun(
    wire, deployment, tmp_path
):
    woke, release = tmp_path / "woke", tmp_path / "release"
    request_id = wire.submit("sleepwalk", {"woke": str(woke), "release": str(release)})
    pid = wire.progress_of(request_id, attempt=1)["metadata"]["pid"]

    os.kill(pid, signal.SIGSTOP)
    try:
        wire.wait_for(
            lambda message: message["type"] == "progress" and message["attempt"] == 2,
            patience=LEASE_AND_LOOK,
        )
    finally:
        os.kill(pid, signal.SIGCONT)
    deployment.stack.wait_for_log("Worker", "result refused")
    release.touch()
    messages = wire.follow(request_id)

    assert woke.exists()
    assert messages[-1]["result"] == {"attempt": 2}
    assert [message["type"] for message in messages].count("complete") == 1
    assert wire.ask("get", {"request_id": request_id})["data"]["result"] == {"attempt": 2}
