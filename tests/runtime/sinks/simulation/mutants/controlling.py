"""Bugs of the circuit and of the function that pauses, probes and wakes itself."""

from __future__ import annotations

from tests.runtime.simulation.mutation import Edit, Mutant

CONTROLLING = (
    Mutant(
        name="polling is never paused",
        file="sinks/control/settling.py",
        before="turn = self._polling.turn(on=not standing.is_off)",
        after="turn = self._polling.turn(on=True)",
    ),
    Mutant(
        name="polling is never resumed",
        file="sinks/control/settling.py",
        before="turn = self._polling.turn(on=not standing.is_off)",
        after="turn = self._polling.turn(on=False) if standing.is_off else Turn.TURNED",
    ),
    Mutant(
        name="a mapping that is busy counts as turned",
        file="sinks/control/polling.py",
        before="            return Turn.BUSY",
        after="            return Turn.TURNED",
    ),
    Mutant(
        name="the mapping itself is not looked at",
        file="sinks/control/settling.py",
        before="            if is_noted and not check:",
        after="            if is_noted:",
    ),
    Mutant(
        name="the pauses of operators are forgotten",
        file="sinks/standing.py",
        before="return self.held or not self.is_closed",
        after="return not self.is_closed",
    ),
    Mutant(
        name="nobody is woken when it opens",
        file="sinks/circuit.py",
        before="            self._wakeups.opened(standing.version)\n",
        after="            pass\n",
    ),
    Mutant(
        name="nobody is woken for the trial",
        file="sinks/control/settling.py",
        before="            self._wakeups.probe(standing.version, max(wait, _SOON))\n",
        after="            pass\n",
    ),
    Mutant(
        name="a trial that was lost is waited for",
        file="breaker.py",
        before="    if now < circuit.until:\n        return False, circuit\n",
        after="    if now < circuit.until or circuit.state is CircuitState.HALF_OPEN:\n"
        "        return False, circuit\n",
    ),
    Mutant(
        name="a trial is soon taken for lost",
        file="breaker.py",
        before="until=now + (breaker.trial_time or breaker.pause),",
        after="until=now + 2_000,",
        also=Edit(
            file="sinks/control/prober.py",
            before='"before": trial.before}',
            after='"before": trial.before + 90_000}',
        ),
    ),
    Mutant(
        name="probes are received each time",
        file="sinks/control/prober.py",
        before="        elif answer.verdict is not ProbeVerdict.FAILED:\n",
        after="        else:\n",
    ),
    Mutant(
        name="a probe that failed is deleted",
        file="sinks/control/prober.py",
        before="        if held.id not in answer.failed:",
        after="        if held:",
    ),
    Mutant(
        name="a probe that was done stays in the queue",
        file="sinks/control/prober.py",
        before="            self._backlog.delete(held.receipt)\n",
        after="",
    ),
    Mutant(
        name="held probes are not released",
        file="sinks/control/settling.py",
        before="            self._held.release(self._held.all())\n",
        after="            pass\n",
    ),
    Mutant(
        name="pauses do not grow",
        file="breaker.py",
        before="breaker.pause * 2 ** min(max(openings - 1, 0), 30)",
        after="breaker.pause",
    ),
    Mutant(
        name="a failed trial closes the circuit",
        file="sinks/control/settling.py",
        before="            return standing.refused(breaker, now)",
        after="            return standing.passed(breaker, now)",
    ),
)
