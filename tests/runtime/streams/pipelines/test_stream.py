"""The builder: each method gives another stream with a step more; the engine runs them."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.streams import Stream, rules, to_sqs_records
from cdk_streamer_runtime.streams.pipelines.steps import BulkCall, Call
from tests.runtime.streams.rules.invocations import DONE, Invocations, thing

STREAM = Stream(pipeline="audit")


def things(count: int) -> dict[str, Any]:
    return to_sqs_records(thing(f"e{n}", partitionKey=f"k{n}", n=n) for n in range(count))


def built(build: Any) -> Invocations:
    return Invocations(rules.Custom(id="audit", event_type="thing-*", build=build))


def test_a_stream_is_not_changed_by_a_step():
    longer = STREAM.filter(lambda _: True)
    assert (len(STREAM.steps), len(longer.steps)) == (0, 1)


def test_steps_are_called_as_their_functions_and_never_the_same():
    def enrich(uow: Any) -> Any:
        return uow

    stream = STREAM.map(enrich).map(lambda uow: uow).map(enrich).map(lambda uow: uow)
    assert [step.name for step in stream.steps] == ["enrich", "map", "enrich-2", "map-2"]


@pytest.mark.parametrize(
    ("method", "options", "names"),
    [
        ("get", {}, {"table"}),
        ("query", {}, {"table"}),
        ("batch_get", {}, {"table"}),
        ("scan", {}, {"table"}),
        ("update", {}, {"table"}),
        ("put", {}, {"table"}),
        ("delete", {}, {"table"}),
        ("batch_write", {}, {"table"}),
        ("transact", {"tables": ["table", "view"]}, {"table", "view"}),
        ("publish", {"bus": "other"}, {"other", "claims"}),
        ("put_records", {"stream": "clicks"}, {"clicks", "claims"}),
        ("send_messages", {"queue": "mails"}, {"mails", "claims"}),
        ("publish_messages", {"topic": "news"}, {"news", "claims"}),
        ("report", {"channels": "channels"}, {"channels"}),
        ("get_object", {"bucket": "files"}, {"files"}),
        ("put_object", {"bucket": "files"}, {"files"}),
        ("delete_object", {"bucket": "files"}, {"files"}),
        ("copy_object", {"bucket": "files", "source": "others"}, {"files", "others"}),
        ("invoke", {"function": "resize"}, {"resize"}),
        ("create_schedule", {"group": "reminders"}, {"reminders"}),
        ("delete_schedule", {"group": "reminders"}, {"reminders"}),
        ("start_execution", {"machine": "orders"}, {"orders"}),
        ("call_http", {"url": "https://example.com/hook"}, set()),
        ("put_metrics", {"namespace": "Shop"}, set()),
    ],
)
def test_there_is_a_method_for_each_read_and_sink(method, options, names):
    stream = getattr(STREAM, method)(lambda _: None, **options)
    request, step = stream.steps
    assert request.name.startswith("to_")
    assert isinstance(step, Call | BulkCall)
    assert {str(use.name) for use in step.uses} == names


@pytest.mark.parametrize(
    ("build", "text"),
    [
        (lambda stream: stream.batch(0), "batch needs a count of 1 or more, got 0"),
        (lambda stream: stream.batch(1.5), "batch needs a count of 1 or more, got 1.5"),
        (lambda stream: stream.batch(5, size=0), "batch needs a size of 1 or more, got 0"),
        (lambda stream: stream.map(5), "map must be a function of a unit of work, got 5"),
        (lambda stream: stream.filter(asyncio.sleep), "does not wait"),
        (lambda stream: stream.call("x"), "call needs a function, got 'x'"),
        (lambda stream: stream.update(5), "request must be a function"),
        (lambda stream: stream.publish(5), "to_event must be a function"),
        (lambda stream: stream.rate_limit(0, timedelta(seconds=1)), "a rate must be of 1 or more"),
        (lambda stream: stream.rate_limit(1, 5), "a rate must be"),
        (lambda stream: stream.put(lost="gone"), "lost must be one of done, pass, fail, got 'gone"),
    ],
)
def test_what_no_step_can_be_made_of_is_told_with_the_pipeline(build, text):
    with pytest.raises(ValueError, match=f"^pipeline 'audit': .*{text}"):
        build(STREAM)


def test_steps_are_done_one_after_the_other():
    run = built(
        lambda stream: (
            stream.filter(lambda uow: uow.event["n"] > 0)
            .map(lambda uow: {"double": uow.event["n"] * 2})
            .put(lambda uow: {"Item": {"pk": uow.event.id, "sk": "s", "n": uow.double}})
        )
    )
    assert run.run(things(3)) == DONE
    assert [(item["pk"], item["n"]) for item in run.items()] == [("e1", 2), ("e2", 4)]


def test_functions_and_coroutines_can_be_called():
    async def fetch(uow: Any) -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"fetched": uow.event["n"]}

    calls: list[str] = []
    run = built(
        lambda stream: (
            stream.call(fetch)
            .call(lambda uow: uow.fetched + 1, into="more")
            .call(lambda uow: calls.append(uow.event.id))
            .put(lambda uow: {"Item": {"pk": uow.event.id, "sk": "s", "n": uow.more}})
        )
    )
    assert run.run(things(2)) == DONE
    assert sorted(item["n"] for item in run.items()) == [1, 2]
    assert sorted(calls) == ["e0", "e1"]


def test_what_came_is_published_with_an_id_of_its_own():
    run = built(lambda stream: stream.batch(2).publish())
    assert run.run(things(3)) == DONE
    assert [event["id"] for event in run.aws.published] == ["e0.audit", "e1.audit", "e2.audit"]
    assert {event["tags"]["source"] for event in run.aws.published} == {"orders"}


def test_what_is_compacted_is_published_once():
    run = built(lambda stream: stream.compact().publish())
    run.run(to_sqs_records([thing("e0"), thing("e1", timestamp=START + 1)]))
    assert [event["id"] for event in run.aws.published] == ["e1.audit"]


def test_a_group_can_become_one_message():
    run = built(
        lambda stream: stream.group(lambda uow: uow.event["n"] % 2).send_messages(
            lambda uow: {"MessageBody": [unit.event.id for unit in uow.batch]}, queue="mails"
        )
    )
    assert run.run(things(3)) == DONE
    assert sorted(map(json.loads, run.aws.messages("mails"))) == [["e0", "e2"], ["e1"]]


def test_a_batch_is_bounded_by_the_bytes_of_its_events():
    size = len(json.dumps(thing("e0", partitionKey="k0", n=0), separators=(",", ":")))
    run = built(
        lambda stream: stream.batch(10, size=2 * size).send_messages(
            lambda uow: {"MessageBody": len(uow.batch)}, queue="mails"
        )
    )
    run.run(things(5))
    assert list(map(json.loads, run.aws.messages("mails"))) == [2, 2, 1]


def test_the_types_that_are_published_are_told():
    stream = STREAM.publish(types=["a", "b"]).publish(lambda _: None, types=["b", "c"])
    assert stream.emits == ("a", "b", "c")


def test_a_rate_is_kept_and_two_of_the_same_do_not_share_it():
    second = timedelta(seconds=1)
    run = built(lambda stream: stream.rate_limit(2, second).rate_limit(2, second))
    run.run(things(4))
    # The second step begins when the first has let all through; one for both would take 3 s.
    assert run.platform.now == START + 2_000


def test_two_events_of_one_pipeline_have_two_ids():
    run = built(lambda stream: stream.publish(lambda _: {"a": 1}).publish(lambda _: {"b": 1}))
    run.run(things(1))
    found = {event["id"]: set(event) & {"a", "b"} for event in run.aws.published}
    assert found == {"e0.audit": {"a"}, "e0.audit-2": {"b"}}


def test_a_queue_is_called_by_a_name():
    with pytest.raises(ValueError, match=r"a queue is named as in .* resources, .* got 5"):
        Stream(pipeline="audit").send_messages(queue=5)  # pyright: ignore[reportArgumentType]
