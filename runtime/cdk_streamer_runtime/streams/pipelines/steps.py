"""Steps: what is done with units of work, one step after the other.

A pipeline is a tuple of steps. What comes out of one goes into the next; what comes out of none,
because a step gave None or nothing, is done. What a step raises ends this branch and becomes a
`Failure`, about which a policy decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from cdk_streamer_runtime.contract.streams import ResourceKind
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.uow import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What a step does with a resource: the construct grants this and nothing else.

    `name` is what the step calls the resource: `contract.streams.TABLE_RESOURCE`, or a name that
    the construct's `resources` has. `actions` are IAM's: `dynamodb:UpdateItem`.
    """

    kind: ResourceKind
    name: str
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Each:
    """A function of one unit of work, without input or output: filters and maps."""

    name: str
    apply: Callable[[UnitOfWork], UnitOfWork | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A function of one unit of work that gives any number of them."""

    name: str
    apply: Callable[[UnitOfWork], Iterable[UnitOfWork]]


class Gathering(Protocol):
    """What waits for other units of work. Those that it gives stand for those that it took."""

    def add(self, uow: UnitOfWork) -> Iterable[UnitOfWork]:
        """Take one, and give what is complete by that."""
        ...

    def finish(self) -> Iterable[UnitOfWork]:
        """Give the rest: no other comes in this invocation."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Gather:
    """A step that makes one unit of work of several, by `uow.merged`; a new one an invocation."""

    name: str
    new: Callable[[], Gathering]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A function of one unit of work that waits for somebody: a read, a write, a user's request.

    Calls of one partition key are made one after the other, of others at the same time.
    """

    name: str
    send: Callable[[UnitOfWork, World], UnitOfWork | None]
    uses: tuple[Use, ...] = ()


class Entry(NamedTuple):
    """What a bulk call sends for one unit of work, and the bytes that count for its limit."""

    value: Any
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkCall:
    """A call for several units of work at once.

    `prepare` makes an entry; without one, the unit of work passes on as it is. `send` gives one
    answer for each entry, in their order: a response, or the exception that this entry met. What
    `send` raises is met by all of them. A response is put under `response` into the scope.
    No call has two entries of one partition key unless `ordered` is false: a partial failure
    could not be repeated in order.
    """

    name: str
    prepare: Callable[[UnitOfWork, World], Entry | None]
    send: Callable[[Sequence[Any], World], Sequence[Any]]
    count: int
    size: int
    response: str
    uses: tuple[Use, ...] = ()
    ordered: bool = True


Step = Each | Spread | Gather | Call | BulkCall
