"""What a PeriodicTimer has as soon as it has a callback."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import jsii
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct, IValidation

from cdk_streamer._timers.alarms import TimerAlarms
from cdk_streamer._timers.callback import Callback
from cdk_streamer._timers.dashboard import new_dashboard
from cdk_streamer._timers.parts import Parts

REMEDY = "pass callback or handlers, or call set_callback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """The callback, and what operators see of the whole."""

    callback: Callback
    dashboard: cloudwatch.Dashboard | None
    alarms: TimerAlarms | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operators:
    """What a user wants for those who operate it."""

    dashboard: bool
    alarms: bool
    actions: Sequence[cloudwatch.IAlarmAction]

    def complete(self, scope: Construct, parts: Parts, callback: Callback) -> Completion:
        """Create what is wanted in `scope`."""
        return Completion(
            callback=callback,
            dashboard=new_dashboard(scope, parts, callback) if self.dashboard else None,
            alarms=TimerAlarms.create(scope, parts, callback, self.actions)
            if self.alarms
            else None,
        )


@jsii.implements(IValidation)
class HasCallback:
    """Finds at synthesis what never happened."""

    def __init__(self, called: Callable[[], bool]) -> None:
        self._called = called

    def validate(self) -> list[str]:
        """Give the fault, if it is one."""
        return [] if self._called() else [f"firings have no callback; {REMEDY}"]
