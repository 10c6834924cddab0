"""The chunks of a batch, side by side, each through its steps to its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any

from cdk_streamer_runtime.batches.chunk import Chunk, Load
from cdk_streamer_runtime.batches.item import BatchRun
from cdk_streamer_runtime.batches.part import Outcome, Part, without
from cdk_streamer_runtime.batches.patience import Patience
from cdk_streamer_runtime.batches.plan import Plan, chunk_bytes
from cdk_streamer_runtime.batches.targets import functions_answer
from cdk_streamer_runtime.batches.world import Teller, World
from cdk_streamer_runtime.contract.batches import Nesting
from cdk_streamer_runtime.documents import encode, size
from cdk_streamer_runtime.durable.course import Course
from cdk_streamer_runtime.errors import Fatal, StepFailed


class Tally:
    """How many items are settled, told whenever some more are."""

    def __init__(self, total: int, teller: Teller) -> None:
        """Take how many there are, and who hears of it."""
        self._total = total
        self._teller = teller
        self._lock = Lock()
        self._done = 0
        self._is_live = False

    def settle(self, items: int, *, is_live: bool) -> None:
        """Count; what an earlier invocation has told is told again only after something new."""
        with self._lock:
            self._done += items
            self._is_live = self._is_live or is_live
            if self._is_live and items:
                self._teller.report(current=self._done, total=self._total, unit="items")


class Chunks:
    """Runs all chunks of a plan."""

    def __init__(
        self, plan: Plan, *, run: BatchRun, world: World, load: Load, loads: bool, teller: Teller
    ) -> None:
        """Take the plan; `loads`: items have more than their id."""
        self._plan = plan
        self._run = run
        self._world = world
        self._load = load
        self._prepares = loads or world.turns is not None
        self._tally = Tally(plan.items, teller)

    def run(self, course: Course) -> list[Outcome]:
        """Run them to their end, each as often as it may be tried."""
        settings = self._world.settings
        patience = Patience(
            self._world.platform,
            remaining=course.remaining(),
            retry_seconds=settings.retry_seconds,
        )

        def branch(course: Course, number: int) -> list[Any]:
            chunk = Chunk(
                self._plan.chunk(number),
                run=self._run,
                world=self._world,
                load=self._load,
                course=course,
                patience=patience,
            )
            settle = self._published if self._world.function is None else self._asked
            return settle(course, chunk, f"chunk-{number + 1}").document()

        documents = course.map(
            "chunks",
            self._plan.chunks,
            branch,
            at_once=settings.max_concurrency,
            nested=settings.nesting is Nesting.NESTED,
        )
        return [Outcome.from_document(document) for document in documents]

    # --- a queue, or the author's publish -------------------------------------------------------

    def _published(self, course: Course, chunk: Chunk, name: str) -> Outcome:
        outcome = Outcome()
        places: list[int] = list(range(len(chunk.ids)))
        again: list[int] = []
        steps = 0
        while places:
            steps += 1
            attempt = outcome.attempts
            part, is_live = self._step(
                course,
                _numbered(name, steps),
                lambda: chunk.publish(places, attempt),  # noqa: B023 - done at once
            )
            outcome.add(part)
            self._tally.settle(part.published + len(part.failed), is_live=is_live)
            again += part.rejected
            places = list(part.left)
            if part.pause:
                course.sleep(part.pause)
            if not places and again:
                places, again = again, []
                outcome.attempts += 1
        return outcome

    def _step(self, course: Course, name: str, act: Callable[[], Part]) -> tuple[Part, bool]:
        """Do a step of a chunk; tell whether it was done now."""
        done: list[bool] = []

        def live() -> dict[str, Any]:
            done.append(True)
            return act().document()

        part = Part.from_document(course.step(name, live))
        if part.until and not done and self._world.turns is not None:
            self._world.turns.pass_by(part.until)
        return part, bool(done)

    # --- a function -----------------------------------------------------------------------------

    def _asked(self, course: Course, chunk: Chunk, name: str) -> Outcome:
        outcome = Outcome()
        places = list(range(len(chunk.ids)))
        data = self._prepared(course, chunk, name, outcome)
        places = [place for place in places if place in data]
        reason = ""
        while places:
            question = chunk.question(name, places, data)
            course.check()
            rejected, reason = self._answer(
                course, chunk, _numbered(name, outcome.attempts), question, places
            )
            outcome.published += len(places) - len(rejected)
            is_last = outcome.attempts >= self._world.settings.max_attempts
            self._tally.settle(len(places) - (0 if is_last else len(rejected)), is_live=True)
            places = rejected
            if is_last or not rejected:
                break
            course.sleep(self._world.settings.retry_seconds << min(outcome.attempts - 1, 7))
            outcome.attempts += 1
            if self._world.turns is not None:
                turn = f"{name}-turn-{outcome.attempts}"
                self._unhurried(course, turn, lambda: chunk.turn(places))  # noqa: B023 - done at once
        outcome.failed += places
        if places and self._world.settings.dead_letter_queue_url:
            course.step(f"{name}-dead-letters", lambda: chunk.give_up(places, data, reason))
        return outcome

    def _prepared(
        self, course: Course, chunk: Chunk, name: str, outcome: Outcome
    ) -> Mapping[int, Any]:
        places: Sequence[int] = range(len(chunk.ids))
        most = chunk_bytes(self._plan, self._world.settings.max_attempts)
        if not self._prepares:
            data = dict(enumerate(chunk.ids))
            if size(encode(chunk.question(name, places, data))) <= most:
                return data
        part, is_live = self._unhurried(
            course, f"{name}-load", lambda: chunk.prepare(name, places, most)
        )
        outcome.add(part)
        self._tally.settle(len(part.failed), is_live=is_live)
        return dict(zip(without(places, part.failed), part.data or (), strict=True))

    def _unhurried(self, course: Course, name: str, act: Callable[[], Part]) -> tuple[Part, bool]:
        """Do a step in as many invocations as its turn takes."""
        steps = 0
        while True:
            steps += 1
            part, is_live = self._step(course, _numbered(name, steps), act)
            if not part.pause:
                return part, is_live
            course.sleep(part.pause)

    def _answer(
        self,
        course: Course,
        chunk: Chunk,
        name: str,
        question: Mapping[str, Any],
        places: Sequence[int],
    ) -> tuple[list[int], str]:
        """Ask the function; give whom it rejected, and why."""
        settings, function = self._world.settings, self._world.function
        known = {chunk.ids[place]: place for place in places}
        try:
            answer = course.invoke(
                name,
                settings.target_address or "",
                question,
                lambda: function.ask(question) if function else None,
            )
            failed = functions_answer(answer, set(known))
        except (StepFailed, Fatal) as error:
            return list(places), str(error)
        return [known[id] for id in failed], "rejected by the function"


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"
