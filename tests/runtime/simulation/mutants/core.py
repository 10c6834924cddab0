"""Protocol bugs of the request itself: its claim, its fence, its retries, its news."""

from __future__ import annotations

from tests.runtime.simulation.mutation import Mutant

CORE = (
    Mutant(
        name="no sweeper",
        file="requests/watcher.py",
        before="look_again = None if request is None else self._repair_of(request).look(request)",
        after="look_again = None",
    ),
    Mutant(
        name="claim without condition",
        file="requests/store.py",
        before='condition="attempt = :attempt AND (#state = :waiting "\n'
        '                "OR #state = :queued AND expires_at > :now) '
        'AND attribute_not_exists(executor)",',
        after='condition="attempt = :attempt AND (#state <> :waiting OR #state <> :queued)",',
    ),
    Mutant(
        name="no fence",
        file="requests/store.py",
        before='condition="#state = :from AND attempt = :held" + ',
        after='condition="#state = :from AND :held = :held" + ',
    ),
    Mutant(
        name="no fence on progress",
        file="requests/store.py",
        before="IN (:running, :cancelling) AND attempt = :attempt "
        '"\n                "AND worker = :worker AND (',
        after='IN (:running, :cancelling) AND :attempt = :attempt "\n'
        '                "AND :worker = :worker AND (',
    ),
    Mutant(
        name="terminal overwritten",
        file="requests/store.py",
        before='condition="#state = :from AND attempt = :held" + ',
        after='condition=":from = :from AND attempt = :held" + ',
    ),
    Mutant(
        name="no heartbeat",
        file="requests/lease.py",
        before="return self.request.lease_until - self._length * 2 // 3",
        after="return self.request.lease_until + 10**9",
    ),
    Mutant(
        name="clock as sequence",
        file="requests/store.py",
        before="progress = :progress, seq = seq + :one",
        after="progress = :progress, seq = :one",
    ),
    Mutant(
        name="percentage going back",
        file="progress/coalescer.py",
        before="percentage = max(percentage, self._percentage)",
        after="pass",
    ),
    Mutant(
        name="late tick accepted",
        file="requests/store.py",
        before=" AND (attribute_not_exists(tick) OR tick < :tick)",
        after="",
    ),
    Mutant(
        name="swallowed exception",
        file="requests/worker.py",
        before="return failure_of(error, request, retry, self._platform.uniform)",
        after='return Success(result="null")',
    ),
    Mutant(
        name="submit not idempotent",
        file="requests/intake.py",
        before='Put(item=item, condition="attribute_not_exists(pk)")',
        after="Put(item=item)",
    ),
    Mutant(
        name="own submission not recognized",
        file="requests/intake.py",
        before="if existing.body_hash != request.body_hash:",
        after="if existing.body_hash == request.body_hash:",
    ),
    Mutant(
        name="no idempotency key",
        file="requests/worker.py",
        before="idempotency_key=request.key,",
        after='idempotency_key=f"{request.key}{request.attempt}",',
    ),
    Mutant(
        name="sink without fence",
        file="requests/actions.py",
        before="return self.attempt\n",
        after="return 1\n",
    ),
    Mutant(
        name="dead-lettered request not queued again",
        file="requests/repair.py",
        before="pause = self._send_again(request, age)",
        after="pause = LONGEST_LOOK",
    ),
    Mutant(
        name="lost retry not queued again",
        file="requests/repair.py",
        before="return min(self._send_again(request, overdue), patience - overdue + GRACE)",
        after="return LONGEST_LOOK",
    ),
    Mutant(
        name="live lease acknowledged",
        file="requests/worker.py",
        before="        if request.is_leased(self._platform.clock()):\n            return False",
        after="        if request.is_leased(self._platform.clock()):\n            return True",
    ),
    Mutant(
        name="snapshot read before subscribing",
        file="requests/desk.py",
        before="        return self._store.subscribe"
        "(key, connection, caller.expires, self._clock(), gone)",
        after="        before = self.find(caller, request_id)\n"
        "        self._store.subscribe(key, connection, caller.expires, self._clock())\n"
        "        return before",
    ),
    Mutant(
        name="crashed attempt not started over",
        file="requests/repair.py",
        before='        changes = {"attempt": request.attempt + 1, "retry_at": now}',
        after='        changes = {"attempt": request.attempt, "retry_at": now}',
    ),
    Mutant(
        name="stream repeats nothing",
        file="requests/dispatcher.py",
        before="return [news[index] for index in sorted(set(failed))]",
        after="return []",
    ),
    Mutant(
        name="cancel ends what is running",
        file="requests/transitions.py",
        before="(State.RUNNING, Event.CANCEL): State.CANCELLING,",
        after="(State.RUNNING, Event.CANCEL): State.CANCELLED,",
    ),
    Mutant(
        name="end not told",
        file="requests/endings.py",
        before="        self._tell(request, news.ending(request, self._clock(), self._results))\n",
        after="",
    ),
)
