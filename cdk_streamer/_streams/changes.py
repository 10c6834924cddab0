"""Changes of a table's items."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aws_cdk import aws_dynamodb as dynamodb, aws_events as events
from constructs import Construct

from cdk_streamer._resources import tables
from cdk_streamer._streams import filters
from cdk_streamer._streams.manifest import Types
from cdk_streamer._streams.readers import ReaderOptions
from cdk_streamer._streams.way import Plan, Source
from cdk_streamer_runtime.contract.streams import StreamSourceKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesWay:
    """The stream of a table."""

    table: dynamodb.ITable
    options: ReaderOptions

    @classmethod
    def read(cls, table: dynamodb.ITable, options: ReaderOptions) -> ChangesWay:
        """Check what the user gave; raises ValueError with the remedy."""
        if table.table_stream_arn is None:
            raise ValueError(
                f"table {table.node.path!r} has no stream; give it "
                "stream=StreamViewType.NEW_AND_OLD_IMAGES, or its table_stream_arn if it is "
                "imported"
            )
        if isinstance(options.position, datetime):
            raise ValueError(  # noqa: TRY004 - as all bad arguments
                "starting_position of a table's stream cannot be a time; use TRIM_HORIZON or LATEST"
            )
        return cls(table=table, options=options)

    @property
    def kind(self) -> StreamSourceKind:
        """What the runtime reads records as."""
        return StreamSourceKind.DYNAMODB

    @property
    def bus(self) -> events.IEventBus | None:
        """There is none."""
        return None

    def check(self, seconds: int, types: Types | None) -> None:
        """Refuse filters that cannot be."""
        del seconds
        if types is not None:
            filters.of_changes(types)

    def bind(self, scope: Construct, plan: Plan) -> Source:
        """Let changes run the function."""
        tables.allow_stream(plan.function, self.table)
        found = filters.of_changes(plan.types) if plan.types else ()
        return self.options.new_source(scope, str(self.table.table_stream_arn), plan, found)
