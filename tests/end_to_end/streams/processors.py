"""The deployed processors as those see them who write their sources and read what comes of it."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from cdk_streamer_local import LocalStack
from cdk_streamer_local.events import Spoke
from cdk_streamer_local.functions.reports import ReportKind
from tests.end_to_end import running
from tests.end_to_end.running import once

PATIENCE = 60.0 * running.PATIENCE
SECRET = "payload-secret"
BEGIN = 1_700_000_000_000
_OFTEN = 0.1

Document = dict[str, Any]
_read, _written = TypeDeserializer().deserialize, TypeSerializer().serialize


def event(kind: str, id: str, number: int = 0, **members: object) -> Document:
    """Make an event of a thing; its number is its millisecond too."""
    return {
        "id": str(uuid.uuid4()),
        "type": kind,
        "timestamp": BEGIN + number,
        "partitionKey": id,
        "thing": {"id": id, "number": number, "note": SECRET, **members},
    }


class Processors:
    """All processors of the stack."""

    def __init__(self, stack: LocalStack, folder: Path) -> None:
        self.stack = stack
        self.folder = folder

    # --- what comes in

    def tell(self, *events: Document | bytes) -> list[str]:
        """Put records into the data stream; gives their sequence numbers."""
        records = [
            {"Data": each, "PartitionKey": "bytes"}
            if isinstance(each, bytes)
            else {"Data": json.dumps(each).encode(), "PartitionKey": each["partitionKey"]}
            for each in events
        ]
        answer = self.stack.client("kinesis").put_records(
            StreamName=self.stack.physical_id("Things/Resource"), Records=records
        )
        assert answer["FailedRecordCount"] == 0
        return [each["SequenceNumber"] for each in answer["Records"]]

    def command(self, id: str, number: int, **attributes: object) -> None:
        """Write the table of commands."""
        item = {"pk": id, "sk": "command", "discriminator": "command", "note": SECRET}
        # The stream knows seconds, and a bus no order: who wants the newest tells the moment.
        item |= {"timestamp": BEGIN + number, "number": number}
        self._put("Commands/Resource", {**item, **attributes})

    def allow(self, id: str) -> None:
        """Let a guarded thing be."""
        self._put("Listener/Table/Resource", {"pk": id, "sk": "allowed"})

    def order(self, *tasks: Document) -> None:
        """Put tasks into the FIFO queue, each into the group of its thing."""
        entries = [
            {
                "Id": str(at),
                "MessageBody": json.dumps(task),
                "MessageGroupId": task["partitionKey"],
                "MessageDeduplicationId": task["id"],
            }
            for at, task in enumerate(tasks)
        ]
        url = self.stack.physical_id("Tasks/Messages/Queue/Resource")
        answer = self.stack.client("sqs").send_message_batch(QueueUrl=url, Entries=entries)
        assert len(answer["Successful"]) == len(tasks)

    # --- what comes out

    def item(self, id: str, kind: str = "view") -> Document | None:
        """Give an item of the table that the processors share."""
        found = self.stack.client("dynamodb").get_item(
            TableName=self.stack.physical_id("Listener/Table/Resource"),
            Key={"pk": _written(id), "sk": _written(kind)},
            ConsistentRead=True,
        )
        return (
            {name: _read(value) for name, value in found["Item"].items()}
            if "Item" in found
            else None
        )

    def number(self, id: str, kind: str = "view") -> int | None:
        """Give the number of a thing, as an item has it."""
        item = self.item(id, kind)
        return None if item is None else int(item["number"])

    def numbers(self, ids: Iterable[str], kind: str = "view") -> dict[str, int | None]:
        """Give the numbers of several."""
        return {id: self.number(id, kind) for id in ids}

    def entries(self, id: str) -> list[tuple[int, int]]:
        """Give what was noted of a thing: its number, and how often its record was received."""
        item = self.item(id, "history") or {"entries": []}
        return [(int(each["number"]), int(each["receive"])) for each in item["entries"]]

    def history(self, id: str) -> list[int]:
        """Give the numbers that were noted of a thing."""
        return once(number for number, _ in self.entries(id))

    def emissions(self, id: str) -> set[str]:
        """Give the ids of the events that told of a whole pair."""
        return (self.item(id, "emissions") or {"ids": set[str]()})["ids"]

    def messages(self, queue: str, chosen: Callable[[Document], object]) -> Iterator[Document]:
        """Take the documents out of a queue that are asked for, as they come; the rest is lost."""
        client, url = self.stack.client("sqs"), self.stack.physical_id(queue)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            answer = client.receive_message(QueueUrl=url, WaitTimeSeconds=5, MaxNumberOfMessages=10)
            for message in answer.get("Messages", []):
                client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                document = json.loads(message["Body"])
                if chosen(document):
                    yield document
        raise TimeoutError(f"nothing more came to {queue}")

    def archived(self, id: str) -> Document | None:
        """Give an object of the archive."""
        client, bucket = self.stack.client("s3"), self.stack.physical_id("Archive/Resource")
        listed = client.list_objects_v2(Bucket=bucket, Prefix=f"mails/{id}")
        if not listed.get("Contents"):
            return None
        return json.loads(client.get_object(Bucket=bucket, Key=f"mails/{id}")["Body"].read())

    def claims(self) -> list[int]:
        """Give the sizes of what was too large for a message."""
        client, bucket = self.stack.client("s3"), self.stack.physical_id("Trigger/Claims/Resource")
        return [each["Size"] for each in client.list_objects_v2(Bucket=bucket).get("Contents", [])]

    def kept(self, claim: Document) -> bytes:
        """Give what a claim check stands for."""
        client = self.stack.client("s3")
        return client.get_object(Bucket=claim["bucket"], Key=claim["key"])["Body"].read()

    def faults(self, processor: str = "Listener") -> list[Document]:
        """Give the faults that wait, and let them wait on."""
        client, url = self.stack.client("sqs"), self.fault_queue(processor)
        held: list[Document] = []
        while found := client.receive_message(
            QueueUrl=url, VisibilityTimeout=60, MaxNumberOfMessages=10
        ).get("Messages"):
            held += found
        for message in held:
            client.change_message_visibility(
                QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )
        return [json.loads(message["Body"])["detail"] for message in held]

    def faults_of(self, id: str, processor: str = "Listener") -> list[Document]:
        """Give the faults of a thing."""
        found = [each for each in self.faults(processor) if each["partitionKey"] == id]
        ids = [each["id"] for each in found]
        return [found[ids.index(id)] for id in once(ids)]

    def fault_queue(self, processor: str) -> str:
        """Give the address of a fault queue."""
        return self.stack.physical_id(f"{processor}/Faults/Queue/Resource")

    def said(self, processor: str) -> list[str]:
        """Give the lines that a function wrote, without what Lambda says about it."""
        return [
            event.report.text
            for event in self.stack.events
            if isinstance(event, Spoke)
            and event.function == f"{processor}/Processor"
            and event.report.kind is ReportKind.LINE
        ]

    def metric(self, name: str, processor: str = "Listener") -> float:
        """Add up what a function wrote of a metric."""
        lines = [json.loads(line) for line in self.said(processor) if '"_aws"' in line]
        values = [line[name] for line in lines if name in line]
        return sum(sum(value) if isinstance(value, list) else value for value in values)

    # --- patience

    def wait(self, holds: Callable[[], object], what: str = "it") -> None:
        """Return when something holds."""
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, f"{what} did not come to be within {PATIENCE:g} s"
            time.sleep(_OFTEN)

    def wait_for_number(self, id: str, number: int, kind: str = "view") -> None:
        """Return when an item has a number."""
        self.wait(lambda: self.number(id, kind) == number, f"{number} of {id}")

    def wait_for_line(self, processor: str, text: str) -> None:
        """Return when a function has written a line with a text."""
        self.stack.wait_for_log(f"{processor}/Processor", text, timeout=PATIENCE)

    # --- its parts

    @contextmanager
    def held(self, function: str = "Listener") -> Iterator[None]:
        """Let a function get nothing meanwhile: what is told is one batch then."""
        client = self.stack.client("lambda")
        name = self.stack.function_name(f"{function}/Processor")
        (mapping,) = client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        try:
            yield
        finally:
            client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)

    @contextmanager
    def denied(self, function: str, action: str) -> Iterator[None]:
        """Forbid a function something meanwhile."""
        client = self.stack.client("iam")
        role = self.stack.physical_id(f"{function}/Processor/Role/Resource")
        statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        client.put_role_policy(RoleName=role, PolicyName="Denied", PolicyDocument=document)
        try:
            yield
        finally:
            client.delete_role_policy(RoleName=role, PolicyName="Denied")

    def _put(self, table: str, item: Document) -> None:
        self.stack.client("dynamodb").put_item(
            TableName=self.stack.physical_id(table),
            Item={name: _written(value) for name, value in item.items()},
        )
