"""Those who want timers: they ask, repeat what was not answered, change their minds, and race."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol as Shape

from cdk_streamer_runtime.timers.definition import Definition
from tests.runtime.simulation.scheduler import Group, Scheduler
from tests.runtime.timers.simulation.population import Population, operation_of
from tests.runtime.timers.simulation.wishes import Acknowledgment, Answer, Ledger, Verb, Wish

GRANTED = {200, 201, 204}
FINAL = {400, 404, 412, 413, 422, 424}
PATIENCE = 12  # times that somebody asks for the same
BATCH = 25


class Api(Shape):
    """Where timers are asked for: one wish, or several as one."""

    def ask(self, wishes: list[Wish]) -> Answer | None:
        """Ask once, and wait; None: nobody answered."""
        ...

    def fitting(self, definition: Definition) -> Definition:
        """Give the timer as it can be had there."""
        ...


class Person:
    """Somebody who looks after some timers for a while."""

    def __init__(
        self,
        name: str,
        scheduler: Scheduler,
        api: Api,
        population: Population,
        ledger: Ledger,
    ) -> None:
        self._name = name
        self._scheduler = scheduler
        self._random = scheduler.random
        self._api = api
        self._population = population
        self._ledger = ledger

    def start(self, run: Callable[[], None], delay: int) -> None:
        """Begin."""
        self._scheduler.spawn(Group(self._name), run, delay)

    def look_after(self, id: str, first: Definition, changes: int, pause: int) -> None:
        """Have one timer, then change it so many times, with pauses of up to so long."""
        random, current = self._random, first
        self.want(self._put(current))
        for _ in range(changes):
            self._scheduler.sleep(random.randint(0, pause))
            verb = random.choice(("same", "edit", "edit", "move", "move", "pause", "delete"))
            match verb:
                case "same":
                    self.want(self._put(current))
                case "edit":
                    current = self._api.fitting(self._population.edited(current))
                    self.want(self._put(current))
                case "move":
                    current = self._api.fitting(self._population.moved(current))
                    self.want(self._put(current))
                case "pause":
                    self.want(Wish(id=id, verb=Verb.PAUSE, operation=0))
                    self._scheduler.sleep(random.randint(0, pause))
                    self.want(Wish(id=id, verb=Verb.RESUME, operation=0))
                case _:
                    self.want(Wish(id=id, verb=Verb.DELETE, operation=0))
                    self._scheduler.sleep(random.randint(0, pause))
                    current = self._api.fitting(self._population.edited(current))
                    self.want(self._put(current))

    def look_after_all(self, definitions: list[Definition], pause: int) -> None:
        """Have several timers by batches, some of which are given up again the same way."""
        random = self._random
        for first in range(0, len(definitions), BATCH):
            self.want(*map(self._put, definitions[first : first + BATCH]))
        self._scheduler.sleep(random.randint(0, pause))
        if random.random() < 0.5:
            gone = random.sample(definitions, min(len(definitions) // 2, BATCH))
            self.want(*(Wish(id=each.id, verb=Verb.DELETE, operation=0) for each in gone))

    def want(self, *wishes: Wish) -> bool:
        """Ask until it is granted, refused for good, or patience is over."""
        scheduler = self._scheduler
        for _ in range(PATIENCE):
            asked_at = scheduler.now
            for wish in wishes:
                self._ledger.wanted(wish, asked_at)
            answer = self._api.ask(list(wishes))
            if answer is not None and all(status in GRANTED for status in answer.statuses):
                for wish, revision in zip(wishes, answer.revisions, strict=True):
                    self._ledger.acknowledge(
                        Acknowledgment(
                            wish=wish, asked_at=asked_at, at=scheduler.now, revision=revision
                        )
                    )
                    scheduler.note(f"{wish.verb} {wish.id} is granted as {revision}")
                return True
            if answer is not None and any(status in FINAL for status in answer.statuses):
                scheduler.note(f"{self._name} is refused: {answer.statuses}")
                return False
            scheduler.sleep(scheduler.random.randint(500, 8_000))
        scheduler.note(f"{self._name} gives up")
        return False

    def _put(self, definition: Definition) -> Wish:
        return Wish(
            id=definition.id,
            verb=Verb.PUT,
            operation=operation_of(definition.data),
            definition=replace(definition, paused=False),
        )
