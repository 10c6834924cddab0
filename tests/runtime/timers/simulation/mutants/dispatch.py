"""Protocol bugs of those who read and send: the dispatcher, its lease, the sender."""

from __future__ import annotations

from tests.runtime.simulation.mutation import Edit, Mutant

DISPATCH = (
    Mutant(
        name="claim after the read",
        file="timers/table/shards.py",
        before="claim = max(shard.claimed_until, shard.done_until + WINDOW)",
        after="claim = shard.claimed_until",
        also=Edit(
            file="timers/dispatch/lease.py",
            before="claim = max(self._shard.claimed_until, done + WINDOW if more else done)",
            after="claim = max(self._shard.claimed_until, done)",
        ),
    ),
    Mutant(
        name="registry read before the claim",
        file="timers/dispatch/dispatcher.py",
        before="        held = self._shards.acquired(",
        after="        self._pages.partitions(name, shard.done_until)\n"
        "        held = self._shards.acquired(",
        also=Edit(
            file="timers/table/pages.py",
            before="for item in self._registry(shard):",
            after='for item in self.__dict__.setdefault("kept", []) or '
            'self.__dict__.__setitem__("kept", self._registry(shard)) or self.__dict__["kept"]:',
        ),
    ),
    Mutant(
        name="eventually consistent read",
        file="timers/table/pages.py",
        before='"ConsistentRead": True,',
        after='"ConsistentRead": False,',
    ),
    Mutant(
        name="wall clock picks the window",
        file="timers/dispatch/lease.py",
        before='        """The first window that is not done."""\n'
        "        return self._shard.done_until",
        after="        now = self._platform.clock() // 60_000 * 60\n"
        "        return max(self._shard.done_until, now)",
    ),
    Mutant(
        name="no fencing on done",
        file="timers/table/shards.py",
        before='"epoch = :epoch AND done_until <= :done AND claimed_until <= :claim"',
        after='":epoch = :epoch AND done_until <= :done AND claimed_until <= :claim"',
    ),
    Mutant(
        name="cursor saved before sends are confirmed",
        file="timers/dispatch/window.py",
        before="        self._outbox.flush(self._lease.until)\n"
        "        self.cursor = Cursor("
        "window=self._start, after=self._after, open=dict(self._open))",
        after="        self.cursor = Cursor("
        "window=self._start, after=self._after, open=dict(self._open))\n"
        "        self._outbox.flush(self._lease.until)",
    ),
    Mutant(
        name="first page only",
        file="timers/dispatch/window.py",
        before="if page.last is None:",
        after="if True:",
    ),
    Mutant(
        name="Failed entries ignored",
        file="timers/sending/sender.py",
        before='failed = answer.get("Failed")',
        after="failed = None",
    ),
    Mutant(
        name="since ignored",
        file="timers/table/rows.py",
        before="for each in moments if each * 1000 >= since]",
        after="for each in moments]",
        also=Edit(
            file="timers/firing.py",
            before="max(start, -(-since // 1000))",
            after="start",
        ),
    ),
    Mutant(
        name="advance before send for a next firing",
        file="timers/dispatch/outbox.py",
        before="        beside = [firing for",
        after="        self._move_on()\n        beside = [firing for",
    ),
    Mutant(
        name="DelaySeconds rounded down",
        file="timers/sending/sender.py",
        before="-(-(firing.fire_at * 1000 - now) // 1000)",
        after="(firing.fire_at * 1000 - now) // 1000",
        also=Edit(
            file="timers/callbacks/callback.py",
            before="        if 0 < early <= EARLIEST:\n            self._platform.sleep(early)\n",
            after="",
        ),
    ),
    Mutant(
        name="callback does not wait",
        file="timers/callbacks/callback.py",
        before="        if 0 < early <= EARLIEST:\n            self._platform.sleep(early)\n",
        after="",
    ),
    Mutant(
        name="successor lost",
        file="timers/table/rows.py",
        before="return Found(sent, skipped, Move(item, keys.due(shard, following, definition.id)))",
        after="return Found(sent, skipped)",
    ),
    Mutant(
        name="latest of the late ones skipped",
        file="timers/firing.py",
        before="if misfire.policy is Policy.SKIP:",
        after="if misfire.policy is not Policy.FIRE_ALL:",
    ),
    Mutant(
        name="refused entry tried for ever",
        file="timers/sending/sender.py",
        before='if entry.get("SenderFault") and not message.is_queues_fault(code):',
        after="if not code:",
    ),
    Mutant(
        name="row that cannot be read ends the window",
        file="timers/dispatch/window.py",
        before="            except (KeyError, TypeError, ValueError) as error:\n",
        after="            except ZeroDivisionError as error:\n",
    ),
    Mutant(
        name="skipped hour of a night forgotten",
        file="timers/schedules/wheel.py",
        before="    while skipped < now:\n        yield skipped\n",
        after="    while skipped < now:\n",
    ),
    Mutant(
        name="revision not compared in strict mode",
        file="timers/callbacks/guard.py",
        before='return timer["rev"] == rev or (',
        after="return True or (",
    ),
    Mutant(
        name="firing that is done run again",
        file="timers/callbacks/guard.py",
        before='" OR (attribute_not_exists(done) AND lease_until <= :now)"',
        after='" OR lease_until <= :now OR attribute_exists(done)"',
    ),
)
