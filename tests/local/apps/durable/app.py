"""Durable functions here and far away, those that may start them, and one that may not."""

# pyright: reportArgumentType=false
# jsii's classes and its protocols differ in parameter names, which nobody passes.

from pathlib import Path

from aws_cdk import App, CfnOutput, Duration, Environment, Stack, aws_lambda as lambda_

app = App()
stack = Stack(app, "Durable")
far = Stack(app, "Far", env=Environment(account="000000000000", region="eu-west-1"))


def code() -> lambda_.Code:
    """Give the one folder; a stack wants code of its own."""
    folder = Path(__file__).parent / "functions"
    return lambda_.Code.from_asset(str(folder), exclude=["__pycache__"])


def function(name: str, handler: str, place: Stack = stack, **properties) -> lambda_.Function:
    """Make a function of the one folder."""
    return lambda_.Function(
        place,
        name,
        code=code(),
        handler=handler,
        runtime=lambda_.Runtime.PYTHON_3_13,
        timeout=Duration.seconds(30),
        **properties,
    )


def durable(name: str, handler: str, place: Stack = stack, **properties) -> lambda_.Alias:
    """Make a durable function, and give the alias to start it by."""
    made = function(
        name,
        handler,
        place,
        durable_config=lambda_.DurableConfig(
            execution_timeout=Duration.hours(1), retention_period=Duration.days(1)
        ),
        **properties,
    )
    return lambda_.Alias(made, "Live", alias_name="live", version=made.current_version)


live = durable("Job", "job.handler")
starter = function("Starter", "starter.handler", environment={"JOB": live.function_arn})
live.grant_invoke(starter)
stranger = function("Stranger", "starter.handler", environment={"JOB": live.function_arn})

double = function("Double", "double.handler")
forbidden = function("Forbidden", "double.handler")
mapper = durable(
    "Mapper",
    "mapper.handler",
    environment={
        "DOUBLE": double.function_arn,
        "FORBIDDEN": forbidden.function_name,
        "JOB": live.function_arn,
    },
)
double.grant_invoke(mapper)
live.grant_invoke(mapper)
far_double = function("Double", "double.handler", far)
far_mapper = durable(
    "Mapper", "mapper.handler", far, environment={"DOUBLE": far_double.function_arn}
)
far_double.grant_invoke(far_mapper)

CfnOutput(stack, "JobArn", value=live.function_arn)
CfnOutput(stack, "MapperArn", value=mapper.function_arn)
CfnOutput(far, "FarMapperArn", value=far_mapper.function_arn)
CfnOutput(stack, "StarterName", value=starter.function_name)
CfnOutput(stack, "StrangerName", value=stranger.function_name)
app.synth()
