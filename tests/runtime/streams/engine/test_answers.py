"""What Lambda is answered, source by source."""

from __future__ import annotations

import pytest

from cdk_streamer_runtime.contract.streams import StreamMetric
from cdk_streamer_runtime.documents import encode
from cdk_streamer_runtime.memory.platform import MemoryPlatform
from cdk_streamer_runtime.streams.answers import HandedBack
from cdk_streamer_runtime.streams.app import StreamApp
from cdk_streamer_runtime.streams.engine.surroundings import NamedResources
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.faults.policy import Action, Policy
from cdk_streamer_runtime.streams.outcome import Undecodable
from cdk_streamer_runtime.streams.pipelines.steps import Call, Each
from cdk_streamer_runtime.streams.sources.dynamodb_records import to_dynamodb_records
from cdk_streamer_runtime.streams.sources.eventbridge import to_eventbridge_event
from cdk_streamer_runtime.streams.sources.s3 import from_sqs_s3, to_s3_records
from cdk_streamer_runtime.streams.sources.sqs import to_messages
from cdk_streamer_runtime.testing import MemoryAws
from tests.runtime.streams.engine.batches import (
    Tally,
    Trial,
    event,
    failed,
    fifo,
    kinesis,
    pipeline,
    queue,
    topic,
)
from tests.runtime.streams.engine.journal import error_of

EMPTY = {"batchItemFailures": []}


def failing(*numbers: int, action: str = "redeliver"):
    def send(uow, world):
        if uow.event["n"] in numbers:
            raise error_of(action)
        return uow

    return pipeline(Call(name="write", send=send))


def handled(batch, *numbers):
    return failed(batch, Trial([failing(*numbers)]).handle(batch))


def test_a_batch_that_is_done_has_no_failures():
    assert Trial([failing()]).handle(kinesis([event(0)])) == EMPTY


def test_a_batch_without_records_has_no_failures():
    app = StreamApp()
    world = World(
        aws=MemoryAws(),
        platform=MemoryPlatform(),
        resources=NamedResources({}),
        meter=Tally(),
        deadline=0,
        tags={},
    )
    assert app.handle({"Records": []}, world) == EMPTY


def test_a_stream_is_answered_its_lowest_sequence_number():
    assert handled(kinesis(event(n, key=f"k{n}") for n in range(9)), 5, 3) == [3]


def test_a_table_s_stream_is_answered_its_lowest_sequence_number():
    events = [
        {
            "id": f"e{n}",
            "type": "thing-created",
            "timestamp": 0,
            "partitionKey": f"k{n}",
            "raw": {"new": {"pk": f"k{n}", "sk": "thing", "discriminator": "thing", "n": n}},
        }
        for n in range(4)
    ]
    batch = to_dynamodb_records(events)

    def send(uow, world):
        if uow.event.raw["new"]["n"] in {2, 3}:
            raise error_of("redeliver")

    answer = Trial([pipeline(Call(name="write", send=send))]).handle(batch)
    sequence = batch["Records"][2]["dynamodb"]["SequenceNumber"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": sequence}]}


def test_a_queue_is_answered_the_ids_of_its_messages():
    assert handled(queue(event(n) for n in range(9)), 5, 3) == [3, 5]


def test_a_fifo_queue_is_answered_all_later_ids_of_the_group_too():
    batch = fifo(event(n, key=key) for n, key in enumerate("ababab"))
    assert handled(batch, 2) == [2, 4]


def test_a_standard_queue_with_fair_groups_is_answered_only_what_failed():
    batch = queue(event(n) for n in range(4))
    for record in batch["Records"]:
        record["attributes"]["MessageGroupId"] = "tenant"
    assert handled(batch, 1) == [1]


def test_a_topic_knows_no_partial_response_so_the_invocation_fails():
    with pytest.raises(HandedBack, match="a batch of 1 records has to come again as a whole"):
        handled(topic([event(0)]), 0)


def test_a_rule_of_a_bus_knows_no_partial_response_so_the_invocation_fails():
    envelope = to_eventbridge_event(event(0))
    with pytest.raises(HandedBack, match="a batch of 1 records"):
        Trial([failing(0)]).handle(envelope)


def test_a_rule_of_a_bus_is_answered_when_all_is_done():
    assert Trial([failing()]).handle(to_eventbridge_event(event(0))) == EMPTY


def test_records_that_come_again_are_counted():
    trial = Trial([failing(2)])
    trial.handle(kinesis(event(n) for n in range(5)))
    assert trial.meter.counts[StreamMetric.RECORDS_REDELIVERED] == 3
    assert trial.meter.counts[StreamMetric.RECORDS] == 5


def test_a_message_of_several_events_comes_again_whole_when_one_of_them_has_to():
    files = [{"object": {"bucket": "b", "key": key}} for key in ("good", "bad")]
    batch = to_messages([encode(to_s3_records(files)), encode(to_s3_records(files[:1]))])

    def send(uow, world):
        if uow.event["object"]["key"] == "bad":
            raise error_of("redeliver")

    trial = Trial([pipeline(Call(name="write", send=send))], source=from_sqs_s3, window=1)
    assert failed(batch, trial.handle(batch)) == [0]


def test_an_order_that_the_queue_does_not_keep_leaves_no_later_message_undone():
    files = [{"object": {"bucket": "b", "key": "k", "sequencer": f"{n:04}"}} for n in range(3)]
    batch = to_messages(encode(to_s3_records([file])) for file in files)
    written = []

    def send(uow, world):
        if uow.event["object"]["sequencer"] == "0000":
            raise error_of("redeliver")
        written.append(uow.event["object"]["sequencer"])

    trial = Trial([pipeline(Call(name="write", send=send))], source=from_sqs_s3)
    assert failed(batch, trial.handle(batch)) == [0]
    assert written == ["0001", "0002"]


# --- records that cannot be read ---------------------------------------------------------------


def unreadable(count: int, *numbers: int):
    batch = kinesis(event(n, key=str(n)) for n in range(count))
    for number in numbers:
        batch["Records"][number]["kinesis"]["data"] = "bm90IGpzb24="
    return batch


def test_a_record_that_cannot_be_read_becomes_a_fault_and_the_others_go_on():
    trial = Trial([failing()])
    assert trial.handle(unreadable(3, 1)) == EMPTY
    assert trial.faulted == [1]


def test_a_record_that_cannot_be_read_comes_again_when_the_policy_says_so():
    batch = unreadable(3, 1)
    trial = Trial([failing()], policy=Policy().on(Undecodable, Action.REDELIVER))
    assert failed(batch, trial.handle(batch)) == [1]
    assert trial.published == []


def test_a_record_that_cannot_be_read_is_dropped_when_the_policy_says_so():
    trial = Trial([failing()], policy=Policy().on(Undecodable, Action.DROP))
    assert trial.handle(unreadable(3, 1)) == EMPTY
    assert trial.published == []
    assert trial.meter.counts[StreamMetric.EVENTS_DROPPED] == 1


def test_a_record_that_cannot_be_read_stops_the_invocation_when_the_policy_says_so():
    trial = Trial([failing()], policy=Policy().on(Undecodable, Action.STOP))
    with pytest.raises(ValueError, match="a record cannot be read: it is no JSON"):
        trial.handle(unreadable(3, 1))


def test_a_record_that_tells_no_sequence_number_fails_the_batch_if_it_has_to_come_again():
    batch = unreadable(2, 0)
    batch["Records"][0]["kinesis"]["sequenceNumber"] = None
    trial = Trial([failing()], policy=Policy().on(Undecodable, Action.REDELIVER))
    with pytest.raises(HandedBack):
        trial.handle(batch)


def test_a_type_without_end_is_a_fault_and_no_search_without_end():
    seen = []
    patient = pipeline(
        Each(name="seen", apply=lambda uow: seen.append(uow.event["n"])), kind="*-*-*-x"
    )
    trial = Trial([patient])
    batch = kinesis([event(0, kind="-" * 100_000), event(1, kind="a-b-c-x")])
    assert trial.handle(batch) == EMPTY
    assert (trial.faulted, seen) == ([0], [1])


# --- faults ------------------------------------------------------------------------------------


def test_faults_of_records_that_come_again_are_not_published():
    batch = kinesis(event(n) for n in range(6))
    faulty = failing(1, 4, action="fault")
    late = pipeline(*failing(3).steps, id="late")
    trial = Trial([faulty, late], window=6)
    assert failed(batch, trial.handle(batch)) == [3]
    assert trial.faulted == [1]


def test_records_whose_faults_could_not_be_published_come_again():
    batch = queue(event(n) for n in range(4))
    trial = Trial([failing(1, 2, action="fault")], unpublishable=frozenset({2}))
    assert failed(batch, trial.handle(batch)) == [2]
    assert trial.faulted == [1]


def test_a_stream_goes_back_to_the_record_whose_fault_could_not_be_published():
    batch = kinesis(event(n) for n in range(4))
    trial = Trial([failing(1, 2, action="fault")], unpublishable=frozenset({1}))
    assert failed(batch, trial.handle(batch)) == [1]


def test_no_faults_are_published_when_the_whole_batch_comes_again():
    batch = topic(event(n) for n in range(3))
    trial = Trial([failing(0, action="fault"), pipeline(*failing(1).steps, id="late")])
    with pytest.raises(HandedBack):
        trial.handle(batch)
    assert trial.published == []


def test_a_fault_event_that_fails_comes_again_and_is_never_a_fault():
    batch = queue([event(0, kind="fault"), event(1)])
    trial = Trial([failing(0, 1, action="fault")])
    assert failed(batch, trial.handle(batch)) == [0]
    assert trial.faulted == [1]


def test_a_failure_says_where_it_was():
    trial = Trial([failing(0, action="fault")])
    trial.handle(kinesis([event(0)]))
    (failure,) = trial.published
    assert (failure.pipeline, failure.step, str(failure.error)) == ("p", "write", "no good")


def test_a_filter_that_fails_is_a_failure_of_its_pipeline_alone():
    def accepts(uow):
        raise ValueError("no filter")

    trial = Trial([pipeline(id="filtered", accepts=accepts), failing()])
    assert trial.handle(kinesis([event(0)])) == EMPTY
    assert [(each.pipeline, each.step) for each in trial.published] == [("filtered", "filter")]


def test_a_step_that_gives_something_else_than_a_unit_of_work_is_a_failure():
    trial = Trial([pipeline(Each(name="map", apply=lambda uow: dict(uow.event)))])  # pyright: ignore[reportArgumentType]
    trial.handle(kinesis([event(0)]))
    (failure,) = trial.published
    assert str(failure.error) == (
        "a step has to give a unit of work, got dict; extend the one that it was given: "
        "uow.extend(name=value)"
    )
