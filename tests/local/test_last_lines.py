"""When an invocation has said its last."""

from __future__ import annotations

import queue
import threading
from pathlib import Path

from cdk_streamer_local.engine import last_lines
from cdk_streamer_local.engine.last_lines import LAST_LINE, said
from cdk_streamer_local.engine.process import BOOTSTRAP_FOLDER


def lines(*texts):
    found: queue.Queue[str] = queue.Queue()
    for text in texts:
        found.put(text)
    return found


def test_the_lines_of_an_invocation_end_with_its_last():
    written = lines("one", "two", LAST_LINE, "of the next")

    assert said(written) == ["one", "two"]
    assert written.get_nowait() == "of the next"


def test_a_last_line_that_is_late_is_waited_for():
    written = lines("one")
    threading.Timer(0.01, lambda: [written.put("two"), written.put(LAST_LINE)]).start()

    assert said(written) == ["one", "two"]


def test_a_worker_that_ended_before_is_not_waited_for():
    assert said(lines("its traceback")) == ["its traceback"]


def test_bootstrap_and_engine_mean_the_same_line():
    (written,) = [
        line
        for line in (Path(BOOTSTRAP_FOLDER) / "cdk_streamer_bootstrap.py").read_text().splitlines()
        if line.startswith("LAST_LINE = ")
    ]

    assert written in Path(last_lines.__file__).read_text().splitlines()
