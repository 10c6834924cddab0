"""What queues, sinks and streams are told in pictures: arithmetic, without an engine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cdk_streamer_local.console.panel import Refused
from cdk_streamer_local.console.panels.queues.figures import Figures
from cdk_streamer_local.console.panels.queues.messages import Message
from cdk_streamer_local.console.panels.sinks.course import Stretch, joined
from cdk_streamer_local.console.panels.streams.processors import Source
from cdk_streamer_local.console.panels.streams.putting import put

NOW = 1000.5


def figures(
    *traffic: tuple[int, int, int], waiting: int = 0, attributes: dict[str, str] | None = None
) -> Figures:
    return Figures.read(
        {
            "Arn": "arn:aws:sqs:eu-west-1:1:mails",
            "Url": "https://queue",
            "Fifo": False,
            "Attributes": attributes or {},
            "Waiting": waiting,
            "InFlight": 0,
            "Delayed": 0,
            "Oldest": None,
            "Traffic": traffic,
        },
        NOW,
    )


def test_traffic_ends_with_the_second_that_it_is():
    queue = figures((998, 2, 0), (1000, 1, 3))

    assert queue.came(3) == [2, 0, 1]
    assert queue.left(3) == [0, 0, 3]


def test_a_queue_without_traffic_gives_no_numbers_at_all():
    assert figures((900, 5, 5)).came(60) == []


def test_how_many_there_were_follows_from_how_many_there_are():
    assert figures((998, 4, 0), (1000, 1, 3), waiting=2).depth(4) == [0, 4, 4, 2]


def test_a_redrive_policy_names_the_dead_letter_queue():
    policy = json.dumps({"deadLetterTargetArn": "arn:dead", "maxReceiveCount": "5"})
    queue = figures(attributes={"RedrivePolicy": policy})

    assert (queue.dead_letters, queue.most_receives) == ("arn:dead", 5)


def test_a_queue_without_a_redrive_policy_has_no_dead_letter_queue():
    assert (figures().dead_letters, figures().most_receives) == ("", None)


def test_a_message_that_nobody_received_yet_tells_no_time_of_that():
    told = {
        "MessageId": "m",
        "Body": "ä",
        "State": "delayed",
        "VisibleAt": 5.0,
        "Attributes": {"SentTimestamp": "2500", "ApproximateFirstReceiveTimestamp": "0"},
        "MessageAttributes": {"trace": {"DataType": "String", "StringValue": "t1"}},
    }

    message = Message.read(told)

    assert (message.sent, message.received, message.size) == (2.5, None, 2)
    assert message.attributes == {"trace": "t1"}


def second(at: int, value: float) -> tuple[int, float, int, float]:
    return (at, value, 1, value)


def test_a_circuit_that_closed_was_open_from_the_failure_until_it_was_told():
    opened, told = [second(10, 1)], [second(11, 1), second(30, 0)]

    assert list(joined(opened, told, is_off=False, since=None)) == [Stretch(begin=10, end=30)]


def test_a_circuit_that_is_open_is_so_until_now():
    assert list(joined([second(10, 1)], [], is_off=True, since=9.5)) == [
        Stretch(begin=9.5, end=None)
    ]


def test_a_circuit_that_opened_twice_has_two_stretches():
    opened, told = [second(10, 1), second(40, 1)], [second(20, 0), second(50, 0)]

    found = list(joined(opened, told, is_off=False, since=None))

    assert found == [Stretch(begin=10, end=20), Stretch(begin=40, end=50)]


def test_a_circuit_that_was_always_closed_has_no_stretch():
    assert list(joined([], [second(5, 0)], is_off=False, since=None)) == []


def test_a_sink_that_is_off_longer_than_anybody_measured_is_known_by_its_row():
    assert list(joined([], [], is_off=True, since=3.0)) == [Stretch(begin=3.0, end=None)]


@pytest.mark.parametrize(
    ("body", "problem"),
    [("{", "must be JSON"), ("[1]", "must be a JSON object, got a list")],
)
def test_an_event_that_no_source_could_take_is_refused(body: str, problem: str):
    nobody: Any = None
    with pytest.raises(Refused, match=problem):
        put(nobody, Source(kind="queue", label="Mails", name="https://queue"), {"body": body})


def test_nothing_is_put_where_nobody_knows_how():
    nobody: Any = None
    with pytest.raises(Refused, match="into a bucket"):
        put(nobody, Source(kind="bucket", label="B", name="b"), {"body": "{}"})
