"""Alarms of a StreamProcessor, one for each way in which records can wait or be given up unseen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from cdk_streamer._operations.alarm import FIVE_MINUTES, AlarmScope, alarms_of
from cdk_streamer._operations.metrics import function_metric
from cdk_streamer._streams.processor import Processor

_LATE = 3  # minutes in a row


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamAlarms:
    """One attribute an alarm, and all of them by iteration.

    `alarms.age.add_alarm_action(...)`, or `alarm_actions=` of the processor for all of them.
    `failures` is there for Kinesis and tables, `dead_letters` for queues and buses; of a queue
    that was imported, nobody here knows the dead letters.
    """

    age: cloudwatch.Alarm
    faults: cloudwatch.Alarm
    undelivered_faults: cloudwatch.Alarm
    errors: cloudwatch.Alarm
    throttles: cloudwatch.Alarm
    failures: cloudwatch.Alarm | None
    dead_letters: cloudwatch.Alarm | None

    @classmethod
    def create(
        cls, scope: Construct, processor: Processor, actions: Sequence[cloudwatch.IAlarmAction]
    ) -> StreamAlarms:
        """Create them in a construct of their own in `scope`, each with these actions."""
        inside = AlarmScope(scope=Construct(scope, "Alarms"))
        alarms = cls(
            age=_age(inside, processor),
            faults=inside.dead_letters(
                "Faults",
                processor.storage.faults.queue,
                says="Records could not be handled and wait as faults. Read what they say, mend "
                "it, then send them back with cdk-streamer streams resubmit",
                section="records-become-faults",
            ),
            undelivered_faults=inside.dead_letters(
                "UndeliveredFaults",
                processor.storage.faults.undelivered,
                says="EventBridge could not bring faults to their queue. Look at the queue's "
                "policy and its key, then send them on with SQS's redrive",
                section="faults-are-not-delivered",
            ),
            errors=inside.errors(
                "Errors",
                processor.function.function,
                says="The function crashes, and its batches come again: memory, an import, a "
                "timeout, a fault that cannot be published. Read its log",
                section="the-processor-fails",
            ),
            throttles=_throttles(inside, processor),
            failures=_failures(inside, processor),
            dead_letters=_dead_letters(inside, processor),
        )
        for alarm in alarms:
            alarm.add_alarm_action(*actions)
        return alarms

    def __iter__(self) -> Iterator[cloudwatch.Alarm]:
        """Give them all."""
        return alarms_of(self)


def _age(inside: AlarmScope, processor: Processor) -> cloudwatch.Alarm:
    return inside.new(
        "Age",
        processor.source.age,
        threshold=processor.source.limit,
        times=_LATE,
        says="Records wait. Look whether batches are handed back, at the concurrency, and at what "
        "the rules wait for",
        section="records-wait",
    )


def _throttles(inside: AlarmScope, processor: Processor) -> cloudwatch.Alarm:
    return inside.new(
        "Throttles",
        function_metric(processor.function.function, "Throttles", "Sum", FIVE_MINUTES),
        threshold=1,
        times=_LATE,
        says="Lambda runs the function less often than records need. Look at the account's "
        "concurrency",
        section="records-wait",
    )


def _failures(inside: AlarmScope, processor: Processor) -> cloudwatch.Alarm | None:
    queue = processor.source.failures
    if queue is None:
        return None
    return inside.dead_letters(
        "Failures",
        queue,
        says="Lambda gave up records that were too old or tried too often. Read where they "
        "stand, while the stream still has them",
        section="records-are-given-up",
    )


def _dead_letters(inside: AlarmScope, processor: Processor) -> cloudwatch.Alarm | None:
    queue = processor.source.dead_letters
    if queue is None:
        return None
    return inside.dead_letters(
        "DeadLetters",
        queue,
        says="Messages were given up: they were handed back again and again, or EventBridge could "
        "not deliver them. Mend that, then send them back with SQS's redrive",
        section="records-are-given-up",
    )
