"""The deployed sinks as those see them who send to them and operate them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cdk_streamer_local import LocalStack
from cdk_streamer_local.cli import main
from cdk_streamer_local.events import Spoke
from tests.end_to_end.sinks.downstream import Downstream, until

SECRET = "payload-secret"

Document = dict[str, Any]
_COUNTS = {
    "visible": "ApproximateNumberOfMessages",
    "in_flight": "ApproximateNumberOfMessagesNotVisible",
    "delayed": "ApproximateNumberOfMessagesDelayed",
}


class Sinks:
    """All sinks of the stack, and what is behind them."""

    def __init__(self, stack: LocalStack, folder: Path, downstream: Downstream) -> None:
        self.stack = stack
        self.folder = folder
        self.downstream = downstream

    def send(
        self, sink: str, place: str, *numbers: int, keys: bool = False, **members: Any
    ) -> None:
        """Send messages with these numbers to a sink, which brings them to a place."""
        to = self.downstream.address(place)
        records = [
            {
                "data": {"to": to, "n": n, "note": SECRET, **members},
                **({"key": f"{place}-{n}"} if keys else {}),
            }
            for n in numbers
        ]
        self.invoke("Outbox", {"sink": sink, "records": records})

    def invoke(self, function: str, event: Document) -> Any:
        """Invoke a function and give its answer."""
        answer = self.stack.client("lambda").invoke(
            FunctionName=self.stack.function_name(function), Payload=json.dumps(event)
        )
        text = answer["Payload"].read()
        assert "FunctionError" not in answer, text
        return json.loads(text)

    def ask(self, sink: str, command: str = "status") -> Document:
        """Ask a sink's controller."""
        return self.invoke(f"{sink}/Controller", {"command": command})

    def url(self, queue: str) -> str:
        """Give the address of a queue by the end of its path."""
        return self.stack.physical_id(queue)

    def counts(self, queue: str) -> dict[str, int]:
        """Count the messages of a queue."""
        told = self.stack.client("sqs").get_queue_attributes(
            QueueUrl=self.url(queue), AttributeNames=[*_COUNTS.values()]
        )["Attributes"]
        return {name: int(told[attribute]) for name, attribute in _COUNTS.items()}

    def wait_until_empty(self, sink: str) -> None:
        """Return when nothing waits in the queue of a sink."""
        until(lambda: not any(self.counts(queue_of(sink)).values()), f"an empty queue of {sink}")

    def lines(self, function: str, text: str) -> list[Document]:
        """Give what a function told with this text in it."""
        return [json.loads(line) for line in self.stack.logs(function) if text in line]

    def metric(self, sink: str, name: str) -> float:
        """Give the sum of a metric that a sink's function has emitted so far."""
        values = [line[name] for line in self.lines(function_of(sink), f'"{name}"')]
        return sum(sum(each) if isinstance(each, list) else each for each in values)

    def last_words(self) -> str:
        """Give what the functions said last."""
        said = [
            f"{event.function}: {event.report.kind} {event.report.text}"
            for event in self.stack.events
            if isinstance(event, Spoke)
        ]
        return "\n".join(said[-60:])


def queue_of(sink: str) -> str:
    """Give the path of a sink's queue."""
    return f"{sink}/Messages/Queue/Resource"


def dead_letters_of(sink: str) -> str:
    """Give the path of its dead letters' queue."""
    return f"{sink}/Messages/DeadLetters/Resource"


def rejected_of(sink: str) -> str:
    """Give the path of its rejected messages' queue."""
    return f"{sink}/Rejected/Resource"


def function_of(sink: str) -> str:
    """Give the path of the function that delivers."""
    return f"{sink}/Delivery"


class Operator:
    """`cdk-streamer sinks`, in the folder of the app that runs."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def __call__(self, verb: str, sink: str, *words: str) -> tuple[int, list[Document]]:
        """Run a verb; gives its status, and the documents that it printed."""
        self._capture.readouterr()
        status = main(["sinks", verb, sink, "--local", "--json", *words])
        return status, [json.loads(line) for line in self._capture.readouterr().out.splitlines()]
