"""What services take at once, so that steps ask for no more."""

from __future__ import annotations

from cdk_streamer_runtime.streams.claims.packing import TooLarge

# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
# "Less than 1MB" is read as the smaller of both megabytes.
EVENTS, EVENTS_BYTES = 10, 1_000_000
DETAIL_TYPE_CHARACTERS = 128
# https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
RECORDS, RECORDS_BYTES = 500, 10 * 1024 * 1024
RECORD_BYTES = 1024 * 1024  # unless the stream's MaxRecordSizeInKiB says more
PARTITION_KEY_CHARACTERS = 256
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
MESSAGES, MESSAGES_BYTES = 10, 1024 * 1024
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
FIFO_ID_CHARACTERS = 128
# https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
# A topic takes up to LARGE_TOPIC_BYTES if its MaximumMessageSize says so.
TOPIC_MESSAGES, TOPIC_BYTES, LARGE_TOPIC_BYTES = 10, 256 * 1024, 1024 * 1024
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
WRITES, WRITES_BYTES = 25, 16 * 1024 * 1024
ITEM_BYTES = 400 * 1024
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
READS = 100
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
TRANSACT_WRITES = 100
TRANSACT_TOKEN_CHARACTERS = 36
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
INVOCATION_BYTES, ASYNC_INVOCATION_BYTES = 6 * 1024 * 1024, 1024 * 1024
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
EXECUTION_INPUT_BYTES = 256 * 1024
EXECUTION_NAME_CHARACTERS = 80
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
OBJECT_BYTES = 5 * 1024 * 1024 * 1024
# https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
SCHEDULE_NAME_CHARACTERS = 64
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
METRICS, METRIC_VALUES, METRIC_DIMENSIONS = 100, 100, 30
METRICS_BYTES = 256 * 1024  # of a log event; a line is not cut below it


def within(size: int, limit: int, what: str) -> int:
    """Give the size; raises TooLarge when it is over the limit."""
    if size > limit:
        raise TooLarge(f"{what} has {size:,} bytes, but {limit:,} is the most")
    return size
