"""`cdk-streamer sinks`: which sinks it finds, what it asks of them, what operators read."""

from __future__ import annotations

import argparse
import json
from types import SimpleNamespace
from typing import Any

import pytest

from cdk_streamer_local.cli import main
from cdk_streamer_local.errors import BadArgument
from cdk_streamer_local.sinks_command.access import Reached
from cdk_streamer_local.sinks_command.finding import FoundSink, chosen, sinks_of
from cdk_streamer_local.sinks_command.verbs import add_verbs
from cdk_streamer_runtime.contract.sinks import (
    KEY_ATTRIBUTE,
    ORIGIN_ATTRIBUTE,
    REASON_ATTRIBUTE,
    SINK_METADATA,
)
from cdk_streamer_runtime.memory import MemoryAws, QueueSchema

NONE = {"visible": 0, "inFlight": 0, "delayed": 0}
STATUS: dict[str, Any] = {
    "circuit": {
        "state": "half_open",
        "held": False,
        "paused": True,
        "openings": 2,
        "openedAt": 1_767_225_600_000,
        "until": 1_767_225_660_000,
        "failures": 5,
        "calls": 9,
    },
    "mapping": {"state": "Disabled"},
    "queue": {"visible": 12, "inFlight": 3, "delayed": 0},
    "deadLetters": NONE,
    "probes": 1,
    "redrives": [
        {"status": "FAILED", "moved": 3, "toMove": 9, "perSecond": 10, "reason": "it is gone",
         "startedAt": 1_767_225_600_000},
    ],
}  # fmt: skip
CLOSED = {
    "state": "closed", "held": False, "paused": False, "openings": 0, "openedAt": None,
    "until": None, "failures": 0, "calls": 0,
}  # fmt: skip


def text(value):
    return {"DataType": "String", "StringValue": value}


class Here:
    """One sink in memory, whose controller answers what a test wants."""

    def __init__(self, *, fifo=False):
        ending = ".fifo" if fifo else ""
        self.asked: list[Any] = []
        self.answer: dict[str, Any] = STATUS
        self.aws = MemoryAws(
            queues=[QueueSchema(name=f"{name}{ending}") for name in ("Queue", "Rejected")],
            functions={"Controller": self._control},
        )
        self.queue, self.rejected = (
            self.aws.queue_url(f"{name}{ending}") for name in ("Queue", "Rejected")
        )
        self.sink = FoundSink(
            name="Shop/Ledger", stack="Shop", region="eu-west-1", function="Delivery",
            controller="Controller", queue=self.queue, dead_letters="", rejected=self.rejected,
        )  # fmt: skip

    def _control(self, event):
        self.asked.append(event)
        if not self.answer:
            raise RuntimeError("it does not work")
        return self.answer

    def run(self, *words):
        """Run a verb as the command does; gives its exit status."""
        parser = argparse.ArgumentParser()
        add_verbs(parser)
        parsed = parser.parse_args(words)
        return parsed.run(parsed, [Reached(sink=self.sink, aws=self.aws)])

    def reject(self, body, reason, **attributes):
        told = {REASON_ATTRIBUTE: text(reason), ORIGIN_ATTRIBUTE: text(f"id-{body}")}
        group = {}
        if self.rejected.endswith(".fifo"):
            group = {"MessageGroupId": "g", "MessageDeduplicationId": body}
        self.aws.call("sqs", "SendMessage", {
            "QueueUrl": self.rejected, "MessageBody": body,
            "MessageAttributes": {**told, **attributes}, **group,
        })  # fmt: skip

    def sent(self):
        """Take what is in the sink's queue."""
        asked = {"AttributeNames": ["All"], "MessageAttributeNames": ["All"]}
        return self.aws.call(
            "sqs", "ReceiveMessage",
            {"QueueUrl": self.queue, "MaxNumberOfMessages": 10, **asked},
        ).get("Messages", [])  # fmt: skip


@pytest.fixture
def here():
    return Here()


# --- status, pause, resume


def test_a_sinks_state_is_told_in_words(here, capsys):
    here.reject("a", "no account 7")

    assert here.run("status") == 0

    assert here.asked == [{"command": "status"}]
    assert capsys.readouterr().out.splitlines() == [
        "Shop/Ledger",
        (
            "  circuit        half open, is tried at 2026-01-01T00:01:00Z, opened 2 times, "
            "5 of 9 calls failed"
        ),
        "  polling        Disabled",
        "  queue          12 waiting, 3 in flight",
        "  dead letters   0 waiting",
        "  rejected       1 waiting",
        (
            "  redrive        failed (it is gone), 3 of 9 moved, 10 a second, "
            "begun 2026-01-01T00:00:00Z"
        ),
    ]


def test_programs_get_the_whole_answer(here, capsys):
    here.run("status", "--json")

    told = json.loads(capsys.readouterr().out)
    assert told == {"name": "Shop/Ledger", "stack": "Shop", **STATUS, "rejected": NONE}


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_an_operators_word_is_passed_on_and_what_became_of_it_is_told(here, capsys, verb):
    here.answer = {**STATUS, "circuit": {**CLOSED, "held": verb == "pause"}, "redrives": []}

    assert here.run(verb, "Ledger") == 0

    assert here.asked == [{"command": verb}]
    held = ", held by an operator until `cdk-streamer sinks resume`" if verb == "pause" else ""
    assert capsys.readouterr().out.splitlines()[1] == f"  circuit        closed{held}"


def test_what_the_controller_refuses_is_said_with_its_remedy(here):
    here.answer = {"error": "ask for 1 to 500 a second"}

    with pytest.raises(BadArgument, match="refused; ask for 1 to 500 a second"):
        here.run("redrive")


def test_a_controller_that_fails_is_named(here):
    here.answer = {}

    with pytest.raises(BadArgument, match="the controller 'Controller' failed"):
        here.run("status")


# --- redrive


def test_dead_letters_go_back_at_the_rate_that_was_asked_for(here, capsys):
    here.answer = {"started": True, "perSecond": 5, "waiting": 40}

    assert here.run("redrive", "--per-second", "5") == 0

    assert here.asked == [{"command": "redrive", "perSecond": 5}]
    assert capsys.readouterr().out == "40 dead letters go back, 5 a second\n"


def test_a_redrive_that_is_not_begun_says_why_and_fails(here, capsys):
    here.answer = {"started": False, "reason": "the circuit is open"}

    assert here.run("redrive") == 1
    assert capsys.readouterr().out == "nothing goes back: the circuit is open\n"


@pytest.mark.parametrize("rate", ["0", "501", "1.5", "-1", "many"])
def test_a_rate_that_sqs_does_not_know_is_refused_before_anything_is_asked(here, rate):
    with pytest.raises(SystemExit):
        here.run("redrive", f"--per-second={rate}")

    assert here.asked == []


# --- rejected


def test_rejected_messages_are_listed_with_their_reasons_and_wait_on(here, capsys):
    here.reject("one", "no account 7")
    here.reject("two\x1b[2J", "", **{KEY_ATTRIBUTE: text("order-2")})

    assert here.run("rejected") == here.run("rejected") == 0

    told = capsys.readouterr()
    lines = [line.split("  ")[1:] for line in told.out.splitlines()]
    assert lines[:2] == lines[2:]
    assert lines[:2] == [
        ["id-one", "no account 7", "one"],
        ["id-two\x1b[2J".replace("\x1b", " "), "order-2", "-", "two [2J"],
    ]
    assert told.err == "2 rejected messages wait\n" * 2


def test_those_that_are_chosen_go_to_the_sink_as_they_were(here, capsys):
    number = {"DataType": "Number", "StringValue": "5"}
    here.reject("one", "no account 7", size=number)
    here.reject("two", "too late")

    assert here.run("rejected", "--resubmit", "--reason", "no account *", "--json") == 0

    (told,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (told["id"], told["reason"], told["body"]) == ("id-one", "no account 7", "one")
    (sent,) = here.sent()
    assert sent["Body"] == "one"
    assert sent["MessageAttributes"] == {"size": number, ORIGIN_ATTRIBUTE: text("id-one")}
    assert [each["reason"] for each in listed(here, capsys)] == ["too late"]


def listed(here, capsys):
    here.run("rejected", "--json")
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_limit_and_an_id_choose_too(here, capsys):
    for body in ("one", "two", "three"):
        here.reject(body, "no")

    here.run("rejected", "--limit", "2", "--json")
    assert len(capsys.readouterr().out.splitlines()) == 2
    here.run("rejected", "--resubmit", "--id", "id-two")
    assert [each["Body"] for each in here.sent()] == ["two"]


def test_messages_of_a_fifo_queue_keep_their_groups_and_are_no_duplicates():
    here = Here(fifo=True)
    here.reject("one", "no")

    here.run("rejected", "--resubmit")

    (sent,) = here.sent()
    assert sent["Attributes"]["MessageGroupId"] == "g"
    assert sent["Attributes"]["MessageDeduplicationId"] != "one"


# --- which sink


def found(name, stack="Shop"):
    return FoundSink(
        name=name, stack=stack, region="eu-west-1", function="f", controller="c", queue="q",
        dead_letters="d", rejected="r",
    )  # fmt: skip


SINKS = [found("Shop/Ledger"), found("Shop/Mail/Sink"), found("Bank/Ledger", "Bank")]


@pytest.mark.parametrize("name", ["Shop/Ledger", "Mail/Sink", "Sink"])
def test_a_sink_is_named_by_the_end_of_its_path(name):
    assert chosen(SINKS, name).name.endswith(name)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (None, "no sink was named; name one of: Bank/Ledger, Shop/Ledger, Shop/Mail/Sink"),
        ("Ledger", "'Ledger' names 2 sinks; name one of: Bank/Ledger, Shop/Ledger"),
        ("edger", "'edger' names 0 sinks; name one of: Bank/Ledger, Shop/Ledger, Shop/Mail/Sink"),
    ],
)
def test_a_name_that_means_no_sink_or_several_is_refused(name, why):
    with pytest.raises(BadArgument, match=why):
        chosen(SINKS, name)


def test_where_no_sink_is_the_command_says_where_to_look():
    with pytest.raises(BadArgument, match="no sink is deployed there"):
        chosen([], None)


class CloudFormation:
    """What boto3 gives for a few stacks."""

    meta = SimpleNamespace(region_name="eu-west-1")

    def __init__(self, **templates):
        self._templates = templates

    def get_template(self, StackName):  # noqa: N803 - boto3's
        return {"TemplateBody": self._templates[StackName]}

    def get_paginator(self, operation):
        return SimpleNamespace(
            paginate=lambda **asked: {
                "list_stacks": [
                    {"StackSummaries": [{"StackName": name}]} for name in self._templates
                ],
                "list_stack_resources": [
                    {
                        "StackResourceSummaries": [
                            {"LogicalResourceId": id, "PhysicalResourceId": f"{asked}-{id}"}
                            for id in part
                        ]
                    }
                    for part in (["F", "C"], ["Q", "D", "R"])
                ],
            }[operation]
        )


TOLD = {
    "name": "Shop/Ledger", "function": "F", "controller": "C", "queue": "Q",
    "dead_letters": "D", "rejected": "R",
}  # fmt: skip
TEMPLATE = {"Resources": {"Any": {"Type": "T"}, "F": {"Metadata": {SINK_METADATA: TOLD}}}}


@pytest.mark.parametrize("written", [TEMPLATE, json.dumps(TEMPLATE)])
def test_sinks_are_found_by_what_templates_say_of_them(written):
    stacks = CloudFormation(Shop=written, Empty={"Resources": {}}, Written="Resources: {}")

    (sink,) = sinks_of(stacks)

    asked = {"StackName": "Shop"}
    assert (sink.name, sink.stack, sink.region) == ("Shop/Ledger", "Shop", "eu-west-1")
    assert (sink.controller, sink.rejected) == (f"{asked}-C", f"{asked}-R")
    assert sinks_of(stacks, ["Empty"]) == []


def test_a_sink_that_is_still_being_made_is_none_yet():
    template = {"Resources": {"F": {"Metadata": {SINK_METADATA: {**TOLD, "queue": "Later"}}}}}

    assert sinks_of(CloudFormation(Shop=template)) == []


def test_without_a_running_app_the_command_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    assert main(["sinks", "status", "--local"]) == 1
    assert "cdk-streamer local" in capsys.readouterr().err
