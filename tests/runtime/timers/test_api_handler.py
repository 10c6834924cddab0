"""The entry point of the REST API, imported as Lambda does it."""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

import pytest

from cdk_streamer_runtime.contract.entry_points import EntryPoint
from cdk_streamer_runtime.contract.timers import TIMER_DIMENSION
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.timers.schedules.moments import text_of
from cdk_streamer_runtime.timers.table.layout import Layout
from tests.runtime.timers.rest import NOW, Rest, rest_event
from tests.runtime.timers.world import TABLE


def loaded(rest: Rest, monkeypatch: pytest.MonkeyPatch) -> Any:
    for variable, value in rest.settings.to_variables().items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr("cdk_streamer_runtime.aws.LeanClient", lambda: rest.memory)
    monkeypatch.setattr("cdk_streamer_runtime.machine.Machine", lambda: rest.platform)
    module = EntryPoint.TIMER_API.rpartition(".")[0]
    monkeypatch.delitem(sys.modules, module, raising=False)
    entry_point: Any = importlib.import_module(module)
    monkeypatch.delitem(sys.modules, module)
    return entry_point


def test_the_entry_point_answers_and_tells_what_it_sent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    entry_point = loaded(Rest(), monkeypatch)

    answer = entry_point.handler(
        rest_event("PUT", "/periodic/once", {"schedule": {"at": text_of(NOW - 30)}}), None
    )

    assert answer["statusCode"] == 201
    measured = json.loads(capsys.readouterr().out)
    assert (measured[TIMER_DIMENSION], measured["Enqueued"]) == ("timers", 1)


def test_an_api_of_another_number_of_shards_stores_nothing_and_logs_why(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    rest = Rest()
    Layout(Table(rest.memory, TABLE), 32).verify()
    entry_point, before = loaded(rest, monkeypatch), rest.stored()

    answer = entry_point.handler(
        rest_event("PUT", "/periodic/a", {"schedule": {"every": 60}}), None
    )

    assert answer["statusCode"] == 500
    assert rest.stored() == before
    assert "deploy it with shards=32" in caplog.text
