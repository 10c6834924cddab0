"""Invoices: as many as the payload says."""

from collections.abc import Sequence

from cdk_streamer_runtime.batches import Batch, BatchRun

batch = Batch()


@batch.discover
def discover(cursor: object, run: BatchRun) -> tuple[Sequence[str], object]:
    del cursor
    return [f"invoice-{number}" for number in range(run.payload.get("invoices", 10))], None
