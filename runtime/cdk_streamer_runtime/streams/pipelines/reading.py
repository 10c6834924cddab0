"""The part of a stream's builder that reads: items and objects that belong to an event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from cdk_streamer_runtime.contract.streams import TABLE_RESOURCE
from cdk_streamer_runtime.streams.pipelines.shaping import Make, Shaping

MOST = 10_000  # items of one query or scan


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading(Shaping):
    """Steps that read. What is asked once in an invocation is not asked again with `cache`."""

    def get(
        self,
        request: Make | None = None,
        *,
        table: str = TABLE_RESOURCE,
        consistent: bool = False,
        cache: bool = True,
    ) -> Self:
        """Read an item, `{"Key": ...}`; None if there is none."""
        from cdk_streamer_runtime.streams.queries.items import get

        step = get(table=table, consistent=consistent, cache=cache)
        return self._requested("get_request", request).add(step)

    def batch_get(
        self,
        request: Make | None = None,
        *,
        table: str = TABLE_RESOURCE,
        consistent: bool = False,
        cache: bool = True,
    ) -> Self:
        """Read the items of `{"Keys": [...]}`, in their order; None for each that is not there."""
        from cdk_streamer_runtime.streams.queries.items import batch_get

        step = batch_get(table=table, consistent=consistent, cache=cache)
        return self._requested("batch_get_request", request).add(step)

    def query(
        self,
        request: Make | None = None,
        *,
        table: str = TABLE_RESOURCE,
        consistent: bool = False,
        cache: bool = True,
        most: int = MOST,
    ) -> Self:
        """Read the items of all pages, by the parameters of a Query; more than `most` fail."""
        from cdk_streamer_runtime.streams.queries.pages import query

        step = query(table=table, consistent=consistent, cache=cache, most=most)
        return self._requested("query_request", request).add(step)

    def scan(
        self,
        request: Make | None = None,
        *,
        table: str = TABLE_RESOURCE,
        consistent: bool = False,
        cache: bool = True,
        most: int = MOST,
    ) -> Self:
        """Read the items of all pages, by the parameters of a Scan; more than `most` fail."""
        from cdk_streamer_runtime.streams.queries.pages import scan

        step = scan(table=table, consistent=consistent, cache=cache, most=most)
        return self._requested("scan_request", request).add(step)

    def get_object(self, request: Make | None = None, *, bucket: str) -> Self:
        """Read an object of S3, `{"Key": ...}`; its `Body` is None if there is none."""
        from cdk_streamer_runtime.streams.sinks.objects import get_object

        return self._requested("get_object_request", request).add(get_object(bucket=bucket))
