"""Who may hear which channel, beyond belonging to its tenant: the author's own decision."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from cdk_streamer_runtime.callers import Caller
from cdk_streamer_runtime.contract import ErrorCode
from cdk_streamer_runtime.errors import Rejection

ChannelRule = Callable[[Caller, str], bool]


def check_rule(rule: ChannelRule) -> None:
    """Refuse what could never decide; raises TypeError."""
    name = getattr(rule, "__name__", type(rule).__name__)
    if inspect.iscoroutinefunction(rule):
        raise TypeError(f"channel rule {name!r} must be a plain function; leave out async")
    try:
        inspect.signature(rule).bind("caller", "channel")
    except TypeError:
        raise TypeError(f"channel rule {name!r} must take a caller and a channel's name") from None


def admit(rule: ChannelRule | None, caller: Caller, channel: str) -> None:
    """Let a caller subscribe whom the rule lets; raises Rejection, or what the rule raises."""
    if rule is None:
        return
    allowed: object = rule(caller, channel)
    if allowed is False:
        raise Rejection(ErrorCode.FORBIDDEN, "this channel is not for this caller")
    if allowed is not True:
        # A forgotten `return`, or a value that merely looks like a yes.
        raise TypeError(
            f"the channel rule must return True or False, got a {type(allowed).__name__}"
        )
