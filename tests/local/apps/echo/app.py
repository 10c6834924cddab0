"""A small app of what the constructs rely on: APIs, streams, queues, a schedule, roles."""

# pyright: reportArgumentType=false
# jsii's classes and its protocols differ in parameter names, which nobody passes.

from pathlib import Path

from aws_cdk import (
    App,
    CfnOutput,
    Duration,
    Environment,
    RemovalPolicy,
    Stack,
    aws_apigateway as apigateway,
    aws_apigatewayv2 as apigatewayv2,
    aws_apigatewayv2_authorizers as authorizers,
    aws_apigatewayv2_integrations as integrations,
    aws_dynamodb as dynamodb,
    aws_iam as iam,
    aws_kinesis as kinesis,
    aws_lambda as lambda_,
    aws_lambda_event_sources as sources,
    aws_s3 as s3,
    aws_scheduler as scheduler,
    aws_scheduler_targets as targets,
    aws_sqs as sqs,
)

HERE = Path(__file__).parent

app = App()
stack = Stack(app, "Echo")
code = lambda_.Code.from_asset(str(HERE / "functions"), exclude=["__pycache__"])
layer = lambda_.LayerVersion(stack, "Layer", code=lambda_.Code.from_asset(str(HERE / "layer")))


def function(id: str, handler: str, *, timeout: int = 20, **settings) -> lambda_.Function:
    return lambda_.Function(
        stack,
        id,
        code=code,
        handler=handler,
        runtime=lambda_.Runtime.PYTHON_3_13,
        architecture=lambda_.Architecture.ARM_64,
        logging_format=lambda_.LoggingFormat.JSON,
        tracing=lambda_.Tracing.ACTIVE,
        timeout=Duration.seconds(timeout),
        **settings,
    )


def queue(id: str, **settings) -> sqs.Queue:
    return sqs.Queue(stack, id, enforce_ssl=True, **settings)


table = dynamodb.Table(
    stack,
    "Table",
    partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
    stream=dynamodb.StreamViewType.NEW_IMAGE,
    removal_policy=RemovalPolicy.DESTROY,
)
secrets = dynamodb.Table(
    stack,
    "Secrets",
    partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
    removal_policy=RemovalPolicy.DESTROY,
)
work = queue("Work", visibility_timeout=Duration.seconds(30))
watch = queue("Watch", visibility_timeout=Duration.seconds(30))
lost = queue("Lost")

gate = function("Gate", "gate.handler")
talk = function("Talk", "talk.handler")
api = apigatewayv2.WebSocketApi(
    stack,
    "Socket",
    connect_route_options=apigatewayv2.WebSocketRouteOptions(
        integration=integrations.WebSocketLambdaIntegration("Connect", talk),
        authorizer=authorizers.WebSocketLambdaAuthorizer("Gate", gate, identity_source=[]),
    ),
    disconnect_route_options=apigatewayv2.WebSocketRouteOptions(
        integration=integrations.WebSocketLambdaIntegration("Disconnect", talk)
    ),
    default_route_options=apigatewayv2.WebSocketRouteOptions(
        integration=integrations.WebSocketLambdaIntegration("Message", talk)
    ),
)
stage = apigatewayv2.WebSocketStage(
    stack, "Stage", web_socket_api=api, stage_name="live", auto_deploy=True
)
talk.add_environment("ENDPOINT", stage.callback_url)
talk.add_to_role_policy(
    iam.PolicyStatement(
        actions=["execute-api:ManageConnections"],
        resources=[
            stack.format_arn(
                service="execute-api",
                resource=api.api_id,
                resource_name="live/POST/@connections/*",
            )
        ],
    )
)

dispatcher = function(
    "Dispatcher",
    "dispatch.handler",
    environment={"WORK": work.queue_url, "WATCH": watch.queue_url},
)
work.grant_send_messages(dispatcher)
watch.grant_send_messages(dispatcher)
dispatcher.add_event_source(
    sources.DynamoEventSource(
        table,
        starting_position=lambda_.StartingPosition.TRIM_HORIZON,
        batch_size=10,
        retry_attempts=1,
        max_record_age=Duration.seconds(60),
        bisect_batch_on_error=True,
        report_batch_item_failures=True,
        on_failure=sources.SqsDlq(lost),
        filters=[
            lambda_.FilterCriteria.filter(
                {
                    "eventName": lambda_.FilterRule.is_equal("INSERT"),
                    "dynamodb": {"Keys": {"pk": {"S": [{"prefix": "job-"}]}}},
                }
            )
        ],
    )
)
worker = function("Worker", "work.handler", environment={"TABLE": table.table_name}, layers=[layer])
table.grant_write_data(worker)
worker.add_event_source(sources.SqsEventSource(work, batch_size=1, max_concurrency=2))

watcher = function("Watcher", "watch.handler", environment={"WATCH": watch.queue_url})
watcher.add_event_source(
    sources.SqsEventSource(watch, batch_size=10, report_batch_item_failures=True)
)

probe = function(
    "Probe",
    "probe.handler",
    environment={"TABLE": table.table_name, "SECRETS": secrets.table_name},
    layers=[layer],
)
table.grant_read_write_data(probe)

dead = queue("Dead")
firings = queue(
    "Firings",
    visibility_timeout=Duration.seconds(3),
    dead_letter_queue=sqs.DeadLetterQueue(queue=dead, max_receive_count=1),
)
fire = function("Fire", "fire.handler", timeout=3)
fire.add_event_source(
    sources.SqsEventSource(
        firings, batch_size=10, max_concurrency=2, report_batch_item_failures=True
    )
)
line = queue("Line", fifo=True, visibility_timeout=Duration.seconds(1))
in_line = function("InLine", "line.handler")
in_line_mapping = lambda_.EventSourceMapping(
    stack,
    "InLineMapping",
    target=in_line,
    event_source_arn=line.queue_arn,
    batch_size=3,
    max_concurrency=2,
    report_batch_item_failures=True,
)
line.grant_consume_messages(in_line)
rest = function("Rest", "rest.handler", environment={"FIRINGS": firings.queue_url})
firings.grant_send_messages(rest)
rest_api = apigateway.RestApi(
    stack,
    "RestApi",
    cloud_watch_role=False,
    deploy_options=apigateway.StageOptions(stage_name="v1"),
    default_integration=apigateway.LambdaIntegration(rest),
    default_method_options=apigateway.MethodOptions(
        authorization_type=apigateway.AuthorizationType.IAM
    ),
)
things = rest_api.root.add_resource("things")
things.add_resource("{id}").add_method("GET")
rest_api.root.add_resource("things:batch").add_method("POST")

scheduler.Schedule(
    stack,
    "Schedule",
    schedule=scheduler.ScheduleExpression.rate(Duration.minutes(1)),
    target=targets.LambdaInvoke(
        function("Tick", "tick.handler"),
        input=scheduler.ScheduleTargetInput.from_object(
            {
                "tick": True,
                "at": scheduler.ContextAttribute.scheduled_time,
                "id": scheduler.ContextAttribute.execution_id,
                "times": scheduler.ContextAttribute.attempt_number,
                "of": scheduler.ContextAttribute.schedule_arn,
            }
        ),
    ),
)

operator = function("Operator", "ask.handler")
function("Stranger", "ask.handler")
dead.grant_consume_messages(operator)
firings.grant_send_messages(operator)
far = sqs.Queue(
    Stack(app, "Far", env=Environment(account="000000000000", region="eu-west-1")),
    "Queue",
    queue_name="far-away",
    enforce_ssl=True,
)
for actions, resource in {
    ("StartMessageMoveTask", "ListMessageMoveTasks", "CancelMessageMoveTask"): dead.queue_arn,
    ("SendMessage",): "arn:aws:sqs:eu-west-1:000000000000:far-away",
}.items():
    operator.add_to_role_policy(
        iam.PolicyStatement(actions=[f"sqs:{action}" for action in actions], resources=[resource])
    )
operator.add_to_role_policy(
    iam.PolicyStatement(
        actions=["lambda:GetEventSourceMapping", "lambda:UpdateEventSourceMapping"],
        resources=[in_line_mapping.event_source_mapping_arn],
    )
)
in_line.grant_invoke(operator)

things_stream = kinesis.Stream(
    stack,
    "Things",
    stream_mode=kinesis.StreamMode.PROVISIONED,
    shard_count=1,
    removal_policy=RemovalPolicy.DESTROY,
)
given_up = s3.Bucket(stack, "GivenUp", removal_policy=RemovalPolicy.DESTROY)
function("Drain", "drain.handler").add_event_source(
    sources.KinesisEventSource(
        things_stream,
        starting_position=lambda_.StartingPosition.LATEST,
        parallelization_factor=2,
        retry_attempts=1,
        bisect_batch_on_error=True,
        report_batch_item_failures=True,
        on_failure=sources.S3OnFailureDestination(given_up),
        filters=[lambda_.FilterCriteria.filter({"data": {"type": [{"prefix": "thing-"}]}})],
    )
)

CfnOutput(stack, "StreamName", value=things_stream.stream_name)
CfnOutput(stack, "GivenUpName", value=given_up.bucket_name)
CfnOutput(stack, "Url", value=stage.url)
CfnOutput(stack, "Callback", value=stage.callback_url)
CfnOutput(stack, "TableName", value=table.table_name)
CfnOutput(stack, "LostUrl", value=lost.queue_url)
CfnOutput(stack, "DeadUrl", value=dead.queue_url)
CfnOutput(stack, "LineUrl", value=line.queue_url)
CfnOutput(stack, "MappingId", value=in_line_mapping.event_source_mapping_id)
CfnOutput(stack, "RestUrl", value=rest_api.url)
app.synth()
