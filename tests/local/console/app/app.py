"""The console's application: one of every construct, small."""

from __future__ import annotations

from aws_cdk import App, CfnOutput, Duration, Stack, aws_sqs as sqs

from cdk_streamer import (
    AsyncRequestApi,
    Auth,
    BatchTarget,
    CircuitBreaker,
    DurableBatch,
    PeriodicTimer,
    RateLimit,
    StreamProcessor,
    StreamSource,
    ThrottledSink,
)

QUIET = {"handlers": "handlers", "dashboard": False, "alarms": False}

app = App()
stack = Stack(app, "Office")
api = AsyncRequestApi(
    stack,
    "Api",
    auth=Auth.jwt(issuer="https://id.example.com/", audience=["office"]),
    **QUIET,
)
timer = PeriodicTimer(stack, "Timer", shards=2, **QUIET)
mails = sqs.Queue(stack, "Mails", enforce_ssl=True, visibility_timeout=Duration.seconds(360))
StreamProcessor(
    stack, "Post", source=StreamSource.sqs(mails), entry_point="handlers.post:handler", **QUIET
)
ledger = ThrottledSink(
    stack,
    "Ledger",
    max_concurrency=2,
    batch_size=1,
    rate_limit=RateLimit.per_second(20),
    circuit_breaker=CircuitBreaker(pause=Duration.seconds(5)),
    timeout=Duration.seconds(10),
    **QUIET,
)
invoices = DurableBatch(stack, "Invoices", target=BatchTarget.sink(ledger), chunk_size=5, **QUIET)

CfnOutput(stack, "MailsUrl", value=mails.queue_url)
CfnOutput(stack, "LedgerUrl", value=ledger.queue.queue_url)
CfnOutput(stack, "InvoicesAlias", value=invoices.alias.function_arn)
app.synth()
