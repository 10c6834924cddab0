"""Who a sink is controlled by: its queue's messages, a schedule, and operators come here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cdk_streamer_runtime.contract.sinks import ControllerCommand, SinkMetric
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.sinks.circuits import Circuits
from cdk_streamer_runtime.sinks.control.redrive import Redrive
from cdk_streamer_runtime.sinks.control.settling import Errand, Settling
from cdk_streamer_runtime.sinks.control.status import Status
from cdk_streamer_runtime.sinks.standing import Standing
from cdk_streamer_runtime.sinks.wakeups import Wakeup, Wakeups
from cdk_streamer_runtime.sinks.world import Meter, Platform

logger = logging.getLogger(__name__)

_AGAIN = 15_000  # milliseconds after which what failed is tried again
_ATTEMPTS = 10


class Controller:
    """Answers all events of the function; one invocation makes one trial at most."""

    def __init__(
        self,
        *,
        circuits: Circuits,
        settling: Settling,
        redrive: Redrive,
        status: Status,
        wakeups: Wakeups | None,
        platform: Platform,
        metrics: Meter,
    ) -> None:
        """Take the parts."""
        self._circuits = circuits
        self._settling = settling
        self._redrive = redrive
        self._status = status
        self._wakeups = wakeups
        self._platform = platform
        self._metrics = metrics

    def handle(self, event: Mapping[str, Any], remaining: int) -> dict[str, Any]:
        """Answer an event within `remaining` milliseconds; raises AwsError for a command."""
        records = event.get("Records")
        if records is not None:
            return {"batchItemFailures": self._woken(records, remaining)}
        try:
            command = ControllerCommand(event.get("command", ""))
        except ValueError:
            known = ", ".join(command.value for command in ControllerCommand)
            return {"error": f"command must be one of {known}, got {event.get('command')!r}"}
        return self._commanded(command, event, remaining)

    # --- its queue ----------------------------------------------------------------------------

    def _woken(self, records: Sequence[Mapping[str, Any]], remaining: int) -> list[dict[str, str]]:
        """See to all of them at once; when that fails all come again, soon."""
        try:
            self._see_to([_wakeup(record) for record in records], remaining)
        except AwsError as error:
            logger.warning("sink not seen to", extra={"code": error.code})
            for record in records:
                self._put_off(record)
            return [{"itemIdentifier": record["messageId"]} for record in records]
        return []

    def _see_to(self, wakeups: Sequence[Wakeup | None], remaining: int) -> None:
        standing = self._circuits.read()
        due = [each for each in wakeups if each is not None]
        check = any(each.command is not ControllerCommand.PROBE for each in due)
        woken = any(
            each.command is ControllerCommand.PROBE and each.version == standing.version
            for each in due
        )
        # A wakeup of what has changed since is not needed, if whoever changed it came to the end.
        if check or woken or not standing.settled(self._platform.clock()):
            self._measured(self._settling.see_to(Errand(check=check, woken=woken, time=remaining)))

    def _put_off(self, record: Mapping[str, Any]) -> None:
        if self._wakeups is None:
            return
        try:
            self._wakeups.later(record["receiptHandle"], _AGAIN)
        except AwsError as error:
            # Then it comes when the queue's own time-out is over.
            logger.warning("wakeup not put off", extra={"code": error.code})

    # --- commands -----------------------------------------------------------------------------

    def _commanded(
        self, command: ControllerCommand, event: Mapping[str, Any], remaining: int
    ) -> dict[str, Any]:
        match command:
            case ControllerCommand.STATUS:
                return self._status.of(self._circuits.read())
            case ControllerCommand.PAUSE:
                return self._changed(lambda standing, now: standing.on_hold(now))
            case ControllerCommand.RESUME:
                return self._changed(lambda standing, now: standing.resumed(now))
            case ControllerCommand.REDRIVE:
                try:
                    return self._redrive.start(self._circuits.read(), event.get("perSecond"))
                except ValueError as error:
                    return {"error": str(error)}
            case _:
                standing = self._settling.see_to(Errand(check=True, time=remaining))
                return {"circuit": self._status.circuit(self._measured(standing))}

    def _changed(self, change: Callable[[Standing, int], Standing]) -> dict[str, Any]:
        """Store what an operator wants, and see to it; the trial that is due is made later."""
        standing = self._circuits.read()
        for _ in range(_ATTEMPTS):
            after = change(standing, self._platform.clock())
            other = self._circuits.write(standing, replace(after, waker=standing.waker))
            if other is None:
                break
            standing = other
        else:
            return {"error": "others have changed the sink all the time; try again"}
        return self._status.of(self._measured(self._settling.see_to(Errand(check=True))))

    def _measured(self, standing: Standing) -> Standing:
        self._metrics.count(SinkMetric.CIRCUIT_OPEN, int(standing.is_off))
        return standing


def _wakeup(record: Mapping[str, Any]) -> Wakeup | None:
    try:
        return Wakeup.from_body(record["body"])
    except ValueError as error:
        logger.warning("wakeup not understood", extra={"reason": str(error)})
        return None
