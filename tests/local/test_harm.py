"""Workers that are killed or frozen on purpose."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest

from cdk_streamer_local.functions.harm import Harmer
from cdk_streamer_local.functions.reports import Report, ReportKind
from cdk_streamer_local.pollers.chaos import CALM, Harm, Trouble
from tests.local import processes


class Fate:
    """A chaos that has decided."""

    def __init__(self, harm):
        self._harm = harm

    def harm(self, *_):
        return self._harm


@pytest.fixture
def worker():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def report(kind, worker):
    return Report(kind=kind, function="Worker", pid=worker.pid, time=0.0, request="request-1")


EXPOSED = Report(kind=ReportKind.EXPOSED, function="Worker", pid=1, time=0.0, request="request-1")


def harmer(fate):
    told = []
    made = Harmer(fate, lambda function, text: told.append((function, text)))
    made.watch({"Worker": 30.0})
    return made, told


def test_a_worker_is_killed_in_an_invocation(worker):
    killing, told = harmer(Fate(Harm(trouble=Trouble.CRASH, after=0.0)))

    killing.receive(EXPOSED)
    killing.receive(report(ReportKind.START, worker))

    assert worker.wait(10) == -signal.SIGKILL
    assert told == [("Worker", f"crash: worker {worker.pid} was killed")]


def test_a_worker_that_tells_before_the_engine_does_is_killed_too(worker):
    killing, told = harmer(Fate(Harm(trouble=Trouble.CRASH, after=0.0)))

    killing.receive(report(ReportKind.START, worker))
    killing.receive(EXPOSED)

    assert worker.wait(10) == -signal.SIGKILL
    assert told == [("Worker", f"crash: worker {worker.pid} was killed")]


def test_a_frozen_worker_goes_on_later(worker):
    freezing, told = harmer(Fate(Harm(trouble=Trouble.FREEZE, after=0.0, seconds=0.3)))

    freezing.receive(EXPOSED)
    freezing.receive(report(ReportKind.START, worker))

    processes.wait_until_stopped(worker.pid)
    assert told == [("Worker", f"freeze: worker {worker.pid} stands still for 0.3 s")]
    processes.wait_until_running(worker.pid)


def test_a_worker_that_was_done_before_its_harm_is_spared(worker):
    killing, told = harmer(Fate(Harm(trouble=Trouble.CRASH, after=0.05)))
    killing.receive(EXPOSED)
    killing.receive(report(ReportKind.START, worker))
    killing.receive(report(ReportKind.END, worker))

    wait_for_timers()

    assert told == []
    assert worker.poll() is None


def test_a_worker_whose_caller_waits_is_spared(worker):
    killing, told = harmer(Fate(Harm(trouble=Trouble.CRASH, after=0.0)))

    killing.receive(report(ReportKind.START, worker))

    assert told == []
    assert worker.poll() is None


def wait_for_timers():
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join(10)


def test_workers_of_other_functions_are_spared(worker):
    killing, told = harmer(Fate(Harm(trouble=Trouble.CRASH, after=0.0)))
    killing.watch({"Other": 30.0})

    killing.receive(EXPOSED)
    killing.receive(report(ReportKind.START, worker))

    assert told == []


def test_a_calm_run_harms_nobody(worker):
    calm, told = harmer(CALM)

    calm.receive(EXPOSED)
    calm.receive(report(ReportKind.START, worker))

    assert told == []
