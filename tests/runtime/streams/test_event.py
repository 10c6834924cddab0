"""The event: JSON as it stands, the same for all who see it."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from cdk_streamer_runtime.streams.event import LAST_TIMESTAMP, Defaults, Event, completed, event_of
from cdk_streamer_runtime.streams.json_text import Malformed

WHOLE = {
    "id": "one",
    "type": "thing-created",
    "timestamp": 1_700_000_000_000,
    "partitionKey": "thing-1",
    "tags": {"region": "eu-west-1"},
    "thing": {"name": "a"},
    "raw": {"new": {}},
}


def pickled(event):
    return pickle.loads(pickle.dumps(event))  # noqa: S301 - it is ours


def known():
    return Defaults(id="record-1", timestamp=7, partitionKey="group")


def whole(document):
    return event_of(document) or completed(document, known())


def read(**members):
    return whole({**WHOLE, **members})


def test_an_event_has_the_names_of_the_wire_and_of_python():
    event = Event(WHOLE)
    assert (event.id, event.type, event.timestamp) == ("one", "thing-created", 1_700_000_000_000)
    assert (event.partition_key, event.tags, event.raw) == (
        "thing-1",
        {"region": "eu-west-1"},
        {"new": {}},
    )
    assert event["thing"] == {"name": "a"}


def test_an_event_without_tags_and_raw_has_none():
    event = Event(id="one", type="t", timestamp=1, partitionKey="k")
    assert (event.tags, event.raw) == ({}, None)


@pytest.mark.parametrize(
    "change",
    [
        lambda event: event.__setitem__("type", "other"),
        lambda event: event.__delitem__("type"),
        lambda event: event.update(type="other"),
        lambda event: event.pop("type"),
        lambda event: event.popitem(),
        lambda event: event.clear(),
        lambda event: event.setdefault("new", 1),
        lambda event: event.__ior__({"type": "other"}),
        lambda event: setattr(event, "type", "other"),
    ],
)
def test_an_event_cannot_be_changed(change):
    event = Event(WHOLE)
    with pytest.raises((TypeError, AttributeError)):
        change(event)
    assert event == WHOLE


def test_a_changed_event_is_another_one():
    event = Event(WHOLE)
    assert Event({**event, "type": "thing-checked"}).type == "thing-checked"
    assert event.type == "thing-created"


def test_an_event_is_json_as_it_stands():
    assert json.loads(json.dumps(Event(WHOLE))) == WHOLE


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, pickled])
def test_a_copy_of_an_event_is_an_event(again):
    copied = again(Event(WHOLE))
    assert (type(copied), copied) == (Event, WHOLE)


def test_an_event_does_not_share_its_members_with_the_document():
    document = dict(WHOLE)
    event = whole(document)
    document["type"] = "other"
    assert event.type == "thing-created"


def test_what_an_event_does_not_say_its_record_says():
    assert whole({"type": "t"}) == {**known(), "type": "t"}


def test_null_is_nothing_said():
    assert read(id=None, timestamp=None, partitionKey=None, tags=None) == {
        **{name: value for name, value in WHOLE.items() if name != "tags"},
        **known(),
    }


def test_an_event_without_a_key_is_in_order_with_itself_alone():
    nothing = Defaults(id="record-1", timestamp=7, partitionKey=None)
    assert completed({"type": "t"}, nothing).partition_key == "record-1"


def test_a_moment_with_a_fraction_is_a_whole_millisecond():
    assert read(timestamp=1_700_000_000_000.7).timestamp == 1_700_000_000_000


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"type": None}, "`type` must be a text, got nothing"),
        ({"type": ""}, "`type` must be a text, got an empty text"),
        ({"type": ["thing"]}, "`type` must be a text, got a list"),
        ({"id": 5}, "`id` must be a text, got a number"),
        ({"partitionKey": {}}, "`partitionKey` must be a text, got an object"),
        ({"tags": []}, "`tags` must be an object, got a list"),
        ({"timestamp": "now"}, "since 1970, got a text"),
        ({"timestamp": True}, "since 1970, got a boolean"),
        ({"timestamp": -1}, "got a number beyond that"),
        ({"timestamp": LAST_TIMESTAMP + 1}, "got a number beyond that"),
        ({"timestamp": 10**400}, "got a number beyond that"),
    ],
)
def test_what_is_no_event_says_why(members, reason):
    with pytest.raises(Malformed) as raised:
        read(**members)
    assert reason in str(raised.value)


@pytest.mark.parametrize("document", [None, [], "text", 5, True])
def test_only_an_object_is_an_event(document):
    with pytest.raises(Malformed, match="an event is a JSON object, not"):
        whole(document)
