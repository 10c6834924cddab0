"""Lambda entry point of the table's stream."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from cdk_streamer_runtime.assembly import in_lambda
from cdk_streamer_runtime.contract import DispatcherEnvironment
from cdk_streamer_runtime.requests.dispatcher import Dispatcher


@lru_cache(maxsize=1)
def _dispatcher() -> Dispatcher:
    return in_lambda().dispatcher(DispatcherEnvironment.from_variables())


def handler(event: dict[str, Any], _context: object) -> dict[str, list[dict[str, str]]]:
    """Send the work of new requests; the stream repeats from the first that could not be sent."""
    failed = _dispatcher().dispatch(event["Records"])
    sequences = [record["dynamodb"]["SequenceNumber"] for record in failed]
    return {"batchItemFailures": [{"itemIdentifier": sequence} for sequence in sequences]}
