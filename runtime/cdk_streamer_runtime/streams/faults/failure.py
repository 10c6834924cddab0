"""A failure: what went wrong with which unit of work, and where."""

from __future__ import annotations

from dataclasses import dataclass

from cdk_streamer_runtime.streams.outcome import Undecodable
from cdk_streamer_runtime.streams.uow import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What could not be done. Of a record that could not be read there is no pipeline and step.

    It is always of one record: a unit of work that stood for several gives one failure for each,
    and is `within` there, with the request that met the error.
    """

    of: UnitOfWork | Undecodable
    error: BaseException | None
    pipeline: str = ""
    step: str = ""
    within: UnitOfWork | None = None
