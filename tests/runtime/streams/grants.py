"""AWS in memory that may do what a manifest says, and notes what it was asked to do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from cdk_streamer_runtime.aws import NO_HEADERS, Part
from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.memory.functions import function_arn
from cdk_streamer_runtime.memory.machines import machine_arn
from cdk_streamer_runtime.memory.topics import topic_arn
from cdk_streamer_runtime.streams.faults.publication import FAULT_USES
from cdk_streamer_runtime.streams.manifest import manifest_of
from cdk_streamer_runtime.testing import MemoryProcessor

Right = tuple[str, str]  # an action, and what it is done to
_OTHERS = {
    "PutEvents": ("events:PutEvents", "EventBusName"),
    "PutRecords": ("kinesis:PutRecords", "StreamName"),
    "SendMessageBatch": ("sqs:SendMessage", "QueueUrl"),
    "StartExecution": ("states:StartExecution", "stateMachineArn"),
    "GetSecretValue": ("secretsmanager:GetSecretValue", "SecretId"),
}
_WRITES = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem"}
_OBJECTS = {"GET": "s3:GetObject", "PUT": "s3:PutObject", "DELETE": "s3:DeleteObject"}
_SCHEDULES = {"POST": "CreateSchedule", "PUT": "UpdateSchedule", "DELETE": "DeleteSchedule"}


class GrantedAws:
    """Refuses what is not granted, as AWS does."""

    def __init__(self, memory: Any, granted: set[Right]) -> None:
        self.memory = memory
        self.granted = granted
        self.asked: set[Right] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.memory, name)

    def call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        rights = _of_table if service == "dynamodb" else _of_others
        self._check(rights(operation, parameters))
        return self.memory.call(service, operation, parameters)

    def rest(
        self,
        service: str,
        method: str,
        url: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> bytes:
        self._check(_of_rest(service, method, url, body, headers))
        try:
            return self.memory.rest(service, method, url, body=body, headers=headers)
        except AwsError as error:
            raise self._hidden(error, headers.get("x-amz-copy-source", url)) from None

    def read_object(self, path: str, start: int, end: int, *, tag: str | None = None) -> Part:
        self._check([("s3:GetObject", path.split("/")[1])])
        try:
            return self.memory.read_object(path, start, end, tag=tag)
        except AwsError as error:
            raise self._hidden(error, path) from None

    def _check(self, rights: Any) -> None:
        for right in rights:
            self.asked.add(right)
            if right not in self.granted:
                raise aws_error("AccessDeniedException", "", 403, right[0])

    def _hidden(self, error: AwsError, path: str) -> AwsError:
        # Whether an object is there is told to who may list the bucket.
        right = ("s3:ListBucket", path.split("/")[1])
        if error.code != "NoSuchKey":
            return error
        self.asked.add(right)
        return error if right in self.granted else aws_error("AccessDenied", "", 403, "GET s3")


def granted(processor: MemoryProcessor) -> GrantedAws:
    """Let a processor do what its manifest says and nothing else."""
    document = manifest_of(processor.app)
    rules = set(_uses(document))
    own = {*_rights(document["uses"])}
    own |= {(action, use.name) for use in FAULT_USES for action in use.actions}
    aws = GrantedAws(processor.aws, rules | own)
    processor.aws = aws  # pyright: ignore[reportAttributeAccessIssue] - it is one in all that counts
    return aws


def rights_of(processor: MemoryProcessor) -> set[Right]:
    """Give what the manifest says of the rules."""
    return set(_uses(manifest_of(processor.app)))


def _uses(document: Mapping[str, Any]) -> Iterator[Right]:
    for rule in document["rules"]:
        for pipeline in rule["pipelines"]:
            yield from _rights(pipeline["uses"])


def _rights(uses: Any) -> Iterator[Right]:
    for use in uses:
        yield from ((action, _address(use["kind"], use["name"])) for action in use["actions"])


def _address(kind: str, name: str) -> str:
    match kind:
        case "queue":
            return f"https://sqs.memory/000000000000/{name}"
        case "topic":
            return topic_arn(name)
        case "state_machine":
            return machine_arn(name)
        case "function":
            return function_arn(name)
        case _:
            return name


def _of_table(operation: str, parameters: Mapping[str, Any]) -> Iterator[Right]:
    if "RequestItems" in parameters:
        yield from ((f"dynamodb:{operation}", table) for table in parameters["RequestItems"])
    elif operation == "TransactWriteItems":
        for item in parameters["TransactItems"]:
            ((name, write),) = item.items()
            yield f"dynamodb:{_WRITES.get(name, 'ConditionCheckItem')}", write["TableName"]
    else:
        yield f"dynamodb:{operation}", parameters["TableName"]


def _of_others(operation: str, parameters: Mapping[str, Any]) -> Iterator[Right]:
    action, member = _OTHERS[operation]
    for entry in parameters["Entries"] if operation == "PutEvents" else [parameters]:
        yield action, entry[member]


def _of_rest(
    service: str, method: str, url: str, body: bytes, headers: Mapping[str, str]
) -> Iterator[Right]:
    match service:
        case "s3":
            yield _OBJECTS[method], url.split("/")[1]
            if source := headers.get("x-amz-copy-source"):
                yield "s3:GetObject", source.split("/")[1]
        case "lambda":
            yield "lambda:InvokeFunction", unquote(url.split("/")[3])
        case "sns":
            yield "sns:Publish", parse_qs(body.decode())["TopicArn"][0]
        case _:
            query = parse_qs(urlsplit(url).query)
            group = query["groupName"][0] if "groupName" in query else json.loads(body)["GroupName"]
            yield f"scheduler:{_SCHEDULES[method]}", group
