"""One thread, a virtual clock, and tasks that are switched only where they wait."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from greenlet import GreenletExit, getcurrent, greenlet

START = 1_700_000_000_000


@dataclass(eq=False, slots=True)
class Group:
    """Tasks that live and die together: one Lambda invocation, or a part of the world."""

    name: str
    dead: bool = False
    frozen_until: int = 0
    ended: bool = False
    waiters: list[Task] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """Tell whether nothing of it runs any more."""
        return self.dead or self.ended


@dataclass(eq=False, slots=True)
class Task:
    """One thread of a group."""

    group: Group
    thread: greenlet
    finished: bool = False
    wakes: int = 0  # wake-ups that were scheduled before the last one no longer count


class Scheduler:
    """Runs tasks in the order of their wake-ups; equal times in the order they were asked for."""

    def __init__(self, seed: int, start: int = START) -> None:
        self.start = self.now = start
        self.random = random.Random(seed)
        self.log: list[str] = []
        self.over = False
        self._heap: list[tuple[int, int, Task, int]] = []
        self._count = 0
        self._hub = getcurrent()
        self._running: Task | None = None
        self._tasks: list[Task] = []  # a task that is dropped would be unwound, so all are kept

    def clock(self) -> int:
        return self.now

    def note(self, text: str) -> None:
        self.log.append(f"{self.now - self.start:>8} {text}")

    def spawn(self, group: Group, run: Callable[[], object], delay: int = 0) -> Task:
        def body() -> None:
            try:
                run()
            except GreenletExit:
                return
            finally:
                task.finished = True

        task = Task(group, greenlet(body, parent=self._hub))
        self._tasks.append(task)
        self._schedule(task, delay)
        return task

    def sleep(self, milliseconds: int) -> None:
        """Let the running task wait."""
        self._leave(milliseconds)

    def suspend(self, timeout: int | None) -> None:
        """Let the running task wait until `wake`, or for so long."""
        self._leave(timeout)

    def wake(self, task: Task) -> None:
        if not task.finished:
            self._schedule(task, 0)

    def kill(self, group: Group) -> None:
        """Let nothing of a group run any more."""
        group.dead = True
        self._tell(group)

    def end(self, group: Group) -> None:
        """Know that a group has done its work."""
        group.ended = True
        self._tell(group)

    def wait_for(self, group: Group, timeout: int) -> None:
        """Let the running task wait until a group has ended or died, or for so long."""
        if group.is_over:
            return
        task = self.running()
        group.waiters.append(task)
        self.suspend(timeout)
        group.waiters.remove(task)

    def run(self, until: int) -> None:
        """Run all tasks up to a moment."""
        while self._heap and self._heap[0][0] <= until:
            at, _, task, wake = heapq.heappop(self._heap)
            if task.finished or task.group.dead or wake != task.wakes:
                continue
            if task.group.frozen_until > at:
                self._push(task.group.frozen_until, task)
                continue
            self.now = max(self.now, at)
            self._running = task
            task.thread.switch()
        self.now = until

    def stop(self) -> None:
        """Unwind every task that still waits."""
        self.over = True
        for task in self._tasks:
            if not task.thread.dead and task.thread:
                task.thread.throw(GreenletExit)
        self._tasks.clear()
        self._heap.clear()

    def running(self) -> Task:
        """Give the task that asks."""
        assert self._running is not None
        return self._running

    def _tell(self, group: Group) -> None:
        for waiter in group.waiters:
            self.wake(waiter)

    def _leave(self, timeout: int | None) -> None:
        if self.over:
            raise GreenletExit
        task = self.running()
        task.wakes += 1
        if timeout is not None:
            self._push(self.now + max(timeout, 0), task)
        self._hub.switch()
        if self.over:
            raise GreenletExit

    def _schedule(self, task: Task, delay: int) -> None:
        task.wakes += 1
        self._push(self.now + delay, task)

    def _push(self, at: int, task: Task) -> None:
        self._count += 1
        heapq.heappush(self._heap, (at, self._count, task, task.wakes))


class Bell:
    """What tasks wait for until it rings."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._waiting: list[Task] = []

    def wait(self, timeout: int | None) -> None:
        """Let the running task wait for the bell, or for so long."""
        task = self._scheduler.running()
        self._waiting.append(task)
        self._scheduler.suspend(timeout)
        # Nobody else may wake it early who thinks that it still waits here.
        self._waiting.remove(task)

    def ring(self) -> None:
        """Wake everybody who waits."""
        for task in self._waiting:
            self._scheduler.wake(task)
