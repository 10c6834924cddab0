"""Alarms of an AsyncRequestApi, one for each way in which it can stand still unseen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

from aws_cdk import Duration, aws_cloudwatch as cloudwatch, aws_sqs as sqs
from constructs import Construct

from cdk_streamer._operations.metrics import durable_failures, function_metric, runtime_metric
from cdk_streamer._requests.parts import Parts
from cdk_streamer_runtime.contract import MAX_DELAY_SECONDS, Metric

_PAGE = "docs/operations.md"
_MINUTE = Duration.minutes(1)
_FIVE_MINUTES = Duration.minutes(5)
# What a request may wait for a worker before somebody should look.
_WAIT_SECONDS = 300
_ITERATOR_MILLISECONDS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """One attribute an alarm, and all of them by iteration; None where there is nothing to watch.

    `alarms.worker_errors.add_alarm_action(...)`, or `alarm_actions=` of the API for all of them.
    """

    work_dead_letters: cloudwatch.Alarm
    watch_dead_letters: cloudwatch.Alarm
    dispatch_dead_letters: cloudwatch.Alarm
    oldest_work: cloudwatch.Alarm
    queue_age: cloudwatch.Alarm
    dispatcher_age: cloudwatch.Alarm
    worker_errors: cloudwatch.Alarm
    watcher_errors: cloudwatch.Alarm
    post_failures: cloudwatch.Alarm
    webhook_dead_letters: cloudwatch.Alarm | None = None
    webhook_failures: cloudwatch.Alarm | None = None
    durable_failures: cloudwatch.Alarm | None = None

    @classmethod
    def create(
        cls, scope: Construct, parts: Parts, actions: Sequence[cloudwatch.IAlarmAction]
    ) -> Alarms:
        """Create them in a construct of their own in `scope`, each with these actions."""
        maker = _Maker(scope=Construct(scope, "Alarms"), parts=parts)
        webhooks, durable = parts.requests.webhooks, parts.durable
        alarms = cls(
            work_dead_letters=maker.dead_letters("Work", parts.requests.work.dead_letters),
            watch_dead_letters=maker.dead_letters("Watch", parts.requests.watch.dead_letters),
            dispatch_dead_letters=maker.dead_letters("Dispatch", parts.failures.dead_letters),
            oldest_work=maker.oldest_work(),
            queue_age=maker.queue_age(),
            dispatcher_age=maker.dispatcher_age(),
            worker_errors=maker.worker_errors(),
            watcher_errors=maker.watcher_errors(),
            post_failures=maker.post_failures(),
            webhook_dead_letters=maker.dead_letters("Webhook", webhooks.redriven.dead_letters)
            if webhooks
            else None,
            webhook_failures=maker.webhook_failures() if webhooks else None,
            durable_failures=maker.durable_failures() if durable else None,
        )
        for alarm in alarms:
            alarm.add_alarm_action(*actions)
        return alarms

    def __iter__(self) -> Iterator[cloudwatch.Alarm]:
        """Give those that there are."""
        found = (getattr(self, field.name) for field in fields(self))
        return (alarm for alarm in found if alarm is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Maker:
    scope: Construct
    parts: Parts

    def dead_letters(self, kind: str, queue: sqs.IQueue) -> cloudwatch.Alarm:
        return self._new(
            f"{kind}DeadLetters",
            queue.metric_approximate_number_of_messages_visible(
                period=_MINUTE, statistic="Maximum"
            ),
            threshold=1,
            says=f"{kind} messages were given up. Read the log of who gets them, then send them "
            "back with SQS's redrive",
            section="dead-letters",
        )

    def oldest_work(self) -> cloudwatch.Alarm:
        limits = self.parts.requests.limits
        return self._new(
            "OldestWork",
            self.parts.requests.work.queue.metric_approximate_age_of_oldest_message(
                period=_MINUTE, statistic="Maximum"
            ),
            # A message that is worked on is in the queue too, and so is one that is delayed.
            threshold=limits.worker_timeout_seconds + MAX_DELAY_SECONDS + _WAIT_SECONDS,
            times=3,
            says="The oldest request waits for longer than a worker could take. Look whether "
            "workers run, and at the account's concurrency",
            section="requests-wait",
        )

    def queue_age(self) -> cloudwatch.Alarm:
        return self._new(
            "QueueAge",
            self._emitted(Metric.QUEUE_AGE, "Maximum"),
            threshold=_WAIT_SECONDS * 1_000,
            times=3,
            says="Requests start more than 5 minutes after they were accepted. Raise "
            "max_concurrency, or the account's concurrency",
            section="requests-wait",
        )

    def dispatcher_age(self) -> cloudwatch.Alarm:
        return self._new(
            "DispatcherAge",
            function_metric(self.parts.dispatcher, "IteratorAge", "Maximum", _MINUTE),
            threshold=_ITERATOR_MILLISECONDS,
            times=3,
            says="Accepted requests are dispatched more than a minute late. Read the "
            "dispatcher's log",
            section="requests-are-not-dispatched",
        )

    def worker_errors(self) -> cloudwatch.Alarm:
        return self._new(
            "WorkerErrors",
            function_metric(self.parts.worker, "Errors", "Sum", _FIVE_MINUTES),
            threshold=1,
            times=2,
            says="Workers crash, and requests are tried again: memory, an import, a timeout. "
            "Read the worker's log",
            section="functions-fail",
        )

    def watcher_errors(self) -> cloudwatch.Alarm:
        return self._new(
            "WatcherErrors",
            function_metric(self.parts.watcher, "Errors", "Sum", _FIVE_MINUTES),
            threshold=1,
            times=2,
            says="The watcher fails, so crashed requests are not repaired. Read its log",
            section="functions-fail",
        )

    def post_failures(self) -> cloudwatch.Alarm:
        return self._new(
            "PostFailures",
            self._emitted(Metric.POST_FAILURES, "Sum"),
            threshold=10,
            times=3,
            says="Messages cannot be posted to connections that are open; clients read late. "
            "Look for throttling and at the role of who posts",
            section="posts-fail",
        )

    def webhook_failures(self) -> cloudwatch.Alarm:
        return self._new(
            "WebhookFailures",
            self._emitted(Metric.WEBHOOKS_FAILED, "Sum"),
            threshold=10,
            times=3,
            says="Callers' servers do not take what they asked to be told. Read the webhook "
            "function's log: it names hosts and answers",
            section="webhooks-fail",
        )

    def durable_failures(self) -> cloudwatch.Alarm:
        assert self.parts.durable is not None  # noqa: S101 - tells the type
        return self._new(
            "DurableFailures",
            durable_failures(self.parts.durable, _FIVE_MINUTES),
            threshold=1,
            says="Durable executions failed or timed out outside of the user's code. Read the "
            "durable function's log",
            section="durable-executions-fail",
        )

    def _emitted(self, metric: Metric, statistic: str) -> cloudwatch.Metric:
        found = runtime_metric(self.parts.requests.name, metric, statistic)
        return found.with_(period=_FIVE_MINUTES)

    def _new(
        self,
        id: str,
        metric: cloudwatch.IMetric,
        *,
        threshold: float,
        says: str,
        section: str,
        times: int = 1,
    ) -> cloudwatch.Alarm:
        """Create an alarm that rings after so many bad periods, one after the other."""
        return cloudwatch.Alarm(
            self.scope,
            id,
            alarm_description=f"{says}: {_PAGE}#{section}",
            metric=metric,
            threshold=threshold,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            evaluation_periods=times,
            # Nothing is measured while nothing happens: a quiet queue, a function that rests.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
