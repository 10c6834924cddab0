"""What operators are told of a sink."""

from __future__ import annotations

from typing import Any

from cdk_streamer_runtime.sinks.control.backlog import Backlog
from cdk_streamer_runtime.sinks.control.held import HeldMessages
from cdk_streamer_runtime.sinks.control.polling import Polling
from cdk_streamer_runtime.sinks.control.redrive import Redrive
from cdk_streamer_runtime.sinks.standing import Standing


class Status:
    """Asks all that a sink consists of; raises AwsError. Times are milliseconds since the epoch."""

    def __init__(
        self, polling: Polling, backlog: Backlog, held: HeldMessages, redrive: Redrive
    ) -> None:
        """Take whom to ask."""
        self._polling = polling
        self._backlog = backlog
        self._held = held
        self._redrive = redrive

    def of(self, standing: Standing) -> dict[str, Any]:
        """Give all there is to be told."""
        return {
            "circuit": self.circuit(standing),
            "mapping": {"state": self._polling.state()},
            "queue": self._backlog.counts(),
            "deadLetters": self._redrive.waiting(),
            "probes": len(self._held.all()),
            "redrives": self._redrive.tasks(),
        }

    @staticmethod
    def circuit(standing: Standing) -> dict[str, Any]:
        """Give what is stored."""
        circuit = standing.circuit
        return {
            "state": circuit.state.value,
            "held": standing.held,
            "paused": standing.paused,
            "openings": circuit.openings,
            "openedAt": standing.opened_at or None,
            "until": None if standing.is_closed else circuit.until,
            "failures": circuit.failures,
            "calls": circuit.calls,
        }
