"""What a handler may return."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cdk_streamer_runtime import ActionFailed, ErrorCode
from cdk_streamer_runtime.contract import RESULT_BYTES
from cdk_streamer_runtime.requests.results import result_text


@pytest.mark.parametrize(
    "result", [None, True, 0, -1.5, "", "text", [], {}, {"a": [1, {"b": None}]}, 10**30]
)
def test_any_json_is_a_result(result: object):
    assert json.loads(result_text(result)) == result


def test_a_tuple_becomes_a_list():
    assert result_text((1, 2)) == "[1,2]"


@pytest.mark.parametrize(
    "result",
    [object(), {1, 2}, b"bytes", 1j, [float("nan")], {"a": float("inf")}, {(1, 2): 3}, lambda: 1],
)
def test_anything_else_is_a_mistake_of_the_handler(result: object):
    with pytest.raises(TypeError, match="the handler's result is not JSON"):
        result_text(result)


def test_a_result_that_contains_itself_is_a_mistake():
    circle: dict[str, Any] = {}
    circle["self"] = circle

    with pytest.raises(TypeError, match="not JSON"):
        result_text(circle)


@pytest.mark.parametrize("levels", [201, 900, 100_000])
def test_a_result_that_no_reader_could_take_is_a_mistake(levels: int):
    deep: Any = 0
    for _ in range(levels):
        deep = [deep]

    with pytest.raises(TypeError, match="the handler's result"):
        result_text(deep)


def test_a_result_of_the_most_bytes_is_taken():
    assert len(result_text("a" * (RESULT_BYTES - 2))) == RESULT_BYTES


@pytest.mark.parametrize(
    "result",
    [
        "a" * (RESULT_BYTES - 1),
        "ä" * (RESULT_BYTES // 2),  # counted in UTF-8, not in characters
        "\ud800" * (RESULT_BYTES // 6 + 1),  # each one travels as an escape of six bytes
    ],
    ids=["ascii", "umlauts", "surrogates"],
)
def test_a_larger_result_fails_with_the_way_out(result: str):
    with pytest.raises(ActionFailed, match="store it elsewhere") as caught:
        result_text(result)
    assert caught.value.code is ErrorCode.PAYLOAD_TOO_LARGE
