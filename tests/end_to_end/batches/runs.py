"""The deployed batches as those see them who start them, and who read the queue."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdk_streamer_local import LocalStack
from cdk_streamer_local.events import Spoke
from tests.end_to_end import running

HERE, THERE = "eu-west-1", "eu-central-1"
PATIENCE = 120.0 * running.PATIENCE


@dataclass(frozen=True, slots=True)
class Batches:
    """Both batches of the stack."""

    stack: LocalStack

    @property
    def lambdas(self) -> Any:
        return self.stack.client("lambda", region=HERE)

    def start(self, name: str, batch_id: str, payload: dict[str, Any]) -> str:
        """Start a batch and give its execution's ARN."""
        return self.lambdas.invoke(
            FunctionName=self.stack.outputs[f"{name}Alias"],
            InvocationType="Event",
            DurableExecutionName=batch_id,
            Payload=json.dumps({"payload": payload}),
        )["DurableExecutionArn"]

    def ended(self, arn: str) -> dict[str, Any]:
        """Wait for the end of a batch and give its execution, with its result read."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            told = self.lambdas.get_durable_execution(DurableExecutionArn=arn)
            if told["Status"] != "RUNNING":
                return {**told, "Result": json.loads(told.get("Result") or "null")}
            time.sleep(0.05)
        raise TimeoutError(f"{arn} did not end")

    def wait_for_files(self, folder: Path, prefixes: Sequence[str]) -> None:
        """Wait until a function has made a file for each of them."""
        end, names = time.monotonic() + PATIENCE, list[str]()
        while time.monotonic() < end:
            names = [path.name.rpartition("-")[0] for path in folder.iterdir()]
            if set(prefixes) <= set(names):
                return
            time.sleep(0.05)
        raise TimeoutError(f"of {prefixes} there are only {names}")

    def published(self, batch_id: str) -> dict[str, list[str]]:
        """Take the messages of a batch from the queue, and give their keys by their items."""
        sqs = self.stack.client("sqs", region=THERE)
        url = sqs.get_queue_url(QueueName="published")["QueueUrl"]
        found: dict[str, list[str]] = {}
        while messages := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                data = json.loads(message["Body"])
                if data["batch"] == batch_id:
                    key = message["MessageAttributes"]["cdk-streamer.key"]["StringValue"]
                    found.setdefault(data["id"], []).append(key)
        return found

    def last_words(self) -> str:
        """Give the latest lines of all functions."""
        said = [
            f"{event.function}: {event.report.kind} {event.report.text}"
            for event in self.stack.events
            if isinstance(event, Spoke)
        ]
        return "\n".join(said[-40:])
