"""Which metrics reach CloudWatch, from an API in memory whose functions write the real lines.

`emitted_metrics.json` has namespace, name, dimensions and unit of each; alarms and widgets are
measured by it in tests/constructs/test_operations.py.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cdk_streamer_runtime import AsyncApp, Limit, Progress, RequestContext, Retry
from cdk_streamer_runtime.assembly import Assembly
from cdk_streamer_runtime.contract import METRIC_DIMENSION, ConnectionEnvironment, Metric
from cdk_streamer_runtime.memory.api import TABLE, WORK, MemoryApi
from cdk_streamer_runtime.memory.webhooks import Webhook
from cdk_streamer_runtime.metrics import Metrics
from cdk_streamer_runtime.webhooks.sender import Reply
from tests.runtime.api import ANN
from tests.runtime.observed_aws import Killed

GOLDEN = Path(__file__).parent / "emitted_metrics.json"
HOUR = 60 * 60 * 1000

app = AsyncApp()


@app.action("work", mode="async", expires=60)
def work(payload: dict[str, Any], progress: Progress) -> str:
    progress.report(50, "halfway")
    return "done"


@app.action("fail", mode="async", retry=Retry(max_attempts=2))
def fail(payload: dict[str, Any]) -> str:
    raise RuntimeError("no luck")


@app.action("die", mode="async")
def die(payload: dict[str, Any], context: RequestContext) -> str:
    if context.attempt == 1:
        raise Killed
    return "done"


@app.action("rare", mode="async", limits=[Limit(rate=1)])
def rare(payload: dict[str, Any]) -> str:
    return "done"


class Written:
    """An API in memory, and the lines that its functions wrote."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.metrics = Metrics("api", write=self.lines.append)
        self.api = MemoryApi(app, metrics=self.metrics)
        self.connection = self.api.connect(ANN)

    def ask(self, action: str, payload: object = None, **members: object) -> None:
        self.api.hear(self.connection, {"action": action, "payload": payload or {}, **members})

    def told(self) -> set[str]:
        """Give each metric as one line of JSON: namespace, name, dimensions and unit."""
        self.metrics.flush()
        return {
            json.dumps([entry["Namespace"], metric["Name"], dimensions, metric["Unit"]])
            for line in self.lines
            for entry in json.loads(line)["_aws"]["CloudWatchMetrics"]
            for dimensions in entry["Dimensions"]
            for metric in entry["Metrics"]
        }


def golden() -> list[list[Any]]:
    """Give what is of requests; tests/runtime/timers/test_timer_handlers.py looks at the others."""
    return [each for each in json.loads(GOLDEN.read_text()) if each[2] == [METRIC_DIMENSION]]


def successes(written: Written) -> None:
    written.ask("work", id="one", webhook="https://hooks.example.com/one")
    written.api.wait(HOUR)


def failures(written: Written) -> None:
    written.ask("fail", id="one")
    written.api.wait(HOUR)


def cancellations(written: Written) -> None:
    written.ask("work", id="one")
    written.ask("cancel", {"request_id": "one"})
    written.api.wait(HOUR)


def refusals(written: Written) -> None:
    written.ask("rare", id="one")
    written.ask("rare", id="two")
    written.api.wait(HOUR)


def lost_workers(written: Written) -> None:
    written.ask("die", id="one")
    with contextlib.suppress(Killed):
        written.api.settle()
    written.api.wait(HOUR)


def expiries(written: Written) -> None:
    written.ask("work", id="one")
    written.api.dispatch()
    work = {"QueueUrl": written.api.aws.queue_url(WORK.name)}
    (message,) = written.api.aws.call("sqs", "ReceiveMessage", work)["Messages"]
    receipt = {"ReceiptHandle": message["ReceiptHandle"]}
    written.api.aws.call("sqs", "DeleteMessage", {**work, **receipt})
    written.api.wait(HOUR)


def unreachable_clients(written: Written) -> None:
    gone, mute = written.api.connect(ANN), written.api.connect(ANN)
    written.ask("work", id="one")
    for connection in (gone, mute):
        written.api.hear(connection, {"action": "subscribe", "payload": {"request_id": "one"}})
    written.api.aws.connections.close(gone.id)
    written.api.aws.connections.forbid(mute.id)
    written.api.platform.advance(60_000)
    written.api.settle()


def deaf_servers(written: Written) -> None:
    def refuse(_: Webhook) -> Reply:
        return Reply(500, None)

    written.api.receiver.answer = refuse
    successes(written)


def strangers(written: Written) -> None:
    assembly = Assembly(aws=written.api.aws, platform=written.api.platform)
    settings = ConnectionEnvironment(name="api", table_name=TABLE.name)
    assembly.admission(settings, written.metrics).admit(
        {"requestContext": {"connectionId": "a", "connectedAt": 0}, "headers": {}}
    )


EVENTS = (
    successes,
    failures,
    cancellations,
    refusals,
    lost_workers,
    expiries,
    unreachable_clients,
    deaf_servers,
    strangers,
)


@pytest.mark.parametrize(
    ("happens", "metrics"),
    [
        (
            successes,
            {
                Metric.REQUESTS_QUEUED,
                Metric.REQUESTS_SUCCEEDED,
                Metric.QUEUE_AGE,
                Metric.PROGRESS_POSTS,
                Metric.WEBHOOKS_DELIVERED,
            },
        ),
        (failures, {Metric.REQUESTS_FAILED, Metric.REQUESTS_RETRIED}),
        (cancellations, {Metric.REQUESTS_CANCELLED}),
        (refusals, {Metric.REQUESTS_LIMITED}),
        (lost_workers, {Metric.LEASES_LOST}),
        (expiries, {Metric.REQUESTS_EXPIRED}),
        (unreachable_clients, {Metric.CONNECTIONS_GONE, Metric.POST_FAILURES}),
        (deaf_servers, {Metric.WEBHOOKS_FAILED}),
        (strangers, {Metric.AUTH_FAILURES}),
    ],
)
def test_what_happens_is_measured(happens: Callable[[Written], None], metrics: set[Metric]):
    written = Written()
    happens(written)
    assert metrics <= {Metric(json.loads(line)[1]) for line in written.told()}


def test_the_table_of_metrics_is_what_is_emitted():
    told: set[str] = set()
    for happens in EVENTS:
        written = Written()
        happens(written)
        told |= written.told()
    assert [json.loads(line) for line in sorted(told)] == golden()


def test_no_metric_is_named_that_is_never_emitted():
    emitted = {name for _, name, _, _ in golden()}
    assert emitted == {metric.value for metric in Metric}
