"""Alarms of a DurableBatch: what failed, what was given up, what was never started."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from cdk_streamer._batches.metrics import failures
from cdk_streamer._batches.parts import Parts
from cdk_streamer._batches.starter import Starter
from cdk_streamer._operations.alarm import FIVE_MINUTES, AlarmScope, alarms_of


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchAlarms:
    """One attribute an alarm, and all of them by iteration; those of a schedule may be None.

    `alarms.failures.add_alarm_action(...)`, or `alarm_actions=` of the batch for all of them.
    """

    failures: cloudwatch.Alarm
    dead_letters: cloudwatch.Alarm
    starter_errors: cloudwatch.Alarm | None
    start_failures: cloudwatch.Alarm | None

    @classmethod
    def create(
        cls, scope: Construct, parts: Parts, actions: Sequence[cloudwatch.IAlarmAction]
    ) -> BatchAlarms:
        """Create them in a construct of their own in `scope`, each with these actions."""
        inside = AlarmScope(scope=Construct(scope, "Alarms"))
        starter = parts.starter
        alarms = cls(
            failures=_failures(inside, parts),
            dead_letters=inside.dead_letters(
                "DeadLetters",
                parts.dead_letters,
                says="Items of a batch were given up. Each message has the item and the reason",
                section="items-of-a-batch-are-given-up",
            ),
            starter_errors=_starter_errors(inside, starter) if starter else None,
            start_failures=_start_failures(inside, starter) if starter else None,
        )
        for alarm in alarms:
            alarm.add_alarm_action(*actions)
        return alarms

    def __iter__(self) -> Iterator[cloudwatch.Alarm]:
        """Give them all."""
        return alarms_of(self)


def _failures(inside: AlarmScope, parts: Parts) -> cloudwatch.Alarm:
    function = parts.durable.function.function if parts.durable else None
    return inside.new(
        "Failures",
        failures(parts.name, function, FIVE_MINUTES),
        threshold=1,
        says="A batch failed, took longer than execution_timeout, or could not be started. Read "
        "the log of the function that runs it",
        section="a-batch-fails",
    )


def _starter_errors(inside: AlarmScope, starter: Starter) -> cloudwatch.Alarm:
    return inside.errors(
        "StarterErrors",
        starter.function.function,
        says="The starter fails, so a scheduled batch may begin late. Read its log",
        section="a-scheduled-batch-is-not-started",
    )


def _start_failures(inside: AlarmScope, starter: Starter) -> cloudwatch.Alarm:
    return inside.dead_letters(
        "StartFailures",
        starter.failures,
        says="A scheduled batch was not started for hours, and nobody tries any more. The message "
        "has its time: invoke the starter with it",
        section="a-scheduled-batch-is-not-started",
    )
