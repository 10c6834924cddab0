"""What templates say about queues: how they are called, who may fill and empty them.

Where failures of others go is said here too, as far as no redrive policy says it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from cdk_streamer_local.console.running import Running
from cdk_streamer_local.topology.references import id_in
from cdk_streamer_local.topology.resources import FUNCTION, Resource, resources_of

_QUEUE = "AWS::SQS::Queue"
_QUEUE_POLICY = "AWS::SQS::QueuePolicy"
_ROLE = "AWS::IAM::Role"
_POLICIES = frozenset({"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"})
_SEND, _RECEIVE = "sqs:SendMessage", "sqs:ReceiveMessage"

Json = Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class Relations:
    """Of one queue: names are those of constructs, below their stacks."""

    label: str = ""
    stack: str = ""
    senders: list[str] = field(default_factory=list[str])
    receivers: list[str] = field(default_factory=list[str])
    failures_of: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grant:
    """Who may do something, and the id of the resource with which."""

    who: str
    actions: tuple[str, ...]
    about: str


def relations(running: Running) -> dict[str, Relations]:
    """Give what is said of each queue, by its ARN."""
    resources = resources_of(running.assembly)
    arns = dict(_arns(running))
    found = {
        arn: Relations(label=resources[id].label, stack=id.partition("/")[0])
        for id, arn in arns.items()
    }
    owners = _owners(resources)
    for resource in resources.values():
        for grant in _grants(resource, resources, owners):
            arn = arns.get(grant.about)
            if arn is not None:
                _note(found[arn], grant)
        for target in _failing(resource):
            arn = arns.get(resource.references.id(target))
            if arn is not None and resource.label not in found[arn].failures_of:
                found[arn].failures_of.append(resource.label)
    return found


def _arns(running: Running) -> Iterator[tuple[str, str]]:
    """Give each queue's id in the templates, and its ARN."""
    for stack, resource, url in running.resources(_QUEUE):
        place = f"{stack.services.region}:{stack.services.account}"
        name = url.rpartition("/")[2]
        yield f"{stack.template.id}/{resource.logical_id}", f"arn:aws:sqs:{place}:{name}"


def _owners(resources: Mapping[str, Resource]) -> dict[str, list[str]]:
    """Give the labels of the functions that have each role."""
    owners: dict[str, list[str]] = {}
    for each in resources.values():
        if each.type == FUNCTION:
            label = each.label.removesuffix("/Function")
            owners.setdefault(each.references.id(each.properties.get("Role", "")), []).append(label)
    return owners


def _grants(
    resource: Resource, resources: Mapping[str, Resource], owners: Mapping[str, Sequence[str]]
) -> Iterator[_Grant]:
    for who, statement in _statements(resource, resources, owners):
        actions = tuple(str(action) for action in _listed(statement.get("Action", [])))
        for value in _listed(statement.get("Resource", [])):
            yield _Grant(who=who, actions=actions, about=id_in(resource.references.text(value)))


def _statements(
    resource: Resource, resources: Mapping[str, Resource], owners: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, Json]]:
    said = resource.references
    if resource.type == _ROLE:
        for policy in resource.properties.get("Policies", []):
            for owner in owners.get(resource.id, [resource.label]):
                yield from ((owner, each) for each in _allowed(policy["PolicyDocument"]))
    elif resource.type in _POLICIES:
        roles = [said.id(role) for role in resource.properties.get("Roles", [])]
        for owner in dict.fromkeys(owner for role in roles for owner in owners.get(role, [])):
            yield from ((owner, each) for each in _allowed(resource.properties["PolicyDocument"]))
    elif resource.type == _QUEUE_POLICY:
        for each in _allowed(resource.properties["PolicyDocument"]):
            yield _principal(resource, resources, each), each


def _principal(resource: Resource, resources: Mapping[str, Resource], statement: Json) -> str:
    """Name who a queue lets in: the rule or topic itself, if it says which."""
    conditions: Iterator[Json] = iter(statement.get("Condition", {}).values())
    sources = [each["aws:SourceArn"] for each in conditions if "aws:SourceArn" in each]
    for source in sources:
        about = resources.get(resource.references.id(source))
        if about is not None:
            return about.label
    principal = statement.get("Principal", {})
    service = cast("Json", principal).get("Service", "") if isinstance(principal, dict) else "*"
    return str(service).removesuffix(".amazonaws.com")


def _note(relations: Relations, grant: _Grant) -> None:
    for wanted, names in ((_SEND, relations.senders), (_RECEIVE, relations.receivers)):
        is_allowed = any(_covers(action, wanted) for action in grant.actions)
        if grant.who and is_allowed and grant.who not in names:
            names.append(grant.who)


def _covers(action: str, wanted: str) -> bool:
    return action in {wanted, "*"} or (action.endswith("*") and wanted.startswith(action[:-1]))


def _allowed(document: Json) -> list[Json]:
    statements = cast("list[Json]", _listed(document.get("Statement", [])))
    return [each for each in statements if each.get("Effect", "Allow") == "Allow"]


def _failing(resource: Resource) -> Iterator[object]:
    """Give where a resource sends what it could not do."""
    said = resource.properties
    match resource.type:
        case "AWS::Lambda::EventSourceMapping" | "AWS::Lambda::EventInvokeConfig":
            yield said.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", "")
        case "AWS::Lambda::Function":
            yield said.get("DeadLetterConfig", {}).get("TargetArn", "")
        case "AWS::Events::Rule":
            for target in cast("list[Json]", said.get("Targets", [])):
                yield target.get("DeadLetterConfig", {}).get("Arn", "")
        case "AWS::Scheduler::Schedule":
            yield said["Target"].get("DeadLetterConfig", {}).get("Arn", "")
        case "AWS::SNS::Subscription":
            yield cast("Json", said.get("RedrivePolicy", {})).get("deadLetterTargetArn", "")
        case _:
            return


def _listed(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else [value]
