"""The function of a mapping, and where it is told what was given up."""

from __future__ import annotations

import itertools
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cdk_streamer_local.pollers.answer import Answer, NotInvoked, Raised, Responded
from cdk_streamer_local.pollers.chaos import Chaos, Delivery
from cdk_streamer_local.pollers.destination import send
from cdk_streamer_local.pollers.exposed import exposed
from cdk_streamer_local.pollers.failure import BatchInfo, Origin
from cdk_streamer_local.pollers.lane import Discarded
from cdk_streamer_local.pollers.record import Batch
from cdk_streamer_local.pollers.streams import Scope, service_of
from cdk_streamer_local.pollers.teller import CHAOS, POLLER, Teller

logger = logging.getLogger("cdk-streamer.pollers")


class Luck:
    """How the deliveries of each function go, one after the other."""

    def __init__(self, chaos: Chaos) -> None:
        self._chaos = chaos
        self._numbers: defaultdict[str, Iterator[int]] = defaultdict(itertools.count)

    def next(self, function: str) -> Delivery:
        """Give how the next delivery of a function goes."""
        return self._chaos.delivery(function, next(self._numbers[function]))


class EngineTarget:
    """One mapping's target; `services` has the modules of the engine by their names."""

    def __init__(
        self,
        services: Any,  # noqa: ANN401 - modules of the engine
        scope: Scope,
        mapping: dict[str, Any],
        *,
        luck: Luck,
        teller: Teller,
        alarm: Callable[[float], None],
    ) -> None:
        self._services = services
        self._scope = scope
        self._mapping = mapping
        self._luck = luck
        self._teller = teller
        self._alarm = alarm

    @property
    def name(self) -> str:
        """Give the engine's name of the function."""
        return self._mapping["FunctionName"]

    def alarm(self, at: float) -> None:
        """Have all mappings looked at then."""
        self._alarm(at)

    def spawn(self, work: Callable[[], None]) -> None:
        """Do something beside, for the mapping's account and region."""

        def scoped() -> None:
            with self._services.responses.request_scope(*self._scope):
                work()

        self._services.concurrency.spawn_background(scoped, thread_name="stream-batch")

    def invoke(self, shard: str, batch: Batch) -> Answer:
        """Call the function; with bad luck late, or as if nobody heard that it succeeded."""
        luck = self._luck.next(self.name)
        what = f"{_counted(len(batch.records))} of {shard}"
        if luck.delay:
            self._teller.tell(CHAOS, self.name, f"delay: {what}, {luck.delay:.1f} s")
            time.sleep(luck.delay)
        answer = self._call({"Records": [record.content for record in batch.records]})
        if luck.duplicate and isinstance(answer, Responded):
            self._teller.tell(CHAOS, self.name, f"duplicate: {what}")
            return NotInvoked()
        return answer

    def role(self) -> str:
        """Give the address of the function's role."""
        record = self._record()
        return str(record["config"].get("Role", "")) if record else ""

    def _record(self) -> Any:  # noqa: ANN401 - the engine's
        found, _ = self._services.functions._get_func_record_for_qualifier(  # noqa: SLF001
            self.name, self._mapping.get("Qualifier")
        )
        return found

    def _call(self, event: Mapping[str, Any]) -> Answer:
        record = self._record()
        if record is None:
            return NotInvoked()
        try:
            with exposed():
                result = self._services.functions._execute_function(record, event)  # noqa: SLF001
        except Exception:  # the lane must go on, whatever the engine could not do
            logger.exception("the engine could not call %s", self.name)
            return NotInvoked()
        self._mapping["LastProcessingResult"] = "FAILED" if result.get("error") else "OK"
        if result.get("throttle"):
            return NotInvoked()
        return Raised() if result.get("error") else Responded(response=result.get("body"))

    def give_up(self, shard: str, discarded: Discarded) -> None:
        """Tell the on-failure destination, and the command."""
        batch = discarded.batch
        self._teller.tell(
            POLLER,
            self.name,
            f"does not get {_counted(len(batch.records))} of its stream any more, from "
            f"{batch.sequences[0]} in {shard}: {discarded.condition} after {batch.invocations} "
            f"invocations; {self._told(shard, discarded)}",
        )

    def _told(self, shard: str, discarded: Discarded) -> str:
        destination: Mapping[str, Any] = self._mapping.get("DestinationConfig") or {}
        on_failure: Mapping[str, str] = destination.get("OnFailure") or {}
        arn = on_failure.get("Destination") or ""
        if not arn:
            return "nobody is told, as its mapping has no on-failure destination"
        try:
            send(self._services, arn, self._origin(shard), discarded, time.time())
        except Exception as fault:  # the engine's own kinds
            logger.exception("the on-failure destination %s cannot be told", arn)
            return f"{arn} could not be told ({fault})"
        return f"{arn} was told"

    def _origin(self, shard: str) -> Origin:
        is_table = service_of(self._mapping) == "dynamodb"
        return Origin(
            info=BatchInfo.DYNAMODB if is_table else BatchInfo.KINESIS,
            stream_arn=self._mapping["EventSourceArn"],
            shard=shard,
            mapping=self._mapping["UUID"],
            function_arn=self._mapping["FunctionArn"],
            version=self._mapping.get("Qualifier") or "$LATEST",
        )


def _counted(records: int) -> str:
    return "1 record" if records == 1 else f"{records} records"
