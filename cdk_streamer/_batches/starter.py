"""What starts batches by a schedule, one for each occurrence."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import cast

from aws_cdk import (
    Duration,
    Names,
    Stack,
    Token,
    aws_kms as kms,
    aws_scheduler as scheduler,
    aws_sqs as sqs,
)
from constructs import Construct

from cdk_streamer._code.assets import runtime_code
from cdk_streamer._code.package import Package
from cdk_streamer._resources.durable import DurableFunction
from cdk_streamer._resources.function import Defaults, RuntimeFunction
from cdk_streamer._resources.queue import allow_send, new_dead_letters
from cdk_streamer._resources.schedule import invoke_by_schedule
from cdk_streamer_runtime.contract import EntryPoint
from cdk_streamer_runtime.contract.batches import (
    MAX_ID_PREFIX,
    SCHEDULED_TIME,
    BatchSettings,
    BatchStarterEnvironment,
    StartMember,
)

_SECONDS = 30
# Lambda keeps an invocation for no longer than this; that a batch is started late is better than
# that it is not.
_OLDEST = 6 * 60 * 60
_ATTEMPTS, _LAMBDAS_ATTEMPTS = 20, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrences:
    """When batches are started, and with what."""

    schedule: scheduler.ScheduleExpression
    payload: object

    @classmethod
    def read(
        cls, schedule: scheduler.ScheduleExpression | None, payload: object
    ) -> Occurrences | None:
        """Check what the user gave; raises ValueError with the remedy."""
        if schedule is None:
            if payload is not None:
                raise ValueError("schedule_payload given without schedule; pass both")
            return None
        if not isinstance(cast("object", schedule), scheduler.ScheduleExpression):
            raise ValueError(  # noqa: TRY004 - as all bad arguments
                f"schedule must be a ScheduleExpression, got {schedule!r}; "
                "use aws_scheduler.ScheduleExpression.cron(hour='6', minute='0')"
            )
        try:
            json.dumps(payload, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(f"schedule_payload must be JSON, got {payload!r}: {error}") from None
        return cls(schedule=schedule, payload=payload)


@dataclass(frozen=True, slots=True, kw_only=True)
class Starter:
    """The function, and where occurrences are that it could not start."""

    function: RuntimeFunction
    failures: sqs.Queue

    @classmethod
    def create(
        cls,
        scope: Construct,
        occurrences: Occurrences,
        durable: DurableFunction,
        settings: BatchSettings,
        *,
        key: kms.IKey | None,
        defaults: Defaults,
    ) -> Starter:
        """Create it in `scope`, with the schedule that invokes it."""
        failures = new_dead_letters(scope, "StartFailures", key)
        function = RuntimeFunction(
            scope,
            "Starter",
            description="Starts a batch for each occurrence of its schedule",
            entry_point=EntryPoint.BATCH_STARTER,
            package=Package(code=runtime_code(scope)),
            environment=BatchStarterEnvironment(
                batch=settings.to_text(),
                id_prefix=id_prefix(scope),
            ),
            timeout=Duration.seconds(_SECONDS),
            defaults=defaults,
            why_nothing_is_kept="what it could not start goes to a queue, as its schedule has it",
        )
        durable.allow_start(function)
        allow_send(function, failures)
        invoke_by_schedule(
            function,
            occurrences.schedule,
            description="Starts batches",
            oldest=_OLDEST,
            attempts=_ATTEMPTS,
            lambdas_attempts=_LAMBDAS_ATTEMPTS,
            event={
                StartMember.SCHEDULED_AT: SCHEDULED_TIME,
                StartMember.PAYLOAD: occurrences.payload,
            },
            failures=failures,
        )
        return cls(function=function, failures=failures)


def id_prefix(scope: Construct) -> str:
    """Give what the ids of a construct's batches begin with: stack and path, or their hash.

    Names of executions are told apart in the whole account.
    https://docs.aws.amazon.com/lambda/latest/dg/durable-execution-idempotency.html
    """
    stack = Stack.of(scope)
    inside = scope.node.path.removeprefix(stack.node.path)
    prefix = re.sub(r"[^A-Za-z0-9_-]+", "-", f"{stack.stack_name}{inside}")
    if Token.is_unresolved(stack.stack_name) or len(prefix) > MAX_ID_PREFIX:
        return Names.unique_resource_name(scope, max_length=MAX_ID_PREFIX, separator="-")
    return prefix
