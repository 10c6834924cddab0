"""What a durable execution does for a handler: the seam between us and whoever keeps the record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self


class Pending(Protocol):
    """An answer that somebody outside is to give, under an id that only we know."""

    @property
    def id(self) -> str:
        """What the answer is sent to."""
        ...

    def is_done(self) -> bool:
        """Tell whether it was answered, or nobody may any more."""
        ...

    def result(self) -> str:
        """Give the answer; suspends until there is one, raises InputTimeout when it is too late."""
        ...


class Steps(Protocol):
    """One invocation of a durable execution. `durable.sdk` and `memory.steps` each have one.

    Every invocation begins anew: what an earlier one recorded is given instead of done, in the
    same order and under the same names. What has to wait ends the invocation by `suspension`.
    """

    @property
    def suspension(self) -> type[BaseException]:
        """What rises through the handler when the invocation ends to be continued."""
        ...

    @property
    def faults(self) -> tuple[type[BaseException], ...]:
        """What rises when the record could not be kept: the invocation has to be repeated."""
        ...

    def is_replaying(self) -> bool:
        """Tell whether the handler is still where an earlier invocation has been."""
        ...

    def step(self, name: str, function: Callable[[], str]) -> str:
        """Give what the function returns, or returned in an earlier invocation."""
        ...

    def sleep(self, name: str, seconds: int) -> None:
        """Suspend for that long, once."""
        ...

    def callback(self, name: str, timeout: int | None) -> Pending:
        """Open an answer that can be given for `timeout` seconds, or as long as all goes on."""
        ...

    def map(
        self,
        name: str,
        count: int,
        branch: Callable[[Self, int], str],
        *,
        at_once: int,
        nested: bool,
    ) -> list[str]:
        """Give what `branch` returns for each number below `count`, `at_once` of them at a time.

        Each branch has steps of its own; one that waits keeps its place. All of them end, also
        when one fails, and only then StepFailed is raised. `nested` records each as a whole too.
        """
        ...

    def invoke(self, name: str, function: str, payload: str) -> str:
        """Suspend until a function has answered, once; raises StepFailed with what it raised."""
        ...

    def remaining(self) -> int:
        """Give the milliseconds that this invocation has left."""
        ...


class NotWritten(BaseException):
    """The table was out of reach in the midst of a handler: its invocation has to be repeated.

    No failure of the handler, so that no `except Exception` of an author may take it for one.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """The execution of one attempt: `name` is `<request key>-<attempt>`, `arn` its address."""

    name: str
    arn: str


def execution_name(key: str, attempt: int) -> str:
    """Give the name under which an attempt is started: started twice, it is one execution."""
    return f"{key}-{attempt}"
