"""A chunk: loaded and published in one step, and again what was rejected."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cdk_streamer_runtime.batches.item import BatchItem, BatchRun, item_key
from cdk_streamer_runtime.batches.part import Part, without
from cdk_streamer_runtime.batches.patience import Patience
from cdk_streamer_runtime.batches.turns import STALE, Turns
from cdk_streamer_runtime.batches.world import Rejected, World
from cdk_streamer_runtime.contract.batches import Pacing
from cdk_streamer_runtime.documents import encode, size
from cdk_streamer_runtime.durable.course import Course
from cdk_streamer_runtime.errors import Fatal, Interrupted, Retryable
from cdk_streamer_runtime.limits.pace import Granted, Refused

logger = logging.getLogger(__name__)

LOOK_EVERY = 500  # milliseconds; who waits for a turn hears of a cancel after these
DELAY_MILLISECONDS = 900_000

Load = Callable[[Sequence[str]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _NotYet(Exception):
    """The turn of what is left is too late for this invocation."""

    pause: int


class Chunk:
    """Some items of a batch, known by their places."""

    def __init__(
        self,
        ids: Sequence[str],
        *,
        run: BatchRun,
        world: World,
        load: Load,
        course: Course,
        patience: Patience,
    ) -> None:
        """Take the ids, and what knows how much longer this invocation lasts."""
        self.ids = ids
        self._run = run
        self._world = world
        self._load = load
        self._course = course
        self._patience = patience
        self._until = 0
        self._wanted = 0.0  # seconds until the next attempt, at least

    def publish(self, places: Sequence[int], attempt: int) -> Part:
        """Publish the items of these places; the last attempt gives up what is rejected."""
        self._wanted = 0.0
        settings = self._world.settings
        if not self._patience.allows(self._course.remaining()):
            return Part(left=places, pause=self._patience.pause(self._course.remaining()))
        loaded, troubles = self._loaded(places)
        published, left, pause = self._published(loaded, troubles)
        rejected = [place for place in troubles if not troubles[place].for_good]
        failed = [place for place in troubles if troubles[place].for_good]
        if attempt >= settings.max_attempts:
            rejected, failed = [], [*troubles]
        self._put_aside(failed, loaded, troubles)
        return Part(
            published=published,
            rejected=rejected,
            failed=failed,
            left=left,
            pause=pause or (self._patience.retry(attempt, self._wanted) if rejected else 0),
            until=self._until,
        )

    def turn(self, places: Sequence[int]) -> Part:
        """Wait for the turn of so many."""
        if not self._patience.allows(self._course.remaining()):
            return Part(left=places, pause=self._patience.pause(self._course.remaining()))
        try:
            self._await_turn(len(places))
        except _NotYet as not_yet:
            return Part(left=places, pause=not_yet.pause)
        return Part(until=self._until)

    def prepare(self, name: str, places: Sequence[int], most_bytes: int) -> Part:
        """Wait for the turn of the whole chunk and load it, for a function to be asked with."""
        turn = self.turn(places)
        if turn.pause:
            return turn
        loaded, troubles = self._loaded(places)
        troubles |= _unwritable(loaded)
        fit = without(places, troubles)
        data = {place: loaded[place].data for place in fit}
        length = size(encode(self.question(name, fit, data)))
        if length > most_bytes:
            reason = f"the chunk has {length} bytes, of {most_bytes}; take a smaller chunk_size"
            troubles |= dict.fromkeys(fit, Rejected(reason, for_good=True))
            data = {}
        failed = [*troubles]
        self._put_aside(failed, loaded, troubles)
        return Part(failed=failed, data=[*data.values()], until=self._until)

    def question(self, name: str, places: Sequence[int], data: Mapping[int, Any]) -> dict[str, Any]:
        """Write what a function is asked."""
        items = [self.item(place, data[place]) for place in places]
        return {
            "batch_id": self._run.id,
            "chunk": name,
            "items": [{"id": item.id, "key": item.key, "data": item.data} for item in items],
        }

    def give_up(self, places: Sequence[int], data: Mapping[int, Any], reason: str) -> None:
        """Put items aside that a function has rejected to the last."""
        letters = [(self.item(place, data[place]), reason) for place in places]
        self._world.letters.put(self._run.id, letters)

    def item(self, place: int, data: object) -> BatchItem:
        """Give an item."""
        id = self.ids[place]
        return BatchItem(id=id, key=item_key(self._run.id, id), data=data)

    # --- load -----------------------------------------------------------------------------------

    def _loaded(self, places: Sequence[int]) -> tuple[dict[int, BatchItem], dict[int, Rejected]]:
        """Load items, by their places; give what could not be, too."""
        began = self._world.platform.clock()
        try:
            found = self._load([self.ids[place] for place in places])
        except Exception as error:  # noqa: BLE001 - it is the author's, and others must not suffer
            return {}, dict.fromkeys(places, self._trouble(error, "load"))
        finally:
            self._patience.took(self._world.platform.clock() - began)
        loaded = {
            place: self.item(place, found[self.ids[place]])
            for place in places
            if self.ids[place] in found
        }
        missing = Rejected("load gave nothing for it", for_good=True)
        return loaded, dict.fromkeys(without(places, loaded), missing)

    # --- publish --------------------------------------------------------------------------------

    def _published(
        self, loaded: Mapping[int, BatchItem], troubles: dict[int, Rejected]
    ) -> tuple[int, list[int], int]:
        """Publish in slices; give how many were, which are left, and for how many seconds."""
        places = [*loaded]
        turns = self._world.turns
        length = len(places) if turns is None else turns.slice
        done = 0
        while done < len(places):
            several = places[done : done + length]
            try:
                delay = self._await_turn(len(several))
            except _NotYet as not_yet:
                left = places[done:]
                return done - self._rejected(troubles, loaded), left, not_yet.pause
            self._publish([loaded[place] for place in several], delay, several, troubles)
            done += len(several)
        return done - self._rejected(troubles, loaded), [], 0

    def _rejected(self, troubles: Mapping[int, Rejected], loaded: Mapping[int, BatchItem]) -> int:
        return sum(place in loaded for place in troubles)

    def _publish(
        self,
        items: Sequence[BatchItem],
        delay: int | None,
        places: Sequence[int],
        troubles: dict[int, Rejected],
    ) -> None:
        target = self._world.target
        if target is None:
            raise Fatal("nothing says how items are published; give the construct a target")
        began = self._world.platform.clock()
        try:
            rejected = target.publish(items, self._run, delay)
        except Exception as error:  # noqa: BLE001 - it is the author's, and others must not suffer
            troubles |= dict.fromkeys(places, self._trouble(error, "publish"))
        else:
            troubles |= {
                place: rejected[self.ids[place]] for place in places if self.ids[place] in rejected
            }
        finally:
            self._patience.took(self._world.platform.clock() - began)

    def _trouble(self, error: Exception, who: str) -> Rejected:
        """Tell what an exception means for the items; raises Interrupted."""
        if isinstance(error, Interrupted):
            raise error
        kind = type(error).__name__
        extra = {"batch_id": self._run.id, "error": kind}
        logger.warning("%s failed", who, extra=extra, exc_info=error)
        if isinstance(error, Retryable) and error.after is not None:
            self._wanted = max(self._wanted, error.after)
        text = f"{who} failed with {kind}"
        if isinstance(error, Fatal):
            text = f"{text}: {error}"
        return Rejected(text, for_good=isinstance(error, Fatal))

    def _put_aside(
        self,
        failed: Sequence[int],
        loaded: Mapping[int, BatchItem],
        troubles: Mapping[int, Rejected],
    ) -> None:
        letters = [
            (loaded.get(place) or self.item(place, None), troubles[place].reason)
            for place in failed
        ]
        self._world.letters.put(self._run.id, letters)

    # --- turns ----------------------------------------------------------------------------------

    def _await_turn(self, items: int) -> int | None:
        """Wait until so many may be published; give for how many seconds the queue is to wait.

        Raises Interrupted when nobody wants that any more, _NotYet when it takes too long.
        """
        self._course.check()
        turns, settings = self._world.turns, self._world.settings
        if turns is None:
            return None
        if settings.pacing is Pacing.DELAY:
            decision = turns.take(items, DELAY_MILLISECONDS)
            granted = self._granted(decision, items)
            return -(-granted.wait // 1000)
        while True:
            remaining = self._course.remaining()
            if not self._patience.allows(remaining):
                raise _NotYet(self._patience.pause(remaining))
            decision = turns.take(items, self._patience.longest_wait(remaining))
            if isinstance(decision, Refused):
                pause = self._patience.pause(remaining)
                raise _NotYet(max(pause, -(-decision.retry_after // 1000)))
            if self._waited(self._granted(decision, items).wait, turns, items):
                return None

    def _granted(self, decision: Granted | Refused, items: int) -> Granted:
        if isinstance(decision, Refused):
            # By then what is left of all that wait now has its turn within the horizon.
            rest = len(self.ids) * self._world.settings.max_concurrency
            rate = self._world.settings.rate or items
            raise _NotYet(1 + int(decision.retry_after / 1000 + rest / rate))
        self._until = max(self._until, decision.paid_until // 10**6)
        return decision

    def _waited(self, milliseconds: int, turns: Turns, items: int) -> bool:
        """Wait; False when the process stood still meanwhile, so that the turn is another's."""
        platform = self._world.platform
        end = platform.clock() + milliseconds
        while (left := end - platform.clock()) > 0:
            platform.sleep(min(left, LOOK_EVERY))
            self._course.check()
        while platform.clock() - end <= STALE:
            wait = turns.begin(items)
            if not wait:
                return True
            platform.sleep(wait)
        return False


def _unwritable(loaded: Mapping[int, BatchItem]) -> dict[int, Rejected]:
    """Find what no question can hold."""
    troubles: dict[int, Rejected] = {}
    for place, item in loaded.items():
        try:
            encode(item.data)
        except (TypeError, ValueError, RecursionError) as error:
            troubles[place] = Rejected(str(error), for_good=True)
    return troubles
