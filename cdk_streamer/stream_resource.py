"""What rules use, where the construct alone does not say how much of it."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_iam as iam, aws_s3 as s3, aws_scheduler as scheduler

from cdk_streamer._streams.named import Named, read_prefixes
from cdk_streamer_runtime.contract.streams import ResourceKind


class StreamResource:
    """A part of a resource, for `bucket` or `schedule_group`; others go into `resources` as is."""

    def __init__(self, named: Named) -> None:
        self._named = named

    @staticmethod
    def bucket(bucket: s3.IBucket, *, prefixes: Sequence[str]) -> StreamResource:
        """Grant what rules do with objects on those alone whose keys begin so: `["orders/"]`."""
        return StreamResource(
            Named(kind=ResourceKind.BUCKET, construct=bucket, prefixes=read_prefixes(prefixes))
        )

    @staticmethod
    def schedule_group(group: scheduler.IScheduleGroup, *, role: iam.IRole) -> StreamResource:
        """Let schedules act as a role, which may do what their targets need."""
        return StreamResource(Named(kind=ResourceKind.SCHEDULE_GROUP, construct=group, role=role))

    @property
    def named(self) -> Named:
        """How much of which construct; the construct that is given a StreamResource asks for it."""
        return self._named
