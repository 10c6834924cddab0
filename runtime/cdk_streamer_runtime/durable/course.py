"""The course of a handler: the steps that it takes, and where it waits between them."""

from __future__ import annotations

import inspect
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from cdk_streamer_runtime.contract import STEP_BYTES
from cdk_streamer_runtime.documents import decode, encode, size

T = TypeVar("T")

FOREVER = 10**12  # milliseconds
LONGEST_PAUSE = 500  # milliseconds; a sleeper hears of a cancel at the latest after these
_NAME = re.compile(r"[\x20-\x7e]{1,128}")


class Several(Protocol):
    """Does the same for each number below `count`, `at_once` of them at a time."""

    def __call__(self, act: Callable[[int], T], count: int, at_once: int, /) -> list[T]:
        """Give the results in their order; what one raises ends it all."""
        ...


class Course(Protocol):
    """What `RequestContext.step` and `sleep` stand for; the executor decides which one it is."""

    @property
    def beyond(self) -> tuple[type[BaseException], ...]:
        """What is no failure of a handler, but of the machinery beneath it."""
        ...

    def step(self, name: str, function: Callable[[], Any]) -> Any:  # noqa: ANN401 - the author's
        """Do one part of the work."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def map(
        self,
        name: str,
        count: int,
        branch: Callable[[Course, int], T],
        *,
        at_once: int,
        nested: bool = False,
    ) -> list[T]:
        """Do so many parts of the work, `at_once` of them at a time, each on a course of its own.

        A branch returns what JSON can hold. `nested` records each of them as a whole too.
        """
        ...

    def invoke(
        self, name: str, function: str, payload: object, otherwise: Callable[[], Any]
    ) -> Any:  # noqa: ANN401 - what the function answers
        """Let a function answer, while nobody waits; `otherwise` asks it where somebody has to.

        Raises StepFailed with what it raised.
        """
        ...

    def check(self) -> None:
        """Raise Interrupted once the result is no longer wanted."""
        ...

    def remaining(self) -> int:
        """Give the milliseconds until everything has to wait for a while."""
        ...


def in_turn(act: Callable[[int], T], count: int, at_once: int) -> list[T]:
    """Do the same for each number below `count`, one after the other."""
    del at_once
    return [act(number) for number in range(count)]


class Machine(Protocol):
    """What runs a handler to its end."""

    def clock(self) -> int:
        """Give the time in milliseconds."""
        ...

    def sleep(self, milliseconds: int, /) -> None:
        """Wait."""
        ...

    def several(self, act: Callable[[int], T], count: int, at_once: int, /) -> list[T]:
        """Do the same for each number below `count`, `at_once` of them at a time."""
        ...


class Direct:
    """The course of a handler that runs to its end in one invocation: steps just run."""

    beyond: tuple[type[BaseException], ...] = ()

    @classmethod
    def on(cls, machine: Machine, check: Callable[[], None]) -> Direct:
        """Give the course on a machine; `check` tells that the result is no longer wanted."""
        return cls(check=check, clock=machine.clock, pause=machine.sleep, several=machine.several)

    def __init__(
        self,
        *,
        check: Callable[[], None] = lambda: None,
        clock: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000,
        pause: Callable[[int], None] = lambda milliseconds: time.sleep(milliseconds / 1000),
        several: Several = in_turn,
    ) -> None:
        """Take what tells that the result is no longer wanted, the time, and who does several."""
        self._check = check
        self._clock = clock
        self._pause = pause
        self._several = several

    def step(self, name: str, function: Callable[[], Any]) -> Any:  # noqa: ANN401 - the author's
        """Run the function; its value comes back as every executor would give it."""
        check_name(name)
        return decode(step_text(name, run(function)))

    def sleep(self, seconds: float) -> None:
        """Wait, but not longer than anybody wants the result."""
        end = self._clock() + whole_seconds(seconds) * 1000
        self._check()
        while (left := end - self._clock()) > 0:
            self._pause(min(left, LONGEST_PAUSE))
            self._check()

    def map(
        self,
        name: str,
        count: int,
        branch: Callable[[Course, int], T],
        *,
        at_once: int,
        nested: bool = False,
    ) -> list[T]:
        """Do the parts, `at_once` of them in threads if there are any."""
        del nested
        check_name(name)
        return self._several(lambda number: branch(self, number), count, at_once)

    def invoke(
        self, name: str, function: str, payload: object, otherwise: Callable[[], Any]
    ) -> Any:  # noqa: ANN401 - what the function answers
        """Ask the function and wait for its answer."""
        del function, payload
        return self.step(name, otherwise)

    def check(self) -> None:
        """Raise Interrupted once the result is no longer wanted."""
        self._check()

    def remaining(self) -> int:
        """Give more than anything takes: what comes to an end here is interrupted."""
        return FOREVER


DIRECT = Direct()


def check_name(name: str) -> None:
    """Raise ValueError for a name that the service would refuse."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"a step's name has 1 to 128 printable ASCII characters, got {name!r}")


def whole_seconds(seconds: float) -> int:
    """Give a pause as the service counts it; raises ValueError for what it refuses."""
    if not 0 < seconds <= 31_622_400:  # noqa: PLR2004 - 366 days, the longest execution
        raise ValueError(f"wait between 1 second and 366 days, got {seconds!r} seconds")
    return int(-(-seconds // 1))


def step_text(name: str, value: object) -> str:
    """Write a step's value; raises TypeError, ValueError for what could not be recorded."""
    try:
        text = encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(
            f"step {name!r} must return what JSON can hold, got {type(value).__name__}: {error}"
        ) from error
    if size(text) > STEP_BYTES:
        raise ValueError(
            f"step {name!r} returned {size(text)} bytes, but {STEP_BYTES} is the most; "
            "store it elsewhere and return its address"
        )
    return text


def run(function: Callable[[], Any]) -> Any:  # noqa: ANN401 - what the author's function returns
    """Call the function of a step to its end, also when it is a coroutine function."""
    try:
        result = function()
        return _finish(result) if inspect.isawaitable(result) else result
    except SystemExit as wish:
        raise RuntimeError(f"a step wanted to exit with {wish.code!r}") from wish


def _finish(result: Awaitable[object]) -> object:
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    async def finish() -> object:
        return await result

    # In a thread of its own, for an async handler has a loop already and no second one may run.
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, finish()).result()
