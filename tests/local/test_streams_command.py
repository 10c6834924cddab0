"""`cdk-streamer streams faults` and `resubmit`: what they print, and what they leave waiting."""

from __future__ import annotations

import argparse
import json

import pytest

from cdk_streamer_local.cli import main
from cdk_streamer_local.errors import BadArgument
from cdk_streamer_local.streams_command.command import (
    add_faults_arguments,
    add_resubmit_arguments,
)
from cdk_streamer_runtime.error_codes import aws_error
from tests.runtime.streams.faults.failures import FUNCTION, a_unit, an_event, failed, report, units
from tests.runtime.streams.surroundings import FAULTS, Surroundings

DONE = {"batchItemFailures": []}


@pytest.fixture
def here() -> Surroundings:
    here = Surroundings()
    here.aws.functions[FUNCTION] = lambda _: DONE
    return here


def park(here, *failures, redact=()):
    url = here.aws.memory.queue_url(FAULTS)
    for fault in report(*failures, here=here, redact=redact):
        body = json.dumps({"detail-type": "fault", "detail": fault})
        here.aws.memory.call("sqs", "SendMessage", {"QueueUrl": url, "MessageBody": body})


def run(here, verb, *arguments):
    """Run a verb as the command does, and give its exit status."""
    parser = argparse.ArgumentParser()
    {"faults": add_faults_arguments, "resubmit": add_resubmit_arguments}[verb](parser)
    queue = ["--queue", here.aws.memory.queue_url(FAULTS)]
    parsed = parser.parse_args([*queue, *arguments])
    return parsed.run(parsed, here.aws)


def two(here):
    first, second = units(*map(an_event, range(2)))
    park(here, failed(first), failed(second, TypeError("no"), pipeline="audit.publish"))


def waiting(here):
    return len(here.aws.memory.messages(FAULTS))


def test_faults_are_listed_a_line_each_and_wait_on(here, capsys):
    two(here)
    assert run(here, "faults") == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.split("  ")[0] == "2023-11-14T22:13:20Z"
    assert first.split("  ")[2:] == ["KeyError", "m1", "'total'"]
    assert second.split("  ")[2:] == ["TypeError", "audit.publish", "no"]
    assert run(here, "faults") == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_as_json_a_fault_is_there_whole(here, capsys):
    unit = a_unit()
    park(here, failed(unit))
    run(here, "faults", "--json")
    (line,) = capsys.readouterr().out.splitlines()
    document = json.loads(line)
    assert document["fault"]["record"] == unit.record
    assert document["obstacle"] is None


CHOICES = [
    (["--error", "KeyError"], 1),
    (["--error", "*Error"], 2),
    (["--pipeline", "m1"], 1),
    (["--pipeline", "m1", "--pipeline", "audit*"], 2),
    (["--rule", "audit"], 1),
    (["--pipeline", "audit"], 0),
    (["--function", "listener"], 2),
    (["--function", FUNCTION], 2),
    (["--function", "other"], 0),
    (["--source", "*stream/events"], 2),
    (["--error", "KeyError", "--rule", "audit"], 0),
    (["--id", "none"], 0),
    (["--limit", "1"], 1),
]


@pytest.mark.parametrize(("arguments", "count"), CHOICES)
def test_faults_can_be_chosen(here, capsys, arguments, count):
    two(here)
    run(here, "faults", *arguments)
    assert len(capsys.readouterr().out.splitlines()) == count


def test_a_dry_run_tells_what_would_be_done_and_does_nothing(here, capsys):
    two(here)
    assert run(here, "resubmit", "--dry-run") == 0
    output = capsys.readouterr()
    assert [line.split("  ")[0] for line in output.out.splitlines()] == ["planned"] * 2
    assert output.err == "2 planned\n"
    assert (here.aws.invoked, waiting(here)) == ([], 2)


def test_what_is_resubmitted_is_told_and_gone(here, capsys):
    two(here)
    assert run(here, "resubmit", "--json", "--error", "KeyError") == 0
    output = capsys.readouterr()
    (line,) = map(json.loads, output.out.splitlines())
    assert (line["outcome"], line["error"], line["pipelines"]) == (
        "resubmitted",
        "KeyError",
        ["m1"],
    )
    assert output.err == "1 resubmitted\n"
    assert waiting(here) == 1


def test_what_was_not_resubmitted_is_told_with_the_reason_and_fails(here, capsys):
    here.aws.functions[FUNCTION] = lambda event: {
        "batchItemFailures": [{"itemIdentifier": event["Records"][0]["kinesis"]["sequenceNumber"]}]
    }
    two(here)
    url = here.aws.memory.queue_url(FAULTS)
    here.aws.memory.call("sqs", "SendMessage", {"QueueUrl": url, "MessageBody": "hello"})
    assert run(here, "resubmit") == 1
    output = capsys.readouterr()
    assert "the function answered that the record has to come again" in output.out
    assert "the message is no JSON" in output.out
    assert output.err == "2 failed, 1 refused\n"
    assert waiting(here) == 3


def test_nothing_to_do_is_no_failure(here, capsys):
    assert run(here, "resubmit") == 0
    assert capsys.readouterr().err == "no faults wait\n"


def test_a_list_without_faults_says_why(here, capsys):
    run(here, "faults")
    two(here)
    run(here, "faults", "--id", "none")
    assert capsys.readouterr() == ("", "no faults wait\nnone of 2 faults is meant\n")


def test_another_function_smaller_calls_and_all_pipelines_can_be_asked_for(here):
    here.aws.functions["fixed"] = lambda _: DONE
    park(here, *map(failed, units(*map(an_event, range(3)))))
    assert run(here, "resubmit", "--to", "fixed", "--batch", "2", "--everywhere") == 0
    assert [len(event["Records"]) for _, event in here.aws.invoked] == [2, 1]
    assert {name for name, _ in here.aws.invoked} == {"fixed"}
    assert [event["resubmission"] for _, event in here.aws.invoked] == [{}, {}]


def test_what_an_error_quotes_cannot_steer_the_terminal(here, capsys):
    park(here, failed(a_unit(), ValueError("\x1b[2J\r\nplain \u202e")))
    run(here, "faults")
    output = capsys.readouterr().out
    assert [each for each in ("\x1b", "\r", "\u202e") if each in output] == []
    assert len(output.splitlines()) == 1


def test_a_redacted_record_without_an_original_is_marked_in_the_list(capsys):
    here = Surroundings(bucket=False)
    park(here, failed(a_unit(thing={"mail": "ann@example.com"})), redact=("mail",))
    run(here, "faults")
    assert "(its record is redacted" in capsys.readouterr().out


def test_a_queue_that_is_not_there_is_told_with_the_remedy(here):
    parser = argparse.ArgumentParser()
    add_faults_arguments(parser)
    parsed = parser.parse_args(["--queue", "https://sqs.memory/000000000000/none"])
    with pytest.raises(BadArgument, match="NonExistentQueue"):
        parsed.run(parsed, here.aws)


class Queues:
    """Knows queues by name alone."""

    def __init__(self, *names: str) -> None:
        self._urls = {name: f"https://sqs.memory/1/{name}" for name in names}

    def call(self, service, operation, parameters):
        assert service == "sqs"
        if operation == "ListQueues":
            return {"QueueUrls": [*self._urls.values()]} if self._urls else {}
        if operation == "GetQueueUrl":
            name = parameters["QueueName"]
            if name not in self._urls:
                raise aws_error("QueueDoesNotExist", "", 400, operation)
            return {"QueueUrl": self._urls[name]}
        self.asked = parameters["QueueUrl"]
        return {}


def listing(queues, *arguments):
    parser = argparse.ArgumentParser()
    add_faults_arguments(parser)
    parsed = parser.parse_args(arguments)
    parsed.run(parsed, queues)
    return queues.asked.rpartition("/")[2]


def test_the_only_fault_queue_need_not_be_named():
    assert listing(Queues("App-ListenerFaults1A2B", "work")) == "App-ListenerFaults1A2B"
    assert listing(Queues("a", "b"), "--queue", "b") == "b"


def test_the_dead_letters_of_a_fault_queue_are_not_taken_for_it():
    queues = Queues("App-ListenerFaultsQueue1A", "App-ListenerFaultsDeadLetters2B")
    assert listing(queues) == "App-ListenerFaultsQueue1A"


@pytest.mark.parametrize(
    ("names", "arguments", "cause", "remedy"),
    [
        (["AFaults", "BFaults"], [], "2 queues look like", "AFaults, BFaults"),
        (["work"], [], "no queues look like", "with its URL"),
        (["work"], ["--queue", "other"], "there is no queue 'other'", "name another"),
    ],
)
def test_a_queue_that_is_not_clear_is_asked_for(names, arguments, cause, remedy):
    with pytest.raises(BadArgument) as caught:
        listing(Queues(*names), *arguments)
    assert cause in caught.value.cause
    assert remedy in caught.value.remedy


@pytest.mark.parametrize("count", ["0", "-1", "many", "1.5", "٣"])
def test_a_count_that_is_none_is_refused(capsys, count):
    with pytest.raises(SystemExit):
        main(["streams", "resubmit", "--limit", count])
    assert "must be a whole number over 0" in capsys.readouterr().err


def test_without_an_app_that_runs_here_local_says_what_to_do(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(["streams", "faults", "--local"]) == 1
    assert "run `cdk-streamer local` there" in capsys.readouterr().err
