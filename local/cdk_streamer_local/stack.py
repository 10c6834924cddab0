"""An app that runs while a test runs."""

from __future__ import annotations

import signal
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cdk_streamer_local.cloud.assembly import (
    DEFAULT_ACCOUNT,
    DEFAULT_REGION,
    construct_path,
)
from cdk_streamer_local.cloud.services import Services
from cdk_streamer_local.cloud.synthesis import App
from cdk_streamer_local.cloud.users import CALLING, DEVELOPER, Credentials, credentials
from cdk_streamer_local.errors import BadArgument
from cdk_streamer_local.events import Event, Spoke
from cdk_streamer_local.functions.function import Function, find
from cdk_streamer_local.functions.reports import ReportKind
from cdk_streamer_local.gateway.process import Sockets
from cdk_streamer_local.pollers.chaos import Chaos
from cdk_streamer_local.record import Record
from cdk_streamer_local.session import Options, Session

_PATIENCE_SECONDS = 30.0
_UNDER_CHAOS_SECONDS = 120.0


class LocalStack:
    """Runs an app in the local engine from `with` to its end.

    `app` is an app.py, a cdk.json or a cdk.out; the command line may run it at the same time.
    Roles are enforced unless `iam` is False. With `watch`, edits are followed as the command line
    does. `chaos` names what goes wrong now and then: duplicate, delay, crash, freeze, lose; the
    same for the same seed. With `console` the page that the command line has is served too.
    Sockets end after `socket_idle` seconds without a message and `socket_lifetime` seconds at the
    latest. Default: ten minutes and two hours, as on AWS.
    """

    def __init__(
        self,
        app: str | Path,
        *,
        iam: bool = True,
        watch: bool = False,
        port: int = 0,
        chaos: Iterable[str] = (),
        chaos_seed: int | None = None,
        console: bool = False,
        socket_idle: float | None = None,
        socket_lifetime: float | None = None,
    ) -> None:
        self._events: list[Event] = []
        self._changed = threading.Condition()
        options = Options(
            port=port,
            sockets=Sockets.of(idle=socket_idle, lifetime=socket_lifetime),
            iam=iam,
            watch=watch,
            alone=False,
            chaos=Chaos.of(chaos, chaos_seed),
            console=console,
        )
        self._patience = _UNDER_CHAOS_SECONDS if options.chaos.troubles else _PATIENCE_SECONDS
        self._session = Session(App.find(Path(app)), options, self._receive)
        self._record: Record | None = None

    def __enter__(self) -> Self:
        """Bring the app up; raises LocalError with cause and remedy."""
        try:
            self._record = self._session.start()
            self._session.warm()
        except BaseException:
            self._session.stop()
            raise
        threading.Thread(target=self._follow, name="local-stack", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """End the engine and all its processes."""
        self._session.stop()

    @property
    def endpoint(self) -> str:
        """Give the address of the engine's services."""
        return self._running.endpoint

    @property
    def ca_bundle(self) -> str:
        """Give the file with the certificates that clients must trust."""
        return self._running.ca_bundle

    @property
    def tls(self) -> ssl.SSLContext:
        """Give the same trust as a context for Python's clients."""
        return ssl.create_default_context(cafile=self.ca_bundle)

    @property
    def outputs(self) -> Mapping[str, str]:
        """Give the outputs of all stacks by their key, with addresses of this machine.

        Where two stacks have the same key, `Stack.Key` tells them apart.
        """
        outputs = {
            f"{stack}.{key}": value
            for stack, values in self._running.outputs.items()
            for key, value in values.items()
        }
        keys = [name.partition(".")[2] for name in outputs]
        short = {name.partition(".")[2]: value for name, value in outputs.items()}
        return outputs | {key: value for key, value in short.items() if keys.count(key) == 1}

    @property
    def events(self) -> Sequence[Event]:
        """Give everything that happened so far, as `cdk-streamer local --json` writes it."""
        with self._changed:
            return tuple(self._events)

    @property
    def console_url(self) -> str:
        """Give the address of the console's page."""
        if self._running.console is None:
            raise BadArgument("no console is served", remedy="pass console=True")
        return self._running.console

    def socket_url(self, name: str | None = None) -> str:
        """Give the address of the only WebSocket API, or of the one at this construct path."""
        return self._running.socket_url(name)

    def plain_socket_url(self, name: str | None = None) -> str:
        """Give the same without TLS, for a browser, which distrusts the certificate."""
        return self._running.plain_socket_url(name)

    def http_url(self, name: str | None = None) -> str:
        """Give the address of the only HTTP API, or of the one at this construct path."""
        return self._running.http_url(name)

    def rest_url(self, name: str | None = None) -> str:
        """Give the address of the only REST API, or of the one at this construct path."""
        return self._running.rest_url(name)

    def credentials(
        self,
        user: str = DEVELOPER,
        *,
        actions: Sequence[str] = CALLING,
        resources: Sequence[str] = ("*",),
    ) -> Credentials:
        """Give a new key of an IAM user, to sign with: who may do these actions and no others.

        Default: may call all APIs.
        """
        return credentials(self._services, user, actions, resources)

    def token(
        self,
        *,
        sub: str | None = None,
        tenant: str | None = None,
        scopes: Sequence[str] = (),
        expires: int = 3600,
        issuer: str | None = None,
    ) -> str:
        """Mint a token of the development issuer; with negative `expires`, one that expired."""
        return self._running.token(
            self._session.app.state,
            sub=sub,
            tenant=tenant,
            scopes=scopes,
            expires=expires,
            issuer=issuer,
        )

    def client(self, service: str, *, region: str | None = None) -> Any:  # noqa: ANN401 - boto3 makes its clients' types at run time
        """Give a boto3 client with all rights, for the first stack's account.

        Default region: that of the first stack.
        """
        first = self._services
        if region is None:
            return first.client(service)
        return self._session.host.services(first.account, region).client(service)

    def physical_id(self, name: str) -> str:
        """Give the engine's name of a resource, by its logical id or the end of its path."""
        name = construct_path(name)
        found = {
            stack.physical[resource.logical_id]
            for stack in self._session.system.stacks
            for resource in stack.template.resources
            if resource.logical_id in stack.physical
            and (resource.logical_id == name or f"/{resource.construct_path}".endswith(f"/{name}"))
        }
        if len(found) != 1:
            raise LookupError(f"{name!r} names {len(found)} resources; give a logical id")
        return found.pop()

    def function_name(self, function: str) -> str:
        """Give the engine's name of a function, for `client("lambda")`."""
        return self._find(function).name

    def logs(self, function: str) -> list[str]:
        """Give the lines that a function wrote so far, tracebacks included."""
        label = self._find(function).label
        texts = {ReportKind.LINE, ReportKind.FAILED, ReportKind.UNLOADABLE}
        return [
            line
            for event in self.events
            if isinstance(event, Spoke) and event.function == label and event.report.kind in texts
            for line in event.report.text.splitlines()
        ]

    def wait_for(self, holds: Callable[[], object], *, timeout: float | None = None) -> None:
        """Return when something holds, looking again at each event; raises TimeoutError.

        Default: after 30 s, or after 2 minutes under chaos, as what crashed comes again in a while.
        """
        timeout = self._patience if timeout is None else timeout
        end = time.monotonic() + timeout
        while True:
            with self._changed:
                seen = len(self._events)
            if holds():
                return
            with self._changed:
                if not self._changed.wait_for(
                    lambda seen=seen: len(self._events) > seen, end - time.monotonic()
                ):
                    raise TimeoutError(f"it did not hold within {timeout:g} s")

    def wait_for_log(self, function: str, text: str, *, timeout: float | None = None) -> str:
        """Give the first line of a function that contains the text; waits as `wait_for` does."""

        def found() -> list[str]:
            return [line for line in self.logs(function) if text in line]

        self.wait_for(found, timeout=timeout)
        return found()[0]

    def workers(self, function: str) -> frozenset[int]:
        """Give the ids of a function's worker processes."""
        return self._session.workers.of(self._find(function).name)

    def kill_worker(self, function: str) -> frozenset[int]:
        """Kill a function's workers as a crash would, and wait until they are gone."""
        killed = self._session.workers.signal(self._find(function).name, signal.SIGKILL)
        self.wait_for(lambda: not self.workers(function) & killed)
        return killed

    def pause_worker(self, function: str) -> frozenset[int]:
        """Freeze a function's workers, as a stalled machine would."""
        return self._session.workers.signal(self._find(function).name, signal.SIGSTOP)

    def resume_worker(self, function: str) -> frozenset[int]:
        """Let frozen workers go on."""
        return self._session.workers.signal(self._find(function).name, signal.SIGCONT)

    @property
    def _services(self) -> Services:
        stacks = self._session.system.stacks
        if stacks:
            return stacks[0].services
        return self._session.host.services(DEFAULT_ACCOUNT, DEFAULT_REGION)

    @property
    def _running(self) -> Record:
        if self._record is None:
            raise RuntimeError("the app does not run; use `with LocalStack(...) as stack:`")
        return self._record

    def _find(self, name: str) -> Function:
        return find(self._session.system.functions, name)

    def _receive(self, event: Event) -> None:
        with self._changed:
            self._events.append(event)
            self._changed.notify_all()

    def _follow(self) -> None:
        self._session.run()
