"""The queues and functions behind async actions, composed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import (
    aws_apigatewayv2 as apigatewayv2,
    aws_dynamodb as dynamodb,
    aws_kms as kms,
    aws_lambda as lambda_,
    aws_s3 as s3,
)
from constructs import Construct

from cdk_streamer._code.handlers import Handlers
from cdk_streamer._requests.limits import Limits
from cdk_streamer._requests.queues import new_failure_queue, new_watch_queue, new_work_queue
from cdk_streamer._requests.requests import Requests
from cdk_streamer._resources.function import Defaults, RuntimeFunction
from cdk_streamer._resources.queue import RedrivenQueue
from cdk_streamer._webhooks.queue import WebhookQueue
from cdk_streamer.webhooks import Webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What an AsyncRequestApi is made of, beside its socket; what was not asked for is None."""

    requests: Requests
    failures: RedrivenQueue
    dispatcher: lambda_.IFunction
    redispatcher: lambda_.IFunction
    watcher: lambda_.IFunction
    worker: lambda_.IFunction
    webhook: lambda_.IFunction | None

    @classmethod
    def create(
        cls,
        scope: Construct,
        app: Handlers,
        *,
        name: str,
        table: dynamodb.ITable,
        stage: apigatewayv2.IWebSocketStage,
        message: RuntimeFunction,
        layer: lambda_.ILayerVersion,
        bucket: s3.IBucket,
        webhooks: Webhooks | None,
        limits: Limits,
        key: kms.IKey | None,
        defaults: Defaults,
    ) -> Parts:
        """Create them in `scope`, and let the socket's `message` function accept async actions."""
        requests = Requests(
            name=name,
            table=table,
            stage=stage,
            work=new_work_queue(scope, limits.worker_timeout_seconds, key),
            watch=new_watch_queue(scope, key),
            bucket=bucket,
            webhooks=WebhookQueue.create(scope, webhooks, key) if webhooks else None,
            limits=limits,
            defaults=defaults,
        ).with_durable(scope, app, key)
        failures = new_failure_queue(scope, key)
        message.set_environment(requests.settings(app.entry_point))
        requests.accept(message)
        return cls(
            requests=requests,
            failures=failures,
            dispatcher=requests.new_dispatcher(scope, failures),
            redispatcher=requests.new_redispatcher(scope, failures),
            watcher=requests.new_watcher(scope),
            worker=requests.new_worker(scope, app, layer),
            webhook=requests.new_webhook_sender(scope),
        )

    @property
    def durable(self) -> lambda_.IFunction | None:
        """The function of durable actions."""
        durable = self.requests.durable
        return durable.function.function if durable else None

    @property
    def queues(self) -> Sequence[RedrivenQueue]:
        """All queues: work, watch, dispatch, webhooks."""
        queues = [self.requests.work, self.requests.watch, self.failures]
        webhooks = self.requests.webhooks
        return [*queues, webhooks.redriven] if webhooks else queues
