"""What calls for somebody, by view: the numbers in the navigation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from cdk_streamer_local.console.panel import Alert, Panel
from cdk_streamer_local.console.running import Running


class Alerts(Panel):
    """Asks all other panels; what one cannot tell now is not told."""

    name: ClassVar[str] = "alerts"
    seconds: ClassVar[float] = 2.0

    def __init__(self, panels: Sequence[Panel]) -> None:
        self._panels = panels

    def read(self, running: Running) -> Mapping[str, Alert]:
        """Give the alerts by the names of their panels."""
        told = {panel.name: _alert(panel, running) for panel in self._panels}
        return {name: alert for name, alert in told.items() if alert is not None}


def _alert(panel: Panel, running: Running) -> Alert | None:
    try:
        return panel.alert(running)
    except Exception:  # noqa: BLE001 - the panel itself says it where it is shown
        return None
