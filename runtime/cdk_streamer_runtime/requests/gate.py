"""Which limits hold for a call, and whether it may pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cdk_streamer_runtime.contract import DURABLE_SECONDS, Executor
from cdk_streamer_runtime.limits.ledger import Ledger
from cdk_streamer_runtime.limits.limit import Limit
from cdk_streamer_runtime.limits.quota import Asker, Quota, quotas_of
from cdk_streamer_runtime.requests.actions import Action
from cdk_streamer_runtime.requests.items import last_moment
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.sockets.connections import Caller


class Gate:
    """The limits of an app, as its callers meet them."""

    def __init__(self, limits: Sequence[Limit], ledger: Ledger) -> None:
        """Take the limits for all actions together, and what counts calls."""
        self._limits = limits
        self._ledger = ledger

    def quotas(self, caller: Caller, action: Action) -> Sequence[Quota]:
        """Give what an async call takes from when it is accepted."""
        asker = Asker(tenant=caller.tenant, owner=caller.owner, action=action.name)
        return quotas_of(self._limits, action.limits, asker)

    def charge(self, caller: Caller, action: Action, now: int) -> None:
        """Let a sync call pass; raises RateLimited. `now` is in milliseconds."""
        self._ledger.charge(self.quotas(caller, action), now)


def longest_life(actions: Iterable[Action], worker_timeout: int) -> int:
    """Give the milliseconds for which a request of any action can be open at most."""
    return max((_life(action, worker_timeout) for action in actions), default=0)


def _life(action: Action, worker_timeout: int) -> int:
    longest = DURABLE_SECONDS if action.executor is Executor.DURABLE else worker_timeout
    return last_moment(
        Request(
            key="",
            tenant="",
            owner="",
            request_id="",
            action=action.name,
            body_hash="",
            created_at=0,
            expires_at=action.expires * 1000,
            timeout=(action.timeout or longest) * 1000,
            max_attempts=action.retry.max_attempts,
        )
    )
