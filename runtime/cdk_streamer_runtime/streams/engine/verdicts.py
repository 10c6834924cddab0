"""Verdicts: what becomes of units whose steps have failed, and what may still be begun."""

from __future__ import annotations

from cdk_streamer_runtime.contract.streams import FAULT_TYPE, StreamMetric
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.streams.engine.ledger import Ledger
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.faults.defaults import action_of
from cdk_streamer_runtime.streams.faults.failure import Failure
from cdk_streamer_runtime.streams.faults.policy import Action, Policy
from cdk_streamer_runtime.streams.outcome import Undecodable
from cdk_streamer_runtime.streams.pipelines.pipeline import Pipeline
from cdk_streamer_runtime.streams.uow import UnitOfWork, leaves_of

DEADLINE = "deadline"


class Verdicts:
    """Writes what went wrong into the ledger; lanes ask it at the same time."""

    def __init__(self, ledger: Ledger, world: World, policy: Policy) -> None:
        self._ledger = ledger
        self._limits = ledger.limits
        self._world = world
        self._policy = policy
        self.stopped_by: BaseException | None = None

    def may_begin(self, uow: UnitOfWork, now: int, until: int, /) -> bool:
        """Tell whether a call can be made; if not, the ledger knows what becomes of the unit."""
        if now < until and not self._limits and self.stopped_by is None:
            return True
        if self.stopped_by is not None or not self._ledger.allows(uow):
            return False
        if now < until:
            return True
        self._ledger.hand_back(uow, DEADLINE)
        return False

    def action(self, error: Exception | Undecodable, pipeline: Pipeline | None, /) -> Action:
        """Give what becomes of an error."""
        return action_of(error, (pipeline.policy if pipeline else None, self._policy))

    def fail(self, uow: UnitOfWork, error: Exception, pipeline: Pipeline, step: str, /) -> None:
        """Do what has to be done about a unit that is not repeated any more."""
        match self.action(error, pipeline):
            case Action.RETRY | Action.REDELIVER:
                self._ledger.hand_back(uow, _name(error))
            case Action.FAULT:
                self._fault(uow, error, pipeline.id, step)
            case Action.DROP:
                count = sum(1 for _ in leaves_of(uow))
                self._world.meter.count(
                    StreamMetric.EVENTS_DROPPED, count, pipeline=pipeline.id, step=step
                )
            case Action.STOP:
                raise error

    def refuse(self, outcome: Undecodable) -> None:
        """Do what has to be done about a record that cannot be read."""
        match self.action(outcome, None):
            case Action.FAULT:
                self._ledger.fault(Failure(of=outcome, error=None))
            case Action.DROP:
                self._world.meter.count(StreamMetric.EVENTS_DROPPED)
            case Action.STOP:
                raise ValueError(f"a record cannot be read: {outcome.reason}")
            case _:
                self._ledger.hand_back(outcome, outcome.error)

    def stop(self, error: BaseException) -> None:
        """Begin nothing more; the first error is the one to raise."""
        self.stopped_by = self.stopped_by or error

    def _fault(self, uow: UnitOfWork, error: Exception, pipeline: str, step: str) -> None:
        for leaf in leaves_of(uow):
            if leaf.event.get("type") == FAULT_TYPE:
                # A fault of a fault would have one of its own, and so on.
                self._ledger.hand_back(leaf, _name(error))
                continue
            within = None if leaf is uow else uow
            failure = Failure(of=leaf, error=error, pipeline=pipeline, step=step, within=within)
            self._ledger.fault(failure)


def _name(error: Exception) -> str:
    return error.code if isinstance(error, AwsError) else type(error).__name__
