"""Why an action could never work: said when it is registered, or when its app is loaded."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from cdk_streamer_runtime.contract import MAX_EXPIRES_SECONDS, RESERVED_ACTIONS, Executor
from cdk_streamer_runtime.limits.limit import LIMITS_PER_ACTION, Limit
from cdk_streamer_runtime.requests.actions import SYNC_SECONDS, Action

_NAME = re.compile(r"[A-Za-z0-9_.:/-]{1,64}")


def registration_fault(action: Action, known: Mapping[str, Action]) -> str | None:
    """Tell why an action could not work in any app, or not beside those it knows."""
    if not _NAME.fullmatch(action.name):
        return f"an action's name must match {_NAME.pattern}, got {action.name!r}"
    if not callable(action.mode) and action.mode not in {"sync", "async"}:
        return (
            f'mode of action {action.name!r} must be "sync", "async" or a function of the payload, '
            f"got {action.mode!r}"
        )
    if action.name in RESERVED_ACTIONS:
        return f"action {action.name!r} is the protocol's own; choose another name"
    if action.name in known:
        return f"action {action.name!r} is registered twice"
    if action.timeout is not None and action.timeout < 1:
        return f"timeout of action {action.name!r} must be at least 1 s, got {action.timeout!r}"
    if not 1 <= action.expires <= MAX_EXPIRES_SECONDS:
        return (
            f"expires of action {action.name!r} must be between 1 and {MAX_EXPIRES_SECONDS} s, "
            f"got {action.expires!r}"
        )
    if action.mode == "sync" and action.timeout is not None and action.timeout > SYNC_SECONDS:
        return (
            f"action {action.name!r} has a timeout of {action.timeout} s, but a sync action has "
            f'{SYNC_SECONDS} s at most; use mode="async"'
        )
    if action.mode == "sync" and action.executor is Executor.DURABLE:
        return (
            f'action {action.name!r} is sync, but executor="durable" needs mode="async": '
            "it takes longer than a client can wait for"
        )
    if "progress" in action.parameters and action.mode == "sync":
        return f'action {action.name!r} reports progress, which needs mode="async"'
    return None


def limit_fault(action: Action, limits: Sequence[Limit]) -> str | None:
    """Tell why the limits of an action could not work together with those of its app."""
    if len(limits) + len(action.limits) > LIMITS_PER_ACTION:
        return (
            f"action {action.name!r} has {len(limits) + len(action.limits)} limits, those of the "
            f"app included, but {LIMITS_PER_ACTION} is the most; leave some out"
        )
    if action.mode == "sync" and any(limit.in_flight is not None for limit in action.limits):
        return (
            f'action {action.name!r} is sync, but in_flight counts async requests; use mode="async"'
            " or a rate"
        )
    return None


def deployment_fault(action: Action, limit: int | None) -> str | None:
    """Tell why an action cannot run where it is deployed, with `limit` seconds at most."""
    if limit is None:
        return (
            f'action {action.name!r} has executor="durable", but the AsyncRequestApi has no '
            "durable function; give it durable=Duration.days(...) or leave out the executor"
        )
    if action.timeout is None or action.timeout <= limit:
        return None
    place, remedy = _PLACES[action.executor]
    return (
        f"action {action.name!r} has a timeout of {action.timeout} s, but {place} "
        f"{limit} s; raise {remedy} or lower the action's timeout"
    )


_PLACES = {
    Executor.WORKER: ("the worker has", "worker_timeout"),
    Executor.DURABLE: ("a durable execution has", "durable"),
}
