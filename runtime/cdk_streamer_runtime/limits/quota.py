"""A limit as it holds for one call: which item of the table counts it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cdk_streamer_runtime.keys import limit_key
from cdk_streamer_runtime.limits.limit import Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """One limit of one tenant, owner or action; `key` is its item's partition key."""

    key: str
    limit: Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who calls what."""

    tenant: str
    owner: str
    action: str


def quotas_of(app: Iterable[Limit], action: Iterable[Limit], asker: Asker) -> Sequence[Quota]:
    """Give what holds for a call: limits of the whole app, and those of its action alone."""
    every = [_quota(limit, "", asker) for limit in app]
    return every + [_quota(limit, asker.action, asker) for limit in action]


def _quota(limit: Limit, scope: str, asker: Asker) -> Quota:
    names = {
        "tenant": (asker.tenant,),
        "owner": (asker.tenant, asker.owner),
        "action": (asker.action,),
    }
    return Quota(key=limit_key(scope, limit.identity, *names[limit.per]), limit=limit)
