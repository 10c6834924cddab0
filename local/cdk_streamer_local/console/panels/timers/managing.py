"""Timers made, changed and removed through their REST API, as any other caller does it."""

from __future__ import annotations

import importlib
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cdk_streamer_client.errors import StreamerClientError
from cdk_streamer_client.timers.client import TimerClient
from cdk_streamer_client.timers.preview import firings_of
from cdk_streamer_client.timers.schedules import read_schedule
from cdk_streamer_local.cloud.users import CALLING, DEVELOPER, credentials
from cdk_streamer_local.console.panel import Refused
from cdk_streamer_local.console.panels.timers.detail import SHOWN, Moment, moment_of
from cdk_streamer_local.console.panels.timers.services import TimerService
from cdk_streamer_local.console.panels.timers.wording import in_words
from cdk_streamer_local.console.running import Running
from cdk_streamer_runtime.timers.faults import TimerFaults
from cdk_streamer_runtime.timers.rest.body import Rules, id_rule, is_timer_id, read_timer

_DRAFT = "draft"  # whose phase is shown before there is an id


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """One thing that is wrong with a draft, and where."""

    place: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """When a draft would fire, or why there can be no such timer."""

    words: str = ""
    upcoming: Sequence[Moment] = ()
    wrong: Sequence[Wrong] = ()


def preview(service: TimerService, id: str, document: Mapping[str, Any], now: int) -> Preview:
    """Compute what a draft would do; asks nobody."""
    try:
        definition = read_timer(id or _DRAFT, dict(document), _rules(service))
    except TimerFaults as error:
        faults = [Wrong(place=fault.place, detail=fault.detail) for fault in error.faults]
        return Preview(wrong=_with_id(id, faults))
    return Preview(
        words=in_words(definition.schedule),
        upcoming=[moment_of(each) for each in firings_of(definition, now, SHOWN)],
        wrong=_with_id(id, []),
    )


class Managers:
    """A client for each service, with a key or tokens of the developer."""

    def __init__(self) -> None:
        self._of: object = None
        self._clients: dict[str, TimerClient] = {}

    def pause(self, running: Running, service: TimerService, id: str) -> None:
        """Stop a timer; raises Refused."""
        with _said():
            self._client(running, service).pause(id)

    def resume(self, running: Running, service: TimerService, id: str) -> None:
        """Start it again; raises Refused."""
        with _said():
            self._client(running, service).resume(id)

    def delete(self, running: Running, service: TimerService, id: str) -> None:
        """Remove it; raises Refused."""
        with _said():
            self._client(running, service).delete(id)

    def put(
        self,
        running: Running,
        service: TimerService,
        id: str,
        document: Mapping[str, Any],
        *,
        etag: str | None,
    ) -> None:
        """Make a timer, or change the one of a revision; raises Refused with all that is wrong."""
        try:
            definition = read_timer(id, dict(document), _rules(service))
        except TimerFaults as error:
            raise Refused(str(error)) from error
        with _said():
            self._client(running, service).put(
                id,
                read_schedule(document["schedule"]),
                data=document.get("data"),
                start=_moment(document.get("start")),
                end=_moment(document.get("end")),
                jitter=definition.jitter,
                misfire=definition.misfire,
                owner=definition.owner or None,
                paused=definition.paused,
                if_match=etag,
                create_only=etag is None,
            )

    def _client(self, running: Running, service: TimerService) -> TimerClient:
        if self._of is not running.system:
            for client in self._clients.values():
                client.close()
            self._clients, self._of = {}, running.system
        if service.name not in self._clients:
            self._clients[service.name] = _client(running, service)
        return self._clients[service.name]


def _client(running: Running, service: TimerService) -> TimerClient:
    if not service.url:
        raise Refused(f"{service.name} has no REST API here; add a stage to it")
    services, trust = service.stack.services, running.record.ca_bundle
    issuer = service.issuer
    if issuer is not None:
        token = lambda: running.record.token(running.state, issuer=issuer)  # noqa: E731
        return TimerClient(service.url, token=token, ca_bundle=trust)
    botocore: Any = importlib.import_module("botocore.session")  # takes long, and has no types
    key = credentials(services, DEVELOPER, CALLING, ["*"])
    session = botocore.Session()
    session.set_credentials(key.access_key, key.secret_key)
    return TimerClient(service.url, session=session, region=services.region, ca_bundle=trust)


@contextmanager
def _said() -> Generator[None]:
    """Have the service's words as those of a refusal."""
    try:
        yield
    except StreamerClientError as error:
        raise Refused(str(error)) from error


def _rules(service: TimerService) -> Rules:
    return Rules(look_ahead=service.settings.look_ahead_seconds)


def _with_id(id: str, faults: Sequence[Wrong]) -> Sequence[Wrong]:
    wrong = [] if is_timer_id(id) else [Wrong(place="id", detail=id_rule(id))]
    return [*wrong, *faults]


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
