"""Alarms of a PeriodicTimer, one for each way in which firings can be late unseen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from cdk_streamer._operations.alarm import FIVE_MINUTES, MINUTE, AlarmScope, alarms_of
from cdk_streamer._operations.metrics import timer_metric
from cdk_streamer._timers.callback import Callback
from cdk_streamer._timers.parts import Parts
from cdk_streamer_runtime.contract import MAX_DELAY_SECONDS
from cdk_streamer_runtime.contract.timers import TimerMetric

# What a firing may wait for a callback before somebody should look.
_WAIT_SECONDS = 300
_PROBLEMS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerAlarms:
    """One attribute an alarm, and all of them by iteration.

    `alarms.watermark_lag.add_alarm_action(...)`, or `alarm_actions=` of the timer for all of them.
    """

    watermark_lag: cloudwatch.Alarm
    fan_out_dead_letters: cloudwatch.Alarm
    dispatch_dead_letters: cloudwatch.Alarm
    fan_out_age: cloudwatch.Alarm
    callback_errors: cloudwatch.Alarm
    dispatcher_errors: cloudwatch.Alarm
    api_errors: cloudwatch.Alarm

    @classmethod
    def create(
        cls,
        scope: Construct,
        parts: Parts,
        callback: Callback,
        actions: Sequence[cloudwatch.IAlarmAction],
    ) -> TimerAlarms:
        """Create them in a construct of their own in `scope`, each with these actions."""
        inside = AlarmScope(scope=Construct(scope, "Alarms"))
        alarms = cls(
            watermark_lag=_watermark_lag(inside, parts),
            fan_out_dead_letters=inside.dead_letters(
                "FanOutDeadLetters",
                parts.timers.fan_out.dead_letters,
                says="Firings were given up: the callback failed for them again and again, or the "
                "queue refused them. Read the logs of callback and dispatcher, then send them "
                "back with SQS's redrive",
                section="firings-are-given-up",
            ),
            dispatch_dead_letters=inside.dead_letters(
                "DispatchDeadLetters",
                parts.timers.dispatch.dead_letters,
                says="A shard could not be dispatched, again and again. Read the dispatcher's log",
                section="timers-are-late",
            ),
            fan_out_age=_fan_out_age(inside, parts, callback),
            callback_errors=inside.errors(
                "CallbackErrors",
                callback.function,
                says="The callback crashes, and its firings come again: memory, an import, a "
                "timeout. Read its log",
                section="the-callback-fails",
            ),
            dispatcher_errors=inside.errors(
                "DispatcherErrors",
                parts.dispatcher,
                says="The dispatcher crashes, so firings may be late. Read its log",
                section="timers-are-late",
            ),
            api_errors=_api_errors(inside, parts),
        )
        for alarm in alarms:
            alarm.add_alarm_action(*actions)
        return alarms

    def __iter__(self) -> Iterator[cloudwatch.Alarm]:
        """Give them all."""
        return alarms_of(self)


def _watermark_lag(inside: AlarmScope, parts: Parts) -> cloudwatch.Alarm:
    lag = timer_metric(parts.timers.name, TimerMetric.WATERMARK_LAG, "Maximum")
    return inside.new(
        "WatermarkLag",
        lag.with_(period=MINUTE),
        # Beyond it, what is due has not been looked for.
        threshold=parts.timers.settings.look_ahead_seconds,
        comparison=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        times=2,
        # No ticker, no measure.
        missing_rings=True,
        says="Firings are late, or nothing ticks any more. Read the logs of ticker and dispatcher",
        section="timers-are-late",
    )


def _fan_out_age(inside: AlarmScope, parts: Parts, callback: Callback) -> cloudwatch.Alarm:
    return inside.new(
        "FanOutAge",
        parts.timers.fan_out.queue.metric_approximate_age_of_oldest_message(
            period=MINUTE, statistic="Maximum"
        ),
        # A firing that is delayed until it is due, or worked on, is in the queue too.
        threshold=MAX_DELAY_SECONDS + callback.seconds + _WAIT_SECONDS,
        times=3,
        says="Firings wait for a callback. Look whether it runs, at max_concurrency and at the "
        "account's concurrency",
        section="firings-wait",
    )


def _api_errors(inside: AlarmScope, parts: Parts) -> cloudwatch.Alarm:
    return inside.new(
        "ApiErrors",
        parts.endpoint.stage.metric_server_error(period=FIVE_MINUTES, statistic="Sum"),
        threshold=_PROBLEMS,
        times=2,
        says="The REST API cannot do what it is asked. Read its function's log",
        section="the-rest-api-fails",
    )
