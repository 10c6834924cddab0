"""What somebody wants of one timer among several, all of which are written at once or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from cdk_streamer_runtime.timers.definition import Definition
from cdk_streamer_runtime.timers.service.conditions import UNCONDITIONAL, Conditions

# Gives the changed definition, or raises InvalidTimer.
Change: TypeAlias = Callable[[Definition], Definition]


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """A timer shall be so."""

    definition: Definition
    conditions: Conditions = UNCONDITIONAL

    @property
    def id(self) -> str:
        """Name the timer."""
        return self.definition.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A timer that is there shall change."""

    id: str
    change: Change
    conditions: Conditions = UNCONDITIONAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """A timer shall not be there."""

    id: str
    conditions: Conditions = UNCONDITIONAL


Entry: TypeAlias = Put | Patch | Delete
