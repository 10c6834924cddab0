"""How a mapping of a stream is configured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

_NO_LIMIT = -1
_BATCH_SIZE = 100
_PARTIAL = "ReportBatchItemFailures"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What Lambda is told of a stream. None is without limit: until the stream forgets a record.

    https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html
    https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html
    """

    batch_size: int = _BATCH_SIZE
    window_seconds: float = 0.0
    lanes: int = 1
    bisect: bool = False
    partial: bool = False
    retries: int | None = None
    age_seconds: float | None = None

    @classmethod
    def of(cls, mapping: Mapping[str, Any]) -> Self:
        """Read a mapping in the words of CreateEventSourceMapping."""
        return cls(
            batch_size=int(mapping.get("BatchSize") or _BATCH_SIZE),
            window_seconds=float(mapping.get("MaximumBatchingWindowInSeconds") or 0),
            lanes=int(mapping.get("ParallelizationFactor") or 1),
            bisect=bool(mapping.get("BisectBatchOnFunctionError")),
            partial=_PARTIAL in (mapping.get("FunctionResponseTypes") or ()),
            retries=_limit(mapping.get("MaximumRetryAttempts")),
            age_seconds=_limit(mapping.get("MaximumRecordAgeInSeconds")),
        )


def _limit(value: object) -> int | None:
    number = _NO_LIMIT if value is None else int(str(value))
    return None if number == _NO_LIMIT else number
