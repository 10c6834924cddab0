"""What ThrottledSink and the runtime agree on."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from cdk_streamer_runtime.contract.environment import Environment, variables_now

# --- environment -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerEnvironment(Environment):
    """When a sink's circuit opens and how it is tried; without `breaker_failures` there is none.

    A probe is taken for lost `breaker_probe_seconds` after it began: longer than the function has.
    """

    sink_name: str  # the construct's: the metrics' dimension
    table_name: str
    queue_url: str
    controller_queue_url: str | None = None
    breaker_failures: int | None = None
    breaker_share_percent: int = 50
    breaker_window_seconds: int = 60
    breaker_pause_seconds: int = 30
    breaker_longest_pause_seconds: int = 600
    breaker_probe_seconds: int = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkEnvironment(BreakerEnvironment):
    """Settings of the function that delivers.

    `rate` is messages a second, None: no limit. `remember_seconds` is how long a delivery is
    remembered, so that its message is not delivered again; None: it is not. In a FIFO sink the
    function itself puts into `dead_letter_queue_url` what has failed `max_receive_count` times;
    None: the queue does.
    """

    entry_point: str
    rejected_queue_url: str
    batch_size: int
    timeout_seconds: int
    fifo: bool = False
    rate: float | None = None
    remember_seconds: int | None = None
    dead_letter_queue_url: str | None = None
    max_receive_count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkControllerEnvironment(BreakerEnvironment):
    """Settings of the function that pauses, probes and redrives a sink."""

    function_arn: str
    mapping_id: str
    queue_arn: str
    dead_letter_queue_arn: str
    dead_letter_queue_url: str
    redrive_per_second: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkAddress:
    """How a function that `ThrottledSink.grant_send` was told of reaches a sink.

    In a FIFO queue messages are in order within a group: that of the member `ordered_by` of their
    body; without it all are one group.
    """

    queue_url: str
    fifo: bool = False
    ordered_by: str | None = None

    @staticmethod
    def variable(name: str) -> str:
        """Give the name of the environment variable for a sink's construct id."""
        return f"CDK_STREAMER_SINK_{re.sub(r'[^A-Za-z0-9]', '_', name).upper()}"

    def to_text(self) -> str:
        """Write it for a function's environment."""
        return json.dumps(dataclasses.asdict(self), separators=(",", ":"))

    @classmethod
    def from_variables(cls, name: str, variables: Mapping[str, str] | None = None) -> Self:
        """Read it; raises ValueError when this function may not send to that sink."""
        text = variables_now(variables).get(cls.variable(name))
        if text is None:
            raise ValueError(
                f"there is no sink {name!r} for this function; pass it to grant_send() of the "
                "ThrottledSink with that id"
            )
        return cls(**json.loads(text))


# --- the table ---------------------------------------------------------------------------------


class SinkRow(StrEnum):
    """The `pk` of a sink's items; those of messages have the message's key behind it."""

    CIRCUIT = "circuit"
    PROBE = "probe"  # the message that is tried while the circuit is open
    PACE = "pace"
    DELIVERY = "delivery"


# --- messages ----------------------------------------------------------------------------------

# Message attributes. A queue takes ten of them: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
KEY_ATTRIBUTE = "cdk-streamer.key"
REASON_ATTRIBUTE = "cdk-streamer.reason"  # of a rejected message
ORIGIN_ATTRIBUTE = "cdk-streamer.message-id"  # of a rejected message: what it was before


class ControllerCommand(StrEnum):
    """What the controller is invoked for, as `{"command": ...}`; also in its queue's messages."""

    RECONCILE = "reconcile"  # compare the mapping with the circuit: by schedule, after a deploy
    OPENED = "opened"  # a sink has opened the circuit: pause
    PROBE = "probe"  # the pause is over
    STATUS = "status"
    PAUSE = "pause"  # by an operator, until `resume`
    RESUME = "resume"
    REDRIVE = "redrive"


# How the controller asks a sink to try one message, in the event beside `Records`, and is told.
PROBE_MEMBER = "cdkStreamerProbe"


class ProbeVerdict(StrEnum):
    """What a sink tells of the downstream after a probe, as that member of its answer."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"  # nobody has asked the downstream, or it is the message's own fault


# --- metadata of the delivering function in the template -----------------------------------------

# Its name, and the logical ids of what belongs to it: queue, dead_letters, rejected, function,
# controller.
SINK_METADATA = "cdk-streamer:sink"

# --- metrics -----------------------------------------------------------------------------------

SINK_DIMENSION = "Sink"  # the construct's name


class SinkMetric(StrEnum):
    """Names of the metrics that a sink's functions emit under METRIC_NAMESPACE."""

    DELIVERED = "Delivered"
    REPEATED = "Repeated"  # had been delivered before, so were not again
    REJECTED = "Rejected"  # for good, and are in the queue of rejected messages
    FAILED = "Failed"  # deliveries that are tried again
    UNAVAILABLE = "Unavailable"  # of these, those that count against the downstream
    HANDED_BACK = "HandedBack"  # not tried: no time was left, or the circuit was open
    THROTTLED = "Throttled"  # not tried: the rate left no room in time
    PACE_WAIT = "PaceWait"  # milliseconds that a batch waited for its turn
    DELIVERY_TIME = "DeliveryTime"  # milliseconds of one call of the user's function
    CIRCUIT_OPENED = "CircuitOpened"
    CIRCUIT_OPEN = "CircuitOpen"  # 1 while polling is paused, else 0; every five minutes
    PROBES = "Probes"


# --- limits ------------------------------------------------------------------------------------

MAX_RECEIVES = 10
RECONCILE_SECONDS = 300
