"""Protocol bugs of those who write: the API, its transactions, its fast path."""

from __future__ import annotations

from tests.runtime.simulation.mutation import Edit, Mutant

REQUESTS = (
    Mutant(
        name="no fast path",
        file="timers/service/fast_path.py",
        before="        self._send(\n            [\n                self._due(",
        after="        _ignored = (\n            [\n                self._due(",
    ),
    Mutant(
        name="fast path without claimed_until",
        file="timers/service/fast_path.py",
        before="        end = claimed_until\n",
        after="        end = seconds(now) + self.look_ahead\n",
    ),
    Mutant(
        name="no fast path for what is repeated",
        file="timers/service/fast_path.py",
        before="for edit in edits if (timer := edit.after)]",
        after="for edit in edits if edit.change and (timer := edit.after)]",
    ),
    Mutant(
        name="old slot deleted outside the transaction",
        file="timers/table/store.py",
        before="    if found.slot is not None and found.slot != slot:\n"
        "        writes.append(Delete(key=primary(found.slot)))\n",
        after="",
        also=Edit(
            file="timers/table/store.py",
            before="                return False\n            raise\n        return True\n",
            after="                return False\n            raise\n"
            "        for change in changes:\n"
            "            slot, timer = change.found.slot, change.timer\n"
            "            if slot is not None and (timer is None or timer.slot != slot):\n"
            "                self._table.delete(primary(slot))\n"
            "        return True\n",
        ),
    ),
    Mutant(
        name="phase moved by a repeated PUT",
        file="timers/rest/body.py",
        before="phase=stable_number(id) % period if phase is None else phase)",
        after="phase=next(_MOVING) % period if phase is None else phase)",
        also=Edit(
            file="timers/rest/body.py",
            before="HOUR, MINUTE = 3_600, 60\n",
            after='HOUR, MINUTE = 3_600, 60\n_MOVING = __import__("itertools").count()\n',
        ),
    ),
    Mutant(
        name="identical PUT makes a revision",
        file="timers/service/edits.py",
        before="if before is not None and before.definition == definition:",
        after="if False:",
    ),
    Mutant(
        name="timer written over what was not read",
        file="timers/table/store.py",
        before='condition="rev = :rev AND slot_pk = :slot_pk AND slot_sk = :slot_sk",',
        after='condition=":rev = :rev AND :slot_pk = :slot_pk AND :slot_sk = :slot_sk",',
    ),
    Mutant(
        name="chain begins in a window that was read",
        file="timers/service/edits.py",
        before="first = successor(definition, max(claimed_until, since))",
        after="first = successor(definition, since)",
    ),
    Mutant(
        name="what an old definition owes forgotten",
        file="timers/service/service.py",
        before="            self._fast_path.pay(edits, now)\n",
        after="",
    ),
)
