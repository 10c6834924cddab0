"""What the table ever said of timers and shards, looked at as it is written."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from cdk_streamer_runtime.dynamodb import Item
from tests.runtime.timers.simulation.population import operation_of
from tests.runtime.timers.simulation.table import Change

NEVER = 1 << 60
JUNK = "#junk"  # of rows that somebody has written by hand
ALIVE = {"ACTIVE", "PAUSED"}


@dataclass(slots=True, kw_only=True)
class Version:
    """What a timer was from one moment on: which wish, or None when it was deleted."""

    at: int
    rev: int
    operation: int | None
    paused: bool = False
    until: int = NEVER  # the next version's beginning

    @property
    def fires(self) -> bool:
        """Tell whether it has occurrences."""
        return self.operation is not None and not self.paused


@dataclass(slots=True)
class Shard:
    """What was written of a shard: who may write, and when its watermark passed which moment."""

    claimed: int = 0
    done: int = 0
    epoch: int = 0
    holder: str = ""
    passed: list[int] = field(default_factory=list)  # done_until ...
    passed_at: list[int] = field(default_factory=list)  # ... and since when

    def settled_at(self, moment: int) -> int:
        """Give when everything at a moment had been sent."""
        place = bisect_right(self.passed, moment)
        return self.passed_at[place] if place < len(self.passed_at) else NEVER


class History:
    """Versions of every timer, places of every row, watermarks; and what was wrong with any."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.versions: defaultdict[str, list[Version]] = defaultdict(list)
        self.shards: defaultdict[str, Shard] = defaultdict(Shard)
        self.finished: dict[tuple[str, int], int] = {}  # firings recorded as done, and when
        self.moves = 0  # of next firings, by dispatchers
        self._timers: dict[str, Item] = {}
        self._rows: defaultdict[str, dict[tuple[str, str], Item]] = defaultdict(dict)

    def take(self, changes: list[Change]) -> None:
        """Look at what one operation has changed."""
        touched: set[str] = set()
        for change in changes:
            if JUNK in change.sk:
                continue
            match change.pk[:2]:
                case "t#":
                    touched.add(change.pk[2:])
                    self._take_timer(change.pk[2:], change)
                case "w#" | "d#":
                    touched.add(self._take_row(change))
                case "s#":
                    self._take_shard(change)
                case "f#":
                    if change.new is not None and change.new.get("done"):
                        firing = change.pk[2:], int(change.sk)
                        self.finished.setdefault(firing, change.at)
                case _:
                    pass
        for id in touched:
            self.found += self._place_faults(id)

    def version_at(self, id: str, moment: int) -> Version | None:
        """Give what a timer was at a moment; None before there was one."""
        return next((each for each in self.versions[id] if each.at <= moment < each.until), None)

    def partitions(self) -> list[str]:
        """Give where rows lie."""
        return sorted({pk for rows in self._rows.values() for pk, _ in rows})

    # --- timers ---------------------------------------------------------------------------------

    def _take_timer(self, id: str, change: Change) -> None:
        new, versions = change.new, self.versions[id]
        if new is None:
            self.found.append(f"the trace of {id} was removed")
            return
        self._timers[id] = new
        alive = new.get("state") in ALIVE
        version = Version(
            at=change.at,
            rev=new["rev"],
            operation=operation_of(new["data"]) if alive else None,
            paused=new.get("state") == "PAUSED",
        )
        if not versions:
            versions.append(version)
            return
        last = versions[-1]
        same = (last.operation, last.paused) == (version.operation, version.paused)
        if last.rev == version.rev:
            if not same:
                self.found.append(f"{id} changed within revision {version.rev}")
            return
        if version.rev < last.rev:
            self.found.append(f"{id} went from revision {last.rev} back to {version.rev}")
        if same and version.operation is not None:
            self.found.append(f"{id} became revision {version.rev} although nothing changed")
        last.until = change.at
        versions.append(version)

    def _take_row(self, change: Change) -> str:
        id, place = change.sk.partition("#")[2], (change.pk, change.sk)
        self.moves += change.writer.startswith("dispatcher") and change.new is not None
        if change.new is None:
            self._rows[id].pop(place, None)
        else:
            self._rows[id][place] = change.new
        return id

    def _place_faults(self, id: str) -> Iterator[str]:
        """Compare where a timer says that it lies with where it does."""
        timer, rows = self._timers.get(id, {}), self._rows[id]
        if timer.get("state") not in ALIVE or "slot_pk" not in timer:
            if rows:
                yield f"{id} lies at {sorted(rows)} and should be nowhere"
            return
        place = (timer["slot_pk"], timer["slot_sk"])
        if rows.keys() - {place}:
            yield f"{id} lies at {sorted(rows)} instead of {place}"
        elif rows and rows[place]["rev"] != timer["rev"]:
            yield f"{id} is at {timer['rev']} and lies there as {rows[place]['rev']}"
        elif not rows and '"at"' not in timer["schedule"]:
            yield f"{id} lies nowhere instead of at {place}"

    # --- shards ---------------------------------------------------------------------------------

    def _take_shard(self, change: Change) -> None:
        name, new = change.pk[2:], change.new or {}
        shard = self.shards[name]
        claimed, done = new.get("claimed_until", 0), new.get("done_until", 0)
        epoch = new.get("epoch", 0)
        if epoch != shard.epoch:
            if epoch != shard.epoch + 1:
                self.found.append(f"shard {name} went from epoch {shard.epoch} to {epoch}")
            shard.holder = change.writer
        elif change.old is not None and shard.holder != change.writer:
            self.found.append(f"{change.writer} wrote to shard {name} held by {shard.holder}")
        if claimed < shard.claimed or done < shard.done or done > claimed:
            self.found.append(
                f"shard {name} went from {shard.done}, {shard.claimed} to {done}, {claimed}"
            )
        if done > shard.done:
            shard.passed.append(done)
            shard.passed_at.append(change.at)
        shard.claimed, shard.done, shard.epoch = claimed, done, epoch
