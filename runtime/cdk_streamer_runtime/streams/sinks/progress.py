"""Sink for the progress channels of a ProgressWebSocket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from cdk_streamer_runtime.contract import AwsEnvironment, PublisherEnvironment
from cdk_streamer_runtime.contract.streams import ResourceKind
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.pipelines.steps import Call
from cdk_streamer_runtime.streams.sinks.requests import Wanted, call, needed, use

if TYPE_CHECKING:
    from cdk_streamer_runtime.sockets.publisher import ChannelSink

# What publishing to a channel does with the socket's table and its connections.
_ACTIONS = ("dynamodb:PutItem", "dynamodb:UpdateItem", "execute-api:ManageConnections")


def report(
    *,
    channels: str = "channels",
    request: str = "progress_request",
    response: str = "progress_response",
    environment: Callable[[], PublisherEnvironment] = PublisherEnvironment.from_variables,
    name: str = "report",
) -> Call:
    """Give a step that reports to a channel: `{"channel": ..., "tenant": ..., "percentage": 40}`.

    It takes what `Progress.report` takes; `"result"` completes the channel instead, and
    `"error": {"code": ..., "message": ...}` fails it.
    """

    def send(wanted: Wanted, world: World) -> dict[str, Any]:
        given = needed(wanted.request, "channel", "tenant")
        content = {n: v for n, v in given.items() if n not in {"channel", "tenant"}}
        _publish(given["tenant"], given["channel"], content, environment(), world)
        return {}

    uses = (use(ResourceKind.CHANNELS, channels, *_ACTIONS),)
    return call(name=name, request=request, response=response, send=send, uses=uses)


def _publish(
    tenant: str,
    channel: str,
    content: Mapping[str, Any],
    settings: PublisherEnvironment,
    world: World,
) -> None:
    # Streams without channels do not load what sockets need.
    from cdk_streamer_runtime.dynamodb import Table
    from cdk_streamer_runtime.metrics import Metrics
    from cdk_streamer_runtime.progress.progress import Progress
    from cdk_streamer_runtime.sockets.channels import ChannelStore
    from cdk_streamer_runtime.sockets.posts import Posts
    from cdk_streamer_runtime.sockets.publisher import ChannelProgress, ChannelSink

    clock, metrics = world.platform.clock, Metrics(settings.name)
    endpoint = AwsEnvironment.from_variables().management_endpoint or settings.endpoint
    # In the lane's own thread: lanes that wait for each other's threads would wait for ever.
    posts = Posts(world.aws, endpoint, metrics=metrics, each=map)
    store = ChannelStore(Table(world.aws, settings.table_name))
    sink = ChannelSink(tenant, channel, store, posts, clock)
    if content.keys() & {"result", "error"}:
        ending = ChannelProgress(sink, clock=clock, interval=0)
        if "error" in content:
            error = needed(content["error"], "code", "message")
            ending.fail(error["code"], error["message"])
        else:
            ending.complete(content["result"])
    else:
        Progress(_AtOnce(sink)).report(**content)
    metrics.flush()


class _AtOnce:
    """Writes each report as it comes: what comes of events is sparse already."""

    def __init__(self, sink: ChannelSink) -> None:
        self._sink = sink

    def offer(self, report: Mapping[str, Any]) -> None:
        """Store the report and post it; raises AwsError."""
        self._sink.write(report)

    def put(self, chunk: str) -> None:
        """Refuse, as the channel does."""
        self._sink.put([chunk])

    def check(self) -> None:
        """Never raise: nobody cancels an event."""
