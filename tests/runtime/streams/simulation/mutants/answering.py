"""Bugs in what becomes of a record: what is answered, what is told as a fault, and when."""

from __future__ import annotations

from tests.runtime.simulation.mutation import Edit, Mutant

ANSWERING = (
    Mutant(
        name="throttling is acknowledged",
        file="streams/engine/verdicts.py",
        before="                self._ledger.hand_back(uow, _name(error))\n"
        "            case Action.FAULT:",
        after="                pass\n            case Action.FAULT:",
    ),
    Mutant(
        name="throttling becomes a fault",
        file="streams/engine/verdicts.py",
        before="            case Action.RETRY | Action.REDELIVER:\n"
        "                self._ledger.hand_back(uow, _name(error))\n"
        "            case Action.FAULT:",
        after="            case Action.REDELIVER:\n"
        "                self._ledger.hand_back(uow, _name(error))\n"
        "            case Action.FAULT | Action.RETRY:",
    ),
    Mutant(
        name="the highest failed record is answered",
        file="streams/answers.py",
        before="positions = [min(positions)]",
        after="positions = [max(positions)]",
    ),
    Mutant(
        name="a failed message does not hold its group back",
        file="streams/answers.py",
        before="if number in positions or group in blocked:",
        after="if number in positions:",
    ),
    Mutant(
        name="records above a failed one are begun",
        file="streams/engine/verdicts.py",
        before="if now < until and not self._limits and self.stopped_by is None:",
        after="if now < until and self.stopped_by is None:",
    ),
    Mutant(
        name="faults of records that come again are published",
        file="streams/engine/ledger.py",
        before="for at, failure in standing if at not in returned]",
        after="for at, failure in standing]",
    ),
    Mutant(
        name="faults that could not be published are forgotten",
        file="streams/engine/run.py",
        before='self._ledger.hand_back(failure.of, "FaultNotPublished")',
        after="pass",
    ),
    Mutant(
        name="faults are kept for the next invocation",
        file="streams/app.py",
        before="            return reporter.FaultReporter(redaction=chosen, function=function)",
        after='            return self.__dict__.setdefault("kept", '
        "reporter.FaultReporter(redaction=chosen, function=function))",
        also=Edit(
            file="streams/faults/reporter.py",
            before="self._drafts, self._refused = {}, []\n        publication",
            after="self._refused = []\n        publication",
        ),
    ),
    Mutant(
        name="a fault for each pipeline",
        file="streams/faults/reporter.py",
        before="kind = kind_of(failure)",
        after="kind = kind_of(failure) + failure.pipeline",
    ),
    Mutant(
        name="a fault is called otherwise each time",
        file="streams/faults/reporter.py",
        before="id=digest(self._function, record, kind)",
        after="id=digest(self._function, record, kind, id(self))",
    ),
    Mutant(
        name="what cannot be read is dropped",
        file="streams/engine/verdicts.py",
        before="self._ledger.fault(Failure(of=outcome, error=None))",
        after="pass",
    ),
    Mutant(
        name="records that there was no time for are acknowledged",
        file="streams/engine/ledger.py",
        before="self._returned.update(range(position, len(self._batch.records)))",
        after="pass",
    ),
    Mutant(
        name="units that there was no time for are forgotten",
        file="streams/engine/verdicts.py",
        before="        self._ledger.hand_back(uow, DEADLINE)\n        return False",
        after="        return False",
    ),
    Mutant(
        name="no time is kept for the end",
        file="streams/engine/deadline.py",
        before="return now + remaining - _margin(remaining, remaining // 4)",
        after="return now + remaining",
    ),
)
