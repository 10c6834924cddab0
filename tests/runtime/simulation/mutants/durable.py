"""Protocol bugs of durable executions, and of the watch over what is late."""

from __future__ import annotations

from tests.runtime.simulation.mutation import Mutant

DURABLE = (
    Mutant(
        name="execution named without its attempt",
        file="durable/steps.py",
        before='return f"{key}-{attempt}"',
        after='return f"{key}"',
    ),
    Mutant(
        name="execution named anew with each start",
        file="durable/executions.py",
        before="self.begin(execution_name(key, attempt), {",
        after="self.begin(\n            execution_name(key[:20], attempt)"
        ' + str(__import__("random").getrandbits(60)),\n            {',
    ),
    Mutant(
        name="durable attempt judged by its lease",
        file="durable/repair.py",
        before="        State.RUNNING: _going_on,",
        after="        State.RUNNING: Repair._running,",
    ),
    Mutant(
        name="answer not passed on after a crash",
        file="durable/repair.py",
        before="        self._pass_on(request)\n",
        after="",
    ),
    Mutant(
        name="late answer taken for the next question",
        file="durable/answers.py",
        before="                    exact=True,\n",
        after="",
    ),
    Mutant(
        name="second answer told as taken",
        file="durable/answers.py",
        before="                request = changed.request\n                continue\n",
        after="                return changed.request\n",
    ),
    Mutant(
        name="question not told as settled",
        file="durable/worker.py",
        before="        if held.state is State.INPUT_REQUIRED and question.is_known_to(held):",
        after="        if False:",
    ),
    Mutant(
        name="throttled question taken for a failed handler",
        file="durable/attempt.py",
        before="        raise NotWritten(str(error)) from error",
        after="        raise",
    ),
    Mutant(
        name="chunks told again by a replay",
        file="durable/attempt.py",
        before="        if self._chunks > self._chunks_stored:",
        after="        if self._chunks > 0:",
    ),
    Mutant(
        name="durable request not started by the watcher",
        file="durable/repair.py",
        before="        self._executions.start(request.key, request.attempt)",
        after="        del request",
    ),
    Mutant(
        name="late claim not watched",
        file="requests/worker.py",
        before="self._platform.clock() - due >= LOST_AFTER",
        after="self._platform.clock() - due < 0",
    ),
    Mutant(
        name="a retry waits for ever",
        file="requests/repair.py",
        before="        if overdue >= patience:\n",
        after="        if overdue >= 10**12:\n",
    ),
)
