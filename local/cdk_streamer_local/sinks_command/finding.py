"""Which sinks are deployed: a template says what belongs to one, its stack where that is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from cdk_streamer_local.errors import BadArgument
from cdk_streamer_runtime.contract.sinks import SINK_METADATA

_DEPLOYED = (
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_IN_PROGRESS",
    "IMPORT_COMPLETE",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSink:
    """One sink: its functions by name, and its queues by URL."""

    name: str
    stack: str
    region: str
    function: str
    controller: str
    queue: str
    dead_letters: str
    rejected: str

    def is_called(self, name: str) -> bool:
        """Tell whether this is its name or the end of it."""
        return f"/{self.name}".endswith(f"/{name}")


def sinks_of(cloudformation: Any, stacks: Sequence[str] = ()) -> list[FoundSink]:  # noqa: ANN401 - a boto3 client
    """Give the sinks of these stacks, or of all that are deployed in its region."""
    names = stacks or list(_stacks(cloudformation))
    return [sink for name in names for sink in _sinks(cloudformation, name)]


def chosen(sinks: Sequence[FoundSink], name: str | None) -> FoundSink:
    """Give the sink that was meant; raises BadArgument when it is not clear."""
    found = [sink for sink in sinks if name is None or sink.is_called(name)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(sorted(sink.name for sink in found or sinks))
    if not sinks:
        raise BadArgument(
            "no sink is deployed there",
            remedy="name the --region or the --stack of a ThrottledSink, or pass --local",
        )
    wanted = "no sink was named" if name is None else f"{name!r} names {len(found)} sinks"
    raise BadArgument(wanted, remedy=f"name one of: {names}")


def _stacks(cloudformation: Any) -> Iterator[str]:  # noqa: ANN401 - see above
    pages = cloudformation.get_paginator("list_stacks").paginate(StackStatusFilter=[*_DEPLOYED])
    for page in pages:
        for stack in page["StackSummaries"]:
            yield stack["StackName"]


def _sinks(cloudformation: Any, stack: str) -> Iterator[FoundSink]:  # noqa: ANN401 - see above
    described = list(_described(cloudformation.get_template(StackName=stack)["TemplateBody"]))
    if not described:
        return
    physical = _physical(cloudformation, stack)
    region: str = cloudformation.meta.region_name
    for told in described:
        parts = {name: physical.get(told[name], "") for name in _PARTS}
        if all(parts.values()):  # the stack is not being made
            yield FoundSink(name=told["name"], stack=stack, region=region, **parts)


_PARTS = ("function", "controller", "queue", "dead_letters", "rejected")


def _described(template: object) -> Iterator[Mapping[str, str]]:
    """Give what a template says of its sinks; one in YAML is not of the CDK."""
    if isinstance(template, str):
        try:
            template = json.loads(template)
        except ValueError:
            return
    document = cast("Mapping[str, Any]", template)
    resources: Iterable[Mapping[str, Any]] = document.get("Resources", {}).values()
    for resource in resources:
        told = resource.get("Metadata", {}).get(SINK_METADATA)
        if told is not None:
            yield told


def _physical(cloudformation: Any, stack: str) -> dict[str, str]:  # noqa: ANN401 - see above
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    return {
        resource["LogicalResourceId"]: resource.get("PhysicalResourceId", "")
        for page in pages
        for resource in page["StackResourceSummaries"]
    }
