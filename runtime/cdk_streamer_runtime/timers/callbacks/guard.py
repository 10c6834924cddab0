"""What a callback asks the table before and after it runs: is the firing wanted, is it done."""

from __future__ import annotations

from collections.abc import Callable

from cdk_streamer_runtime.contract.timers import (
    TIMER_MEMORY_SECONDS,
    TimerMetric,
    TimerState,
)
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import ConditionFailed
from cdk_streamer_runtime.timers.callbacks.verdict import Verdict
from cdk_streamer_runtime.timers.table import keys
from cdk_streamer_runtime.timers.table.items import is_there, primary
from cdk_streamer_runtime.timers.world import Meter

CLOCKS = 1_000  # milliseconds that clocks differ by, at most


class Guard:
    """Compares revisions when `strict`, and remembers firings when it is to `dedupe`."""

    def __init__(
        self,
        table: Table,
        *,
        strict: bool,
        dedupe: bool,
        metrics: Meter,
        clock: Callable[[], int],
        new_token: Callable[[], str],
    ) -> None:
        """Take the timers' table."""
        self._table = table
        self._strict = strict
        self._dedupe = dedupe
        self._metrics = metrics
        self._clock = clock
        self._new_token = new_token
        self._tokens: dict[tuple[str, int], str] = {}

    def admit(self, id: str, moment: int, rev: int, remaining: int) -> Verdict:
        """Decide on a firing that runs for `remaining` milliseconds at most; raises AwsError."""
        if self._strict and not self._is_wanted(id, moment, rev):
            self._metrics.count(TimerMetric.FIRINGS_DROPPED)
            return Verdict.DROP
        if not self._dedupe:
            return Verdict.RUN
        verdict = self._claim(id, moment, remaining)
        if verdict is Verdict.DROP:
            self._metrics.count(TimerMetric.FIRINGS_REPEATED)
        return verdict

    def done(self, id: str, moment: int) -> None:
        """Remember that the firing is done; raises AwsError."""
        token = self._tokens.pop((id, moment), None)
        if token is None:
            return
        try:
            self._table.update(
                primary(keys.firing(id, moment)),
                "SET done = :done, #ttl = :ttl REMOVE lease_until",
                condition="attribute_not_exists(done)",
                names={"#ttl": "ttl"},
                values={":done": True, ":ttl": self._ttl(moment)},
                returns="NONE",
            )
        except ConditionFailed:
            return  # another invocation has done it too, which is as it is

    def failed(self, id: str, moment: int) -> None:
        """Forget the claim, so that the next attempt need not wait for its end; raises AwsError."""
        token = self._tokens.pop((id, moment), None)
        if token is None:
            return
        try:
            self._table.delete(
                primary(keys.firing(id, moment)),
                condition="#token = :token AND attribute_not_exists(done)",
                names={"#token": "token"},
                values={":token": token},
            )
        except ConditionFailed:
            return  # another invocation has it, or has done it

    def _is_wanted(self, id: str, moment: int, rev: int) -> bool:
        timer = self._table.get(primary(keys.meta(id)))
        if timer is None or not is_there(timer, self._clock()):
            return False
        # A revision is never older than its timer: this one is of a timer that was deleted since.
        if timer["state"] == TimerState.PAUSED or rev < timer["created_at"]:
            return False
        # What was due before an edit was due rightly; of what is due later, the edit has sent anew.
        return timer["rev"] == rev or (timer["rev"] > rev and moment * 1000 < timer["updated_at"])

    def _claim(self, id: str, moment: int, remaining: int) -> Verdict:
        token, now = self._new_token(), self._clock()
        try:
            self._table.update(
                primary(keys.firing(id, moment)),
                "SET #token = :token, lease_until = :until, #ttl = :ttl",
                condition="attribute_not_exists(pk)"
                " OR (attribute_not_exists(done) AND lease_until <= :now)",
                names={"#token": "token", "#ttl": "ttl"},
                values={
                    ":token": token,
                    ":until": now + remaining + CLOCKS,
                    ":ttl": self._ttl(moment),
                    ":now": now,
                },
                returns="NONE",
            )
        except ConditionFailed as error:
            item = error.item or {}
            if item.get("done"):
                return Verdict.DROP
            if item.get("token") != token:  # else the answer was lost, and the client asked again
                return Verdict.WAIT
        self._tokens[id, moment] = token
        return Verdict.RUN

    def _ttl(self, moment: int) -> int:
        return max(moment, self._clock() // 1000) + TIMER_MEMORY_SECONDS
