"""What tells callers' own servers how their requests ended: a queue, and who works on it."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import (
    Duration,
    aws_dynamodb as dynamodb,
    aws_kms as kms,
    aws_lambda as lambda_,
    aws_s3 as s3,
    aws_secretsmanager as secretsmanager,
)
from constructs import Construct

from cdk_streamer._code.assets import runtime_code
from cdk_streamer._code.package import Package
from cdk_streamer._resources import tables
from cdk_streamer._resources.bucket import allow_results
from cdk_streamer._resources.function import Defaults, RuntimeFunction
from cdk_streamer._resources.queue import RedrivenQueue
from cdk_streamer.webhooks import Webhooks
from cdk_streamer_runtime.contract import (
    MESSAGE_RETENTION_SECONDS,
    WEBHOOK_RECEIVES,
    WEBHOOK_TIMEOUT_SECONDS,
    EntryPoint,
    WebhookEnvironment,
)

_VISIBILITY = Duration.seconds(3 * WEBHOOK_TIMEOUT_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookQueue:
    """Ends to be told, and to which hosts."""

    webhooks: Webhooks
    redriven: RedrivenQueue

    @classmethod
    def create(cls, scope: Construct, webhooks: Webhooks, key: kms.IKey | None) -> WebhookQueue:
        """Create the queue; its messages wait for days while a server does not answer."""
        redriven = RedrivenQueue(
            scope,
            "Webhooks",
            visibility_timeout=_VISIBILITY,
            max_receive_count=WEBHOOK_RECEIVES,
            encryption_key=key,
            retention=Duration.seconds(MESSAGE_RETENTION_SECONDS),
        )
        return cls(webhooks=webhooks, redriven=redriven)

    @property
    def url(self) -> str:
        """Where ends are sent."""
        return self.redriven.queue.queue_url

    @property
    def hosts(self) -> str | None:
        """The patterns as functions read them."""
        return ",".join(self.webhooks.hosts) if self.webhooks.hosts else None

    def new_sender(
        self,
        scope: Construct,
        *,
        name: str,
        table: dynamodb.ITable,
        bucket: s3.IBucket,
        retention_seconds: int,
        defaults: Defaults,
    ) -> lambda_.IFunction:
        """Create what calls the servers. It stays out of networks: its way is the internet."""
        sender = RuntimeFunction(
            scope,
            "Webhook",
            description="Tells callers' own servers how requests ended",
            entry_point=EntryPoint.WEBHOOK,
            package=Package(code=runtime_code(scope)),
            environment=WebhookEnvironment(
                name=name,
                table_name=table.table_name,
                queue_url=self.url,
                secret_arn=self.webhooks.secret.secret_arn,
                hosts=self.hosts,
                bucket_name=bucket.bucket_name,
                retention_seconds=retention_seconds,
            ),
            timeout=Duration.seconds(WEBHOOK_TIMEOUT_SECONDS),
            defaults=defaults,
        )
        tables.allow(sender, table, "GetItem", "UpdateItem")
        allow_results(sender, bucket, "GetObject")
        _allow_secret(sender, self.webhooks.secret)
        self.redriven.allow_hide(sender)
        self.redriven.invoke(sender, batch_size=1, max_concurrency=self.webhooks.max_concurrency)
        return sender.function


def _allow_secret(
    function: RuntimeFunction, secret: secretsmanager.ISecret | secretsmanager.Secret
) -> None:
    # Not by `grant_read`, which lets it describe the secret too. One that was imported by its name
    # lacks the six characters at the end of its ARN.
    arn = secret.secret_full_arn or f"{secret.secret_arn}-??????"
    function.allow("secretsmanager:GetSecretValue", on=arn)
    if secret.encryption_key is not None:
        function.allow("kms:Decrypt", on=secret.encryption_key.key_arn)
