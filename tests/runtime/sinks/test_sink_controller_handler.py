"""The entry point of a sink's controller, with the events that AWS sends it."""

from __future__ import annotations

import importlib
import json
import sys

import pytest

from cdk_streamer_runtime.contract import EntryPoint
from cdk_streamer_runtime.errors import Unreachable
from cdk_streamer_runtime.sinks.control import assembly
from cdk_streamer_runtime.sinks.control.assembly import ControllerAssembly
from tests.runtime.aws.service import Service, answer, drop
from tests.runtime.observed_aws import request_lost
from tests.runtime.sinks.control_world import INVOCATION, ControlWorld


class Context:
    """What Lambda tells a function of its time."""

    def get_remaining_time_in_millis(self):
        return INVOCATION


@pytest.fixture
def world():
    return ControlWorld()


@pytest.fixture
def handler(world, monkeypatch):
    """Give the function, as it is right after a cold start."""
    for name, value in world.settings.to_variables().items():
        monkeypatch.setenv(name, value)
    built = ControllerAssembly(aws=world.aws, invoking=lambda: world.aws, platform=world.platform)
    monkeypatch.setattr(assembly, "in_lambda", lambda _settings: built)
    module, _, function = EntryPoint.SINK_CONTROLLER.value.rpartition(".")
    monkeypatch.delitem(sys.modules, module, raising=False)
    loaded = importlib.import_module(module)
    monkeypatch.delitem(sys.modules, module)
    return getattr(loaded, function)


def emitted(capsys):
    """Give what was measured, without the definitions."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [{key: value for key, value in line.items() if key != "_aws"} for line in lines]


def test_the_schedule_measures_whether_the_circuit_is_open(world, handler, capsys):
    handler({"command": "reconcile"}, Context())
    assert emitted(capsys) == [{"Sink": "Ledger", "CircuitOpen": 0}]
    world.open()
    handler({"command": "reconcile"}, Context())
    assert emitted(capsys) == [{"Sink": "Ledger", "CircuitOpen": 1}]


def test_a_message_of_its_queue_pauses_the_sink(world, handler):
    world.open()
    body = json.dumps({"command": "opened", "version": 3})
    record = {"messageId": "m", "receiptHandle": "r", "body": body}
    assert handler({"Records": [record]}, Context()) == {"batchItemFailures": []}
    assert world.mapping == "Disabled"


def test_a_message_that_cannot_be_seen_to_comes_again(world, handler):
    world.open()
    world.aws.on("GetItem", request_lost)
    record = {"messageId": "m", "receiptHandle": "#", "body": '{"command":"opened"}'}
    answer = handler({"Records": [record]}, Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m"}]}


def test_an_operators_command_is_answered_as_json(handler):
    assert json.loads(json.dumps(handler({"command": "pause"}, Context())))["probes"] == 0


def test_a_command_that_fails_is_an_error_of_the_function(world, handler):
    world.aws.on("GetItem", request_lost)
    with pytest.raises(Unreachable):
        handler({"command": "status"}, Context())


def test_an_invocation_whose_answer_is_lost_is_not_made_again(world, monkeypatch):
    service = Service()
    for name, value in {
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_ENDPOINT_URL": service.url,
    }.items():
        monkeypatch.setenv(name, value)
    service.answers(answer(200, {}), drop)
    built = assembly.in_lambda(world.settings)
    built.invoking().rest("lambda", "POST", "/first")
    # On a connection that is kept it would be: the service may have closed it while it was idle.
    with pytest.raises(Unreachable):
        built.invoking().rest("lambda", "POST", "/second")
    assert [request.target for request in service.requests] == ["/first", "/second"]
    service.close()
