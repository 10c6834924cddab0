"""Records of a Kinesis stream."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import aws_events as events, aws_kinesis as kinesis
from constructs import Construct

from cdk_streamer._streams import filters
from cdk_streamer._streams.manifest import Types
from cdk_streamer._streams.readers import ReaderOptions
from cdk_streamer._streams.way import Plan, Source
from cdk_streamer_runtime.contract.streams import StreamSourceKind

# Lambda tries DescribeStream when an event source is made; what lists all streams is for consoles.
# https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html
_READ = ("DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards")
_CONSUME = ("DescribeStreamConsumer", "SubscribeToShard")
_DATA = "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class KinesisWay:
    """A stream, or a consumer of it that has two megabytes a second of each shard for itself."""

    stream: kinesis.IStream
    consumer: kinesis.IStreamConsumer | None
    options: ReaderOptions

    @property
    def kind(self) -> StreamSourceKind:
        """What the runtime reads records as."""
        return StreamSourceKind.KINESIS

    @property
    def bus(self) -> events.IEventBus | None:
        """There is none."""
        return None

    def check(self, seconds: int, types: Types | None) -> None:
        """Refuse filters that cannot be."""
        del seconds
        if types is not None:
            filters.of_json(types, member=_DATA)

    def bind(self, scope: Construct, plan: Plan) -> Source:
        """Let records run the function."""
        function, stream = plan.function, self.stream
        function.allow(*(f"kinesis:{action}" for action in _READ), on=stream.stream_arn)
        if self.consumer is not None:
            consumer = self.consumer.stream_consumer_arn
            function.allow(*(f"kinesis:{action}" for action in _CONSUME), on=consumer)
        if stream.encryption_key is not None:
            function.allow("kms:Decrypt", on=stream.encryption_key.key_arn)
        found = filters.of_json(plan.types, member=_DATA) if plan.types else ()
        arn = self.consumer.stream_consumer_arn if self.consumer else stream.stream_arn
        return self.options.new_source(scope, arn, plan, found)
