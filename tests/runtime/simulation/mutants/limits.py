"""Protocol bugs of limits."""

from __future__ import annotations

from tests.runtime.simulation.mutation import Mutant

LIMITS = (
    Mutant(
        name="place taken outside of the transaction",
        file="limits/ledger.py",
        before="                self._table.transact([*writes, *updates])",
        after="                self._table.transact(writes)\n"
        "                if updates:\n"
        "                    self._table.transact(updates)",
    ),
    Mutant(
        name="place not given back",
        file="limits/slots.py",
        before="                self._remove(limit, {request})",
        after="                pass",
    ),
    Mutant(
        name="limit not healed",
        file="limits/slots.py",
        before="        self._remove(limit, ended)\n        return True",
        after="        return True",
    ),
    Mutant(
        name="limit healed of open requests",
        file="requests/rollcall.py",
        before="not in TERMINAL}",
        after="in TERMINAL}",
    ),
    Mutant(
        name="cap not checked",
        file="limits/slots.py",
        before='condition="(attribute_not_exists(#slots) OR size(#slots) < :most)"',
        after='condition="(attribute_not_exists(#slots) OR NOT size(#slots) > :most)"',
    ),
)
