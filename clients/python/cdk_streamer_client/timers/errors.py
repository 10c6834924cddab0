"""Everything that a timer service says no with.

StreamerClientError
└── TimerError               the service said no; has status, title, detail, faults, retry_after
    ├── InvalidTimer         400, 413, 415, 422: there can be no such timer; also a ValueError
    ├── AccessDenied         401, 403: the credentials do not allow it
    ├── TimerNotFound        404: no such timer, or not this caller's
    ├── PreconditionFailed   412: the timer is another than `if_match` says, or there is one already
    ├── NotApplied           424: nothing wrong with this entry, but with another of its batch
    ├── ServiceBusy          429, 503, after all tries: ask again after `retry_after` seconds
    ├── ServiceFailed        500, 502, 504, after all tries: the service itself failed
    └── BatchFailed          entries of a batch could not be done; has outcomes

A service that gives no answer raises `Unreachable` or `ConnectionLost`, one that gives no sense
`ProtocolError`, as everywhere in this package.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cdk_streamer_client.errors import StreamerClientError
from cdk_streamer_runtime.timers.faults import Fault

if TYPE_CHECKING:
    from cdk_streamer_client.timers.entries import Outcome


class TimerError(StreamerClientError):
    """The timer service said no; `retry_after` is in seconds."""

    def __init__(
        self,
        title: str,
        *,
        status: int,
        detail: str = "",
        faults: Sequence[Fault] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(title)
        self.title = title
        self.status = status
        self.detail = detail
        self.faults = tuple(faults)
        self.retry_after = retry_after

    def __str__(self) -> str:
        reasons = [f"{fault.place}: {fault.detail}" for fault in self.faults] or [self.detail]
        return ": ".join(text for text in (self.title, "; ".join(reasons)) if text)


class InvalidTimer(TimerError, ValueError):
    """There can be no such timer; `faults` has one entry for each thing that is wrong."""


class AccessDenied(TimerError):
    """The credentials do not allow it."""


class TimerNotFound(TimerError):
    """There is no such timer, or it is not this caller's."""


class PreconditionFailed(TimerError):
    """The timer is another than `if_match` says, or with `create_only` there is one already."""


class NotApplied(TimerError):
    """The entry was not done, since another one of its batch cannot be."""


class ServiceBusy(TimerError):
    """The service could not do it now, however often it was asked: ask again later."""


class ServiceFailed(TimerError):
    """The service itself failed."""


class BatchFailed(TimerError):
    """Entries of a batch could not be done; `outcomes` has one for each entry, in their order."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self.outcomes = tuple(outcomes)
        failed = {each.id: each.error for each in self.outcomes if each.error is not None}
        guilty = {id: error for id, error in failed.items() if not isinstance(error, NotApplied)}
        errors = guilty or failed
        reasons = [f"{id!r}: {error}" for id, error in errors.items()]
        super().__init__(
            f"{len(failed)} of {len(self.outcomes)} entries were not done",
            status=getattr(next(iter(errors.values())), "status", 0),
            detail="; ".join(reasons[:_TOLD]),
        )


_TOLD = 3
_KINDS: dict[int, type[TimerError]] = {
    400: InvalidTimer,
    401: AccessDenied,
    403: AccessDenied,
    404: TimerNotFound,
    412: PreconditionFailed,
    413: InvalidTimer,
    415: InvalidTimer,
    422: InvalidTimer,
    424: NotApplied,
    429: ServiceBusy,
    503: ServiceBusy,
}
_SERVER = 500


def kind_of(status: int) -> type[TimerError]:
    """Give the error that stands for a status."""
    return _KINDS.get(status, ServiceFailed if status >= _SERVER else TimerError)
