"""Who is compared by `benchmarks.streams` does all of the work: none wins by leaving some."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks.contestants.process import Contestant
from benchmarks.contestants.records import dynamodb_records, file_of, kinds_of, kinesis_records
from cdk_streamer_runtime.streams import UnitOfWork, from_dynamodb, from_kinesis

RECORDS = 30


@pytest.mark.parametrize(
    ("told", "calls"),
    [
        ("plain trigger 1 stubbed", 3),
        ("ours trigger 10 stubbed", 10),
        ("ours listener 10 client", 30),
    ],
)
def test_a_contestant_sends_every_record(told: str, calls: int, tmp_path: Path):
    name, task, rules, mode = told.split()
    source = "kinesis" if task == "listener" else "dynamodb"
    file = file_of(tmp_path, source, int(rules), RECORDS)
    program = [sys.executable, "-m", "benchmarks.contestants.worker", name]

    contestant = Contestant.start(name, [*program, task, rules, str(file), mode], [])
    contestant.measure(RECORDS)
    contestant.end()

    assert (contestant.records, contestant.calls) == (RECORDS, calls)
    assert contestant.cpu[0] > 0
    assert contestant.peak > 0


def test_the_records_are_the_same_whenever_they_are_made():
    assert kinesis_records(kinds_of(10), 5) == kinesis_records(kinds_of(10), 5)
    assert dynamodb_records(kinds_of(1), 5) == dynamodb_records(kinds_of(1), 5)


def test_the_records_are_what_sources_write():
    sent = {"Records": kinesis_records(kinds_of(10), 5)}
    changed = {"Records": dynamodb_records(kinds_of(10), 5)}
    outcomes = [*from_kinesis(json.loads(json.dumps(sent))), *from_dynamodb(changed)]

    assert all(isinstance(outcome, UnitOfWork) for outcome in outcomes)
