"""The resources of a cloud assembly, whose references to each other can be followed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from cdk_streamer_local.cloud.assembly import Assembly, StackTemplate, construct_path
from cdk_streamer_local.topology.references import References, exports_of
from cdk_streamer_runtime.contract.streams import ResourceKind

FUNCTION = "AWS::Lambda::Function"
KINDS = {
    "AWS::DynamoDB::Table": ResourceKind.TABLE,
    "AWS::DynamoDB::GlobalTable": ResourceKind.TABLE,
    "AWS::Events::EventBus": ResourceKind.EVENT_BUS,
    "AWS::Kinesis::Stream": ResourceKind.STREAM,
    "AWS::SQS::Queue": ResourceKind.QUEUE,
    "AWS::SNS::Topic": ResourceKind.TOPIC,
    "AWS::S3::Bucket": ResourceKind.BUCKET,
    "AWS::Lambda::Function": ResourceKind.FUNCTION,
    "AWS::StepFunctions::StateMachine": ResourceKind.STATE_MACHINE,
    "AWS::Scheduler::ScheduleGroup": ResourceKind.SCHEDULE_GROUP,
    "AWS::SecretsManager::Secret": ResourceKind.SECRET,
}
_PARTS, _OWN_KIND = 2, {"Queue", "Table", "Bucket", "Topic"}

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A resource of one stack; `references` read what it says of others."""

    id: str
    type: str
    properties: Json
    metadata: Json
    references: References

    @property
    def label(self) -> str:
        """Give the construct's path below its stack, or the logical id without its hash."""
        path = self.metadata.get("aws:cdk:path")
        if path is None:
            return re.sub(r"[0-9A-F]{8}$", "", self.id.partition("/")[2])
        path = construct_path(cast("str", path))
        _, *parts = path.split("/")
        # What is inside a construct of ours says its kind again.
        shown = parts[:-1] if len(parts) > _PARTS and parts[-1] in _OWN_KIND else parts
        return "/".join(shown) or path

    @property
    def variables(self) -> Json:
        """Give the environment of a function; of anything else, nothing."""
        environment = self.properties.get("Environment", {})
        return environment.get("Variables", {}) if self.type == FUNCTION else {}


def resources_of(assembly: Assembly) -> dict[str, Resource]:
    """Give all resources of all stacks by `<stack>/<logical id>`, in their order."""
    return {each.id: each for stack in _stacks(assembly.stacks) for each in stack}


def _stacks(stacks: Sequence[StackTemplate]) -> Iterator[list[Resource]]:
    exports: dict[str, str] = {}
    for stack in stacks:
        template = json.loads(stack.template.read_text(encoding="utf-8"))
        references = References(stack.id, exports)
        yield [
            Resource(
                id=f"{stack.id}/{name}",
                type=resource["Type"],
                properties=resource.get("Properties", {}),
                metadata=resource.get("Metadata", {}),
                references=references,
            )
            for name, resource in template.get("Resources", {}).items()
        ]
        exports |= exports_of(stack.id, template.get("Outputs", {}), exports)
