"""What is done around the lanes: reading, calling, telling, in the order of the shards."""

from __future__ import annotations

import base64
import json

import pytest

from cdk_streamer_local.pollers.answer import NotInvoked, Raised, Responded
from cdk_streamer_local.pollers.lane import Condition
from cdk_streamer_local.pollers.poller import Poller
from cdk_streamer_local.pollers.readers import KinesisReader, TableReader

ARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/things"
ENVELOPE = {"awsRegion": "eu-west-1", "eventSourceARN": ARN, "invokeIdentityArn": "role"}


class Function:
    """A target whose calls end when the test says so."""

    def __init__(self):
        self.work = []
        self.calls = []
        self.lost = []
        self.alarms = []
        self.answer = Responded()

    def invoke(self, shard, batch):
        self.calls.append((shard, batch.sequences))
        return self.answer

    def give_up(self, shard, discarded):
        self.lost.append((shard, discarded.batch.sequences, discarded.condition))

    def spawn(self, work):
        self.work.append(work)

    def alarm(self, at):
        self.alarms.append(at)

    def finish(self):
        """Do everything that was begun, and what follows from it."""
        while self.work:
            self.work.pop(0)()


def shard(*numbers, first=0, last=100, key="k", text='{"type": "thing"}'):
    records = [stored(number, key, text) for number in numbers]
    return {"records": records, "starting_hash_key": str(first), "ending_hash_key": str(last)}


def stored(number, key="k", text='{"type": "thing"}'):
    return {
        "SequenceNumber": str(number),
        "PartitionKey": key,
        "Data": base64.b64encode(text.encode()).decode(),
        "ApproximateArrivalTimestamp": 1.5,
    }


def reader(shard, name="shard-0"):
    return KinesisReader(name, shard, ENVELOPE)


@pytest.fixture
def function():
    return Function()


@pytest.fixture
def poller(function):
    poller = Poller(function, clock=lambda: 10.0)
    poller.configure({"Enabled": True})
    return poller


def run(poller, function):
    poller.read()
    poller.advance()
    function.finish()


def test_what_is_in_a_shard_is_sent(poller, function):
    poller.add("a", reader(shard(1, 2)))
    run(poller, function)

    assert function.calls == [("shard-0", ("1", "2"))]


def test_what_was_read_is_not_read_again(poller, function):
    things = shard(1)
    poller.add("a", reader(things))
    run(poller, function)
    things["records"].append(stored(2))
    run(poller, function)

    assert function.calls == [("shard-0", ("1",)), ("shard-0", ("2",))]


def test_reading_tells_whether_there_was_anything(poller):
    poller.add("a", reader(shard(1)))

    assert (poller.read(), poller.read()) == (True, False)


def test_a_reader_that_skips_begins_with_what_comes_then(poller, function):
    things = shard(1)
    latest = reader(things)
    latest.skip()
    poller.add("a", latest)
    things["records"].append(stored(2))
    run(poller, function)

    assert function.calls == [("shard-0", ("2",))]


def test_records_that_the_filter_drops_are_not_sent(poller, function):
    pattern = json.dumps({"data": {"type": ["thing"]}})
    poller.configure({"FilterCriteria": {"Filters": [{"Pattern": pattern}]}})
    things = shard(1)
    things["records"].append(stored(2, text='{"type": "other"}'))
    poller.add("a", reader(things))
    run(poller, function)

    assert function.calls == [("shard-0", ("1",))]


def test_a_poller_tells_how_far_it_is_with_each_shard(poller):
    poller.add("a", reader(shard(1, 2)))
    poller.read()

    (told,) = poller.glance()

    assert (told["Name"], told["Pending"], told["Checkpoint"]) == ("shard-0", 2, "1")
    assert (told["Attempts"], told["More"]) == (0, False)


def test_a_disabled_mapping_reads_nothing(poller, function):
    poller.configure({"Enabled": False})
    poller.add("a", reader(shard(1)))
    run(poller, function)

    assert function.calls == []


def test_a_mapping_goes_on_where_it_was_disabled(poller, function):
    poller.add("a", reader(shard(1, 2)))
    poller.read()
    poller.configure({"Enabled": False})
    run(poller, function)
    poller.configure({"Enabled": True})
    run(poller, function)

    assert function.calls == [("shard-0", ("1", "2"))]


def test_a_pause_sets_the_alarm(poller, function):
    function.answer = Raised()
    poller.add("a", reader(shard(1)))
    run(poller, function)

    assert function.alarms == [pytest.approx(10.1)]


def test_what_is_given_up_is_told(poller, function):
    function.answer = Raised()
    poller.configure({"MaximumRetryAttempts": 0})
    poller.add("a", reader(shard(1)))
    run(poller, function)

    assert function.lost == [("shard-0", ("1",), Condition.RETRIES)]


def test_what_became_too_old_is_told(poller, function):
    poller.configure({"MaximumRecordAgeInSeconds": 5})
    poller.add("a", reader(shard(1)))
    run(poller, function)

    assert function.calls == []
    assert function.lost == [("shard-0", ("1",), Condition.AGE)]


def test_lanes_are_called_side_by_side(poller, function):
    poller.configure({"ParallelizationFactor": 10})
    things = shard(1, key="a")
    things["records"].append(stored(2, key="b"))
    poller.add("a", reader(things))
    poller.read()
    poller.advance()

    assert len(function.work) == 2


def test_a_child_waits_until_its_parent_was_read_and_done(poller, function):
    function.answer = NotInvoked()
    poller.add("parent", reader(shard(1), "parent"))
    run(poller, function)
    poller.add("child", reader(shard(2, last=50), "child"))
    poller.close_others(frozenset({"child"}))
    run(poller, function)

    assert {name for name, _ in function.calls} == {"parent"}


def test_a_child_follows_its_parent(poller, function):
    parent = shard(1)
    poller.add("parent", reader(parent, "parent"))
    run(poller, function)
    parent["records"].append(stored(2))  # written just before the split
    poller.add("child", reader(shard(3, last=50), "child"))
    poller.close_others(frozenset({"child"}))
    run(poller, function)
    run(poller, function)

    assert function.calls == [("parent", ("1",)), ("parent", ("2",)), ("child", ("3",))]


def test_a_shard_of_other_keys_waits_for_nobody(poller, function):
    poller.add("gone", reader(shard(1, last=50), "gone"))
    poller.add("other", reader(shard(2, first=51), "other"))
    poller.close_others(frozenset({"other"}))
    poller.read()
    poller.advance()

    assert len(function.work) == 2


def test_no_more_is_read_than_will_be_sent_soon(poller, function):
    poller.configure({"BatchSize": 1})
    things = shard(*range(1, 1502))
    poller.add("a", reader(things))
    poller.read()
    poller.read()
    poller.advance()
    del things["records"][:]
    function.finish()

    assert len(function.calls) == 1000


def test_reading_goes_on_when_there_is_room_again(poller, function):
    poller.configure({"BatchSize": 600})
    poller.add("a", reader(shard(*range(1, 1502))))
    run(poller, function)

    assert function.alarms == [10.0, 10.0]


def test_a_record_has_the_documented_form():
    (record,) = reader(shard(1)).read(10)

    assert record.content == {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "k",
            "sequenceNumber": "1",
            "data": base64.b64encode(b'{"type": "thing"}').decode(),
            "approximateArrivalTimestamp": 1.5,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": "shard-0:1",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "role",
        "awsRegion": "eu-west-1",
        "eventSourceARN": ARN,
    }
    assert record.size == len(json.dumps(record.content))


@pytest.mark.parametrize("data", [b"\x00\xff", "not base64!"])
def test_data_is_always_base64(data):
    things = shard(1)
    things["records"][0]["Data"] = data
    (record,) = reader(things).read(10)

    raw = data if isinstance(data, bytes) else data.encode()
    assert base64.b64decode(record.content["kinesis"]["data"]) == raw  # pyright: ignore[reportIndexIssue] - then it fails


def change(number):
    return {
        "eventName": "INSERT",
        "dynamodb": {
            "SequenceNumber": str(number),
            "Keys": {"sk": {"S": "b"}, "pk": {"S": "a"}},
            "ApproximateCreationDateTime": 5,
        },
    }


def test_an_item_is_a_key_by_both_of_its_keys():
    (record,) = TableReader("shard-0", 0, lambda begin, _: (begin, [change(1)])).read(10)

    assert record.key == '{"pk": {"S": "a"}, "sk": {"S": "b"}}'
    assert (record.sequence, record.arrived) == ("1", 5.0)


def test_a_tables_records_that_expired_are_passed_by():
    asked = []

    def since(position, limit):
        asked.append((position, limit))
        return max(position, 7), [change(1), change(2)]

    table = TableReader("shard-0", 0, since)
    table.read(10)
    table.read(10)

    assert asked == [(0, 10), (9, 10)]
