"""The builder of a user's pipeline: steps that shape, steps that read, steps that write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from cdk_streamer_runtime.contract.streams import BUS_RESOURCE, TABLE_RESOURCE
from cdk_streamer_runtime.streams.pipelines.emission import PUBLISH_REQUEST, TO_EVENT, emission
from cdk_streamer_runtime.streams.pipelines.reading import Reading
from cdk_streamer_runtime.streams.pipelines.shaping import Make
from cdk_streamer_runtime.streams.pipelines.splits import unbatch_step
from cdk_streamer_runtime.streams.uow import UnitOfWork

if TYPE_CHECKING:
    from cdk_streamer_runtime.streams.sinks.dynamodb import Lost

_GATHERING = ("batch", "group")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream(Reading):
    """What `@app.pipeline` functions get, and give back with steps.

    Sinks and reads take a function that makes the request, or find it in the unit of work under
    `<what>_request`; where there is none they pass it on. The answer is in `<what>_response`.
    Names of tables, queues and their kin are those of the construct's `resources`.
    """

    # --- DynamoDB -------------------------------------------------------------------------------

    def update(
        self,
        request: Make | None = None,
        *,
        table: str = TABLE_RESOURCE,
        lost: Lost | None = None,
    ) -> Self:
        """Send an UpdateItem; `lost` says what becomes of one whose condition does not hold."""
        from cdk_streamer_runtime.streams.sinks.dynamodb import update

        step = update(table=table, lost=self._outcome(lost))
        return self._requested("update_request", request).add(step)

    def put(
        self,
        request: Make | None = None,
        *,
        table: str = TABLE_RESOURCE,
        lost: Lost | None = None,
    ) -> Self:
        """Send a PutItem; `lost` says what becomes of one whose condition does not hold."""
        from cdk_streamer_runtime.streams.sinks.dynamodb import put

        step = put(table=table, lost=self._outcome(lost))
        return self._requested("put_request", request).add(step)

    def delete(
        self,
        request: Make | None = None,
        *,
        table: str = TABLE_RESOURCE,
        lost: Lost | None = None,
    ) -> Self:
        """Send a DeleteItem; `lost` says what becomes of one whose condition does not hold."""
        from cdk_streamer_runtime.streams.sinks.dynamodb import delete

        step = delete(table=table, lost=self._outcome(lost))
        return self._requested("delete_request", request).add(step)

    def batch_write(self, request: Make | None = None, *, table: str = TABLE_RESOURCE) -> Self:
        """Put or delete 25 items a call: `{"PutRequest": ...}` or `{"DeleteRequest": ...}`."""
        from cdk_streamer_runtime.streams.sinks.dynamodb import batch_write

        return self._requested("batch_write_request", request).add(batch_write(table=table))

    def transact(
        self,
        request: Make | None = None,
        *,
        tables: Sequence[str] = (TABLE_RESOURCE,),
        lost: Lost | None = None,
    ) -> Self:
        """Do all of `{"TransactItems": [...]}` or nothing; `lost` is as for an update."""
        from cdk_streamer_runtime.streams.sinks.dynamodb import transact

        step = transact(tables=tuple(tables), lost=self._outcome(lost))
        return self._requested("transact_request", request).add(step)

    # --- events and messages --------------------------------------------------------------------

    def publish(
        self,
        to_event: Make | None = None,
        *,
        bus: str = BUS_RESOURCE,
        types: Sequence[str] = (),
        compress: int | None = None,
    ) -> Self:
        """Publish the events that `to_event` gives, or those that came; `types` are their types.

        Without `to_event`, each event of a batch or group is published. Over `compress` bytes an
        event is compressed.
        """
        from cdk_streamer_runtime.streams.sinks.events import publish

        stream = self
        if to_event is None:
            for step in self.steps:
                if step.name.partition("-")[0] in _GATHERING:
                    stream = stream.add(unbatch_step())
        else:
            self._plain("to_event", to_event)
        number = 1 + sum(step.name.partition("-")[0] == TO_EVENT for step in self.steps)
        stream = stream.add(emission(self.pipeline, to_event or _as_it_came, number=number))
        emits = tuple(dict.fromkeys([*self.emits, *types]))
        sink = publish(request=PUBLISH_REQUEST, bus=bus, compress=compress)
        return replace(stream.add(sink), emits=emits)

    def put_records(
        self,
        request: Make | None = None,
        *,
        stream: str,
        record_bytes: int = 1_048_576,
        compress: int | None = None,
    ) -> Self:
        """Put records into a Kinesis stream, which takes so many bytes as one."""
        from cdk_streamer_runtime.streams.sinks.records import put_records

        step = put_records(stream=stream, record_bytes=record_bytes, compress=compress)
        return self._requested("record_request", request).add(step)

    def send_messages(
        self, request: Make | None = None, *, queue: str, compress: int | None = None
    ) -> Self:
        """Send messages to a queue."""
        from cdk_streamer_runtime.streams.sinks.messages import send_messages

        step = send_messages(queue=queue, compress=compress)
        return self._requested("message_request", request).add(step)

    def publish_messages(
        self,
        request: Make | None = None,
        *,
        topic: str,
        size: int = 262_144,
        compress: int | None = None,
    ) -> Self:
        """Publish messages to a topic of SNS, which takes so many bytes in a call."""
        from cdk_streamer_runtime.streams.sinks.topics import publish_messages

        step = publish_messages(topic=topic, size=size, compress=compress)
        return self._requested("topic_request", request).add(step)

    def report(self, request: Make | None = None, *, channels: str = "channels") -> Self:
        """Report progress to the channels of a ProgressWebSocket."""
        from cdk_streamer_runtime.streams.sinks.progress import report

        return self._requested("progress_request", request).add(report(channels=channels))

    # --- others ---------------------------------------------------------------------------------

    def put_object(self, request: Make | None = None, *, bucket: str) -> Self:
        """Store an object in S3."""
        from cdk_streamer_runtime.streams.sinks.objects import put_object

        return self._requested("put_object_request", request).add(put_object(bucket=bucket))

    def delete_object(self, request: Make | None = None, *, bucket: str) -> Self:
        """Remove an object from S3."""
        from cdk_streamer_runtime.streams.sinks.objects import delete_object

        return self._requested("delete_object_request", request).add(delete_object(bucket=bucket))

    def copy_object(
        self, request: Make | None = None, *, bucket: str, source: str | None = None
    ) -> Self:
        """Copy an object into a bucket, from that one or another."""
        from cdk_streamer_runtime.streams.sinks.objects import copy_object

        step = copy_object(bucket=bucket, source=source)
        return self._requested("copy_object_request", request).add(step)

    def invoke(self, request: Make | None = None, *, function: str, wait: bool = True) -> Self:
        """Invoke a Lambda function, and wait for what it answers."""
        from cdk_streamer_runtime.streams.sinks.functions import invoke

        return self._requested("invoke_request", request).add(invoke(function=function, wait=wait))

    def create_schedule(self, request: Make | None = None, *, group: str) -> Self:
        """Create or change a schedule of EventBridge Scheduler."""
        from cdk_streamer_runtime.streams.sinks.schedules import create_schedule

        return self._requested("create_schedule_request", request).add(create_schedule(group=group))

    def delete_schedule(self, request: Make | None = None, *, group: str) -> Self:
        """Delete a schedule of EventBridge Scheduler."""
        from cdk_streamer_runtime.streams.sinks.schedules import delete_schedule

        return self._requested("delete_schedule_request", request).add(delete_schedule(group=group))

    def start_execution(self, request: Make | None = None, *, machine: str) -> Self:
        """Start an execution of a state machine."""
        from cdk_streamer_runtime.streams.sinks.executions import start_execution

        step = start_execution(machine=machine)
        return self._requested("start_execution_request", request).add(step)

    def call_http(
        self,
        request: Make | None = None,
        *,
        url: str,
        authorization: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 5.0,
    ) -> Self:
        """Send a request to somebody's API; `authorization` is the name of a secret."""
        from cdk_streamer_runtime.streams.sinks.http import call_http

        step = call_http(url=url, authorization=authorization, headers=headers, timeout=timeout)
        return self._requested("http_request", request).add(step)

    def put_metrics(self, request: Make | None = None, *, namespace: str) -> Self:
        """Count in custom metrics of CloudWatch."""
        from cdk_streamer_runtime.streams.sinks.metrics import put_metrics

        return self._requested("metrics_request", request).add(put_metrics(namespace=namespace))

    def _outcome(self, lost: Lost | None) -> Lost:
        from cdk_streamer_runtime.streams.sinks.dynamodb import Lost

        if lost is not None and lost not in list(Lost):
            raise self._wrong(f"lost must be one of {', '.join(Lost)}, got {lost!r}")
        return Lost.DONE if lost is None else Lost(lost)


def _as_it_came(uow: UnitOfWork) -> dict[str, Any]:
    event: dict[str, Any] = uow.get(PUBLISH_REQUEST) or uow.event
    return event
