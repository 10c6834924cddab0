"""What a DurableBatch needs for a function of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aws_cdk import (
    Duration,
    aws_apigatewayv2 as apigatewayv2,
    aws_dynamodb as dynamodb,
    aws_lambda as lambda_,
    aws_scheduler as scheduler,
)
from constructs import Construct

from cdk_streamer._batches.settings import Lifetimes
from cdk_streamer._batches.starter import Occurrences
from cdk_streamer._code.handlers import Convention, Handlers, HandlerSettings

HANDLER = Convention(module="batch", attribute="batch", what="a Batch named batch")


class Socket(Protocol):
    """What a ProgressWebSocket tells of itself."""

    table: dynamodb.ITable
    stage: apigatewayv2.IWebSocketStage


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFunction:
    """What a batch has unless it runs in requests alone, and what the user says of it."""

    app: Handlers
    lifetimes: Lifetimes
    occurrences: Occurrences | None
    progress: Socket | None

    @classmethod
    def read(
        cls,
        scope: Construct,
        handlers: str | Path | lambda_.Code | None,
        settings: HandlerSettings,
        *,
        execution_timeout: Duration | None,
        retention_period: Duration | None,
        schedule: scheduler.ScheduleExpression | None,
        schedule_payload: object,
        progress: Socket | None,
    ) -> OwnFunction | None:
        """Check what the user gave; raises ValueError with the remedy. None without handlers."""
        occurrences = Occurrences.read(schedule, schedule_payload)
        lifetimes = Lifetimes.read(execution_timeout, retention_period)
        if progress is not None and not hasattr(progress, "callback_url"):
            raise ValueError(f"progress must be a ProgressWebSocket, got {progress!r}; pass one")
        if handlers is None:
            settings.refuse()
            said = {
                "execution_timeout": execution_timeout,
                "retention_period": retention_period,
                "schedule": schedule,
                "progress": progress,
            }
            useless = ", ".join(name for name, value in said.items() if value is not None)
            if useless:
                raise ValueError(
                    f"{useless} given without handlers: then it runs in requests alone, as they "
                    "have it; pass handlers, or leave it out"
                )
            return None
        return cls(
            app=settings.read(scope, handlers, HANDLER),
            lifetimes=lifetimes,
            occurrences=occurrences,
            progress=progress,
        )
