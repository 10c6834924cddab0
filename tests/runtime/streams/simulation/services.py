"""What the pipelines write to: tables in memory, and a bus, a queue and a stream that remember."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from cdk_streamer_runtime.attributes import unmarshal_item
from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.memory import MemoryAws
from cdk_streamer_runtime.memory.tables import TableSchema
from tests.runtime.streams.simulation.changes import Bad
from tests.runtime.streams.simulation.weather import Faults, Outage

VIEW, LATEST = "view", "latest"
BUS, QUEUE, STREAM = "bus", "queue", "stream"


class Work(NamedTuple):
    """What one entry of a call does: for which events, in which pipeline."""

    pipeline: str
    events: tuple[str, ...]


class Fault(NamedTuple):
    """A fault event that was published, as its entry says."""

    document: dict[str, Any]


Entry = Work | Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """What came of the entries of one call, in their order; None: it is never taken."""

    answer: dict[str, Any]
    taken: tuple[bool | None, ...]


def entries_of(service: str, operation: str, parameters: Mapping[str, Any]) -> list[Entry]:
    """Give what a call does, entry by entry."""
    match service, operation:
        case "dynamodb", "UpdateItem":
            values = parameters["ExpressionAttributeValues"]
            names = parameters["ExpressionAttributeNames"]
            event = next(name for name, said in names.items() if said == "event")
            return [Work(VIEW, (values[event.replace("#", ":", 1)]["S"],))]
        case "dynamodb", "BatchWriteItem":
            writes = [each for table in parameters["RequestItems"].values() for each in table]
            return [_work(unmarshal_item(each["PutRequest"]["Item"])) for each in writes]
        case "events", "PutEvents":
            return [_published(each) for each in parameters["Entries"]]
        case "sqs", "SendMessageBatch":
            return [_work(json.loads(each["MessageBody"])) for each in parameters["Entries"]]
        case "kinesis", "PutRecords":
            return [_work(_decoded(each["Data"])) for each in parameters["Records"]]
        case _:
            raise NotImplementedError(f"{service} {operation} is not known to the simulation")


def _published(entry: Mapping[str, Any]) -> Entry:
    detail = json.loads(entry["Detail"])
    return Fault(detail) if entry["DetailType"] == "fault" else _work(detail["work"])


def _work(document: Mapping[str, Any]) -> Work:
    return Work(document["pipeline"], tuple(document["events"]))


def _decoded(data: str) -> dict[str, Any]:
    from base64 import b64decode

    return json.loads(b64decode(data))


class Services:
    """An AWS in which calls come at once; entries that are `refused` never are taken."""

    def __init__(
        self,
        clock: Callable[[], int],
        random: random.Random,
        refused: Callable[[Entry], bool],
        outages: Iterable[Outage],
    ) -> None:
        self.faults = Faults()
        self.landed = set[str]()  # events that got into the view, or came too late for it
        self._clock = clock
        self._random = random
        self._refused = refused
        self._outages = tuple(outages)
        self.memory = MemoryAws(
            clock=clock,
            tables=[
                TableSchema(name=VIEW, partition_key="pk", sort_key="sk"),
                TableSchema(name=LATEST, partition_key="pk", sort_key="sk"),
            ],
        )

    def calm_down(self, calm: Faults) -> None:
        """Let nothing go wrong any more."""
        self.faults, self._outages = calm, ()

    def land(
        self, service: str, operation: str, parameters: Mapping[str, Any], entries: list[Entry]
    ) -> Landing:
        """Do one call, as far as it is possible now; raises AwsError."""
        if any(outage.covers(service, self._clock()) for outage in self._outages):
            raise aws_error("ServiceUnavailable", "", 503, operation)
        if service == "dynamodb":
            return self._write(operation, parameters, entries)
        codes = [self._code(service, entry) for entry in entries]
        answer = _ANSWERS[service](parameters, codes)
        never = REFUSALS[service]
        taken = tuple(None if code == never else code is None for code in codes)
        return Landing(answer=answer, taken=taken)

    def items(self, table: str) -> list[dict[str, Any]]:
        """Give what a table holds."""
        answer = self.memory.call("dynamodb", "Scan", {"TableName": table})
        return [unmarshal_item(item) for item in answer["Items"]]

    def _code(self, service: str, entry: Entry) -> str | None:
        if self._refused(entry):
            return REFUSALS[service]
        return PASSING[service] if self._random.random() < self.faults.entry_refused else None

    def _write(
        self, operation: str, parameters: Mapping[str, Any], entries: list[Entry]
    ) -> Landing:
        if any(self._refused(entry) for entry in entries):
            raise aws_error("ValidationException", "", 400, operation)
        if operation == "UpdateItem":
            for entry in entries:
                self.landed |= {*entry.events} if isinstance(entry, Work) else set()
            answer = self.memory.call("dynamodb", operation, parameters)
            return Landing(answer=answer, taken=(True,))
        put_off = [self._random.random() < self.faults.entry_refused for _ in entries]
        ((table, writes),) = parameters["RequestItems"].items()
        kept = [each for each, late in zip(writes, put_off, strict=True) if not late]
        answer: dict[str, Any] = {}
        if kept:
            answer = self.memory.call(
                "dynamodb", operation, {**parameters, "RequestItems": {table: kept}}
            )
        late = [each for each, late in zip(writes, put_off, strict=True) if late]
        answer = {**answer, "UnprocessedItems": {table: late} if late else {}}
        return Landing(answer=answer, taken=tuple(not late for late in put_off))


REFUSALS = {"events": "MalformedDetail", "sqs": "InvalidMessageContents", "kinesis": "Invalid"}
PASSING = {
    "events": "ThrottlingException",
    "sqs": "InternalError",
    "kinesis": "ProvisionedThroughputExceededException",
}


def _events_answer(_parameters: Mapping[str, Any], codes: list[str | None]) -> dict[str, Any]:
    return {
        "FailedEntryCount": sum(code is not None for code in codes),
        "Entries": [
            {"ErrorCode": code, "ErrorMessage": ""} if code else {"EventId": "x"} for code in codes
        ],
    }


def _records_answer(_parameters: Mapping[str, Any], codes: list[str | None]) -> dict[str, Any]:
    return {
        "FailedRecordCount": sum(code is not None for code in codes),
        "Records": [
            {"ErrorCode": code, "ErrorMessage": ""}
            if code
            else {"SequenceNumber": "1", "ShardId": "shardId-000000000000"}
            for code in codes
        ],
    }


def _messages_answer(parameters: Mapping[str, Any], codes: list[str | None]) -> dict[str, Any]:
    answer: dict[str, list[dict[str, Any]]] = {}
    for entry, code in zip(parameters["Entries"], codes, strict=True):
        if code is None:
            sent = {"Id": entry["Id"], "MessageId": "x", "MD5OfMessageBody": ""}
            answer.setdefault("Successful", []).append(sent)
        else:
            fault = code == REFUSALS["sqs"]
            failed = {"Id": entry["Id"], "Code": code, "SenderFault": fault}
            answer.setdefault("Failed", []).append(failed)
    return answer


_ANSWERS: dict[str, Callable[[Mapping[str, Any], list[str | None]], dict[str, Any]]] = {
    "events": _events_answer,
    "sqs": _messages_answer,
    "kinesis": _records_answer,
}


def is_bad(error: AwsError) -> bool:
    """Tell whether an error is one of those that come each time."""
    return error.code in {"ValidationException", *REFUSALS.values()}


def refuses(entry: Entry, bad: Callable[[str], Mapping[str, Bad]]) -> bool:
    """Tell whether an entry is of an event that its service never takes."""
    if isinstance(entry, Fault):
        return False
    pipeline = entry.pipeline.partition(".")[0]
    return any(bad(event).get(pipeline) is Bad.REFUSED for event in entry.events)
