"""Event source mappings: who reads what, and whether it does just now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.documents import decode, encode

_PATH = "/2015-03-31/event-source-mappings/"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMapping:
    """One of them. `function` is the engine's name; `state` is in Lambda's words."""

    id: str
    source: str
    function: str
    state: str
    batch: int | None
    window: int | None
    concurrency: int | None
    starting: str
    partial: bool
    filters: int
    result: str

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Self:
        """Read what Lambda tells."""
        scaling: Mapping[str, int] = told.get("ScalingConfig") or {}
        criteria: Mapping[str, list[object]] = told.get("FilterCriteria") or {}
        return cls(
            id=told["UUID"],
            source=told.get("EventSourceArn", ""),
            function=told["FunctionArn"].split(":")[6],
            state=told.get("State", ""),
            batch=told.get("BatchSize"),
            window=told.get("MaximumBatchingWindowInSeconds"),
            concurrency=scaling.get("MaximumConcurrency"),
            starting=told.get("StartingPosition") or "",
            partial="ReportBatchItemFailures" in (told.get("FunctionResponseTypes") or ()),
            filters=len(criteria.get("Filters") or ()),
            result=told.get("LastProcessingResult") or "",
        )


def mappings(aws: Aws) -> Iterator[SourceMapping]:
    """Give all of a place; raises AwsError."""
    marker = ""
    while True:
        words = f"?Marker={quote(marker, safe='')}" if marker else ""
        page: Mapping[str, Any] = decode(aws.rest("lambda", "GET", f"{_PATH}{words}"))
        yield from map(SourceMapping.read, page.get("EventSourceMappings") or ())
        marker = page.get("NextMarker") or ""
        if not marker:
            return


def turn(aws: Aws, mapping: str, *, on: bool) -> None:
    """Let it read, or not; raises AwsError."""
    headers = {"content-type": "application/json"}
    path = f"{_PATH}{quote(mapping, safe='')}"
    aws.rest("lambda", "PUT", path, body=encode({"Enabled": on}).encode(), headers=headers)
