"""What goes wrong, and what becomes of it and of its neighbours."""

from __future__ import annotations

import base64
import json

import pytest

from cdk_streamer_local.cli import main
from tests.end_to_end.streams.processors import event

EMAIL = "ann@example.com"
ON_FAILURE = "Strict/OnFailure/Resource"


@pytest.fixture
def command(streams, monkeypatch, capsys):
    """Run `cdk-streamer streams` as in the folder of the app; gives its status and lines."""
    monkeypatch.chdir(streams.folder)
    url = streams.fault_queue("Listener")

    def run(verb, *arguments):
        capsys.readouterr()
        status = main(["streams", verb, "--local", "--queue", url, "--json", *arguments])
        return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


# --- faults


def test_a_poison_record_is_one_fault_and_its_neighbours_are_done(streams, id):
    poison = event("thing-told", id)
    del poison["thing"]["number"]
    with streams.held():
        streams.tell(
            event("thing-changed", f"{id}-a", 1), poison, event("thing-changed", f"{id}-b", 2)
        )

    streams.wait(lambda: streams.faults_of(id), "the fault")
    (fault,) = streams.faults_of(id)
    assert (fault["err"]["name"], fault["pipelines"]) == ("KeyError", ["view"])
    assert json.loads(base64.b64decode(fault["record"]["kinesis"]["data"])) == poison
    streams.wait(lambda: streams.history(f"{id}-b") == [2])
    assert streams.history(f"{id}-a") == [1]


def test_what_is_no_event_is_a_fault_that_shows_where_it_is_kept_and_blocks_nobody(streams, id):
    text = f"{id} is no JSON".encode()
    with streams.held():
        sequence, _, _ = streams.tell(text, b"\xff\x00", event("thing-told", id, 1))

    def found():
        return [each for each in streams.faults() if sequence_of(each) == sequence]

    streams.wait_for_number(id, 1)
    streams.wait(found, "the fault")
    (fault,) = found()
    assert fault["pipelines"] == []
    # What cannot be read cannot be redacted, so none of it is shown.
    assert fault["redacted"]
    kept = json.loads(streams.kept(fault["original"]["claimCheck"]))
    assert base64.b64decode(kept["kinesis"]["data"]) == text


def sequence_of(fault):
    return fault["record"].get("kinesis", {}).get("sequenceNumber")


def test_a_fault_is_seen_mended_and_given_back_by_the_command(streams, command, id):
    told = event("thing-guarded", id, 5, otherwise="is a fault", email=EMAIL)
    streams.tell(told)
    streams.wait(lambda: streams.faults_of(id), "the fault")

    status, seen = command("faults")
    (fault,) = [each["fault"] for each in seen if each["fault"]["partitionKey"] == id]
    assert (status, fault["err"]["name"], fault["redacted"]) == (0, "LookupError", True)
    assert EMAIL not in base64.b64decode(fault["record"]["kinesis"]["data"]).decode()
    assert EMAIL not in json.dumps(fault)

    streams.allow(id)
    status, (given,) = command("resubmit", "--id", fault["id"])
    assert (status, given["outcome"], given["pipelines"]) == (0, "resubmitted", ["guarded"])
    assert streams.item(id, "guarded")["email"] == EMAIL
    assert streams.faults_of(id) == []


def test_what_fails_again_when_it_is_given_back_is_a_fault_again_and_the_same_one(
    streams, command, id
):
    streams.tell(event("thing-guarded", id, 5, otherwise="is a fault"))
    streams.wait(lambda: streams.faults_of(id), "the fault")
    (fault,) = streams.faults_of(id)

    command("resubmit", "--id", fault["id"])

    streams.wait(lambda: streams.faults_of(id), "the fault")
    assert [each["id"] for each in streams.faults_of(id)] == [fault["id"]]


def test_a_fault_behind_what_comes_again_is_published_when_that_is_done_and_once(streams, id):
    poison = event("thing-told", f"{id}-poison")
    del poison["thing"]["number"]
    before = streams.metric("RecordsRedelivered")
    with streams.held():
        streams.tell(event("thing-guarded", id, 1, otherwise="comes again"), poison)
    streams.wait(lambda: streams.metric("RecordsRedelivered") >= before + 2)
    assert streams.faults_of(f"{id}-poison") == []

    streams.allow(id)
    streams.wait_for_number(id, 1, "guarded")
    streams.wait(lambda: streams.faults_of(f"{id}-poison"), "the fault")
    assert len(streams.faults_of(f"{id}-poison")) == 1


# --- what comes again


def test_what_cannot_be_done_yet_comes_again_and_what_is_done_does_not(streams, id):
    before = streams.metric("RecordsRedelivered")
    with streams.held():
        streams.tell(
            event("thing-changed", f"{id}-a", 1),
            event("thing-guarded", id, 2, otherwise="comes again"),
            event("thing-told", f"{id}-b", 3),
        )
    streams.wait(lambda: streams.history(f"{id}-a"))
    streams.wait(lambda: streams.metric("RecordsRedelivered") >= before + 4)
    assert streams.number(id, "guarded") is None

    streams.allow(id)
    streams.wait_for_number(id, 2, "guarded")
    streams.wait_for_number(f"{id}-b", 3)
    assert streams.history(f"{id}-a") == [1]
    assert streams.faults_of(id) == []


def test_a_missing_right_is_no_fault_and_is_done_when_it_is_there(streams, id):
    with streams.denied("Listener", "dynamodb:UpdateItem"):
        streams.tell(event("thing-told", id, 1))
        streams.wait_for_line("Listener", '"AccessDenied')
        assert streams.number(id) is None

    streams.wait_for_number(id, 1)
    assert streams.faults_of(id) == []


def test_what_there_is_no_time_for_is_handed_back_and_done_next(streams, id):
    with streams.held():
        streams.tell(*(event("thing-slow", id, number, seconds=0.8) for number in range(6)))

    streams.wait(lambda: len(streams.history(id)) >= 6)
    assert streams.history(id) == [*range(6)]
    streams.wait_for_line("Listener", '"deadline"')


# --- what is given up


def given_up(streams, sequence):
    """Give what the destination was told of the batch that begins with this record."""
    return next(
        streams.messages(
            ON_FAILURE, lambda told: told["KinesisBatchInfo"]["startSequenceNumber"] == sequence
        )
    )


def test_what_never_succeeds_is_given_up_with_where_it_stands_and_the_others_are_done(streams, id):
    with streams.held("Strict"):
        sequences = streams.tell(
            event("strict-told", f"{id}-a", 1),
            event("strict-told", id, 2, otherwise="never"),
            event("strict-told", f"{id}-b", 3),
        )

    info = given_up(streams, sequences[1])
    assert info["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert info["KinesisBatchInfo"]["endSequenceNumber"] == sequences[1]
    streams.wait_for_number(f"{id}-a", 1, "strict")
    streams.wait_for_number(f"{id}-b", 3, "strict")
    assert streams.number(id, "strict") is None


def test_a_batch_that_fails_as_a_whole_is_split_until_the_poison_is_alone(streams, id):
    healthy = [f"{id}-{number}" for number in range(6)]
    events = [event("strict-told", each, 1) for each in healthy]
    events.insert(2, event("strict-told", id, 1, otherwise="the whole"))
    with streams.held("Strict"):
        sequences = streams.tell(*events)

    info = given_up(streams, sequences[2])
    assert info["KinesisBatchInfo"]["batchSize"] == 1
    assert info["responseContext"]["functionError"] == "Unhandled"
    streams.wait(lambda: set(streams.numbers(healthy, "strict").values()) == {1})


@pytest.mark.calm("counts invocations")
def test_what_the_construct_was_told_not_to_grant_is_refused_and_handed_back(streams, id):
    (sequence,) = streams.tell(event("strict-forbidden", id, 1))

    info = given_up(streams, sequence)
    assert info["requestContext"]["approximateInvokeCount"] == 2
    streams.wait_for_line("Strict", '"AccessDenied')
    assert streams.archived(id) is None
