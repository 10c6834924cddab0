"""Schedules: what is invoked by time and by events, when it was, and when it will be."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import ClassVar

from cdk_streamer_local.cloud.services import Services
from cdk_streamer_local.console.panel import Body, Panel, Unknown
from cdk_streamer_local.console.panels.schedules import running as by_hand
from cdk_streamer_local.console.panels.schedules.reading import ScheduleReader, ScheduleRow
from cdk_streamer_local.console.reach import Reach
from cdk_streamer_local.console.running import Running

_ACCOUNT, _REGION = 4, 3  # where an ARN has them


class Schedules(Panel):
    """Read from EventBridge Scheduler and EventBridge."""

    name: ClassVar[str] = "schedules"
    seconds: ClassVar[float] = 2.0

    def __init__(self, reach: Reach) -> None:
        self._reader = ScheduleReader(reach)

    def read(self, running: Running) -> Sequence[ScheduleRow]:
        """Give all of them."""
        return self._reader.read(running, time.time())

    def act(self, running: Running, verb: str, body: Body) -> Mapping[str, object]:
        """Run one now, or turn it on or off."""
        row = self._row(running, str(body.get("arn", "")))
        services = _services(running, row)
        match verb:
            case "run":
                by_hand.run(services, row)
            case "turn":
                by_hand.turn(services, row, on=bool(body.get("on")))
            case _:
                raise Unknown(f"schedules cannot {verb!r}")
        return {"arn": row.arn}

    def _row(self, running: Running, arn: str) -> ScheduleRow:
        for row in self._reader.read(running, time.time()):
            if row.arn == arn:
                return row
        raise Unknown(f"there is no schedule or rule {arn!r} any more")


def _services(running: Running, row: ScheduleRow) -> Services:
    parts = row.arn.split(":")
    return running.host.services(parts[_ACCOUNT], parts[_REGION])
