"""The timers' entry points with the events that AWS sends them, and the metrics that they print."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest

from cdk_streamer_runtime import timer_handler
from cdk_streamer_runtime.contract import EntryPoint
from cdk_streamer_runtime.contract.timers import (
    TIMER_DIMENSION,
    TimerCallbackEnvironment,
    TimerDispatcherEnvironment,
    TimerMetric,
    TimerTickerEnvironment,
)
from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.timers import assembly
from cdk_streamer_runtime.timers.assembly import TimerAssembly
from cdk_streamer_runtime.timers.definition import Definition, Misfire, Policy
from cdk_streamer_runtime.timers.schedules.schedule import Every
from cdk_streamer_runtime.timers.table.layout import ShardsChanged
from tests.runtime.observed_aws import refused_by, request_lost
from tests.runtime.timers.world import DEAD, FIRINGS, MINUTE, TABLE, TICKS, World, plant

GOLDEN = Path(__file__).parents[1] / "emitted_metrics.json"


class Context:
    """What Lambda tells a function of its time."""

    def get_remaining_time_in_millis(self):
        return 120_000


class Functions:
    """The functions of one deployment, each started cold."""

    def __init__(self, monkeypatch):
        self._patch = monkeypatch
        self.world = World()
        world = TimerAssembly(aws=self.world.aws, platform=self.world.platform)
        monkeypatch.setattr(assembly, "in_lambda", lambda: world)
        monkeypatch.setattr(assembly, "dispatching_in_lambda", lambda: world)

    def _loaded(self, entry_point, settings):
        for name, value in settings.to_variables().items():
            self._patch.setenv(name, value)
        module, _, function = entry_point.value.rpartition(".")
        self._patch.delitem(sys.modules, module, raising=False)
        loaded = importlib.import_module(module)
        self._patch.delitem(sys.modules, module)
        return getattr(loaded, function)

    def tick(self):
        settings = TimerTickerEnvironment(
            name="Timer",
            table_name=TABLE,
            dispatch_queue_url=self.world.url(TICKS),
            shards=16,
            look_ahead_seconds=180,
        )
        self._loaded(EntryPoint.TIMER_TICKER, settings)({}, Context())

    def dispatch(self):
        settings = TimerDispatcherEnvironment(
            name="Timer",
            table_name=TABLE,
            queue_url=self.world.url(FIRINGS),
            dead_letter_queue_url=self.world.url(DEAD),
            shards=16,
            look_ahead_seconds=180,
        )
        handler = self._loaded(EntryPoint.TIMER_DISPATCHER, settings)
        return handler(self._event(TICKS), Context())

    def call_back(self, function):
        settings = TimerCallbackEnvironment(
            timer_name="Timer", timer_table_name=TABLE, timer_strict=True, timer_dedupe=True
        )
        for name, value in settings.to_variables().items():
            self._patch.setenv(name, value)
        assembly.callback_world.cache_clear()
        try:
            return timer_handler(function)(self._event(FIRINGS), Context())
        finally:
            assembly.callback_world.cache_clear()

    def _event(self, queue):
        records = [
            {
                "messageId": message["MessageId"],
                "body": message["Body"],
                "attributes": message["Attributes"],
                "messageAttributes": {
                    name: {"stringValue": each["StringValue"]}
                    for name, each in message.get("MessageAttributes", {}).items()
                },
            }
            for message in self.world.received(queue)
        ]
        return {"Records": records}


@pytest.fixture
def functions(monkeypatch):
    return Functions(monkeypatch)


def timer(name, **fields):
    return Definition(id=name, schedule=Every(period=60), data='{"n":1}', **fields)


def told(text):
    """Give each metric that was printed: namespace, name, dimensions and unit."""
    return {
        (entry["Namespace"], metric["Name"], *dimensions, metric["Unit"])
        for line in text.splitlines()
        for entry in json.loads(line)["_aws"]["CloudWatchMetrics"]
        for dimensions in entry["Dimensions"]
        for metric in entry["Metrics"]
    }


def test_a_tick_becomes_firings_and_these_run_the_callback(functions):
    plant(functions.world, timer("a"))
    given = []
    functions.tick()
    assert functions.dispatch() == {"batchItemFailures": []}
    assert functions.call_back(given.append) == {"batchItemFailures": []}
    assert [(firing.id, int(firing.fire_at.timestamp())) for firing in given] == [("a", MINUTE)]


def test_what_is_no_tick_is_named(functions):
    queue = {"QueueUrl": functions.world.url(TICKS)}
    sent = functions.world.memory.call("sqs", "SendMessage", {**queue, "MessageBody": "no tick"})
    failed = functions.dispatch()
    assert failed == {"batchItemFailures": [{"itemIdentifier": sent["MessageId"]}]}


def test_a_dispatcher_of_another_number_of_shards_fails_and_sends_nothing(functions):
    plant(functions.world, timer("a"))
    functions.world.table.put({"pk": "s#", "sk": "layout", "shards": 32})
    functions.tick()
    with pytest.raises(ShardsChanged):
        functions.dispatch()
    assert functions.world.sent() == []


def test_a_tick_that_meets_no_table_is_not_repeated(functions):
    functions.tick()
    functions.world.aws.on("GetItem", request_lost)
    assert functions.dispatch() == {"batchItemFailures": []}


def test_all_metrics_of_timers_are_printed_and_no_others(functions, capsys):
    world = functions.world
    functions.tick()
    functions.dispatch()
    world.platform.advance(600_000)
    plant(world, timer("late", misfire=Misfire(policy=Policy.SKIP, grace=0)))
    plant(world, timer("usual"))
    refused = refused_by(aws_error("InvalidMessageContents", "", 400, "any"))
    # The two firings of one minute are refused together, then one of them alone.
    world.aws.on("SendMessageBatch", *[lambda effect: effect()] * 4, request_lost, refused, refused)
    functions.tick()
    functions.dispatch()
    functions.call_back(lambda _firing: None)
    world.platform.advance(60_000)
    functions.call_back(lambda _firing: None)
    world.table.delete({"pk": "t#usual", "sk": "meta"})
    world.platform.advance(60_000)
    functions.call_back(lambda _firing: None)

    printed = told(capsys.readouterr().out)
    golden = [entry for entry in json.loads(GOLDEN.read_text()) if entry[2] == [TIMER_DIMENSION]]
    assert printed == {
        (namespace, name, *dimensions, unit) for namespace, name, dimensions, unit in golden
    }
    assert {name for _, name, _, _ in printed} == {metric.value for metric in TimerMetric}
