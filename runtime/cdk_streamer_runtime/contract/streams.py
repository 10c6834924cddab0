"""What StreamProcessor and the runtime agree on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cdk_streamer_runtime.contract.environment import Environment

# --- environment -------------------------------------------------------------------------------


class StreamSourceKind(StrEnum):
    """What a processor reads. A bus is read through a queue, which a rule of the bus fills."""

    KINESIS = "kinesis"
    DYNAMODB = "dynamodb"
    SQS = "sqs"
    EVENT_BUS = "event_bus"


class ResourceKind(StrEnum):
    """What a step can write to or read from."""

    TABLE = "table"
    EVENT_BUS = "event_bus"
    STREAM = "stream"
    QUEUE = "queue"
    TOPIC = "topic"
    BUCKET = "bucket"
    FUNCTION = "function"
    STATE_MACHINE = "state_machine"
    SCHEDULE_GROUP = "schedule_group"
    SECRET = "secret"  # noqa: S105 - a kind of resource
    CHANNELS = "channels"  # a ProgressWebSocket's


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEnvironment(Environment):
    """Settings of a processor's function.

    `resources` is a JSON object: what steps call a resource, to its address (see RESOURCE_ADDRESS).
    The table, the bus and the bucket for claim checks are there under the names below.
    """

    stream_name: str  # the construct's: the metrics' dimension and the `source` of what it emits
    source_kind: str
    resources: str = "{}"


# What steps call the construct's own resources when they name no other.
TABLE_RESOURCE = "table"
BUS_RESOURCE = "bus"
CLAIMS_RESOURCE = "claims"
# What stands for a resource in `resources`, by its kind.
RESOURCE_ADDRESS = {
    ResourceKind.TABLE: "name",
    ResourceKind.EVENT_BUS: "name",
    ResourceKind.STREAM: "name",
    ResourceKind.QUEUE: "url",
    ResourceKind.TOPIC: "arn",
    ResourceKind.BUCKET: "name",
    ResourceKind.FUNCTION: "arn",
    ResourceKind.STATE_MACHINE: "arn",
    ResourceKind.SCHEDULE_GROUP: "name",
    ResourceKind.SECRET: "arn",
    ResourceKind.CHANNELS: "name",
}

# What keys of the bucket for claim checks begin with: events, and originals of records in faults.
CLAIM_PREFIX = "claims/"
RECORD_PREFIX = "records/"

# --- the event store ---------------------------------------------------------------------------


class EventRow(StrEnum):
    """The `discriminator` of the event store's items, whose sort key begins with it too."""

    EVENT = "EVENT"
    CORRELATION = "CORREL"
    EMISSION = "EMIT"


DISCRIMINATOR = "discriminator"

# --- events ------------------------------------------------------------------------------------

FAULT_TYPE = "fault"

# --- metadata of the function in the template --------------------------------------------------

RULES_METADATA = "cdk-streamer:rules"
STREAM_METADATA = "cdk-streamer:stream"

# --- metrics -----------------------------------------------------------------------------------

STREAM_DIMENSION = "Stream"  # the construct's name
PIPELINE_DIMENSION = "Pipeline"
STEP_DIMENSION = "Step"


class StreamMetric(StrEnum):
    """Names of the metrics that a processor emits under METRIC_NAMESPACE."""

    RECORDS = "Records"
    RECORDS_IGNORED = "RecordsIgnored"  # nobody's business: replicas, expiries, tests
    RECORDS_REDELIVERED = "RecordsRedelivered"  # handed back, and so come again
    FAULTS = "Faults"
    EVENTS_DROPPED = "EventsDropped"  # by a policy
    LOST_RACES = "LostRaces"  # writes of what was older than what is stored
    RETRIES = "Retries"  # entries that a service did not take at once
    CIRCUIT_OPENINGS = "CircuitOpenings"  # circuit breakers that opened; by step, the downstream
    CALLS_REFUSED = "CallsRefused"  # that an open circuit breaker did not let through
    DEADLINES = "Deadlines"  # invocations that handed back what there was no time for
    EVENTS = "Events"  # that a pipeline took; by pipeline
    PIPELINE_TIME = "PipelineTime"  # milliseconds from pulled to done; by pipeline
    STEP_TIME = "StepTime"  # milliseconds of a call; by pipeline and step
    EVENT_AGE = "EventAge"  # milliseconds from an event's timestamp to its being pulled


# --- limits ------------------------------------------------------------------------------------

RULE_ID_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
# Streams of DynamoDB, and Kinesis unless told otherwise, forget after 24 hours. What is given up
# only then is gone before Lambda can tell where it was.
MAX_RECORD_AGE_SECONDS = 23 * 60 * 60
