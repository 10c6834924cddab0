"""What other libraries of this field do wrong, tried on ours; `sentences.MISTAKES` has the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from cdk_streamer_runtime.errors import Throttled
from cdk_streamer_runtime.streams import (
    StreamApp,
    UnitOfWork,
    rules,
    to_kinesis_records,
)
from cdk_streamer_runtime.streams.pipelines.stream import Stream
from cdk_streamer_runtime.testing import MemoryProcessor


def thing(number: int, **members: object) -> dict[str, Any]:
    return {
        "id": f"e{number}",
        "type": "thing-updated",
        "timestamp": 1_700_000_000_000 + number,
        "partitionKey": "one",
        "thing": {"id": "one", "number": number, **members},
    }


def materialize(id: str, **members: object) -> rules.Rule:
    def to_update(uow: UnitOfWork) -> Mapping[str, Any]:
        return {"pk": uow.event["thing"]["id"], "sk": "thing", **uow.event["thing"], **members}

    return rules.Materialize(id=id, event_type="thing-updated", to_update=to_update)


def app_of(build: Callable[[Stream], Stream]) -> StreamApp:
    app = StreamApp()
    app.pipeline("own", event_type="thing-*")(build)
    return app


def test_throttling_is_not_acknowledged_as_a_fault():
    def throttled(uow: UnitOfWork) -> None:
        raise Throttled("ThrottlingException", "", 400, f"call of {uow.event.id}")

    processor = MemoryProcessor(app_of(lambda stream: stream.call(throttled)))
    batch = to_kinesis_records([thing(0), thing(1)])

    answer = processor.handle(batch)

    first = batch["Records"][0]["kinesis"]["sequenceNumber"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": first}]}
    assert processor.faults() == []


def test_one_bad_event_in_ten_rules_is_one_fault_with_its_record():
    def broken(uow: UnitOfWork) -> dict[str, Any]:
        return {"pk": uow.event["nothing"]}

    types = "thing-updated"
    ten = [rules.Materialize(id=f"r{n}", event_type=types, to_update=broken) for n in range(10)]
    processor = MemoryProcessor(StreamApp(ten))
    batch = to_kinesis_records([thing(0)])

    processor.handle(batch)
    processor.handle(batch)

    first, second = processor.faults()
    assert first["id"] == second["id"]
    assert first["pipelines"] == [f"r{n}" for n in range(10)]
    assert first["record"] == batch["Records"][0]


def test_a_lost_race_is_counted_and_no_fault():
    processor = MemoryProcessor(StreamApp([materialize("view")]))

    processor.handle(to_kinesis_records([thing(2)]))
    answer = processor.handle(to_kinesis_records([thing(1)]))

    assert answer == {"batchItemFailures": []}
    assert processor.faults() == []
    assert processor.counts["LostRaces"] == 1  # type: ignore[index] - a StrEnum is its text
    assert processor.items()[0]["number"] == 2


def test_a_text_that_begins_with_compressed_is_no_fault():
    processor = MemoryProcessor(StreamApp([materialize("view")]))

    processor.handle(to_kinesis_records([thing(0, note="COMPRESSED is how it came")]))

    assert processor.faults() == []
    assert processor.items()[0]["note"] == "COMPRESSED is how it came"


def test_the_same_key_of_two_tables_is_two_questions():
    seen: list[tuple[object, object]] = []

    def build(stream: Stream) -> Stream:
        key = {"Key": {"pk": "one", "sk": "thing"}}
        return (
            stream.get(lambda _: key, table="first")
            .map(lambda uow: {"first": uow.get_response})
            .get(lambda _: key, table="second")
            .tap(lambda uow: seen.append((uow.first, uow.get_response)))
        )

    processor = MemoryProcessor(app_of(build))
    item = {"pk": {"S": "one"}, "sk": {"S": "thing"}, "of": {"S": "first"}}
    processor.aws.call("dynamodb", "PutItem", {"TableName": "first", "Item": item})

    processor.handle(to_kinesis_records([thing(0)]))

    assert seen == [({"pk": "one", "sk": "thing", "of": "first"}, None)]


def test_nothing_above_a_failed_record_of_a_stream_is_done():
    done: list[str] = []

    def call(uow: UnitOfWork) -> None:
        if uow.event.id == "e1":
            raise Throttled("ThrottlingException", "", 400, "call")
        done.append(uow.event.id)

    processor = MemoryProcessor(app_of(lambda stream: stream.call(call)))
    records = to_kinesis_records([thing(number) for number in range(4)])

    processor.handle(records)

    assert done == ["e0"]


@pytest.mark.parametrize("count", [1, 100])
def test_a_hundred_rules_ask_no_more_of_an_event_than_one(count: int):
    asked: list[str] = []

    def accepts(name: str) -> Callable[[UnitOfWork], bool]:
        return lambda _: bool(asked.append(name)) or True

    app = StreamApp(
        [
            rules.Materialize(
                id=f"r{number}",
                event_type=f"kind{number}-updated",
                filter=accepts(f"r{number}"),
                to_update=lambda _: None,
            )
            for number in range(count)
        ]
    )

    MemoryProcessor(app).handle(to_kinesis_records([{**thing(0), "type": "kind0-updated"}]))

    assert asked == ["r0"]
