"""MaterializeS3: events keep objects of a bucket up to date."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from cdk_streamer_runtime.contract.streams import ResourceKind, StreamMetric
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.pipelines.steps import Call, Step, Use
from cdk_streamer_runtime.streams.rules.composed import ComposedRule
from cdk_streamer_runtime.streams.rules.options import BOOLEAN, NAME, UOW_FUNCTION, option
from cdk_streamer_runtime.streams.rules.rule import flavor
from cdk_streamer_runtime.streams.sinks.expressions import lock_of
from cdk_streamer_runtime.streams.sinks.objects import content_of, path_of
from cdk_streamer_runtime.streams.sinks.requests import needed
from cdk_streamer_runtime.streams.store.files import Files, version_of
from cdk_streamer_runtime.streams.uow import UnitOfWork

Make = Callable[[UnitOfWork], Mapping[str, Any] | None]


@flavor
class MaterializeS3(ComposedRule):
    """Store an object for each event, or remove it, unless what is stored is newer.

    What an object is made of stands in its metadata. Of an object that was removed nothing is
    known: with `marks_deletions` an empty one stays instead, so that an older event that comes
    afterwards does not bring it back.
    """

    kind: ClassVar[str] = "materialize_s3"

    bucket: str = option(NAME, "what the bucket is called")
    to_put: Make | None = option(
        UOW_FUNCTION, "gives `Key` and `Body`, or None if there is nothing to store", default=None
    )
    to_delete: Make | None = option(
        UOW_FUNCTION, "gives the `Key` to remove, or None if there is nothing to", default=None
    )
    marks_deletions: bool = option(
        BOOLEAN, "leaves an empty object, with `deleted` in its metadata", default=False
    )

    def contradiction(self) -> str | None:
        """Say which options do not go together."""
        if self.to_put is None and self.to_delete is None:
            return "it does nothing; give it to_put or to_delete"
        if self.marks_deletions and self.to_delete is None:
            return "marks_deletions needs to_delete"
        return None

    def steps(self) -> tuple[Step, ...]:
        """Give what is done."""
        removes = self.to_delete is not None and not self.marks_deletions
        stores = self.to_put is not None or self.marks_deletions
        actions = (
            # Without ListBucket S3 does not tell what is not there.
            *("s3:GetObject", "s3:ListBucket"),
            *(["s3:PutObject"] if stores else []),
            *(["s3:DeleteObject"] if removes else []),
        )
        uses = (Use(kind=ResourceKind.BUCKET, name=self.bucket, actions=actions),)
        return (*self.front(), Call(name="materialize", send=self._materialize, uses=uses))

    def _materialize(self, uow: UnitOfWork, world: World) -> UnitOfWork:
        if self.to_put is not None and (wanted := self.to_put(uow)) is not None:
            self._store(uow, wanted, world)
        if self.to_delete is not None and (wanted := self.to_delete(uow)) is not None:
            self._remove(uow, wanted, world)
        return uow

    def _store(self, uow: UnitOfWork, wanted: Mapping[str, Any], world: World) -> None:
        request = needed(wanted, "Key", "Body")
        body, headers = content_of(request, world)
        path = path_of(self.bucket, request["Key"], world)
        version = version_of(lock_of(uow))
        _count(world, is_news=Files(world.aws).put(path, version, body, headers))

    def _remove(self, uow: UnitOfWork, wanted: Mapping[str, Any], world: World) -> None:
        path = path_of(self.bucket, needed(wanted, "Key")["Key"], world)
        version, files = version_of(lock_of(uow)), Files(world.aws)
        remove = files.mark if self.marks_deletions else files.remove
        _count(world, is_news=remove(path, version))


def _count(world: World, *, is_news: bool) -> None:
    if not is_news:
        world.meter.count(StreamMetric.LOST_RACES, step="materialize")
