"""The deployed app as a whole: its stacks, its functions, its addresses."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

from cdk_streamer_local.cloud.apis import Addresses, http_apis_of, rest_apis_of, sockets_of
from cdk_streamer_local.cloud.assembly import Assembly, Asset, StackTemplate
from cdk_streamer_local.cloud.assets import upload
from cdk_streamer_local.cloud.deployment import DeployedStack, deploy
from cdk_streamer_local.cloud.policies import translate_policies
from cdk_streamer_local.events import Deployed, Deploying, Observer
from cdk_streamer_local.functions.function import Function, functions_of
from cdk_streamer_local.functions.wiring import Wired, wire
from cdk_streamer_local.host import Host
from cdk_streamer_local.record import Audience, Place, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """What an assembly became in the engine; the empty one before the first deployment."""

    stacks: Sequence[DeployedStack] = ()
    wired: Sequence[Wired] = ()

    @classmethod
    def deploy(cls, assembly: Assembly, host: Host, observe: Observer) -> System:
        """Bring the engine to what the assembly says; raises DeploymentFailed and its kin."""
        stacks = [_deploy(stack, host, observe) for stack in assembly.stacks]
        functions = [function for stack in stacks for function in functions_of(stack)]
        addresses = _addresses(stacks, host)
        jwks_url = host.issuer.jwks_url
        wired = [wire(function, addresses, jwks_url=jwks_url) for function in functions]
        host.durable.serve([function for function in functions if function.execution_seconds])
        host.begin_schedules()
        return cls(stacks=stacks, wired=wired)

    @property
    def functions(self) -> list[Function]:
        """Give the functions of all stacks."""
        return [wired.function for wired in self.wired]

    @property
    def timeouts(self) -> dict[str, float]:
        """Give the timeouts in seconds of functions whose workers tell, by the engine's names."""
        return {
            wired.function.name: wired.timeout_seconds
            for wired in self.wired
            if wired.function.is_python
        }

    @property
    def code(self) -> list[Asset]:
        """Give the assets that are functions' code."""
        keys = {function.asset for function in self.functions}
        assets = [asset for stack in self.stacks for asset in stack.template.assets]
        return list({asset.key: asset for asset in assets if asset.key in keys}.values())

    @property
    def audiences(self) -> list[Audience]:
        """Give what the authorizers want to read in tokens."""
        wanted = [
            Audience(
                issuer=wired.authorizer.issuer,
                audience=wired.authorizer.audience,
                algorithms=wired.authorizer.algorithms,
                tenant_claim=wired.authorizer.tenant_claim,
            )
            for wired in self.wired
            if wired.authorizer is not None
        ]
        return list(dict.fromkeys(wanted))

    def record(self, host: Host, *, console: str | None = None) -> Record:
        """Give what other commands need to know."""
        addresses = _addresses(self.stacks, host)
        return Record(
            pid=os.getpid(),
            endpoint=host.engine.endpoint,
            ca_bundle=str(host.certificate.bundle),
            console=console,
            sockets=[api for stack in self.stacks for api in sockets_of(stack, addresses)],
            http_apis=[api for stack in self.stacks for api in http_apis_of(stack, addresses)],
            rest_apis=[api for stack in self.stacks for api in rest_apis_of(stack, addresses)],
            outputs={
                stack.template.name: {
                    name: addresses.local(value) for name, value in stack.outputs.items()
                }
                for stack in self.stacks
            },
            audiences=self.audiences,
            places=[
                Place(
                    stack=stack.template.name,
                    account=stack.services.account,
                    region=stack.services.region,
                )
                for stack in self.stacks
            ],
        )


def _addresses(stacks: Sequence[DeployedStack], host: Host) -> Addresses:
    engine = host.engine.endpoint.partition("://")[2]
    return Addresses.of(stacks, engine=engine, gateway=host.gateway.authority)


def _deploy(stack: StackTemplate, host: Host, observe: Observer) -> DeployedStack:
    started = time.monotonic()
    services = host.services(stack.account, stack.region)
    assets = upload(services, stack.assets)
    total = len(stack.resources)

    def progress(done: int) -> None:
        observe(Deploying(stack=stack.name, done=done, total=total))

    deployed = deploy(services, stack, progress)
    translate_policies(deployed)
    observe(
        Deployed(
            stack=stack.name,
            resources=total,
            assets=assets,
            seconds=time.monotonic() - started,
        )
    )
    return deployed
