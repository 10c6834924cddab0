"""Timers: all PeriodicTimers of the app in figures, their timers in pages, one in full."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from cdk_streamer_local.console.journal import Journal
from cdk_streamer_local.console.metrics import Metrics
from cdk_streamer_local.console.panel import Alert, Body, Panel, Query, Refused, Unknown
from cdk_streamer_local.console.panels.deployed import DeployedFunctions
from cdk_streamer_local.console.panels.timers import detail, firing
from cdk_streamer_local.console.panels.timers.failures import Failures
from cdk_streamer_local.console.panels.timers.figures import ServiceFigures, figures_of
from cdk_streamer_local.console.panels.timers.index import TimerIndex
from cdk_streamer_local.console.panels.timers.listing import Sought, page_of
from cdk_streamer_local.console.panels.timers.managing import Managers, preview
from cdk_streamer_local.console.panels.timers.services import TimerService, TimerServices
from cdk_streamer_local.console.reach import Reach
from cdk_streamer_local.console.running import Running
from cdk_streamer_runtime.aws import LeanClient

LIST = "*"  # what is asked for a page of timers; no timer is called so


@dataclass(frozen=True, slots=True, kw_only=True)
class TimersGlance:
    """All services; `revision` is another one when some timer is."""

    services: Sequence[ServiceFigures]
    revision: int


class Timers(Panel):
    """Read from the services' tables, queues and metrics; changed through their REST APIs."""

    name: ClassVar[str] = "timers"

    def __init__(
        self, journal: Journal, metrics: Metrics, functions: DeployedFunctions, reach: Reach
    ) -> None:
        self._reach = reach
        self._services = TimerServices(functions)
        self._metrics = metrics
        self._failures = Failures(journal)
        self._managers = Managers()
        self._indices: dict[str, TimerIndex] = {}
        self._dead = 0

    def read(self, running: Running) -> TimersGlance:
        """Give every service in figures."""
        now = int(time.time())
        self._failures.look()
        services = self._services.read(running)
        figures = [
            figures_of(
                service, self._index(running, service), self._aws(running, service),
                self._metrics, now,
            )
            for service in services.values()
        ]  # fmt: skip
        self._dead = sum(each.dead_letters for each in figures)
        revision = sum(self._indices[name].revision for name in services)
        return TimersGlance(services=figures, revision=revision)

    def alert(self, running: Running) -> Alert | None:
        """Tell of firings that were given up, as of the last look."""
        del running
        return Alert(number=self._dead, words="firings were given up") if self._dead else None

    def item(self, running: Running, id: str, query: Query) -> object:
        """Give a page of timers, or one in full."""
        now = int(time.time())
        if id == LIST:
            services = self._services.read(running)
            indices = {name: self._index(running, each) for name, each in services.items()}
            entries = {name: index.entries for name, index in indices.items()}
            return page_of(entries, Sought.read(query), now)
        service, timer = self._named(running, id)
        self._failures.look()
        failures = self._failures.of(service.callback, timer)
        return detail.detail(self._aws(running, service), service, timer, failures, now)

    def act(self, running: Running, verb: str, body: Body) -> object:
        """Pause, resume, delete, fire, preview or put."""
        now = int(time.time())
        if verb in {"preview", "put"}:
            return self._draft(running, verb, body, now)
        service, timer = self._named(running, str(body.get("id", "")))
        match verb:
            case "pause":
                self._managers.pause(running, service, timer)
            case "resume":
                self._managers.resume(running, service, timer)
            case "delete":
                self._managers.delete(running, service, timer)
            case "fire":
                return self._fire(running, service, timer, now)
            case _:
                return super().act(running, verb, body)
        self._index_of(service).forget()
        return {"id": timer}

    def _draft(self, running: Running, verb: str, body: Body, now: int) -> object:
        service = self._service(running, str(body.get("service", "")))
        id, document = str(body.get("id", "")), body.get("document", {})
        if verb == "preview":
            return preview(service, id, document, now)
        self._managers.put(running, service, id, document, etag=body.get("etag"))
        self._index_of(service).forget()
        return {"id": id}

    def _fire(
        self, running: Running, service: TimerService, id: str, now: int
    ) -> Mapping[str, str]:
        aws = self._aws(running, service)
        timer = detail.stored(aws, service, id, now)
        if timer.definition.paused and service.settings.strict:
            raise Refused(
                f"{id!r} is paused, and strict callbacks drop firings of such; resume it first"
            )
        sent = firing.by_hand(timer, now)
        firing.send(aws, service.settings.queue_url, sent)
        return {"fire_key": sent.fire_key, "callback": service.callback}

    # --- what is kept of a deployment -------------------------------------------------------------

    def _index(self, running: Running, service: TimerService) -> TimerIndex:
        index = self._index_of(service)
        index.refresh(self._aws(running, service), service.settings.table_name, int(time.time()))
        return index

    def _index_of(self, service: TimerService) -> TimerIndex:
        return self._indices.setdefault(service.name, TimerIndex())

    def _aws(self, running: Running, service: TimerService) -> LeanClient:
        return self._reach.aws(running, service.stack)

    def _named(self, running: Running, id: str) -> tuple[TimerService, str]:
        """Read the address of a timer: its service's name, and after the last slash its own."""
        name, _, timer = id.rpartition("/")
        return self._service(running, name), timer

    def _service(self, running: Running, name: str) -> TimerService:
        services = self._services.read(running)
        if name not in services:
            raise Unknown(f"there is no PeriodicTimer {name!r}; there are {', '.join(services)}")
        return services[name]
