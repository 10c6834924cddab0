"""Whoever hears how far a batch is, also when it ends; or nobody."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from cdk_streamer_runtime.batches.world import Teller

if TYPE_CHECKING:
    from cdk_streamer_runtime.contract import ErrorCode


class Ear(Teller, AbstractContextManager[Any], Protocol):
    """A channel: `ChannelProgress` is one."""

    def complete(self, result: object = None, /) -> None:
        """Tell that the batch is done."""
        ...

    def fail(self, code: ErrorCode | str, message: str, /) -> None:
        """Tell that it failed, and why."""
        ...


class Silence:
    """Tells nobody."""

    def report(
        self,
        percentage: float | None = None,
        message: str | None = None,
        *,
        current: float | None = None,
        total: float | None = None,
        unit: str | None = None,
    ) -> None:
        """Say nothing."""

    def complete(self, result: object = None, /) -> None:
        """Say nothing."""

    def fail(self, code: ErrorCode | str, message: str, /) -> None:
        """Say nothing."""

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End."""
