"""The course of a batch: discover, plan, publish chunk by chunk, aggregate."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from cdk_streamer_runtime.batches.chunks import Chunks
from cdk_streamer_runtime.batches.functions import Functions
from cdk_streamer_runtime.batches.item import BatchRun
from cdk_streamer_runtime.batches.part import Outcome
from cdk_streamer_runtime.batches.patience import Patience
from cdk_streamer_runtime.batches.plan import Costs, Gathering, Plan, Tolerance, check
from cdk_streamer_runtime.batches.result import BatchResult
from cdk_streamer_runtime.batches.world import Teller, World
from cdk_streamer_runtime.contract.batches import MAX_FAILED_IDS, BatchMetric
from cdk_streamer_runtime.durable.course import Course
from cdk_streamer_runtime.errors import BatchFailed, Fatal, Interrupted

logger = logging.getLogger(__name__)

Listen = Callable[[str | None], Teller]


class BatchCourse:
    """Takes a batch from its payload to its result, over as many invocations as that needs.

    What is decided between two steps follows from what they recorded: neither the clock nor
    chance is asked anywhere else.
    """

    def __init__(
        self, functions: Functions, *, batch_id: str, world: World, course: Course, listen: Listen
    ) -> None:
        """Take what the author wrote, where it runs, and who gives the ear of a tenant."""
        self._functions = functions
        self._id = batch_id
        self._world = world
        self._course = course
        self._listen = listen
        self._patience = Patience(
            world.platform,
            remaining=course.remaining(),
            retry_seconds=world.settings.retry_seconds,
        )

    def run(self, payload: object, tenant: str | None = None) -> BatchResult:
        """Run the batch; raises BatchFailed, BatchTooLarge, and what the author's functions do."""
        try:
            run, tenant = self._begun(payload, tenant)
            return self._run(run, self._listen(tenant))
        except (Interrupted, *self._course.beyond):
            raise
        except Exception:
            self._world.metrics.count(BatchMetric.BATCHES_FAILED)
            raise

    def _run(self, run: BatchRun, teller: Teller) -> BatchResult:
        plan = self._planned(run)
        outcomes = self._outcomes(plan, run, teller)
        result = self._result(plan, outcomes)
        settings = self._world.settings
        tolerance = Tolerance(
            percentage=settings.tolerated_percentage, count=settings.tolerated_count
        )
        is_fine = tolerance.bears(result.failed, result.discovered)
        summary = self._insisted("finish", lambda: self._finished(result, run, is_fine=is_fine))
        if not is_fine:
            raise BatchFailed(
                f"{result.failed} of {result.discovered} items failed, more than the batch "
                "tolerates"
            )
        return replace(result, summary=summary)

    def _begun(self, payload: object, tenant: str | None) -> tuple[BatchRun, str | None]:
        """Record what every invocation has to know, also one that is told nothing any more."""
        live: list[bool] = []

        def begin() -> dict[str, Any]:
            live.append(True)
            started_at = self._world.platform.clock()
            return {"payload": payload, "tenant": tenant, "started_at": started_at}

        begun = self._course.step("begin", begin)
        if not live and self._world.turns is not None:
            # An invocation before this one may have had the turns of this very second.
            self._world.turns.pass_by(self._world.platform.clock())
        moment = datetime.fromtimestamp(begun["started_at"] / 1000, UTC)
        run = BatchRun(id=self._id, payload=begun["payload"], started_at=moment)
        return run, begun["tenant"]

    # --- discover -------------------------------------------------------------------------------

    def _planned(self, run: BatchRun) -> Plan:
        """Discover page by page; raises BatchTooLarge as soon as that is known."""
        settings = self._world.settings
        asks = self._world.function is not None
        costs = Costs.of(settings, asks=asks, loads=self._functions.loads)
        gathering, number, cursor = Gathering(settings.chunk_size), 1, None
        while True:
            page = self._page(number, cursor, run)
            plan = gathering.add(page["ids"])
            check(plan, costs)
            if page["next"] is None:
                return plan
            number, cursor = number + 1, page["next"]

    def _page(self, number: int, cursor: object, run: BatchRun) -> dict[str, Any]:
        name = f"discover-{number}"
        page = self._insisted(name, lambda: self._functions.page(cursor, run))
        if cursor is not None and page["next"] == cursor:
            raise Fatal(
                f"discover returned the cursor that it was called with, {cursor!r}; return that of "
                "the next page, or None at the end"
            )
        return page

    # --- publish --------------------------------------------------------------------------------

    def _outcomes(self, plan: Plan, run: BatchRun, teller: Teller) -> list[Outcome]:
        if not plan.ids:
            return []
        chunks = Chunks(
            plan,
            run=run,
            world=self._world,
            load=lambda ids: self._functions.loaded(ids, run),
            loads=self._functions.loads,
            teller=teller,
        )
        return chunks.run(self._course)

    def _result(self, plan: Plan, outcomes: list[Outcome]) -> BatchResult:
        failed = [
            plan.chunk(number)[place]
            for number, outcome in enumerate(outcomes)
            for place in outcome.failed
        ]
        return BatchResult(
            batch_id=self._id,
            discovered=plan.items,
            published=sum(outcome.published for outcome in outcomes),
            failed=len(failed),
            failed_ids=failed[:MAX_FAILED_IDS],
            chunks=plan.chunks,
            duplicates=plan.duplicates,
            retried=sum(outcome.attempts > 1 for outcome in outcomes),
        )

    # --- aggregate ------------------------------------------------------------------------------

    def _finished(self, result: BatchResult, run: BatchRun, *, is_fine: bool) -> object:
        """Let the author aggregate, and count: once, since the record is kept of it."""
        summary = self._functions.aggregated(result, run) if is_fine else None
        self._log(result, is_fine=is_fine)
        metrics, now = self._world.metrics, self._world.platform.clock()
        metrics.count(BatchMetric.DISCOVERED, result.discovered)
        metrics.count(BatchMetric.PUBLISHED, result.published)
        metrics.count(BatchMetric.FAILED, result.failed)
        metrics.count(BatchMetric.CHUNKS_RETRIED, result.retried)
        metrics.seconds(BatchMetric.BATCH_TIME, now / 1000 - run.started_at.timestamp())
        if is_fine:
            metrics.count(BatchMetric.BATCHES_SUCCEEDED)
        return summary

    def _log(self, result: BatchResult, *, is_fine: bool) -> None:
        numbers = {
            "batch": self._world.settings.name,
            "id": self._id,
            "discovered": result.discovered,
            "published": result.published,
            "failed": result.failed,
            "retried": result.retried,
        }
        logger.log(logging.INFO if is_fine else logging.ERROR, "batch ended", extra=numbers)

    def _insisted(self, name: str, function: Callable[[], Any]) -> Any:  # noqa: ANN401 - the author's
        """Do a step that is tried again when it fails, after a pause; the last failure rises."""
        most = self._world.settings.max_attempts
        for attempt in range(1, most + 1):
            step = name if attempt == 1 else f"{name}-again-{attempt}"
            is_last = attempt == most
            document = self._course.step(
                step,
                lambda: self._tried(function, attempt, is_last=is_last),  # noqa: B023 - done at once
            )
            if "pause" not in document:
                return document["value"]
            self._course.sleep(document["pause"])
        raise AssertionError("a last attempt succeeds or raises")

    def _tried(self, function: Callable[[], Any], attempt: int, *, is_last: bool) -> dict[str, Any]:
        try:
            return {"value": function()}
        except (Interrupted, Fatal):
            raise
        except Exception:
            if is_last:
                raise
            return {"pause": self._patience.retry(attempt)}
