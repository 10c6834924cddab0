"""The panel of requests: all of them, one in detail, and a credential to act as its owner."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from cdk_streamer_local.console.metrics import Metrics
from cdk_streamer_local.console.panel import Alert, Body, Panel, Query, Refused, Unknown
from cdk_streamer_local.console.panels.requests import errands
from cdk_streamer_local.console.panels.requests.apis import ProgressApi, apis_of
from cdk_streamer_local.console.panels.requests.credentials import Doorkeeper
from cdk_streamer_local.console.panels.requests.detail import detail
from cdk_streamer_local.console.panels.requests.figures import (
    ActionFigures,
    Recent,
    by_action,
    measured,
)
from cdk_streamer_local.console.panels.requests.rows import RequestRow, row
from cdk_streamer_local.console.panels.requests.table import RequestTable
from cdk_streamer_local.console.running import Running
from cdk_streamer_runtime.aws import LeanClient
from cdk_streamer_runtime.contract import Metric


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRow:
    """One API; `total` are its stored requests, `is_cut`: at least. `measured` is by second."""

    name: str
    id: str
    url: str
    plain_url: str
    has_tenants: bool
    has_tokens: bool
    is_signed: bool
    origins: Sequence[str] | None
    has_requests: bool
    runners: Sequence[str]
    total: int
    is_cut: bool
    states: Mapping[str, int]
    measured: Mapping[str, Recent]


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """The whole."""

    apis: Sequence[ApiRow]
    actions: Sequence[ActionFigures]
    rows: Sequence[RequestRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    api: ProgressApi
    aws: LeanClient
    table: RequestTable | None


class Requests(Panel):
    """Read from the tables of all APIs."""

    name: ClassVar[str] = "requests"
    seconds: ClassVar[float] = 0.5

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._doorkeeper = Doorkeeper()
        self._lock = threading.Lock()
        self._running: Running | None = None
        self._sources: Sequence[_Source] = ()

    def read(self, running: Running) -> Glance:
        """Give the newest requests of all APIs."""
        now = time.time()
        apis: list[ApiRow] = []
        rows: list[RequestRow] = []
        actions: list[ActionFigures] = []
        for source in self._found(running):
            if source.table is not None:
                rows += [row(source.api, request) for request in source.table.read()]
                actions += by_action(source.api.name, source.table.entries, now)
            apis.append(self._api(source, now))
        rows.sort(key=lambda each: each.created_at, reverse=True)
        return Glance(apis=apis, actions=actions, rows=rows)

    def alert(self, running: Running) -> Alert | None:
        """Tell of requests that failed in the last minutes."""
        del running
        failed = sum(
            total
            for metric in (Metric.REQUESTS_FAILED, Metric.REQUESTS_EXPIRED)
            for _, total, _, _ in self._metrics.series(metric)
        )
        words = "failed in the last five minutes"
        return Alert(number=round(failed), words=words) if failed else None

    def item(self, running: Running, id: str, query: Query) -> object:
        """Give a request by its row's id."""
        del query
        source, key = self._source(running, id)
        return detail(source.aws, source.api, key, time.time_ns() // 1_000_000)

    def act(self, running: Running, verb: str, body: Body) -> object:
        """Give a credential for an API by `token`, or do something where no page may connect."""
        if verb != "token" and verb not in errands.VERBS:
            raise Unknown(f"requests cannot {verb!r}")
        name = str(body.get("api"))
        api = next((each.api for each in self._found(running) if each.api.name == name), None)
        if api is None:
            raise Refused(f"there is no API {name!r} any more; reload the page")
        credential = self._doorkeeper.credential(running, api, body)
        if verb == "token":
            return credential
        if "token" not in credential:
            raise Refused(f"{name} lets no page of the console connect; use a client of yours")
        return errands.run(api, credential["token"], verb, body)

    def close(self) -> None:
        """End the connections to the tables."""
        for source in self._sources:
            source.aws.close()

    def _api(self, source: _Source, now: float) -> ApiRow:
        api, table = source.api, source.table
        entries = table.entries if table else ()
        return ApiRow(
            name=api.name,
            id=api.id,
            url=api.url,
            plain_url=api.plain_url,
            has_tenants=api.has_tenants,
            has_tokens=api.issuer is not None,
            is_signed=api.is_signed,
            origins=api.origins,
            has_requests=api.has_requests,
            runners=api.runners,
            total=len(entries),
            is_cut=table is not None and table.is_cut,
            states=Counter(entry.state.value for entry in entries),
            measured=measured(self._metrics, api.name, now),
        )

    def _source(self, running: Running, id: str) -> tuple[_Source, str]:
        key, _, api = id.partition("@")
        for source in self._found(running):
            if source.api.id == api:
                return source, key
        raise Unknown(f"there is no request {id!r}")

    def _found(self, running: Running) -> Sequence[_Source]:
        """Give what was found when this deployment was first looked at."""
        with self._lock:
            if self._running is not running:
                sources = [self._opened(running, api) for api in apis_of(running)]
                self.close()
                self._running, self._sources = running, sources
                self._doorkeeper = Doorkeeper()
            return self._sources

    @staticmethod
    def _opened(running: Running, api: ProgressApi) -> _Source:
        aws = running.aws(api.stack)
        table = RequestTable(aws, api.table) if api.has_requests else None
        return _Source(api=api, aws=aws, table=table)
