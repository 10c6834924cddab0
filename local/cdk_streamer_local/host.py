"""What every app runs on here: the engine, its certificate, its listeners, the token issuer."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cdk_streamer_local.cloud.assembly import DEFAULT_ACCOUNT, DEFAULT_REGION
from cdk_streamer_local.cloud.services import Services
from cdk_streamer_local.engine.certificate import Certificate, server_certificate
from cdk_streamer_local.engine.durable import DurableExecutions
from cdk_streamer_local.engine.installation import installed
from cdk_streamer_local.engine.loopback import call
from cdk_streamer_local.engine.port import listen
from cdk_streamer_local.engine.process import Engine
from cdk_streamer_local.engine.punctual import SCHEDULES_PATH
from cdk_streamer_local.functions.reports import Report, Reports
from cdk_streamer_local.gateway.process import Gateway, Sockets, settings_of
from cdk_streamer_local.pollers.chaos import Chaos
from cdk_streamer_local.tokens.issuer import Issuer
from cdk_streamer_local.tokens.keys import SigningKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A started engine with what stands around it; `stop` ends all of it."""

    engine: Engine
    gateway: Gateway
    issuer: Issuer
    certificate: Certificate
    durable: DurableExecutions
    stop: Callable[[], None]
    _services: dict[tuple[str, str], Services] = field(
        default_factory=dict[tuple[str, str], Services]
    )

    @classmethod
    def start(
        cls,
        *,
        port: int,
        sockets: Sockets,
        iam: bool,
        chaos: Chaos,
        receive: Callable[[Report], None],
        keys: Callable[[], Sequence[SigningKey]],
        on_install: Callable[[], None],
    ) -> Host:
        """Start everything; it answers after `wait_until_ready()`.

        Raises PortTaken and EngineUnavailable, and leaves nothing behind then.
        """
        with contextlib.ExitStack() as started:
            listener = started.enter_context(listen(port))
            socket_listener = started.enter_context(listen(sockets.port, option="--socket-port"))
            installation = installed(on_install)
            certificate = server_certificate()
            engine = Engine.start(installation, certificate, listener, iam=iam, chaos=chaos)
            started.callback(engine.stop)
            settings = settings_of(engine, socket_listener, sockets, chaos=chaos)
            gateway = Gateway.start(installation.python, engine.scratch, socket_listener, settings)
            started.callback(gateway.stop)
            reports = Reports(engine.log_socket, receive)
            started.callback(reports.close)
            issuer = Issuer(certificate, keys)
            started.callback(issuer.close)
            durable = DurableExecutions(engine.endpoint, certificate, on_install)
            started.callback(durable.stop)
            host = cls(
                engine=engine,
                gateway=gateway,
                issuer=issuer,
                certificate=certificate,
                durable=durable,
                stop=started.pop_all().close,
            )
        host._prepare()
        return host

    def wait_until_ready(self) -> None:
        """Return when everything answers; raises EngineDied if something never does."""
        self.engine.wait_until_ready()
        self.gateway.wait_until_ready()

    def services(self, account: str, region: str) -> Services:
        """Give clients for one account and region of the engine."""
        place = (account, region)
        if place not in self._services:
            self._services[place] = Services(
                endpoint=self.engine.endpoint,
                bundle=self.certificate.bundle,
                account=account,
                region=region,
            )
        return self._services[place]

    def begin_schedules(self) -> None:
        """Let schedules invoke their targets from now on."""
        call(self.certificate, f"{self.engine.endpoint}{SCHEDULES_PATH}", b"")

    def _prepare(self) -> None:
        """Make the clients that deploying needs: it takes long, and synthesis leaves us idle."""
        services = self.services(DEFAULT_ACCOUNT, DEFAULT_REGION)

        def make() -> None:
            for service in ("s3", "ssm", "cloudformation", "lambda", "iam"):
                services.client(service)

        threading.Thread(target=make, name="clients", daemon=True).start()
