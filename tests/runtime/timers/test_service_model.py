"""Any writes, with faults between them, against a model: a dict of what was wanted last.

Who gets no answer asks again, as a client does, so after each step the model is what is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cdk_streamer_runtime.contract.timers import TIMER_CLASSES, TIMER_INLINE_BYTES
from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.timers.definition import Definition, Jitter
from cdk_streamer_runtime.timers.faults import PreconditionFailed, TimerNotFound, TimerUnavailable
from cdk_streamer_runtime.timers.service.conditions import Conditions, etag
from cdk_streamer_runtime.timers.service.entries import Change, Delete, Entry, Patch, Put
from cdk_streamer_runtime.timers.service.service import TimerService, Written
from cdk_streamer_runtime.timers.table.items import is_there, row_item, timer_of
from cdk_streamer_runtime.timers.timer import Timer
from tests.runtime.observed_aws import (
    Intervention,
    Killed,
    answer_lost,
    refused_by,
    repeated,
    request_lost,
    undisturbed,
)
from tests.runtime.timers.service_world import MINUTE, ServiceWorld, at, conflict, cron, every

IDS = ("a", "b", "c", "d")
YEAR = 366 * 86_400
MOST_FAULTS = 200  # of a run: those that one write does not meet wait for the next
SCHEDULES = (every(60, 5), every(300), every(90, 7), cron("0 9 * * *"), cron("0 9 1 * *"))

definitions = st.builds(
    Definition,
    id=st.sampled_from(IDS),
    schedule=st.sampled_from((*SCHEDULES, at(YEAR), at(2 * YEAR))),
    data=st.sampled_from(("null", "1", f'"{"x" * TIMER_INLINE_BYTES}"')),
    end=st.none() | st.just(MINUTE + 3 * YEAR),
    jitter=st.none() | st.builds(Jitter, seconds=st.just(20), each=st.booleans()),
    owner=st.sampled_from(("", "alice")),
    paused=st.booleans(),
)
CHANGES: tuple[Change, ...] = (
    lambda before: replace(before, paused=True),
    lambda before: replace(before, paused=False),
    lambda before: replace(before, data="2"),
    lambda before: replace(before, schedule=every(7, 3)),
    lambda before: before,
)
entries = st.one_of(
    st.builds(Put, definition=definitions),
    st.builds(Patch, id=st.sampled_from(IDS), change=st.sampled_from(CHANGES)),
    st.builds(Delete, id=st.sampled_from(IDS)),
)
FAULTS: tuple[Intervention, ...] = (undisturbed, answer_lost, request_lost, repeated)
faults = st.lists(st.sampled_from(FAULTS), max_size=3)


class Writers(RuleBasedStateMachine):
    """Processes of an API, one after the other, of which any may die."""

    def __init__(self) -> None:
        super().__init__()
        self.world = ServiceWorld()
        self.model: dict[str, Definition] = {}
        self.revisions: dict[str, list[tuple[int, Definition]]] = {}

    @initialize(room=st.integers(0, 3), strict=st.booleans())
    def begin(self, room: int, *, strict: bool) -> None:
        self.world = ServiceWorld(strict=strict)
        count = {"pk": "c#", "sk": "#count", "classes": TIMER_CLASSES - room}
        self.world.table.put(count)
        self.room = room

    # --- what happens ---

    @rule(seconds=st.sampled_from([0, 1, 30, 400]))
    def wait(self, seconds: int) -> None:
        self.world.platform.advance(seconds * 1000)

    @rule(ahead=st.sampled_from([60, 180]))
    def dispatch(self, ahead: int) -> None:
        self.world.claim((self.world.now + ahead) // 60 * 60)

    @rule()
    def restart(self) -> None:
        self.world.service = self.world.process()

    @rule(entry=entries, faults=faults, conflicts=st.integers(0, 2))
    def write(self, entry: Entry, faults: list[Intervention], conflicts: int) -> None:
        self.world.aws.on("TransactWriteItems", *[refused_by(conflict())] * conflicts, *faults)
        self._until_answered([entry], lambda service: _do(service, entry))

    @rule(entry=entries, call=st.integers(0, 5))
    def die(self, entry: Entry, call: int) -> None:
        self.world.aws.kill_after = {len(self.world.aws.calls) + call}
        self._until_answered([entry], lambda service: _do(service, entry))
        self.world.aws.kill_after.clear()

    @rule(several=st.lists(entries, min_size=1, max_size=4, unique_by=lambda each: each.id))
    def write_together(self, several: list[Entry]) -> None:
        known = [each for each in several if each.id in self.model or not isinstance(each, Patch)]
        if known:
            self._until_answered(known, lambda service: service.batch(known))

    @rule(definition=definitions)
    def refuse(self, definition: Definition) -> None:
        """Nothing happens when a precondition fails."""
        stale = Conditions(if_match=frozenset({etag(1)}))
        if self.model.get(definition.id) == definition:
            return
        before = self.world.memory.items("timers")
        try:
            self.world.service.put(definition, stale)
        except PreconditionFailed:
            assert self.world.memory.items("timers") == before
        else:
            raise AssertionError("a precondition that fails was ignored")

    def _until_answered(self, wanted: list[Entry], act: Callable[[TimerService], object]) -> None:
        for _ in range(MOST_FAULTS):
            try:
                act(self.world.service)
            except TimerNotFound:
                assert all(each.id not in self.model for each in wanted)
                return
            except (AwsError, Killed, TimerUnavailable):
                self.world.service = self.world.process()
                continue
            self.model |= self._outcome(wanted)
            for each in wanted:
                if isinstance(each, Delete):
                    self.model.pop(each.id, None)
            return
        raise AssertionError("no answer came")

    def _outcome(self, wanted: list[Entry]) -> dict[str, Definition]:
        found: dict[str, Definition] = {}
        for each in wanted:
            match each:
                case Put():
                    found[each.id] = each.definition
                case Patch():
                    found[each.id] = each.change(self.model[each.id])
                case Delete():
                    pass
        return found

    # --- what always holds ---

    @invariant()
    def all_is_stored_as_it_is_wanted(self) -> None:
        stored = {each.id: each.definition for each in self._timers()}
        assert stored == self.model

    @invariant()
    def each_timer_has_one_place_that_agrees_with_it(self) -> None:
        timers = [each for each in self._timers() if each.slot is not None]
        expected = [row_item(each, each.slot) for each in timers if each.slot is not None]
        assert _by_key(self.world.rows()) == _by_key(expected)

    @invariant()
    def a_timer_that_fires_has_a_place(self) -> None:
        assert all((each.slot is None) == each.definition.paused for each in self._timers())

    @invariant()
    def a_revision_is_of_one_definition(self) -> None:
        for each in self._timers():
            seen = self.revisions.setdefault(each.id, [])
            if not seen or seen[-1] != (each.rev, each.definition):
                assert all(each.rev > rev for rev, _ in seen)
                seen.append((each.rev, each.definition))

    @invariant()
    def classes_are_counted(self) -> None:
        items = self.world.items("c#")
        count = sum(item.get("classes", 0) for item in items)
        assert len(items) - 1 == count - (TIMER_CLASSES - self.room) <= self.room

    def _timers(self) -> list[Timer]:
        now = self.world.platform.now
        return [timer_of(item) for item in self.world.items("t#") if is_there(item, now)]


def _do(service: TimerService, entry: Entry) -> Written | None:
    match entry:
        case Put():
            return service.put(entry.definition)
        case Patch():
            return service.patch(entry.id, entry.change)
        case Delete():
            service.delete(entry.id)
            return None


def _by_key(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(items, key=lambda item: (item["pk"], item["sk"]))


Writers.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestWriters = Writers.TestCase
