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


@dataclass(eq=False, slots=True)
class Task:
    """One thread of a group."""

    group: Group
    thread: greenlet
    finished: bool = False
    wakes: int = 0  # wake-ups that were scheduled before the last one no longer count
    waiters: list[Task] = field(default_factory=list)


class Scheduler:
    """Runs tasks in the order of their wake-ups; equal times in the order they were asked for."""

    def __init__(self, seed: int) -> None:
        self.now = START
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
        self.log.append(f"{self.now - START:>8} {text}")

    def spawn(self, group: Group, run: Callable[[], object], delay: int = 0) -> Task:
        def body() -> None:
            try:
                run()
            except GreenletExit:
                return
            finally:
                task.finished = True
            for waiter in task.waiters:
                self.wake(waiter)

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

    def join(self, task: Task, timeout: int) -> None:
        """Wait until a task has ended or died, or for so long."""
        end = self.now + timeout
        while not task.finished and not task.group.dead and self.now < end:
            self.sleep(min(50, end - self.now))

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
