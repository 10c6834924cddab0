"""Creates and updates stacks through CloudFormation, as a deployment to AWS does."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cdk_streamer_local.cloud.assembly import StackTemplate
from cdk_streamer_local.cloud.services import Services
from cdk_streamer_local.cloud.template import deployable
from cdk_streamer_local.errors import DeploymentFailed, ResourceUnknown

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
# https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html#bootstrapping-template-contract
_BOOTSTRAP_VERSION = "30"
_POLL_SECONDS = 0.05
_SHOW_POLLS = 5  # to list what is done costs the engine more than to tell the status
_UNKNOWN_TYPES = re.compile(r"Unrecognized resource types: \[(?P<types>[^\]]*)\]")

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedStack:
    """What a template became. `physical` has the engine's name of each resource."""

    template: StackTemplate
    services: Services
    outputs: Mapping[str, str]
    physical: Mapping[str, str]


def deploy(
    services: Services, stack: StackTemplate, progress: Progress = lambda _: None
) -> DeployedStack:
    """Bring the stack to what its template says; `progress` gets how many resources are done.

    Raises ResourceUnknown or DeploymentFailed, which name the construct.
    """
    _bootstrap(services, stack)
    client = services.client("cloudformation")
    if _start(client, stack):
        _wait(client, stack, progress)
    description = client.describe_stacks(StackName=stack.name)["Stacks"][0]
    resources = client.describe_stack_resources(StackName=stack.name)["StackResources"]
    return DeployedStack(
        template=stack,
        services=services,
        outputs={
            output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", ())
        },
        physical={
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for resource in resources
            if "PhysicalResourceId" in resource
        },
    )


def _bootstrap(services: Services, stack: StackTemplate) -> None:
    """Store the version that templates ask an account for."""
    names = {
        asset.bucket.removeprefix("cdk-").partition("-assets-")[0] for asset in stack.assets
    } or {"hnb659fds"}
    for qualifier in names:
        services.client("ssm").put_parameter(
            Name=f"/cdk-bootstrap/{qualifier}/version",
            Value=_BOOTSTRAP_VERSION,
            Type="String",
            Overwrite=True,
        )


def _start(client: Any, stack: StackTemplate) -> bool:  # noqa: ANN401 - a boto3 client
    """Start creating or updating; False when nothing differs."""
    arguments = {
        "StackName": stack.name,
        "Capabilities": CAPABILITIES,
        **_template(stack, client.meta.endpoint_url),
    }
    try:
        if _exists(client, stack.name):
            client.update_stack(**arguments)
        else:
            client.create_stack(**arguments, OnFailure="DO_NOTHING")
    except client.exceptions.ClientError as fault:
        message = str(fault.response["Error"]["Message"])
        if "No updates are to be performed" in message:
            return False
        raise _refusal(stack, message) from None
    return True


def _template(stack: StackTemplate, endpoint: str) -> dict[str, str]:
    """Give the template by its address, which allows more bytes, if it is an asset."""
    for asset in stack.assets:
        if asset.path == stack.template:
            return {"TemplateURL": f"{endpoint}/{asset.bucket}/{asset.key}"}
    return {"TemplateBody": deployable(stack.template.read_bytes()).decode()}


def _exists(client: Any, name: str) -> bool:  # noqa: ANN401 - a boto3 client
    try:
        client.describe_stacks(StackName=name)
    except client.exceptions.ClientError:
        return False
    return True


def _refusal(stack: StackTemplate, message: str) -> ResourceUnknown | DeploymentFailed:
    found = _UNKNOWN_TYPES.search(message)
    if found is None:
        return DeploymentFailed(
            f"the stack {stack.name!r} was refused: {message}", remedy="correct the template"
        )
    types = found["types"].split(", ")
    places = [f"{resource.construct_path} ({resource.type})" for resource in stack.of_type(*types)]
    return ResourceUnknown(
        f"the engine cannot make {', '.join(places)}",
        remedy="leave it out when the context cdk-streamer:platform is 'host', or test it on AWS",
    )


def _wait(client: Any, stack: StackTemplate, progress: Progress) -> None:  # noqa: ANN401 - a boto3 client
    polls = itertools.count()
    while True:
        description = client.describe_stacks(StackName=stack.name)["Stacks"][0]
        status: str = description["StackStatus"]
        if not status.endswith("_IN_PROGRESS"):
            break
        if next(polls) % _SHOW_POLLS == 0:
            resources = client.describe_stack_resources(StackName=stack.name)["StackResources"]
            progress(sum(r["ResourceStatus"].endswith("_COMPLETE") for r in resources))
        time.sleep(_POLL_SECONDS)
    if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        raise _failure(stack, status, client.describe_stack_events(StackName=stack.name))
    progress(len(stack.resources))


def _failure(stack: StackTemplate, status: str, events: Mapping[str, Any]) -> DeploymentFailed:
    failed: Sequence[Mapping[str, Any]] = [
        event
        for event in events["StackEvents"]  # the newest comes first
        if event["ResourceStatus"].endswith("_FAILED") and event["LogicalResourceId"] != stack.name
    ]
    if not failed:
        return DeploymentFailed(
            f"the stack {stack.name!r} ended as {status}", remedy="start again with --fresh"
        )
    first = failed[-1]
    resource = next(
        (r for r in stack.resources if r.logical_id == first["LogicalResourceId"]), None
    )
    path = resource.construct_path if resource else first["LogicalResourceId"]
    return DeploymentFailed(
        f"{path} ({first['ResourceType']}) failed: {first.get('ResourceStatusReason', status)}",
        remedy="correct its properties; the engine checks them as CloudFormation does",
    )
