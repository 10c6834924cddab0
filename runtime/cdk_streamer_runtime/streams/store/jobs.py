"""Jobs: a row that says how far somebody has come with the pages of a table.

Each page ends with the row being moved on, which the table's stream tells: that begins the next
page. A page that is read again moves nothing on, for its condition does not hold any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cdk_streamer_runtime.contract.streams import ResourceKind
from cdk_streamer_runtime.dynamodb import AttributeMap, Table
from cdk_streamer_runtime.errors import ConditionFailed
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.json_text import Json, is_object
from cdk_streamer_runtime.streams.outcome import digest
from cdk_streamer_runtime.streams.store.keys import PK, SK


class JobState(StrEnum):
    """The `state` of a job's row. Who sets `cancelled` stops it, who sets `running` goes on."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as its row says it. `cursor` is the key that the page begins after, as on the wire."""

    key: Mapping[str, Any]
    run: str
    page: int
    cursor: AttributeMap | None

    @property
    def page_id(self) -> str:
        """What its page is known by."""
        return digest(self.key, self.run, self.page)

    def item_id(self, key: Mapping[str, Any]) -> str:
        """Give what an item is known by in this run: the same on whichever page it stands."""
        return f"{digest(self.key, self.run)}.{digest(key)}"


def job_of(event: Event) -> Job | None:
    """Give the job whose next page has to be done because of a change of its row; None: none.

    A row begins a page when it is new, has been moved on, or was set to run again. Any other
    change of it means nothing.
    """
    images: Json = event.raw
    new: Json = images.get("new") if is_object(images) else None
    if not is_object(new) or _standing(new)[0] != JobState.RUNNING:
        return None
    old: Json = images.get("old")
    if is_object(old) and _standing(old) == _standing(new):
        return None
    return Job(
        key={PK: new[PK], SK: new[SK]},
        run=new.get("run") or event.id,
        page=new.get("page") or 0,
        cursor=new.get("cursor"),
    )


def move_on(world: World, table: str, job: Job, next_key: AttributeMap | None, count: int) -> bool:
    """Note that a page is done; tell whether that was news.

    It is none if somebody has noted it already, and nothing may be noted of a job that was
    cancelled, removed or begun anew.
    """
    state = JobState.DONE if next_key is None else JobState.RUNNING
    cursor = "REMOVE #cursor" if next_key is None else ""
    values: dict[str, object] = {
        ":next": job.page + 1,
        ":run": job.run,
        ":state": state.value,
        ":running": JobState.RUNNING.value,
        ":count": count,
    }
    begun = "attribute_not_exists(#page)"
    if job.page:
        begun, values[":page"] = "#page = :page AND #run = :run", job.page
    if next_key is not None:
        values[":cursor"] = next_key
    try:
        Table(world.aws, world.resources.address(ResourceKind.TABLE, table)).update(
            job.key,
            f"SET #page = :next, #run = :run, #state = :state"
            f"{'' if next_key is None else ', #cursor = :cursor'} {cursor} ADD #items :count",
            condition=(
                f"attribute_exists(#pk) AND {begun} AND "
                "(attribute_not_exists(#state) OR #state = :running)"
            ),
            names={f"#{name}": name for name in (PK, "page", "run", "state", "items", "cursor")},
            values=values,
            returns="NONE",
        )
    except ConditionFailed:
        return False
    return True


def _standing(row: Mapping[str, Any]) -> tuple[object, ...]:
    return (row.get("state") or JobState.RUNNING, row.get("run"), row.get("page") or 0)
