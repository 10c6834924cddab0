"""Bugs of the function that delivers: what it acknowledges, hides, counts and waits for."""

from __future__ import annotations

from tests.runtime.simulation.mutation import Edit, Mutant

DELIVERING = (
    Mutant(
        name="what failed is acknowledged",
        file="sinks/outcome.py",
        before="ACKNOWLEDGED = frozenset({Ending.DONE,",
        after="ACKNOWLEDGED = frozenset({Ending.FAILED, Ending.DONE,",
    ),
    Mutant(
        name="what is handed back is acknowledged",
        file="sinks/outcome.py",
        before="ACKNOWLEDGED = frozenset({Ending.DONE,",
        after="ACKNOWLEDGED = frozenset({Ending.HANDED_BACK, Ending.DONE,",
    ),
    Mutant(
        name="rejected without telling the other queue",
        file="sinks/judge.py",
        before="            insisted(lambda: queue.put(message, reason), latest, self._platform)\n",
        after="            pass\n",
    ),
    Mutant(
        name="what is to come later is not hidden",
        file="sinks/worker.py",
        before="            self._hide(batch)\n        return _response(batch)",
        after="        return _response(batch)",
    ),
    Mutant(
        name="unavailability is an ordinary failure",
        file="sinks/outcome.py",
        before="return Ending.UNAVAILABLE if isinstance(error, kinds) else Ending.FAILED",
        after="return Ending.FAILED",
    ),
    Mutant(
        name="the circuit is not asked",
        file="sinks/delivery.py",
        before="if self.downstream is None or self.downstream.closed_off(now) is None:",
        after="if True:",
    ),
    Mutant(
        name="no watchdog",
        file="sinks/worker.py",
        before="        is_hanging = batch.interrupt(parts.judge.given_up)\n",
        after="        return\n        is_hanging = False\n",
    ),
    Mutant(
        name="the watchdog tells the circuit nothing",
        file="sinks/worker.py",
        before="            parts.downstream.failed(now)\n        self._hide(batch)",
        after="            pass\n        self._hide(batch)",
    ),
    Mutant(
        name="late turns are used",
        file="sinks/turns.py",
        before="            if self._platform.clock() <= slot.last:\n                return None",
        after="            if True:\n                return None",
        also=Edit(
            file="sinks/turns.py",
            before="        if self._platform.clock() <= self._slots[0].last:\n",
            after="        if True:\n",
        ),
    ),
    Mutant(
        name="a reservation is one slot",
        file="sinks/pacing.py",
        before="beginnings = [first + each * self.pace.interval for each in range(units)]",
        after="beginnings = [first for each in range(units)]",
        also=Edit(
            file="sinks/pacing.py",
            before="tolerance=room * pace.interval - SECOND",
            after="tolerance=10 * SECOND",
        ),
    ),
    Mutant(
        name="every process has a rate of its own",
        file="sinks/turns.py",
        before="            SinkRow.PACE,\n",
        after="            f'{SinkRow.PACE}{id(self._platform)}',\n",
    ),
    Mutant(
        name="a group goes on behind what comes again",
        file="sinks/batch.py",
        before="if self.fifo and not outcome.is_acknowledged:",
        after="if False:",
    ),
    Mutant(
        name="in a group all are forsaken together",
        file="sinks/judge.py",
        before="if ending is Ending.FAILED and dead is not None",
        after="if ending is None and dead is not None",
    ),
    Mutant(
        name="deliveries are not remembered",
        file="sinks/claims.py",
        before="            self._memory.done(message.record.key)\n",
        after="            pass\n",
    ),
    Mutant(
        name="a live claim of another is no obstacle",
        file="sinks/memory.py",
        before='" OR (attribute_not_exists(done) AND lease_until <= :now)"',
        after='" OR (attribute_not_exists(done) AND lease_until > :second)"',
    ),
    Mutant(
        name="in a batch all of a group fail",
        file="sinks/delivery.py",
        before="                if message.record.group in groups:",
        after="                if False:",
    ),
)
