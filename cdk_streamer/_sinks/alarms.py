"""Alarms of a ThrottledSink, one for each way in which messages can wait or be given up unseen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aws_cdk import Duration, aws_cloudwatch as cloudwatch
from constructs import Construct

from cdk_streamer._operations.alarm import MINUTE, AlarmScope, alarms_of
from cdk_streamer._operations.metrics import sink_metric
from cdk_streamer._sinks.parts import Parts
from cdk_streamer_runtime.contract.sinks import SinkMetric

_HOUR = 3_600
# The controller measures each five minutes, so that each of these has a value.
_QUARTER = Duration.minutes(15)


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkAlarms:
    """One attribute an alarm, and all of them by iteration.

    `alarms.paused.add_alarm_action(...)`, or `alarm_actions=` of the sink for all of them.
    """

    dead_letters: cloudwatch.Alarm
    rejected: cloudwatch.Alarm
    paused: cloudwatch.Alarm
    age: cloudwatch.Alarm
    delivery_errors: cloudwatch.Alarm
    controller_errors: cloudwatch.Alarm
    command_dead_letters: cloudwatch.Alarm

    @classmethod
    def create(
        cls, scope: Construct, parts: Parts, actions: Sequence[cloudwatch.IAlarmAction]
    ) -> SinkAlarms:
        """Create them in a construct of their own in `scope`, each with these actions."""
        inside = AlarmScope(scope=Construct(scope, "Alarms"))
        alarms = cls(
            dead_letters=inside.dead_letters(
                "DeadLetters",
                parts.storage.messages.dead_letters,
                says="Messages were given up: their delivery failed again and again. Read the "
                "log, mend it, then send them back with cdk-streamer sinks redrive",
                section="deliveries-are-given-up",
            ),
            rejected=inside.dead_letters(
                "Rejected",
                parts.storage.rejected,
                says="Messages were rejected for good. Read the reasons with cdk-streamer sinks "
                "rejected",
                section="messages-are-rejected",
            ),
            paused=_paused(inside, parts),
            age=_age(inside, parts),
            delivery_errors=_delivery_errors(inside, parts),
            controller_errors=inside.errors(
                "ControllerErrors",
                parts.controller.function.function,
                says="The controller crashes, so a paused sink may stay paused. Read its log",
                section="the-controller-of-a-sink-fails",
            ),
            command_dead_letters=inside.dead_letters(
                "CommandDeadLetters",
                parts.storage.commands.dead_letters,
                says="The controller could not do what it was told, again and again. Read its log",
                section="the-controller-of-a-sink-fails",
            ),
        )
        for alarm in alarms:
            alarm.add_alarm_action(*actions)
        return alarms

    def __iter__(self) -> Iterator[cloudwatch.Alarm]:
        """Give them all."""
        return alarms_of(self)


def _paused(inside: AlarmScope, parts: Parts) -> cloudwatch.Alarm:
    paused = sink_metric(parts.name, SinkMetric.CIRCUIT_OPEN, "Minimum")
    return inside.new(
        "Paused",
        paused.with_(period=_QUARTER),
        threshold=1,
        times=4,
        says="Nothing was delivered for an hour: the downstream is away, or an operator paused "
        "the sink. Look with cdk-streamer sinks status",
        section="a-sink-is-paused",
    )


def _delivery_errors(inside: AlarmScope, parts: Parts) -> cloudwatch.Alarm:
    return inside.errors(
        "DeliveryErrors",
        parts.delivery.function.function,
        says="The delivering function crashes: memory, an import, a delivery that does not come "
        "back. Read its log",
        section="a-sink-fails",
    )


def _age(inside: AlarmScope, parts: Parts) -> cloudwatch.Alarm:
    return inside.new(
        "Age",
        parts.storage.messages.queue.metric_approximate_age_of_oldest_message(
            period=MINUTE, statistic="Maximum"
        ),
        threshold=_HOUR,
        times=5,
        says="Messages wait for an hour and more: more come than the downstream is given, or it is "
        "paused. They expire after 7 days",
        section="messages-wait-for-a-sink",
    )
