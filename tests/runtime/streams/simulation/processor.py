"""The functions under test: an app of pipelines that have one of everything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cdk_streamer_runtime.contract.streams import ResourceKind
from cdk_streamer_runtime.streams.app import StreamApp
from cdk_streamer_runtime.streams.pipelines.stream import Stream
from cdk_streamer_runtime.streams.rules.materialize import Materialize
from cdk_streamer_runtime.streams.uow import UnitOfWork, leaves_of
from tests.runtime.streams.simulation.changes import Bad
from tests.runtime.streams.simulation.services import BUS, LATEST, STREAM, VIEW

TYPES = "thing-*"
ADDRESSES = {
    "table": VIEW,
    "latest": LATEST,
    "bus": BUS,
    "queue": "https://sqs.memory/000000000000/out",
    "ordered": "https://sqs.memory/000000000000/out.fifo",
    "stream": STREAM,
}
# What each pipeline does for one event. What gathers cannot be refused: others would be with it.
WORKS: Mapping[str, tuple[str, ...]] = {
    "view": ("view",),
    "told": ("told",),
    "sent": ("sent.0", "sent.1"),
    "copied": ("copied",),
    "batched": ("batched",),
    "latest": ("latest",),
}
REFUSABLE = ("view", "told", "sent")


class Addresses:
    """The construct's `resources`."""

    def address(self, kind: ResourceKind, name: str, /) -> str:
        del kind
        return ADDRESSES[name]


class Broken(Exception):
    """What a function of the user's raises."""


def body_of(uow: UnitOfWork) -> Mapping[str, Any]:
    """Give the thing, from wherever its event comes."""
    raw = uow.event.raw
    return uow.event["thing"] if raw is None else raw.get("new") or raw["old"]


def _checked(uow: UnitOfWork, pipeline: str) -> Mapping[str, Any]:
    body = body_of(uow)
    if body["bad"].get(pipeline) == Bad.RAISES:
        raise Broken(pipeline)
    return body


def _checking(pipeline: str) -> Callable[[UnitOfWork], dict[str, Any]]:
    return lambda uow: {"thing": _checked(uow, pipeline)}


def _work(uow: UnitOfWork, pipeline: str) -> dict[str, Any]:
    return {"pipeline": pipeline, "events": [leaf.event.id for leaf in leaves_of(uow)]}


def _view(uow: UnitOfWork) -> dict[str, Any]:
    body = _checked(uow, "view")
    return {"pk": body["key"], "sk": "thing", "event": uow.event.id, "number": body["number"]}


def _told(stream: Stream) -> Stream:
    return stream.map(_checking("told")).publish(lambda uow: {"work": _work(uow, "told")})


def _sent(stream: Stream) -> Stream:
    return (
        stream.map(_checking("sent"))
        .split(lambda _uow: [0, 1], into="part")
        .send_messages(lambda uow: {"MessageBody": _work(uow, f"sent.{uow.part}")}, queue="ordered")
    )


def _copied(stream: Stream) -> Stream:
    return stream.map(_checking("copied")).put_records(
        lambda uow: {"Data": _work(uow, "copied")}, stream="stream"
    )


def _batched(stream: Stream) -> Stream:
    return (
        stream.map(_checking("batched"))
        .batch(3)
        .publish(lambda uow: {"id": uow.event.id, "work": _work(uow, "batched")})
    )


def _latest(stream: Stream) -> Stream:
    return (
        stream.map(_checking("latest"))
        .compact()
        .batch_write(
            lambda uow: {
                "PutRequest": {
                    "Item": {"pk": uow.event.partition_key, "sk": "-", **_work(uow, "latest")}
                }
            },
            table="latest",
        )
    )


_PIPELINES = {
    "told": _told,
    "sent": _sent,
    "copied": _copied,
    "batched": _batched,
    "latest": _latest,
}


def app_of(pipelines: tuple[str, ...], parallel: int) -> StreamApp:
    """Give an app of some of the pipelines."""
    rules = [Materialize(id="view", event_type=TYPES, to_update=_view)]
    app = StreamApp(rules if "view" in pipelines else [], parallel=parallel)
    for name, build in _PIPELINES.items():
        if name in pipelines:
            app.pipeline(name, event_type=TYPES)(build)
    return app
