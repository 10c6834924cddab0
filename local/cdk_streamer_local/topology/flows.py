"""What flows between the parts of an app: what event sources, calls and rights say of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

from cdk_streamer_local.topology.graph import Edge, Node
from cdk_streamer_local.topology.references import id_in
from cdk_streamer_local.topology.resources import Json, Resource
from cdk_streamer_runtime.contract.streams import ResourceKind

_POLICIES = frozenset({"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"})
_ROLE = "AWS::IAM::Role"
# What somebody allowed does, by what IAM calls it; the first that fits. None: not worth an arrow.
_VERBS: tuple[tuple[str, str, str], ...] = (
    ("lambda", "Invoke", "invokes"),
    ("lambda", "UpdateEventSourceMapping", "pauses"),
    ("sqs", "Send", "sends"),
    ("sqs", "StartMessageMoveTask", "redrives"),
    ("sns", "Publish", "publishes"),
    ("events", "PutEvents", "publishes"),
    ("kinesis", "PutRecord", "writes"),
    ("dynamodb", "PutItem", "writes"),
    ("dynamodb", "UpdateItem", "writes"),
    ("dynamodb", "DeleteItem", "writes"),
    ("dynamodb", "BatchWriteItem", "writes"),
    ("dynamodb", "GetItem", "reads"),
    ("dynamodb", "Query", "reads"),
    ("dynamodb", "Scan", "reads"),
    ("dynamodb", "BatchGetItem", "reads"),
    ("s3", "Put", "writes"),
    ("s3", "Get", "reads"),
    ("states", "StartExecution", "starts"),
    ("secretsmanager", "GetSecretValue", "reads"),
    ("execute-api", "ManageConnections", "posts"),
    ("execute-api", "Invoke", "calls"),
)
_READS = "reads"
GIVES_UP = "gives up"
# What leaves something where it is for others to find, or goes to whoever is connected.
STORED = frozenset({"writes", "reads", "posts"})
_EXTERNAL = {
    "sqs": ResourceKind.QUEUE,
    "lambda": ResourceKind.FUNCTION,
    "dynamodb": ResourceKind.TABLE,
    "s3": ResourceKind.BUCKET,
    "sns": ResourceKind.TOPIC,
    "kinesis": ResourceKind.STREAM,
}

# What is said about each way from one node to another.
Said: TypeAlias = Mapping[tuple[str, str], list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """What was found so far; `groups` is the node that each resource is a part of."""

    resources: Mapping[str, Resource]
    groups: Mapping[str, str]
    nodes: dict[str, Node]
    said: dict[tuple[str, str], list[str]]

    def add(self, source: str, target: str, verb: str) -> None:
        """Say that something flows from one node to another."""
        if source != target:
            verbs = self.said.setdefault((source, target), [])
            if verb and verb not in verbs:
                verbs.append(verb)

    def place(self, text: str) -> str | None:
        """Give the node that a reference is about; what others have made becomes one, by name."""
        id = id_in(text)
        if id in self.groups:
            return self.groups[id]
        # What a template leaves open, like ⟦Stack/AWS::Partition⟧, has colons of its own.
        arn = re.sub("⟦.*?⟧", "", text)
        kind = _EXTERNAL.get(arn.split(":")[2]) if arn.startswith("arn:") else None
        if kind is None or not id or "*" in id:
            return None
        self.nodes.setdefault(id, Node(id=id, kind=kind, label=id))
        return id


def add_flows(flows: Flows, resource: Resource) -> None:
    """Add what one resource says of others."""
    _READERS.get(resource.type, _add_rights)(flows, resource)


def edges(said: Said) -> Iterator[Edge]:
    """Give an arrow for each way with what is said about it."""
    for (source, target), verbs in said.items():
        # Who writes looks at it as well.
        shown = [verb for verb in verbs if verb != _READS] or verbs
        label = ", ".join(shown)
        yield Edge(source=source, target=target, label=label, reads=shown == [_READS])


def _add_mapping(flows: Flows, resource: Resource) -> None:
    said = resource.references
    source = flows.place(said.text(resource.properties.get("EventSourceArn", "")))
    reader = flows.place(said.text(resource.properties["FunctionName"]))
    if source and reader:
        flows.add(source, reader, "")


def _add_dead_letters(flows: Flows, resource: Resource) -> None:
    policy = cast("Json", resource.properties.get("RedrivePolicy", {}))
    target = flows.place(resource.references.text(policy.get("deadLetterTargetArn", "")))
    if target:
        flows.add(flows.groups[resource.id], target, GIVES_UP)


def _add_integration(flows: Flows, resource: Resource) -> None:
    uri = resource.properties.get("IntegrationUri", resource.properties.get("AuthorizerUri"))
    _add_call(flows, resource, resource.properties.get("ApiId"), uri)


def _add_method(flows: Flows, resource: Resource) -> None:
    uri = resource.properties.get("Integration", {}).get("Uri")
    _add_call(flows, resource, resource.properties.get("RestApiId"), uri)


def _add_schedule(flows: Flows, resource: Resource) -> None:
    target = flows.place(resource.references.text(resource.properties["Target"]["Arn"]))
    if target:
        flows.add(flows.groups[resource.id], target, "invokes")


def _add_rule(flows: Flows, resource: Resource) -> None:
    said = resource.references
    bus = flows.place(said.text(resource.properties.get("EventBusName", "")))
    for each in cast("list[Json]", resource.properties.get("Targets", [])):
        target = flows.place(said.text(each["Arn"]))
        if bus and target:
            flows.add(bus, target, "")


def _add_call(flows: Flows, resource: Resource, api: object, uri: object) -> None:
    said = resource.references
    caller = flows.groups.get(said.id(api))
    called = next((each for each in said.ids(uri) if each in flows.groups), None)
    if caller and called:
        flows.add(caller, flows.groups[called], "invokes")


def _add_rights(flows: Flows, resource: Resource) -> None:
    for owner, statement in _statements(flows, resource):
        _add_right(flows, owner, resource, statement)


def _statements(flows: Flows, resource: Resource) -> Iterator[tuple[str, Json]]:
    """Give each statement with the node whose functions may do it."""
    here = flows.groups[resource.id]
    if resource.type == _ROLE:
        documents = [each["PolicyDocument"] for each in resource.properties.get("Policies", [])]
        yield from ((here, each) for document in documents for each in _listed(document))
    if resource.type in _POLICIES:
        for role in resource.properties.get("Roles", []):
            owner = flows.groups.get(resource.references.id(role), here)
            document = resource.properties["PolicyDocument"]
            yield from ((owner, each) for each in _listed(document))


def _listed(document: Json) -> list[Json]:
    return cast("list[Json]", _values(document.get("Statement", [])))


def _add_right(flows: Flows, owner: str, resource: Resource, statement: Json) -> None:
    if statement.get("Effect", "Allow") != "Allow":
        return
    verbs = dict.fromkeys(filter(None, map(_verb, _texts(statement.get("Action", [])))))
    for value in _values(statement.get("Resource", [])):
        target = flows.place(resource.references.text(value)) if verbs else None
        if target is not None:
            for verb in verbs:
                flows.add(owner, target, verb)


def _verb(action: str) -> str | None:
    service, _, name = action.partition(":")
    fits = (verb for known, start, verb in _VERBS if service == known and name.startswith(start))
    return next(fits, None)


def _texts(value: object) -> list[str]:
    return [str(each) for each in _values(value)]


def _values(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else [value]


_READERS: Mapping[str, Callable[[Flows, Resource], None]] = {
    "AWS::Lambda::EventSourceMapping": _add_mapping,
    "AWS::SQS::Queue": _add_dead_letters,
    "AWS::ApiGatewayV2::Integration": _add_integration,
    "AWS::ApiGatewayV2::Authorizer": _add_integration,
    "AWS::ApiGateway::Method": _add_method,
    "AWS::Scheduler::Schedule": _add_schedule,
    "AWS::Events::Rule": _add_rule,
}
