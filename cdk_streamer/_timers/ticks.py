"""What invokes the ticker: a schedule, once a minute."""

from __future__ import annotations

from aws_cdk import Duration, aws_scheduler as scheduler

from cdk_streamer._resources.findings import acknowledge
from cdk_streamer._resources.function import RuntimeFunction
from cdk_streamer._resources.schedule import invoke_by_schedule

# A tick that comes a minute late is another's.
_OLDEST = 60
_ATTEMPTS = 2


def invoke_every_minute(function: RuntimeFunction) -> None:
    """Let EventBridge Scheduler invoke a function, the first time at once."""
    options = invoke_by_schedule(
        function,
        scheduler.ScheduleExpression.rate(Duration.minutes(1)),
        description="Wakes the dispatchers of timers",
        oldest=_OLDEST,
        attempts=_ATTEMPTS,
        # When they are of no use, invocations are not repeated.
        lambdas_attempts=0,
    )
    acknowledge(
        options,
        "the next minute's tick does what was left undone",
        "Serverless-LambdaAsyncFailureDestination",
    )
