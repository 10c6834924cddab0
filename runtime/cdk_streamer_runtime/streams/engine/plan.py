"""The plan of an app: what does not change from one invocation to the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cdk_streamer_runtime.streams.engine.insistence import Insistence
from cdk_streamer_runtime.streams.engine.redemption import Redemption
from cdk_streamer_runtime.streams.engine.reporting import FaultReporter
from cdk_streamer_runtime.streams.engine.routing import Routing
from cdk_streamer_runtime.streams.faults.policy import Policy
from cdk_streamer_runtime.streams.pipelines.pipeline import Pipeline

WINDOW = 250
CLAIMS = 16  # events that are fetched at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Pipelines, and how they are run.

    A window of records is pulled when all of the window before are through, but for what gathers.
    Calls are made in so many `parallel` lanes.
    """

    pipelines: tuple[Pipeline, ...]
    routing: Routing
    reporter: Callable[[], FaultReporter]
    redemption: Redemption | None = None
    policy: Policy = field(default_factory=Policy)
    insistence: Insistence = field(default_factory=Insistence)
    parallel: int = 8
    window: int = WINDOW
