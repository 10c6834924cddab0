"""Durable executions as Lambda tells of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.documents import decode

_VERSION = "/2025-12-01"
_EVENTS = 1_000  # of a page
RUNNING = "RUNNING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One of them, as a list has it."""

    arn: str
    name: str
    status: str
    started: float
    ended: float | None

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Self:
        """Read it."""
        return cls(
            arn=told["DurableExecutionArn"],
            name=told["DurableExecutionName"],
            status=told["Status"],
            started=float(told["StartTimestamp"]),
            ended=float(told["EndTimestamp"]) if told.get("EndTimestamp") else None,
        )

    @property
    def is_over(self) -> bool:
        """Tell whether nothing about it will change any more."""
        return self.status != RUNNING


def latest(aws: Aws, function: str, most: int) -> Sequence[Execution]:
    """Give the executions of a function that began last, the latest first; raises AwsError."""
    told = _get(
        aws,
        f"{_VERSION}/functions/{quote(function, safe='')}/durable-executions"
        f"?ReverseOrder=true&MaxItems={most}",
    )
    return [Execution.read(each) for each in told.get("DurableExecutions") or ()]


def whole(aws: Aws, arn: str) -> Mapping[str, Any]:
    """Give all that Lambda tells of one; raises AwsError."""
    return _get(aws, _path(arn))


def events(aws: Aws, arn: str) -> Iterator[Mapping[str, Any]]:
    """Give its history with what steps recorded; raises AwsError."""
    marker = ""
    while True:
        words = f"&Marker={quote(marker, safe='')}" if marker else ""
        query = f"IncludeExecutionData=true&MaxItems={_EVENTS}{words}"
        page = _get(aws, f"{_path(arn)}/history?{query}")
        yield from page.get("Events") or ()
        marker = page.get("NextMarker") or ""
        if not marker:
            return


def stop(aws: Aws, arn: str) -> None:
    """End it; raises AwsError."""
    aws.rest("lambda", "POST", f"{_path(arn)}/stop")


def _path(arn: str) -> str:
    return f"{_VERSION}/durable-executions/{quote(arn, safe='')}"


def _get(aws: Aws, path: str) -> Mapping[str, Any]:
    return decode(aws.rest("lambda", "GET", path))
