"""The application that the end-to-end tests run: all there is, a short lease, and a publisher."""

from __future__ import annotations

from aws_cdk import (
    App,
    CfnOutput,
    Duration,
    RemovalPolicy,
    SecretValue,
    Stack,
    aws_lambda as lambda_,
    aws_secretsmanager as secretsmanager,
)

from cdk_streamer import AsyncRequestApi, Auth, Webhooks

app = App()
stack = Stack(app, "EndToEnd")
secret = secretsmanager.Secret(
    stack,
    "WebhookSecret",
    # In plain text, since what the tests check is signed by nobody but this stack.
    secret_string_value=SecretValue.unsafe_plain_text(
        "whsec_d2hhdCB0aGUgZW5kLXRvLWVuZCB0ZXN0cyBzaWdu"
    ),
    removal_policy=RemovalPolicy.DESTROY,
)
api = AsyncRequestApi(
    stack,
    "Api",
    handlers="handlers",
    auth=Auth.jwt(issuer="https://id.example.com/", audience=["end-to-end"]),
    worker_timeout=Duration.minutes(2),
    lease=Duration.seconds(6),
    max_progress_rate=20,
    cors_origins=["https://app.example.com"],
    durable=Duration.hours(1),
    webhooks=Webhooks(secret=secret, hosts=["hooks.example.com"]),
)
publisher = lambda_.Function(
    stack,
    "Publisher",
    runtime=lambda_.Runtime.PYTHON_3_13,
    handler="publish.handler",
    code=lambda_.Code.from_asset("publisher"),
    layers=[api.socket.runtime_layer],
    timeout=Duration.seconds(30),
)
api.socket.grant_publish(publisher)
CfnOutput(stack, "Url", value=api.url)
CfnOutput(stack, "HttpUrl", value=api.http_url)
app.synth()
