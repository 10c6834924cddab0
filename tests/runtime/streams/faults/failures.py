"""Failures of records from each source, and the faults that they make."""

from __future__ import annotations

import contextlib
from typing import Any

from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.faults.failure import Failure
from cdk_streamer_runtime.streams.faults.redaction import Redaction
from cdk_streamer_runtime.streams.faults.reporter import FaultReporter
from cdk_streamer_runtime.streams.sources.kinesis import from_kinesis, to_kinesis_records
from cdk_streamer_runtime.streams.uow import UnitOfWork
from tests.runtime.streams.surroundings import Surroundings

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:listener"
NOW = 1_700_000_000_000


def an_event(number: int = 0, **members: Any) -> Event:
    return Event(
        {
            "id": f"event-{number}",
            "type": "thing-created",
            "timestamp": NOW + number,
            "partitionKey": f"key-{number}",
            "tags": {},
            "thing": {"name": "n"},
            **members,
        }
    )


def units(*events: Event) -> list[Any]:
    """Give the outcomes of these events as Kinesis brings them."""
    return list(from_kinesis(to_kinesis_records(events)))


def a_unit(**members: Any) -> UnitOfWork:
    (unit,) = units(an_event(**members))
    return unit


def raised(error: Exception) -> Exception:
    """Give an error as it is caught: with the places where it was raised."""
    with contextlib.suppress(type(error)):
        raise error
    return error


def failed(of: Any, error: BaseException | None = None, pipeline: str = "m1", **members: Any):
    return Failure(of=of, error=error or KeyError("total"), pipeline=pipeline, **members)


def report(
    *failures: Failure,
    here: Surroundings | None = None,
    redact: tuple[str, ...] = (),
) -> list[dict[str, Any]]:
    """Report failures, all of which must be published, and give the faults."""
    here = here or Surroundings()
    reporter = FaultReporter(redaction=Redaction.of(redact), function=FUNCTION)
    for failure in failures:
        reporter.add(failure)
    assert reporter.publish(here.world) == []
    return here.aws.faults


def only(faults: list[dict[str, Any]]) -> dict[str, Any]:
    (fault,) = faults
    return fault
