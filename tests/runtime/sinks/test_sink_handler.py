"""The sink's entry point with the events that Lambda sends it."""

from __future__ import annotations

import importlib
import json
import sys

import pytest

from cdk_streamer_runtime.contract import METRIC_NAMESPACE, EntryPoint
from cdk_streamer_runtime.contract.sinks import SINK_DIMENSION, SinkMetric
from cdk_streamer_runtime.sinks import assembly
from cdk_streamer_runtime.sinks.assembly import SinkAssembly
from tests.runtime.sinks.world import World


class Context:
    """What Lambda tells a function of its time."""

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@pytest.fixture
def world():
    return World()


@pytest.fixture
def handler(world, monkeypatch):
    """Give the entry point of a cold start."""
    known = SinkAssembly(aws=world.aws, platform=world.platform)
    monkeypatch.setattr(assembly, "in_lambda", lambda: known)
    settings = {"entry_point": "tests.runtime.sinks.handlers.sink:sink"}
    variables = {
        **world.settings.to_variables(),
        **{f"CDK_STREAMER_{name.upper()}": value for name, value in settings.items()},
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    module, _, function = EntryPoint.SINK.value.rpartition(".")
    monkeypatch.delitem(sys.modules, module, raising=False)
    loaded = importlib.import_module(module)
    monkeypatch.delitem(sys.modules, module)
    return getattr(loaded, function)


def test_an_event_is_answered_as_lambda_reads_it(world, handler):
    world.send("good", "bad")
    assert handler({"Records": world.receive()}, Context()) == {"batchItemFailures": []}
    assert world.left(world.rejected) == ["bad"]


def test_what_was_measured_is_printed(world, handler, capsys):
    world.send("good")
    handler({"Records": world.receive()}, Context())
    (line,) = capsys.readouterr().out.splitlines()
    document = json.loads(line)
    assert (document[SINK_DIMENSION], document[SinkMetric.DELIVERED]) == ("Ledger", 1)
    assert document["_aws"]["CloudWatchMetrics"][0]["Namespace"] == METRIC_NAMESPACE
