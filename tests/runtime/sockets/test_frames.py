"""What a client may say, and that nothing that it says does anything but get read or refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, strategies as st

from cdk_streamer_runtime.contract import ErrorCode
from cdk_streamer_runtime.documents import encode
from cdk_streamer_runtime.errors import InvalidFrame
from cdk_streamer_runtime.sockets.frames import Frame, decode_frame

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
MEMBERS = st.sampled_from(["action", "id", "payload", "metadata", "prefer", "version"])


def refused(text: str) -> InvalidFrame:
    with pytest.raises(InvalidFrame) as caught:
        decode_frame(text)
    return caught.value


def read(text: str) -> Frame | None:
    try:
        return decode_frame(text)
    except InvalidFrame:
        return None


def test_a_frame_needs_an_action_and_nothing_else():
    assert decode_frame('{"action":"echo"}') == Frame(
        action="echo", id=None, payload={}, metadata={}, prefer=None
    )


def test_a_frame_has_what_the_client_sent():
    text = '{"action":"echo","id":"r1","payload":[1],"metadata":{"screen":"a"},"prefer":"async"}'

    assert decode_frame(text) == Frame(
        action="echo", id="r1", payload=[1], metadata={"screen": "a"}, prefer="async"
    )


def test_a_payload_may_be_null():
    assert decode_frame('{"action":"echo","payload":null}').payload is None


def test_null_stands_for_a_member_that_is_left_out():
    frame = decode_frame('{"action":"echo","id":null,"metadata":null,"prefer":null}')

    assert (frame.id, frame.metadata, frame.prefer) == (None, {}, None)


def test_a_member_that_is_not_known_yet_is_ignored():
    assert decode_frame('{"action":"echo","priority":7}').action == "echo"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "null",
        "[]",
        '"echo"',
        "{",
        "{}",
        "{'action':'echo'}",
        '{"action":"echo"} {"action":"echo"}',
        '{"action":null}',
        '{"action":5}',
        '{"action":["echo"]}',
        '{"action":{}}',
        '{"action":"echo","id":""}',
        '{"action":"echo","id":"a b"}',
        '{"action":"echo","id":5}',
        '{"action":"echo","id":["a"]}',
        '{"action":"echo","id":"r1\\n"}',
        '{"action":"echo","id":"\\u00e4"}',
        f'{{"action":"echo","id":"{"a" * 129}"}}',
        '{"action":"echo","metadata":[]}',
        '{"action":"echo","metadata":"screen"}',
        '{"action":"echo","prefer":"Sync"}',
        '{"action":"echo","prefer":true}',
        '{"action":"echo","prefer":[]}',
        '{"action":"echo","prefer":{"mode":"sync"}}',
        '{"action":"echo","payload":NaN}',
        '{"action":"echo","payload":Infinity}',
        '{"action":"echo","payload":-Infinity}',
        '{"action":"echo","payload":1e999}',
        '{"action":"echo","payload":[-1e999]}',
        '{"action":"echo","payload":' + "9" * 5_000 + "}",
        '{"action":"echo","payload":' + "[" * 100_000,
        '{"action":"echo","payload":' + "[" * 900 + "]" * 900 + "}",
        '{"action":"echo","payload":' + '{"a":' * 900 + "1" + "}" * 900 + "}",
        "\ufeff{}",
        "\x00",
    ],
)
def test_what_is_no_frame_is_refused(text: str):
    assert refused(text).code is ErrorCode.VALIDATION_ERROR


def test_a_refusal_carries_the_id_that_could_be_read():
    assert refused('{"action":5,"id":"r1"}').request_id == "r1"


def test_a_refusal_carries_no_id_that_is_none():
    assert refused('{"action":5,"id":"a b"}').request_id is None


def test_a_refusal_repeats_nothing_of_what_was_sent():
    assert "secret" not in refused('{"action": secret}').message


def test_brackets_in_texts_are_no_nesting():
    payload = ["[" * 500, '{"a":' * 500, '\\"[' * 500]

    assert decode_frame(json.dumps({"action": "echo", "payload": payload})).payload == payload


def test_many_values_side_by_side_are_no_nesting():
    payload = [[{"a": []}]] * 2_000

    assert decode_frame(json.dumps({"action": "echo", "payload": payload})).payload == payload


def test_arguments_are_the_payloads_members():
    assert decode_frame('{"action":"get","payload":{"a":1}}').arguments == {"a": 1}


@pytest.mark.parametrize("payload", ["null", "[]", '"a"', "5", "true"])
def test_arguments_of_anything_but_an_object_are_refused(payload: str):
    frame = decode_frame(f'{{"action":"get","id":"r1","payload":{payload}}}')

    with pytest.raises(InvalidFrame, match="must be an object") as caught:
        _ = frame.arguments
    assert caught.value.request_id == "r1"


# The next three can only fail by an exception that is no InvalidFrame.


@given(st.text())
def test_any_text_is_read_or_refused(text: str):
    assert isinstance(read(text), Frame | None)


@given(JSON)
def test_any_json_is_read_or_refused(document: Any):
    assert isinstance(read(json.dumps(document)), Frame | None)


@given(st.dictionaries(MEMBERS, JSON))
@example({"action": "echo", "prefer": []})
def test_any_object_of_known_members_is_read_or_refused(document: dict[str, Any]):
    assert isinstance(read(json.dumps(document)), Frame | None)


@given(JSON, st.dictionaries(st.text(), JSON))
def test_what_was_read_can_be_written_again(payload: Any, metadata: dict[str, Any]):
    text = json.dumps({"action": "echo", "payload": payload, "metadata": metadata})
    frame = decode_frame(text)

    assert json.loads(encode([frame.payload, frame.metadata])) == [payload, metadata]


@given(st.integers(min_value=1, max_value=2_000))
def test_whatever_is_nested_is_refused_or_can_be_written_again(depth: int):
    frame = read('{"action":"echo","payload":' + "[" * depth + "]" * depth + "}")

    assert frame is None or len(encode([[[frame.payload]]])) == 2 * depth + 6
