"""Alarms of an AsyncRequestApi, one for each way in which it can stand still unseen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch, aws_sqs as sqs
from constructs import Construct

from cdk_streamer._operations.alarm import FIVE_MINUTES, MINUTE, AlarmScope, alarms_of
from cdk_streamer._operations.metrics import durable_failures, function_metric, runtime_metric
from cdk_streamer._requests.parts import Parts
from cdk_streamer_runtime.contract import MAX_DELAY_SECONDS, Metric

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
        maker = _Maker(alarms=AlarmScope(scope=Construct(scope, "Alarms")), parts=parts)
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
        return alarms_of(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Maker:
    alarms: AlarmScope
    parts: Parts

    def dead_letters(self, kind: str, queue: sqs.IQueue) -> cloudwatch.Alarm:
        return self.alarms.dead_letters(
            f"{kind}DeadLetters",
            queue,
            says=f"{kind} messages were given up. Read the log of who gets them, then send them "
            "back with SQS's redrive",
            section="dead-letters",
        )

    def oldest_work(self) -> cloudwatch.Alarm:
        limits = self.parts.requests.limits
        return self.alarms.new(
            "OldestWork",
            self.parts.requests.work.queue.metric_approximate_age_of_oldest_message(
                period=MINUTE, statistic="Maximum"
            ),
            # A message that is worked on is in the queue too, and so is one that is delayed.
            threshold=limits.worker_timeout_seconds + MAX_DELAY_SECONDS + _WAIT_SECONDS,
            times=3,
            says="The oldest request waits for longer than a worker could take. Look whether "
            "workers run, and at the account's concurrency",
            section="requests-wait",
        )

    def queue_age(self) -> cloudwatch.Alarm:
        return self.alarms.new(
            "QueueAge",
            self._emitted(Metric.QUEUE_AGE, "Maximum"),
            threshold=_WAIT_SECONDS * 1_000,
            times=3,
            says="Requests start more than 5 minutes after they were accepted. Raise "
            "max_concurrency, or the account's concurrency",
            section="requests-wait",
        )

    def dispatcher_age(self) -> cloudwatch.Alarm:
        return self.alarms.new(
            "DispatcherAge",
            function_metric(self.parts.dispatcher, "IteratorAge", "Maximum", MINUTE),
            threshold=_ITERATOR_MILLISECONDS,
            times=3,
            says="Accepted requests are dispatched more than a minute late. Read the "
            "dispatcher's log",
            section="requests-are-not-dispatched",
        )

    def worker_errors(self) -> cloudwatch.Alarm:
        return self.alarms.errors(
            "WorkerErrors",
            self.parts.worker,
            says="Workers crash, and requests are tried again: memory, an import, a timeout. "
            "Read the worker's log",
            section="functions-fail",
        )

    def watcher_errors(self) -> cloudwatch.Alarm:
        return self.alarms.errors(
            "WatcherErrors",
            self.parts.watcher,
            says="The watcher fails, so crashed requests are not repaired. Read its log",
            section="functions-fail",
        )

    def post_failures(self) -> cloudwatch.Alarm:
        return self.alarms.new(
            "PostFailures",
            self._emitted(Metric.POST_FAILURES, "Sum"),
            threshold=10,
            times=3,
            says="Messages cannot be posted to connections that are open; clients read late. "
            "Look for throttling and at the role of who posts",
            section="posts-fail",
        )

    def webhook_failures(self) -> cloudwatch.Alarm:
        return self.alarms.new(
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
        return self.alarms.new(
            "DurableFailures",
            durable_failures(self.parts.durable, FIVE_MINUTES),
            threshold=1,
            says="Durable executions failed or timed out outside of the user's code. Read the "
            "durable function's log",
            section="durable-executions-fail",
        )

    def _emitted(self, metric: Metric, statistic: str) -> cloudwatch.Metric:
        found = runtime_metric(self.parts.requests.name, metric, statistic)
        return found.with_(period=FIVE_MINUTES)
