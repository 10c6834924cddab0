"""A pipeline: which events it takes, and what it does with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_streamer_runtime.streams.pipelines.steps import Step
from cdk_streamer_runtime.streams.uow import UnitOfWork

if TYPE_CHECKING:
    from cdk_streamer_runtime.streams.faults.policy import Policy
    from cdk_streamer_runtime.streams.routing.patterns import EventTypes


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """What a rule compiles to; a rule may have several.

    `accepts` looks at events of fitting types; what it refuses is done. `policy` decides about
    errors here before the app's does. `emits` are the types of the events that it publishes, as
    far as they are known. `own`: it also takes what this processor has emitted itself.
    """

    id: str
    types: EventTypes
    steps: tuple[Step, ...]
    accepts: Callable[[UnitOfWork], bool] | None = None
    policy: Policy | None = None
    emits: tuple[str, ...] = ()
    own: bool = False
