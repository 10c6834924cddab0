"""What becomes of an error, by its class or the code that a service gave it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from cdk_streamer_runtime.streams.outcome import Undecodable


class Action(StrEnum):
    """What becomes of a unit of work that met an error."""

    RETRY = "retry"  # the call is made again in place, a few times, then it is redelivered
    REDELIVER = "redeliver"  # the record is handed back, and comes again
    FAULT = "fault"  # it becomes a fault event, and is done
    DROP = "drop"  # it is counted, and done
    STOP = "stop"  # the invocation fails: nothing of this batch is acknowledged


Kind = type[BaseException] | type[Undecodable] | str


def _nothing() -> Mapping[Kind, Action]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Policy:
    """Actions by classes of errors, or by the codes of AWS's.

    A code comes before a class, and a class before those that it is derived from. What a policy
    does not know is decided by the next one: the rule's, the app's, and at last the default, see
    `faults.defaults`. `Undecodable` stands for records that cannot be read.
    """

    actions: Mapping[Kind, Action] = field(default_factory=_nothing)

    def on(self, kind: Kind, action: Action | str) -> Policy:
        """Give a policy that does this as well; raises ValueError for what is no kind of error."""
        if not _is_kind(kind):
            raise ValueError(
                f"a policy is for a class of errors or the code of an AwsError, got {kind!r}"
            )
        try:
            chosen = Action(action)
        except ValueError:
            choices = ", ".join(Action)
            raise ValueError(f"action must be one of {choices}, got {action!r}") from None
        return Policy(MappingProxyType({**self.actions, kind: chosen}))

    def action(self, error: BaseException | Undecodable, code: str | None = None) -> Action | None:
        """Give what this policy says of an error, None if nothing."""
        actions = self.actions
        if not actions:
            return None
        if code is not None and code in actions:
            return actions[code]
        return next((actions[kind] for kind in type(error).__mro__ if kind in actions), None)


def _is_kind(kind: Any) -> bool:  # noqa: ANN401 - of the user
    if isinstance(kind, type):
        return issubclass(kind, BaseException | Undecodable)
    return isinstance(kind, str) and bool(kind)
