"""What all alarms have in common: when they ring, and that they say where to read on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, cast

from aws_cdk import Duration, aws_cloudwatch as cloudwatch, aws_lambda as lambda_, aws_sqs as sqs
from constructs import Construct

from cdk_streamer._operations.metrics import function_metric

MINUTE = Duration.minutes(1)
FIVE_MINUTES = Duration.minutes(5)

_PAGE = "docs/operations.md"
_AT_LEAST = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmScope:
    """Where the alarms of a construct are created."""

    scope: Construct

    def new(
        self,
        id: str,
        metric: cloudwatch.IMetric,
        *,
        threshold: float,
        says: str,
        section: str,
        times: int = 1,
        comparison: cloudwatch.ComparisonOperator = _AT_LEAST,
        missing_rings: bool = False,
    ) -> cloudwatch.Alarm:
        """Create an alarm that rings after so many bad periods, one after the other.

        Most measure nothing while nothing happens: a quiet queue, a function that rests.
        """
        missing = cloudwatch.TreatMissingData
        return cloudwatch.Alarm(
            self.scope,
            id,
            alarm_description=f"{says}: {_PAGE}#{section}",
            metric=metric,
            threshold=threshold,
            comparison_operator=comparison,
            evaluation_periods=times,
            treat_missing_data=missing.BREACHING if missing_rings else missing.NOT_BREACHING,
        )

    def dead_letters(
        self, id: str, queue: sqs.IQueue, *, says: str, section: str
    ) -> cloudwatch.Alarm:
        """Create an alarm that rings as soon as anything was given up."""
        visible = queue.metric_approximate_number_of_messages_visible(
            period=MINUTE, statistic="Maximum"
        )
        return self.new(id, visible, threshold=1, says=says, section=section)

    def errors(
        self, id: str, function: lambda_.IFunction, *, says: str, section: str
    ) -> cloudwatch.Alarm:
        """Create an alarm that rings when a function fails in two periods on end."""
        failures = function_metric(function, "Errors", "Sum", FIVE_MINUTES)
        return self.new(id, failures, threshold=1, times=2, says=says, section=section)


def alarms_of(alarms: Any) -> Iterator[cloudwatch.Alarm]:  # noqa: ANN401 - any dataclass of alarms
    """Give those that there are, of a dataclass whose fields are alarms or None."""
    found = (getattr(alarms, field.name) for field in fields(alarms))
    return (cast("cloudwatch.Alarm", alarm) for alarm in found if alarm is not None)
