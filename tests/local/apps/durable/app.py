"""A durable function, one that may start it, and one that may not."""

# pyright: reportArgumentType=false
# jsii's classes and its protocols differ in parameter names, which nobody passes.

from pathlib import Path

from aws_cdk import App, CfnOutput, Duration, Stack, aws_lambda as lambda_

app = App()
stack = Stack(app, "Durable")
code = lambda_.Code.from_asset(str(Path(__file__).parent / "functions"), exclude=["__pycache__"])


def function(name: str, handler: str, **properties: object) -> lambda_.Function:
    """Make a function of the one folder."""
    return lambda_.Function(
        stack,
        name,
        code=code,
        handler=handler,
        runtime=lambda_.Runtime.PYTHON_3_13,
        timeout=Duration.seconds(30),
        **properties,  # pyright: ignore[reportArgumentType]
    )


job = function(
    "Job",
    "job.handler",
    durable_config=lambda_.DurableConfig(
        execution_timeout=Duration.hours(1), retention_period=Duration.days(1)
    ),
)
live = lambda_.Alias(stack, "Live", alias_name="live", version=job.current_version)
starter = function("Starter", "starter.handler", environment={"JOB": live.function_arn})
live.grant_invoke(starter)
stranger = function("Stranger", "starter.handler", environment={"JOB": live.function_arn})

CfnOutput(stack, "JobArn", value=live.function_arn)
CfnOutput(stack, "StarterName", value=starter.function_name)
CfnOutput(stack, "StrangerName", value=stranger.function_name)
app.synth()
