"""What happens while an app runs here: told once, shown by whoever listens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from cdk_streamer_local.functions.reports import Report
from cdk_streamer_local.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Installing:
    """The engine is being installed, which happens once a user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthesized:
    """The app gave its stacks."""

    stacks: int
    resources: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Deploying:
    """A stack has come so far."""

    stack: str
    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """A stack is what its template says."""

    stack: str
    resources: int
    assets: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """Everything answers; again after each deployment."""

    record: Record
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Warmed:
    """Every function has a worker, except those that cannot be imported."""

    functions: int
    unloadable: Sequence[str]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoke:
    """A function told something; `function` is its name in the app."""

    function: str
    report: Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Why something failed, and what to do."""

    function: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloaded:
    """Functions run what was edited."""

    functions: Sequence[str]
    files: Sequence[str]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An edit could not be taken; what ran before still runs."""

    cause: str
    remedy: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsettled:
    """Bad luck was asked for: these troubles, of this seed."""

    troubles: Sequence[str]
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbed:
    """A function has bad luck, as it was asked for."""

    function: str
    text: str


Event: TypeAlias = (
    Installing
    | Synthesized
    | Deploying
    | Deployed
    | Ready
    | Warmed
    | Spoke
    | Explained
    | Reloaded
    | Kept
    | Unsettled
    | Disturbed
)
Observer: TypeAlias = Callable[[Event], None]
