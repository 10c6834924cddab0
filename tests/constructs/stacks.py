"""Stacks with our constructs in them, and their templates as plain documents."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, cast

from aws_cdk import (
    App,
    Duration,
    Environment,
    Stack,
    TimeZone,
    assertions,
    aws_apigateway as apigateway,
    aws_apigatewayv2 as apigatewayv2,
    aws_cloudwatch_actions as cloudwatch_actions,
    aws_dynamodb as dynamodb,
    aws_events as events,
    aws_iam as iam,
    aws_kinesis as kinesis,
    aws_kms as kms,
    aws_lambda as lambda_,
    aws_s3 as s3,
    aws_scheduler as scheduler,
    aws_secretsmanager as secretsmanager,
    aws_sns as sns,
    aws_sqs as sqs,
    aws_stepfunctions as stepfunctions,
)

from cdk_streamer import (
    AsyncRequestApi,
    Auth,
    BatchTarget,
    DurableBatch,
    Idempotency,
    PeriodicTimer,
    ProgressWebSocket,
    RateLimit,
    StreamProcessor,
    StreamResource,
    StreamSource,
    ThrottledSink,
    Webhooks,
)

HANDLERS = Path(__file__).parent / "apps" / "handlers"
ENVIRONMENT = Environment(account="123456789012", region="eu-west-1")
SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:webhooks-AbCdEf"
# What most tests ask for is in the template, so no asset is copied for them.
WITHOUT_ASSETS = {"aws:cdk:bundling-stacks": []}

Resource = dict[str, Any]


def new_auth() -> Auth:
    return Auth.jwt(issuer="https://id.example.com/", audience=["reports"])


def new_stack(
    id: str = "Reports",
    *,
    env: Environment | None = None,
    context: dict[str, Any] | None = None,
    outdir: Path | None = None,
) -> Stack:
    app = App(
        context=WITHOUT_ASSETS if context is None else context,
        outdir=None if outdir is None else str(outdir),
    )
    return Stack(app, id, env=env)


def new_api(stack: Stack, id: str = "Api", **settings: Any) -> AsyncRequestApi:
    return AsyncRequestApi(stack, id, **{"handlers": HANDLERS, "auth": new_auth(), **settings})


def new_socket(stack: Stack, id: str = "Socket", **settings: Any) -> ProgressWebSocket:
    return ProgressWebSocket(stack, id, **{"auth": new_auth(), **settings})


def new_timer(stack: Stack, id: str = "Timer", **settings: Any) -> PeriodicTimer:
    """Give a timer service, with a callback of handlers unless one is given."""
    handlers = {} if "callback" in settings else {"handlers": HANDLERS}
    return PeriodicTimer(stack, id, **{**handlers, **settings})


@cache
def full_timer() -> PeriodicTimer:
    """Give a timer service with all that can be asked for; many tests look at this one."""
    stack = new_stack()
    return new_timer(
        stack,
        auth=new_auth(),
        strict=True,
        dedupe=True,
        isolate_owners=True,
        domain_name=new_rest_domain(stack),
        alarm_actions=[new_action(stack)],
    )


@cache
def full_timer_template() -> dict[str, Any]:
    return template_of(Stack.of(full_timer()))


def new_processor(stack: Stack, id: str = "Listener", **settings: Any) -> StreamProcessor:
    """Give a processor of a Kinesis stream, unless another source is given."""
    source = settings.pop("source", None) or new_source(stack, id)
    return StreamProcessor(stack, id, **{"source": source, "handlers": HANDLERS, **settings})


def bare_processor(stack: Stack, id: str = "Listener", **settings: Any) -> StreamProcessor:
    """Give a processor without what operators see, in half of the time."""
    return new_processor(stack, id, **{"alarms": False, "dashboard": False, **settings})


def new_source(stack: Stack, id: str = "Listener", **settings: Any) -> StreamSource:
    """Give a Kinesis stream of somebody else's as the source."""
    arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/things"
    return StreamSource.kinesis(
        kinesis.Stream.from_stream_arn(stack, f"{id}Stream", arn), **settings
    )


def new_bus_source(stack: Stack, id: str = "Things", **settings: Any) -> StreamSource:
    """Give a bus of somebody else's as the source."""
    arn = "arn:aws:events:eu-west-1:123456789012:event-bus/things"
    return StreamSource.event_bus(events.EventBus.from_event_bus_arn(stack, id, arn), **settings)


def new_resources(stack: Stack, key: kms.IKey | None = None) -> dict[str, Any]:
    """Give what `handlers/everything.py` uses, all of it somebody else's, encrypted with `key`."""
    arn = "arn:aws:{}:eu-west-1:123456789012:{}".format
    group = scheduler.ScheduleGroup.from_schedule_group_name(stack, "Reminders", "reminders")
    role = iam.Role.from_role_arn(stack, "Reminder", "arn:aws:iam::123456789012:role/reminder")
    return {
        "other": dynamodb.Table.from_table_attributes(
            stack, "Other", table_arn=arn("dynamodb", "table/other"), encryption_key=key
        ),
        "partners": events.EventBus.from_event_bus_arn(
            stack, "Partners", arn("events", "event-bus/partners")
        ),
        "records": kinesis.Stream.from_stream_attributes(
            stack, "Records", stream_arn=arn("kinesis", "stream/records"), encryption_key=key
        ),
        "orders": sqs.Queue.from_queue_attributes(
            stack,
            "Orders",
            queue_arn=arn("sqs", "orders"),
            key_arn=None if key is None else key.key_arn,
        ),
        "news": sns.Topic.from_topic_arn(stack, "News", arn("sns", "news")),
        "progress": new_socket(stack, "Progress"),
        "reports": StreamResource.bucket(
            s3.Bucket.from_bucket_attributes(
                stack, "Files", bucket_arn="arn:aws:s3:::reports", encryption_key=key
            ),
            prefixes=["daily/"],
        ),
        "worker": lambda_.Function.from_function_arn(
            stack, "Worker", arn("lambda", "function:worker")
        ),
        "reminders": StreamResource.schedule_group(group, role=role),
        "workflow": stepfunctions.StateMachine.from_state_machine_arn(
            stack, "Workflow", arn("states", "stateMachine:workflow")
        ),
        "token": secretsmanager.Secret.from_secret_attributes(
            stack, "Token", secret_complete_arn=SECRET_ARN, encryption_key=key
        ),
    }


def new_full_processor(
    stack: Stack, id: str = "Everything", key: kms.IKey | None = None, **settings: Any
) -> StreamProcessor:
    """Give a processor of a bus whose rules do everything that rules can do."""
    return new_processor(
        stack,
        id,
        source=settings.pop("source", None) or new_bus_source(stack),
        entry_point="handlers.everything:handler",
        resources=new_resources(stack, key),
        encryption_key=key,
        **settings,
    )


@cache
def full_processor() -> StreamProcessor:
    """Give a processor with all that can be asked for; many tests look at this one."""
    stack = new_stack()
    return new_full_processor(stack, alarm_actions=[new_action(stack)])


@cache
def full_processor_template() -> dict[str, Any]:
    return template_of(Stack.of(full_processor()))


def new_sink(stack: Stack, id: str = "Ledger", **settings: Any) -> ThrottledSink:
    return ThrottledSink(stack, id, **{"handlers": HANDLERS, **settings})


def bare_sink(stack: Stack, id: str = "Ledger", **settings: Any) -> ThrottledSink:
    """Give a sink without what operators see, in half of the time."""
    return new_sink(stack, id, **{"alarms": False, "dashboard": False, **settings})


@cache
def full_sink() -> ThrottledSink:
    """Give a sink with all that can be asked for; many tests look at this one."""
    stack = new_stack()
    return new_sink(
        stack,
        rate_limit=RateLimit.per_second(50),
        idempotency=Idempotency(remember=Duration.days(1)),
        fifo=True,
        ordered_by="account",
        alarm_actions=[new_action(stack)],
    )


@cache
def full_sink_template() -> dict[str, Any]:
    return template_of(Stack.of(full_sink()))


REMOTE_QUEUE = "arn:aws:sqs:us-east-1:123456789012:reminders"


def new_batch(stack: Stack, id: str = "Daily", **settings: Any) -> DurableBatch:
    """Give a batch that publishes to somebody's queue in another region."""
    if "target" not in settings:
        queue = sqs.Queue.from_queue_arn(stack, f"{id}Reminders", REMOTE_QUEUE)
        settings["target"] = BatchTarget.queue(queue)
    return DurableBatch(stack, id, **{"handlers": HANDLERS, **settings})


def bare_batch(stack: Stack, id: str = "Daily", **settings: Any) -> DurableBatch:
    """Give a batch without what operators see."""
    return new_batch(stack, id, **{"alarms": False, "dashboard": False, **settings})


def new_full_batch(stack: Stack, id: str = "Daily", **settings: Any) -> DurableBatch:
    """Give a batch with all that can be asked for, but for a key and a network."""
    every_morning = scheduler.ScheduleExpression.cron(
        hour="6", minute="0", time_zone=TimeZone.EUROPE_BERLIN
    )
    return new_batch(
        stack,
        id,
        rate_limit=RateLimit.per_second(100),
        schedule=every_morning,
        schedule_payload={"to": "all"},
        progress=new_socket(stack, f"{id}Progress"),
        environment={"TABLE": "users"},
        **settings,
    )


@cache
def full_batch() -> DurableBatch:
    """Give a batch with all that can be asked for; many tests look at this one."""
    stack = new_stack()
    return new_full_batch(stack, alarm_actions=[new_action(stack)])


@cache
def full_batch_template() -> dict[str, Any]:
    return template_of(Stack.of(full_batch()))


def new_rest_domain(stack: Stack) -> apigateway.IDomainName:
    return apigateway.DomainName.from_domain_name_attributes(
        stack,
        "TimersDomain",
        domain_name="timers.example.com",
        domain_name_alias_target="d-timers.execute-api.eu-west-1.amazonaws.com",
        domain_name_alias_hosted_zone_id="Z1",
    )


@cache
def full_api() -> AsyncRequestApi:
    """Give an API with all that can be asked for; many tests look at this one."""
    stack = new_stack()
    secret = secretsmanager.Secret.from_secret_complete_arn(stack, "Secret", SECRET_ARN)
    return new_api(
        stack,
        environment={"BUCKET": "files"},
        cors_origins=["https://app.example.com", "http://localhost:5173"],
        domain_name=new_domain(stack, "ws"),
        http_domain_name=new_domain(stack, "api"),
        durable=Duration.days(30),
        webhooks=Webhooks(secret=secret, hosts=["hooks.example.com", "*.example.org"]),
        alarm_actions=[new_action(stack)],
    )


@cache
def full_template() -> dict[str, Any]:
    return template_of(Stack.of(full_api()))


def new_domain(stack: Stack, name: str) -> apigatewayv2.IDomainName:
    return apigatewayv2.DomainName.from_domain_name_attributes(
        stack,
        f"{name}Domain",
        name=f"{name}.example.com",
        regional_domain_name=f"d-{name}.execute-api.eu-west-1.amazonaws.com",
        regional_hosted_zone_id="Z1",
    )


def new_action(stack: Stack) -> Any:
    topic: Any = sns.Topic.from_topic_arn(
        stack, "Topic", "arn:aws:sns:eu-west-1:123456789012:alarms"
    )
    return cloudwatch_actions.SnsAction(topic)


def new_function(stack: Stack, id: str = "Publisher", **settings: Any) -> lambda_.Function:
    return lambda_.Function(
        stack,
        id,
        runtime=lambda_.Runtime.PYTHON_3_13,
        handler="index.handler",
        code=lambda_.Code.from_inline("def handler(event, context): ..."),
        **settings,
    )


def called_template(*, timeout: Duration | None = None, **settings: Any) -> dict[str, Any]:
    """Give the template of a timer whose callback is the user's own function."""
    stack = new_stack()
    new_timer(stack, callback=new_function(stack, "Mine", timeout=timeout), **settings)
    return template_of(stack)


def template_of(stack: Stack) -> dict[str, Any]:
    return cast("dict[str, Any]", assertions.Template.from_stack(stack).to_json())


def resources(template: dict[str, Any], kind: str) -> dict[str, Resource]:
    """Give the properties of all resources of a type, by logical id."""
    return {
        name: resource.get("Properties", {})
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def the(template: dict[str, Any], kind: str, name: str) -> Resource:
    """Give the properties of the one resource of a type whose logical id starts with `name`."""
    (found,) = (
        properties
        for logical_id, properties in resources(template, kind).items()
        if logical_id.startswith(name)
    )
    return found


def variables(template: dict[str, Any], name: str) -> dict[str, Any]:
    """Give the environment of the one function whose logical id starts with `name`."""
    return the(template, "AWS::Lambda::Function", name)["Environment"]["Variables"]


def statements(role: Resource) -> Iterator[dict[str, Any]]:
    """Give the statements of a role's own policies."""
    for policy in role.get("Policies", []):
        yield from policy["PolicyDocument"]["Statement"]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def actions(role: Resource) -> set[str]:
    return {action for statement in statements(role) for action in as_list(statement["Action"])}
