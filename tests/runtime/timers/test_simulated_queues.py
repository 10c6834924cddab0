"""The simulated queue gives out what the one in memory does, when it does."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings, strategies as st

from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.memory import MemoryAws
from cdk_streamer_runtime.memory.queues import QueueSchema
from tests.runtime.timers.simulation.queues import Message, Queues

SCHEMA = QueueSchema(name="queue", visibility_seconds=20, dead_letters="dead", max_receives=2)
DEAD = QueueSchema(name="dead")
BODIES = st.sampled_from(["a", "b", "", "c" * 40])
DELAYS = st.sampled_from([0, 0, 1, 7, 30, 901, -1])

entries = st.lists(st.tuples(BODIES, DELAYS), min_size=0, max_size=11)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("send"), entries),
        st.tuples(st.just("wait"), st.integers(0, 25_000)),
        st.tuples(st.just("receive"), st.booleans()),
    ),
    max_size=12,
)


class Both:
    """The two of them, on one clock."""

    def __init__(self) -> None:
        self.now = 1_700_000_000_000
        self.memory = MemoryAws(clock=lambda: self.now, queues=[DEAD, SCHEMA])
        self.queues = Queues(lambda: self.now)
        self.queue = self.queues.create(SCHEMA)
        self.seen: list[tuple[Any, Any]] = []

    def send(self, entries: list[tuple[str, int]]) -> None:
        parameters = {
            "QueueUrl": self.queues.url("queue"),
            "Entries": [
                {"Id": str(index), "MessageBody": body, "DelaySeconds": delay}
                for index, (body, delay) in enumerate(entries)
            ],
        }
        self.seen.append(
            (
                _answer(lambda: self.memory.call("sqs", "SendMessageBatch", parameters)),
                _answer(lambda: self.queues.call("SendMessageBatch", parameters, "test")),
            )
        )

    def wait(self, milliseconds: int) -> None:
        self.now += milliseconds

    def receive(self, delete: bool) -> None:  # noqa: FBT001 - drawn
        url = self.memory.queue_url("queue")
        wanted = {"QueueUrl": url, "MaxNumberOfMessages": 10}
        theirs = self.memory.call("sqs", "ReceiveMessage", wanted).get("Messages", [])
        ours: list[Message] = self.queue.receive(self.now)
        self.seen.append((sorted(map(_told, theirs)), sorted(map(_shown, ours))))
        if delete:
            for message in theirs:
                handle = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
                self.memory.call("sqs", "DeleteMessage", handle)
            for message in ours:
                self.queue.delete(message)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_both_queues_do_the_same(drawn: list[tuple[str, Any]]):
    both = Both()

    for verb, argument in drawn:
        getattr(both, verb)(argument)

    assert [theirs for theirs, _ in both.seen] == [ours for _, ours in both.seen]


def _answer(send: Any) -> object:
    try:
        answer = send()
    except AwsError as error:
        return error.code
    return {
        kind: [(entry["Id"], entry.get("Code")) for entry in results]
        for kind, results in answer.items()
    }


def _told(message: dict[str, Any]) -> tuple[str, str]:
    return message["Body"], message["Attributes"]["ApproximateReceiveCount"]


def _shown(message: Message) -> tuple[str, str]:
    return message.body, str(message.receives)
