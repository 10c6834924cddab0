"""Turns an accepted request into work: the only thing that the table's stream is for."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from cdk_streamer_runtime.aws import Aws
from cdk_streamer_runtime.contract import Executor, ItemKind
from cdk_streamer_runtime.durable.executions import Executions
from cdk_streamer_runtime.errors import AwsError, StreamerError
from cdk_streamer_runtime.requests.queues import Queue, WorkMessage

logger = logging.getLogger(__name__)

Record = Mapping[str, Any]

# A page may be empty in the middle of a shard, and is at the end of one that is open:
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html
EMPTY_PAGES = 50


class Dispatcher:
    """Sends one work message and one watch message for each stream record of a new request.

    Where an action asks for it, an execution is started instead of the work message.
    """

    def __init__(
        self, *, work: Queue, watch: Queue, lease: int, executions: Executions | None = None
    ) -> None:
        """Take both queues; the first look at a request is `lease` milliseconds after it came."""
        self._work = work
        self._watch = watch
        self._lease = lease
        self._executions = executions

    def dispatch(self, records: Sequence[Record]) -> list[Record]:
        """Send for all records and give those for which something could not be sent."""
        news = [record for record in records if is_new_request(record)]
        messages = [_work_message(record) for record in news]
        # The watch first: what is watched but not queued is queued by the watcher in the end.
        failed = self._watch.send_all(messages, self._lease)
        durable = {index for index, record in enumerate(news) if _is_durable(record)}
        failed += [index for index in durable if not self._is_started(messages[index])]
        others = [index for index in range(len(news)) if index not in durable]
        unsent = self._work.send_all([messages[index] for index in others])
        failed += [others[index] for index in unsent]
        return [news[index] for index in sorted(set(failed))]

    def _is_started(self, message: WorkMessage) -> bool:
        if self._executions is None:
            return True  # nobody can; the watcher ends the request in time
        try:
            self._executions.start(message.key, message.attempt)
        except AwsError as error:
            logger.warning("execution not started", extra={"code": error.code})
            return False
        return True


class LostRecords:
    """Reads again what the stream gave up on, from the pointers that it left behind."""

    def __init__(self, aws: Aws) -> None:
        """Take the client: the records themselves are still in the stream for a day."""
        self._aws = aws

    def read(self, pointer: Mapping[str, Any]) -> list[Record]:
        """Give the records of a failed batch; `pointer` is the on-failure `DDBStreamBatchInfo`.

        Raises StreamerError when the stream does not have all of them any more.
        """
        iterator = self._call(
            "GetShardIterator",
            {
                "StreamArn": pointer["streamArn"],
                "ShardId": pointer["shardId"],
                "ShardIteratorType": "AT_SEQUENCE_NUMBER",
                "SequenceNumber": pointer["startSequenceNumber"],
            },
        ).get("ShardIterator")
        last = int(pointer["endSequenceNumber"])
        records: list[Record] = []
        empty = 0
        while iterator and empty < EMPTY_PAGES:
            answer = self._call("GetRecords", {"ShardIterator": iterator})
            page = answer["Records"]
            records += [record for record in page if _sequence(record) <= last]
            if page and _sequence(page[-1]) >= last:
                return records
            empty = 0 if page else empty + 1
            iterator = answer.get("NextShardIterator")
        raise StreamerError("not all records of a failed batch could be read again")

    def _call(self, operation: str, parameters: Mapping[str, object]) -> dict[str, Any]:
        return self._aws.call("dynamodbstreams", operation, parameters)


def is_new_request(record: Record) -> bool:
    """Tell whether a stream record is an accepted request: the event filter, once more."""
    keys = record["dynamodb"]["Keys"]
    return record["eventName"] == "INSERT" and keys["sk"]["S"] == ItemKind.REQUEST


def _is_durable(record: Record) -> bool:
    image = record["dynamodb"].get("NewImage", {})
    return image.get("executor", {}).get("S") == Executor.DURABLE


def _work_message(record: Record) -> WorkMessage:
    image = record["dynamodb"].get("NewImage", {})
    return WorkMessage(
        key=record["dynamodb"]["Keys"]["pk"]["S"],
        attempt=1,
        trace=image.get("trace", {}).get("S"),
    )


def _sequence(record: Record) -> int:
    return int(record["dynamodb"]["SequenceNumber"])
