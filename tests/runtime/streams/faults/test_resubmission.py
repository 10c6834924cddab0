"""Resubmission: records of faults go to their functions again, and their messages when done."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.streams.app import StreamApp
from cdk_streamer_runtime.streams.faults.fault_queue import FaultQueue, Outcome
from cdk_streamer_runtime.streams.faults.parked import NotAFault, Parked
from cdk_streamer_runtime.streams.faults.resubmission import BYTES, Found, invocations
from cdk_streamer_runtime.streams.outcome import Undecodable
from cdk_streamer_runtime.streams.place import Place
from cdk_streamer_runtime.streams.sources.eventbridge import from_eventbridge, to_eventbridge_event
from cdk_streamer_runtime.streams.sources.kinesis import to_kinesis_records
from cdk_streamer_runtime.streams.sources.sqs import from_sqs, to_messages, to_sqs_records
from tests.runtime.streams.faults.failures import (
    FUNCTION,
    NOW,
    a_unit,
    an_event,
    failed,
    report,
    units,
)
from tests.runtime.streams.records import few
from tests.runtime.streams.surroundings import FAULTS, Surroundings

DONE = {"batchItemFailures": []}


def envelope(fault: dict[str, Any]) -> str:
    """Give what the rule puts into the queue."""
    return json.dumps({"version": "0", "detail-type": "fault", "detail": fault})


@pytest.fixture
def here() -> Surroundings:
    here = Surroundings()
    here.aws.functions[FUNCTION] = lambda _: DONE
    return here


def park(here: Surroundings, *bodies: str) -> FaultQueue:
    queue = here.aws.memory.queue_url(FAULTS)
    for body in bodies:
        here.aws.memory.call("sqs", "SendMessage", {"QueueUrl": queue, "MessageBody": body})
    return FaultQueue(here.aws, queue)


def parked(here: Surroundings, *failures: Any, redact: tuple[str, ...] = ()) -> FaultQueue:
    """Give the queue with the faults of failures."""
    faults = report(*failures, here=here, redact=redact)
    here.aws.published.clear()
    return park(here, *map(envelope, faults))


def anyone(_: Parked) -> bool:
    return True


def outcomes(results: Iterable[Any]) -> list[str]:
    return [result.outcome.value for result in results]


def waiting(here: Surroundings) -> int:
    return len(here.aws.memory.messages(FAULTS))


# --- what a function is called with ---------------------------------------------------------------


def test_a_record_is_given_to_its_function_for_the_pipelines_that_it_hit(here):
    unit = a_unit()
    queue = parked(here, failed(unit, pipeline="m1"), failed(unit, pipeline="c1"))
    assert outcomes(queue.resubmit(anyone)) == ["resubmitted"]
    pipelines = {"pipelines": ["c1", "m1"]}
    assert here.aws.invoked == [(FUNCTION, {"Records": [unit.record], "resubmission": pipelines})]
    assert waiting(here) == 0


def test_records_of_one_source_share_a_call_in_their_order(here):
    found = units(*map(an_event, range(5)))
    queue = parked(here, *map(failed, reversed(found)))
    assert outcomes(queue.resubmit(anyone)) == ["resubmitted"] * 5
    ((_, event),) = here.aws.invoked
    assert event["Records"] == [unit.record for unit in found]


def test_other_pipelines_and_other_sources_have_calls_of_their_own(here):
    first, second = units(*map(an_event, range(2)))
    (message,) = from_sqs(to_sqs_records([an_event(3)]))
    queue = parked(here, failed(first), failed(second, pipeline="c1"), failed(message))
    assert outcomes(queue.resubmit(anyone)) == ["resubmitted"] * 3
    assert [len(event["Records"]) for _, event in here.aws.invoked] == [1, 1, 1]


def test_a_record_that_nobody_could_read_is_for_all_pipelines(here):
    record = to_messages(["{"])["Records"][0]
    place = Place("m", "m", None, None)
    of = Undecodable(record=record, place=place, reason="it is no JSON", error="Bad")
    queue = parked(here, failed(of, pipeline=""))
    assert outcomes(queue.resubmit(anyone)) == ["resubmitted"]
    assert here.aws.invoked[0][1] == {"Records": [record], "resubmission": {}}


def test_what_a_rule_sent_is_sent_as_it_was(here):
    found = [
        unit
        for number in range(2)
        for unit in from_eventbridge(to_eventbridge_event(an_event(number)))
    ]
    queue = parked(here, *map(failed, found))
    assert outcomes(queue.resubmit(anyone)) == ["resubmitted"] * 2
    sent = [event for _, event in here.aws.invoked]
    assert sent == [{**unit.record, "resubmission": {"pipelines": ["m1"]}} for unit in found]


def test_a_record_is_resubmitted_once_however_many_messages_it_has(here):
    queue = parked(here, failed(a_unit()))
    park(here, *here.aws.memory.messages(FAULTS))
    assert outcomes(queue.resubmit(anyone)) == ["resubmitted"] * 2
    assert len(here.aws.invoked[0][1]["Records"]) == 1
    assert waiting(here) == 0


def test_no_call_has_more_records_than_are_asked_for(here):
    queue = parked(here, *map(failed, units(*map(an_event, range(5)))))
    list(queue.resubmit(anyone, records=2))
    assert [len(event["Records"]) for _, event in here.aws.invoked] == [2, 2, 1]


def test_no_call_is_larger_than_lambda_takes(here):
    large = units(*(an_event(number, thing="x" * 1_200_000) for number in range(6)))
    queue = parked(here, *map(failed, large))
    assert outcomes(queue.resubmit(anyone)) == ["resubmitted"] * 6
    sizes = [len(json.dumps(event)) for _, event in here.aws.invoked]
    assert len(sizes) > 1
    assert max(sizes) < BYTES * 1.2


def test_another_function_and_all_pipelines_can_be_meant(here):
    here.aws.functions["fixed"] = lambda _: DONE
    queue = parked(here, failed(a_unit()))
    list(queue.resubmit(anyone, function="fixed", everywhere=True))
    ((name, event),) = here.aws.invoked
    assert (name, event["resubmission"]) == ("fixed", {})


@few
@given(
    st.lists(
        st.tuples(st.integers(0, 20), st.sampled_from(["m1", "c1"]), st.sampled_from("fg")),
        max_size=30,
    ),
    st.integers(1, 5),
)
def test_every_fault_is_in_one_call_with_its_record(choices, most):
    records = to_kinesis_records(map(an_event, range(21)))["Records"]
    found = [
        Found(
            Parked(
                message=str(number),
                receipt="r",
                fault={
                    "id": str(number),
                    "timestamp": NOW,
                    "function": function,
                    "source": "s",
                    "pipelines": [pipeline],
                },
            ),
            records[at],
        )
        for number, (at, pipeline, function) in enumerate(choices)
    ]
    calls = list(invocations(found, records=most))
    answered = [
        (parked.message, call.records[at], call.function, call.pipelines)
        for call in calls
        for at, faults in enumerate(call.faults)
        for parked in faults
    ]
    expected = [
        (each.parked.message, each.record, each.parked.function, each.parked.pipelines)
        for each in found
    ]
    assert sorted(answered, key=lambda a: int(a[0])) == expected
    assert all(len(call.records) <= most for call in calls)
    for call in calls:
        order = [record["kinesis"]["sequenceNumber"] for record in call.records]
        assert order == sorted(set(order))


# --- what its answer says -------------------------------------------------------------------------


def answering(answer):
    """Give how many of four records are done after an answer."""
    here = Surroundings()
    here.aws.functions[FUNCTION] = lambda event: answer(event["Records"])
    queue = parked(here, *map(failed, units(*map(an_event, range(4)))))
    done = outcomes(queue.resubmit(anyone)).count("resubmitted")
    assert waiting(here) == 4 - done
    return done


def failures(*names):
    return {"batchItemFailures": [{"itemIdentifier": name} for name in names]}


def sequence(record):
    return record["kinesis"]["sequenceNumber"]


ANSWERS = {
    "an empty list": (lambda _: failures(), 4),
    "null": (lambda _: None, 4),
    "an empty object": (lambda _: {}, 4),
    "no failures": (lambda _: {"batchItemFailures": None}, 4),
    "the third": (lambda records: failures(sequence(records[2])), 2),
    "the first": (lambda records: failures(sequence(records[0])), 0),
    "several": (lambda records: failures(*map(sequence, (records[3], records[1]))), 1),
    "an empty name": (lambda _: failures(""), 0),
    "a name that is none": (lambda _: failures(None), 0),
    "a stranger's name": (lambda _: failures("999"), 0),
    "a wrong key": (lambda _: {"batchItemFailures": [{"id": "1"}]}, 0),
    "an entry that is no object": (lambda _: {"batchItemFailures": ["1"]}, 0),
    "no list": (lambda _: {"batchItemFailures": "all"}, 0),
    "an error": (lambda _: {"errorMessage": "no", "errorType": "KeyError"}, 0),
    "a text": (lambda _: "done", 0),
}


@pytest.mark.parametrize(("answer", "done"), ANSWERS.values(), ids=ANSWERS.keys())
def test_a_message_goes_only_when_the_answer_says_that_its_record_is_done(answer, done):
    assert answering(answer) == done


def test_of_a_queue_only_the_named_messages_stay(here):
    found = list(from_sqs(to_sqs_records(map(an_event, range(4)))))
    here.aws.functions[FUNCTION] = lambda event: failures(event["Records"][1]["messageId"])
    queue = parked(here, *map(failed, found))
    assert outcomes(queue.resubmit(anyone)).count("resubmitted") == 3


def boom(_event: Any) -> Any:
    raise RuntimeError("no")


def test_a_function_that_fails_leaves_all_its_messages(here):
    here.aws.functions[FUNCTION] = boom
    queue = parked(here, failed(a_unit()))
    (result,) = queue.resubmit(anyone)
    assert (result.outcome, result.reason) == (
        Outcome.FAILED,
        f"{FUNCTION} failed; its log tells why",
    )
    assert waiting(here) == 1


def test_a_function_that_is_not_there_does_not_keep_others_from_theirs(here):
    first, second = units(*map(an_event, range(2)))
    faults = report(failed(first), failed(second), here=here)
    bodies = [envelope({**faults[0], "function": "gone"}), envelope(faults[1])]
    results = list(park(here, *bodies).resubmit(anyone))
    assert sorted(outcomes(results)) == ["failed", "resubmitted"]
    (reason,) = [result.reason for result in results if result.reason]
    assert "gone could not be called" in reason


def test_a_message_that_cannot_be_deleted_is_told(here):
    queue = parked(here, failed(a_unit()))
    here.aws.broken["DeleteMessage"] = aws_error("AccessDenied", "", 403, "DeleteMessage")
    (result,) = queue.resubmit(anyone)
    assert result.outcome is Outcome.FAILED
    assert "its record is done, but the message could not be deleted" in result.reason


def test_what_fails_again_is_not_resubmitted_for_ever(here):
    found = units(*map(an_event, range(200)))
    queue = parked(here, *map(failed, found))
    (body,) = map(envelope, report(failed(found[0]), here=here))

    def again(_event: Any) -> Any:
        park(here, body)
        return DONE

    here.aws.functions[FUNCTION] = again
    results = list(queue.resubmit(anyone))
    assert len(here.aws.invoked) == 2
    assert outcomes(results) == ["resubmitted"] * 200 + ["failed"] * 2
    assert {result.reason for result in results[200:]} == {"its record was resubmitted just now"}
    assert waiting(here) == 2


# --- what cannot be resubmitted -------------------------------------------------------------------


def test_the_original_of_a_redacted_record_is_fetched(here):
    unit = a_unit(thing={"mail": "ann@example.com"})
    queue = parked(here, failed(unit), redact=("mail",))
    assert outcomes(queue.resubmit(anyone)) == ["resubmitted"]
    assert here.aws.invoked[0][1]["Records"] == [unit.record]


def test_the_original_of_a_large_record_is_fetched(here):
    unit = a_unit(thing="x" * 500_000)
    queue = parked(here, failed(unit))
    assert outcomes(queue.resubmit(anyone)) == ["resubmitted"]
    assert here.aws.invoked[0][1]["Records"] == [unit.record]


@pytest.mark.parametrize(
    ("thing", "redact", "reason"),
    [
        ({"mail": "ann@example.com"}, ("mail",), "its record is redacted"),
        ("x" * 500_000, (), "its record was too large for the fault"),
    ],
)
def test_without_an_original_a_record_is_refused_and_its_message_stays(thing, redact, reason):
    here = Surroundings(bucket=False)
    queue = parked(here, failed(a_unit(thing=thing)), redact=redact)
    (result,) = queue.resubmit(anyone)
    assert result.outcome is Outcome.REFUSED
    assert reason in result.reason
    assert (here.aws.invoked, waiting(here)) == ([], 1)


def test_an_original_that_is_gone_is_told(here):
    queue = parked(here, failed(a_unit(thing="x" * 500_000)))
    for path in here.aws.memory.objects.paths():
        here.aws.memory.rest("s3", "DELETE", path)
    (result,) = queue.resubmit(anyone)
    assert result.outcome is Outcome.REFUSED
    assert "claim checks must outlive their events" in result.reason


@pytest.mark.parametrize("original", [7, {}, {"claimCheck": {"bucket": "b", "key": "k"}}])
def test_an_original_of_another_shape_is_refused(here, original):
    (fault,) = report(failed(a_unit()), here=here)
    (result,) = park(here, envelope({**fault, "original": original})).resubmit(anyone)
    assert result.outcome is Outcome.REFUSED


@pytest.mark.parametrize("record", [None, "text", 7, []])
def test_a_record_that_is_no_object_is_refused(here, record):
    (fault,) = report(failed(a_unit()), here=here)
    (result,) = park(here, envelope({**fault, "record": record})).resubmit(anyone)
    assert result.outcome is Outcome.REFUSED
    assert "its record is no object" in result.reason


BAD = {
    "no JSON": "{",
    "deep": "[" * 10_000,
    "a list": "[]",
    "another event": '{"detail-type": "thing", "detail": {"type": "thing"}}',
    "an envelope of nothing": '{"detail-type": "fault"}',
    "a fault of somebody else": '{"detail-type": "fault", "detail": {"type": "fault"}}',
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
def test_a_message_that_is_no_fault_of_ours_is_told_and_stays(here, body):
    results = list(park(here, body).resubmit(anyone))
    assert outcomes(results) == ["refused"]
    assert results[0].reason
    assert (here.aws.invoked, waiting(here)) == ([], 1)


MEMBERS = ["id", "timestamp", "err", "pipelines", "function", "source", "record"]


@pytest.mark.parametrize("name", MEMBERS)
def test_a_fault_that_lacks_something_is_told_what(name):
    (fault,) = report(failed(a_unit()))
    del fault[name]
    message = {"MessageId": "1", "ReceiptHandle": "r", "Body": envelope(fault)}
    with pytest.raises(NotAFault, match=name):
        Parked.read(message)


WRONG = [
    {"pipelines": [7]},
    {"timestamp": True},
    {"timestamp": 10**18},
    {"timestamp": -1},
    {"err": {"name": 7, "message": ""}},
    {"function": None},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_fault_with_members_of_other_kinds_is_refused(wrong):
    (fault,) = report(failed(a_unit()))
    message = {"MessageId": "1", "ReceiptHandle": "r", "Body": envelope({**fault, **wrong})}
    with pytest.raises(NotAFault, match="lacks what ours have"):
        Parked.read(message)


def test_a_fault_that_was_sent_without_its_envelope_is_one(here):
    (fault,) = report(failed(a_unit()), here=here)
    assert outcomes(park(here, json.dumps(fault)).resubmit(anyone)) == ["resubmitted"]


# --- looking and choosing -------------------------------------------------------------------------


def test_what_is_only_looked_at_stays_and_can_be_seen_again(here):
    queue = parked(here, *map(failed, units(*map(an_event, range(25)))))
    assert len(list(queue.faults())) == 25
    queue.release()
    assert waiting(here) == len(list(queue.faults())) == 25


def test_looking_ends_at_the_limit(here):
    queue = parked(here, *map(failed, units(*map(an_event, range(25)))))
    assert len(list(queue.faults(limit=12))) == 12


def test_a_dry_run_asks_no_function_and_deletes_nothing(here):
    queue = parked(here, *map(failed, units(*map(an_event, range(3)))))
    assert outcomes(queue.resubmit(anyone, dry=True)) == ["planned"] * 3
    assert (here.aws.invoked, waiting(here)) == ([], 3)


def test_only_what_is_chosen_is_resubmitted_and_the_rest_stays(here):
    first, second = units(*map(an_event, range(2)))
    queue = parked(here, failed(first), failed(second, TypeError("no")))
    results = list(queue.resubmit(lambda parked: parked.error == "TypeError"))
    assert [result.fault.error for result in results] == ["TypeError"]  # pyright: ignore[reportOptionalMemberAccess] - then it fails
    queue.release()
    assert waiting(here) == 1


def test_no_more_than_the_limit_is_resubmitted(here):
    queue = parked(here, *map(failed, units(*map(an_event, range(5)))))
    assert outcomes(queue.resubmit(anyone, limit=2)) == ["resubmitted"] * 2
    assert waiting(here) == 3


def test_hundreds_are_resubmitted_in_rounds(here):
    queue = parked(here, *map(failed, units(*map(an_event, range(450)))))
    assert outcomes(queue.resubmit(anyone)) == ["resubmitted"] * 450
    assert waiting(here) == 0


# --- the whole circle -----------------------------------------------------------------------------


def test_a_poisoned_record_becomes_a_fault_is_fixed_and_resubmitted(here):
    seen: list[tuple[str, str]] = []
    poisoned = {"event-1"}
    app = StreamApp()

    def total(uow):
        if uow.event.id in poisoned:
            raise KeyError("total")
        seen.append(("audit", uow.event.id))

    app.pipeline("audit", event_type="thing-*")(lambda stream: stream.tap(total))
    app.pipeline("other", event_type="thing-*")(
        lambda stream: stream.tap(lambda uow: seen.append(("other", uow.event.id)))
    )
    assert app.handle(to_kinesis_records(map(an_event, range(3))), here.world) == DONE
    others = [("other", f"event-{number}") for number in range(3)]
    assert sorted(seen) == [("audit", "event-0"), ("audit", "event-2"), *others]
    queue = park(here, *map(envelope, here.aws.faults))
    here.aws.functions["fn"] = lambda event: app.handle(event, here.world)

    seen.clear()
    poisoned.clear()
    assert outcomes(queue.resubmit(anyone)) == ["resubmitted"]
    assert seen == [("audit", "event-1")]
    assert waiting(here) == 0
