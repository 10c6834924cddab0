"""Every panel, in no order."""

from __future__ import annotations

from collections.abc import Sequence

from cdk_streamer_local.console.journal import Journal
from cdk_streamer_local.console.metrics import Metrics
from cdk_streamer_local.console.panel import Panel
from cdk_streamer_local.console.panels.alerts import Alerts
from cdk_streamer_local.console.panels.batches.panel import Batches
from cdk_streamer_local.console.panels.connections.panel import Connections
from cdk_streamer_local.console.panels.deployed import DeployedFunctions
from cdk_streamer_local.console.panels.functions import Functions
from cdk_streamer_local.console.panels.overview import Overview
from cdk_streamer_local.console.panels.queues.panel import Queues
from cdk_streamer_local.console.panels.requests.panel import Requests
from cdk_streamer_local.console.panels.schedules.panel import Schedules
from cdk_streamer_local.console.panels.sinks.panel import Sinks
from cdk_streamer_local.console.panels.streams.panel import Streams
from cdk_streamer_local.console.panels.timers.panel import Timers
from cdk_streamer_local.console.panels.topology import TopologyPanel
from cdk_streamer_local.console.reach import Reach


def panels(journal: Journal, metrics: Metrics) -> Sequence[Panel]:
    """Give them for one console."""
    reach, functions = Reach(), DeployedFunctions()
    shown: list[Panel] = [
        Batches(metrics, functions, reach),
        Connections(),
        Functions(journal),
        Queues(reach),
        Sinks(reach, metrics),
        Streams(reach, metrics),
        Requests(metrics),
        Schedules(reach),
        Timers(journal, metrics, functions, reach),
        TopologyPanel(),
    ]
    return [*shown, Alerts(shown), Overview(journal, shown)]
