"""Bugs in how calls are made: their order, what they wait for, and what their answers mean."""

from __future__ import annotations

from tests.runtime.simulation.mutation import Mutant

CALLING = (
    Mutant(
        name="no lock",
        file="streams/sinks/expressions.py",
        before='return f"attribute_not_exists(#{time}) OR #{time} < :{time} OR ({equal})"',
        after='return f"attribute_not_exists(#{time}) OR #{time} < :{time} OR ({equal})'
        ' OR NOT #{time} < :{time}"',
    ),
    Mutant(
        name="the lock ignores the sequence",
        file="streams/sinks/expressions.py",
        before="({known} AND NOT #{order} > :{order})",
        after="({known} AND NOT (#{order} > :{order} AND #{order} < :{order}))",
    ),
    Mutant(
        name="lanes of pipelines, not of keys",
        file="streams/engine/lanes.py",
        before='return [[uow[1]["partitionKey"] for uow in crowd.units] for crowd in crowds]',
        after="return [[f\"{n} {uow[1]['partitionKey']}\" for uow in crowd.units] "
        "for n, crowd in enumerate(crowds)]",
    ),
    Mutant(
        name="lanes without keys",
        file="streams/engine/lanes.py",
        before='return [[uow[1]["partitionKey"] for uow in crowd.units] for crowd in crowds]',
        after="return [[str(id(uow)) for uow in crowd.units] for crowd in crowds]",
    ),
    Mutant(
        name="what stands for several has one key",
        file="streams/engine/lanes.py",
        before='if "batch" in uow[3]:',
        after="if False:",
    ),
    Mutant(
        name="what gathers forgets at the end",
        file="streams/engine/run.py",
        before="while any([course.finish() for course in self._courses.values()]):",
        after="while False:",
    ),
    Mutant(
        name="calls that wait to be full are forgotten",
        file="streams/engine/run.py",
        before="self._drain(began, last=True)",
        after="pass",
    ),
    Mutant(
        name="a bulk call is repeated as a whole",
        file="streams/engine/calls.py",
        before="        for parcel, answer in zip(parcels, answers, strict=True):\n",
        after="        failed = next((e for e in answers if isinstance(e, Exception)), None)\n"
        "        for parcel, answer in zip(parcels, answers, strict=True):\n"
        "            answer = failed or answer\n",
    ),
    Mutant(
        name="entries that were refused too often are forgotten",
        file="streams/engine/calls.py",
        before="            self._fail(self._stop.units[parcel.index], error)\n"
        "            return 0",
        after="            return 0",
    ),
    Mutant(
        name="events that the bus refused count as published",
        file="streams/sinks/events.py",
        before='    code = result.get("ErrorCode")\n    if code is None:',
        after='    code = result.get("ErrorCode")\n    if True:',
    ),
    Mutant(
        name="records that the stream refused count as put",
        file="streams/sinks/records.py",
        before='code = result.get("ErrorCode")',
        after="code = None",
    ),
    Mutant(
        name="items that were put off count as written",
        file="streams/sinks/dynamodb.py",
        before='= answer.get("UnprocessedItems") or {}',
        after="= {}",
    ),
)
