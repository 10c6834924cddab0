"""Messages on their way to a sink: each with its key, in order, and none silently left behind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cdk_streamer_runtime.contract.sinks import KEY_ATTRIBUTE, SinkAddress
from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.memory import MemoryAws, QueueSchema
from cdk_streamer_runtime.memory.platform import MemoryPlatform
from cdk_streamer_runtime.sinks import NotSent, Outgoing, Sender
from cdk_streamer_runtime.sinks.sending import Sending
from tests.runtime.observed_aws import ObservedAws, refused_by, request_lost

FIFO = "orders.fifo"


class Post:
    """Two queues, and senders to them."""

    def __init__(self) -> None:
        self.platform = MemoryPlatform()
        queues = [QueueSchema(name=name) for name in ("orders", FIFO)]
        self.memory = MemoryAws(clock=self.platform.clock, queues=queues)
        self.aws = ObservedAws(self.memory)

    def sending(self, queue: str = "orders", ordered_by: str | None = None) -> Sending:
        address = SinkAddress(
            queue_url=self.memory.queue_url(queue), fifo=queue == FIFO, ordered_by=ordered_by
        )
        return Sending(address, self.aws, self.platform)

    def received(self, queue: str = "orders") -> list[dict[str, Any]]:
        asked = {"QueueUrl": self.memory.queue_url(queue), "MaxNumberOfMessages": 10}
        return self.memory.call("sqs", "ReceiveMessage", asked).get("Messages", [])

    def data(self, queue: str = "orders") -> list[Any]:
        return [json.loads(body) for body in self.memory.messages(queue)]


@pytest.fixture
def post():
    return Post()


def test_values_are_sent_as_json(post):
    post.sending().send([{"total": 7}, [1], "text", None])
    assert post.data() == [{"total": 7}, [1], "text", None]


@pytest.mark.parametrize("single", [{"total": 7}, "text", b"text", Outgoing(data=1)])
def test_a_single_record_is_not_taken_for_several(post, single):
    with pytest.raises(TypeError, match=r"got a single \w+; write send\(\[record\]\)"):
        post.sending().send(single)
    assert post.data() == []


def test_each_has_a_key_of_its_own(post):
    post.sending().send([1, 2, Outgoing(data=3, key="order-3")])
    keys = [each["MessageAttributes"][KEY_ATTRIBUTE]["StringValue"] for each in post.received()]
    assert keys == ["id-1", "id-2", "order-3"]


def test_ten_go_in_one_call(post):
    post.sending().send(range(25))
    assert post.aws.calls == ["SendMessageBatch"] * 3
    assert post.data() == list(range(25))


def test_a_call_is_no_larger_than_a_queue_takes(post):
    post.sending().send(["x" * 400_000] * 3)
    assert post.aws.calls == ["SendMessageBatch"] * 2


def test_what_was_lost_on_the_way_is_sent_again(post):
    post.aws.on("SendMessageBatch", request_lost, request_lost)
    post.sending().send([1, 2])
    assert post.data() == [1, 2]


def test_what_is_not_taken_is_told_with_its_key(post):
    gone = aws_error("AWS.SimpleQueueService.NonExistentQueue", "", 400, "SendMessageBatch")
    post.aws.on("SendMessageBatch", lambda effect: effect(), refused_by(gone))
    with pytest.raises(NotSent, match="2 messages were not taken") as raised:
        post.sending().send(range(12))
    assert [(each.data, each.key) for each in raised.value.records] == [
        (10, "id-11"),
        (11, "id-12"),
    ]
    assert raised.value.code == gone.code


def test_a_message_can_be_delayed(post):
    post.sending().send([Outgoing(data=1, delay=900)])
    assert post.memory.next_visible_at("orders") == post.platform.now + 900_000


# --- in order ---


def test_in_a_fifo_sink_all_are_one_group_by_default(post):
    post.sending(FIFO).send([1, 2])
    assert {each["Attributes"]["MessageGroupId"] for each in post.received(FIFO)} == {"all"}


def test_in_a_fifo_sink_a_member_tells_the_group(post):
    post.sending(FIFO, "account").send([{"account": "a"}, {"account": 7}, {"account": "ö ä"}])
    first, second, third = [each["Attributes"]["MessageGroupId"] for each in post.received(FIFO)]
    assert (first, second, len(third)) == ("a", "7", 64)


def test_a_group_may_be_told(post):
    post.sending(FIFO, "account").send([Outgoing(data=1, group="b")])
    (message,) = post.received(FIFO)
    assert message["Attributes"]["MessageGroupId"] == "b"


def test_what_is_sent_twice_with_a_key_is_there_once(post):
    post.sending(FIFO).send([Outgoing(data=1, key="one")])
    post.sending(FIFO).send([Outgoing(data=1, key="one")])
    assert post.data(FIFO) == [1]


def test_none_of_a_group_overtakes_another(post):
    orders = [{"account": account, "number": number} for number in range(3) for account in "ab"]
    post.sending(FIFO, "account").send(orders)
    assert post.aws.calls == ["SendMessageBatch"] * 3
    assert [each["number"] for each in post.data(FIFO) if each["account"] == "a"] == [0, 1, 2]


def test_nothing_of_a_group_is_sent_behind_what_was_not_taken(post):
    post.aws.on("SendMessageBatch", refused_by(aws_error("AccessDenied", "", 403, "any")))
    orders = [{"account": "a", "number": number} for number in range(3)]
    with pytest.raises(NotSent) as raised:
        post.sending(FIFO, "account").send(orders)
    assert [each.data["number"] for each in raised.value.records] == [0, 1, 2]
    assert post.data(FIFO) == []
    assert len(post.aws.calls) == 1


def test_other_groups_are_sent_all_the_same(post):
    denied = {"Id": "0", "Code": "InvalidMessageContents", "SenderFault": True, "Message": ""}

    def refuse_first(effect):
        answer = effect()
        post.memory.call(
            "sqs",
            "DeleteMessage",
            {
                "QueueUrl": post.memory.queue_url(FIFO),
                "ReceiptHandle": post.received(FIFO)[0]["ReceiptHandle"],
            },
        )
        return {**answer, "Failed": [denied]}

    post.aws.on("SendMessageBatch", refuse_first)
    orders = [{"account": account, "number": number} for number in range(2) for account in "ab"]
    with pytest.raises(NotSent) as raised:
        post.sending(FIFO, "account").send(orders)
    assert [each.data for each in raised.value.records] == [orders[0], orders[2]]
    assert post.data(FIFO) == [orders[1], orders[3]]


# --- what cannot be sent ---


@pytest.mark.parametrize(
    ("queue", "record", "words"),
    [
        ("orders", Outgoing(data=1, key=""), "key must be a printable text"),
        ("orders", Outgoing(data=1, key="a\nb"), "key must be a printable text"),
        ("orders", Outgoing(data=1, key="k" * 1_001), "key must be a printable text"),
        ("orders", Outgoing(data=1, group="g"), "group is for a FIFO sink, got 'g'"),
        ("orders", Outgoing(data=1, delay=901), "delay must be whole seconds"),
        ("orders", Outgoing(data=1, delay=True), "delay must be whole seconds"),
        ("orders", "x" * 1_048_576, "at most 1048576 bytes"),
        ("orders", float("nan"), "JSON"),
        (FIFO, Outgoing(data={"account": "a"}, delay=1), "delay is not for a FIFO sink, got 1"),
        (FIFO, {"total": 7}, "needs its member 'account'"),
        (FIFO, [7], "needs its member 'account'"),
        (FIFO, {"account": ["a"]}, "needs its member 'account'"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_anything_is_sent(post, queue, record, words):
    with pytest.raises(ValueError, match=words):
        post.sending(queue, "account").send([{"account": "a"}, record])
    assert post.aws.calls == []


def test_what_is_no_json_is_refused_before_anything_is_sent(post):
    with pytest.raises(TypeError):
        post.sending().send([1, object()])
    assert post.aws.calls == []


def test_a_sink_is_known_by_its_construct_id(monkeypatch):
    address = SinkAddress(queue_url="https://sqs.memory/000000000000/orders")
    monkeypatch.setenv(SinkAddress.variable("Ledger"), address.to_text())
    assert isinstance(Sender("Ledger"), Sender)


def test_a_sink_that_was_not_granted_is_named(monkeypatch):
    monkeypatch.delenv(SinkAddress.variable("Ledger"), raising=False)
    with pytest.raises(ValueError, match=r"no sink 'Ledger'.*grant_send"):
        Sender("Ledger")


@pytest.mark.parametrize(
    ("data", "error"), [({1, 2}, TypeError), (float("nan"), ValueError), ("nested", ValueError)]
)
def test_data_that_is_no_json_is_told_by_its_place(post, data, error):
    if data == "nested":
        data = []
        data.append(data)
    with pytest.raises(error, match=r"record 1, counted from 0, is no JSON: .*nothing was"):
        post.sending().send([{}, data])
    assert post.data() == []
