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
        name="the circuit is written over what was not read",
        file="sinks/circuits.py",
        before='condition, values = "#version = :version", {":version": before.version}',
        after='condition, values = ":version = :version AND (attribute_not_exists(#version) OR '
        'attribute_exists(#version))", {":version": before.version}',
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
    Mutant(
        name="a failure far from the last begins anew",
        file="breaker.py",
        before="if is_share or (breaker.streaks and streak >= needed):",
        after="if is_share:",
    ),
    Mutant(
        name="dead letters are moved into an open circuit",
        file="sinks/control/redrive.py",
        before="        if not standing.is_closed:",
        after="        if False:",
    ),
    Mutant(
        name="successes of before the window count",
        file="breaker.py",
        before="circuit, calls = replace(circuit, since=now, failures=0, calls=0), 1",
        after="circuit = replace(circuit, since=now, failures=0, calls=0)",
        also=Edit(
            file="sinks/successes.py",
            before="for at, count in self._counts if at >= moment)",
            after="for at, count in self._counts)",
        ),
    ),
)
