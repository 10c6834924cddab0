"""The sinks of an app with their settings, found once a deployment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cdk_streamer_local.cloud.deployment import DeployedStack
from cdk_streamer_local.console.running import Running
from cdk_streamer_local.sinks_command.finding import FoundSink, sinks_of
from cdk_streamer_runtime.contract.sinks import SinkControllerEnvironment, SinkEnvironment


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedSink:
    """One sink: `id` is its stack and its path, `label` what its function is called in the app."""

    id: str
    label: str
    stack: DeployedStack
    found: FoundSink
    settings: SinkEnvironment
    control: SinkControllerEnvironment
    concurrency: int | None

    @property
    def name(self) -> str:
        """Give the construct's name, which its metrics have."""
        return self.settings.sink_name


def deployed_sinks(running: Running) -> Iterator[DeployedSink]:
    """Give the sinks of all stacks."""
    labels = {wired.function.name: wired.function.label for wired in running.system.wired}
    for stack in running.system.stacks:
        services = stack.services
        for found in sinks_of(services.client("cloudformation"), [stack.template.name]):
            functions = services.client("lambda")
            control = SinkControllerEnvironment.from_variables(
                _variables(functions, found.controller)
            )
            polled = functions.get_event_source_mapping(UUID=control.mapping_id)
            yield DeployedSink(
                id=f"{found.stack}/{found.name}",
                label=labels.get(found.function, found.function),
                stack=stack,
                found=found,
                settings=SinkEnvironment.from_variables(_variables(functions, found.function)),
                control=control,
                concurrency=polled.get("ScalingConfig", {}).get("MaximumConcurrency"),
            )


def _variables(client: Any, function: str) -> Mapping[str, str]:  # noqa: ANN401 - a boto3 client
    told = client.get_function_configuration(FunctionName=function)
    return told.get("Environment", {}).get("Variables", {})
