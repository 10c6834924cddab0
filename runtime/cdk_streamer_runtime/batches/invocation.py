"""One invocation of a batch's own durable function."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from cdk_streamer_runtime.batches.batch import Batch
from cdk_streamer_runtime.batches.course import BatchCourse
from cdk_streamer_runtime.batches.telling import Ear
from cdk_streamer_runtime.batches.world import World
from cdk_streamer_runtime.contract import ONLY_TENANT, RESULT_BYTES, ErrorCode
from cdk_streamer_runtime.documents import encode, size
from cdk_streamer_runtime.durable.record import Record
from cdk_streamer_runtime.durable.steps import Steps
from cdk_streamer_runtime.errors import ActionFailed, AwsError

logger = logging.getLogger(__name__)

Listen = Callable[[str, str], Ear]


class Invocation:
    """Runs a batch on from where its execution waits."""

    def __init__(self, batch: Batch, world: World, listen: Listen) -> None:
        """Take the batch, and what gives the channel of a tenant and a batch id."""
        self._batch = batch
        self._world = world
        self._listen = listen

    def run(self, event: Mapping[str, Any], batch_id: str, steps: Steps) -> dict[str, Any]:
        """Run it to its end, or until all of it waits; raises what the batch fails with."""
        ears: list[Ear] = []
        with ExitStack() as open_ears:

            def listen(tenant: str | None) -> Ear:
                ear = self._listen(tenant or ONLY_TENANT, batch_id)
                ears.append(open_ears.enter_context(ear))
                return ear

            course = BatchCourse(
                self._batch.functions,
                batch_id=batch_id,
                world=self._world,
                course=Record(steps),
                listen=listen,
            )
            try:
                document = course.run(event.get("payload"), event.get("tenant")).document()
            except steps.faults:
                raise
            except Exception as error:
                told = str(error) if isinstance(error, ActionFailed) else "the batch failed"
                _tell(ears, lambda ear: ear.fail(ErrorCode.PROCESSING_FAILED, told))
                raise
            _tell(ears, lambda ear: ear.complete(_short(document)))
            return document


def _tell(ears: Sequence[Ear], tell: Callable[[Ear], object]) -> None:
    for ear in ears:
        try:
            tell(ear)
        except AwsError as error:  # reporting never fails the work that it is about
            logger.warning("progress not written", extra={"code": error.code})


def _short(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave out a summary that no channel has room for."""
    fits = size(encode(document)) <= RESULT_BYTES
    return document if fits else {**document, "summary": None}
