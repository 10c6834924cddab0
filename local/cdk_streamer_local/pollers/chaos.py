"""Which bad luck a delivery or an invocation has: the same one for the same seed.

Every decision depends on the seed, the function and how many there were before, and on nothing
else; so threads may race and a seed still names a run.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class Trouble(StrEnum):
    """What can be asked for."""

    DUPLICATE = "duplicate"  # what was done comes again
    DELAY = "delay"  # it comes late
    CRASH = "crash"  # the worker is killed in the middle
    FREEZE = "freeze"  # the worker stands still for a while
    LOSE = "lose"  # what was posted to a socket, or that it closed, is not heard of


_SHARES = {
    Trouble.DUPLICATE: 0.1,
    Trouble.DELAY: 0.2,
    Trouble.CRASH: 0.05,
    Trouble.FREEZE: 0.05,
}
# Of posts there are many and of closed connections few.
_LOST_SHARES = {"post": 0.05, "$disconnect": 0.3}
_LONGEST_DELAY_SECONDS = 2.0
_LONGEST_FREEZE_SECONDS = 60.0
_LATEST_HARM_SECONDS = 1.0
_SHORTLY_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How one batch reaches its function: late by so many seconds, and again after success."""

    delay: float = 0.0
    duplicate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """What happens to a worker so long after an invocation began; a freeze lasts `seconds`."""

    trouble: Trouble
    after: float
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chaos:
    """The troubles of a run, and the seed that they come from; without troubles, a calm one."""

    troubles: frozenset[Trouble] = frozenset()
    seed: int = 0

    @classmethod
    def of(cls, names: Iterable[str], seed: int | None = None) -> Self:
        """Give the chaos that is called so; raises ValueError that names what there is.

        Without a seed, a new one.
        """
        wanted = [name.strip() for name in names if name.strip()]
        unknown = [name for name in wanted if name not in set(Trouble)]
        if unknown:
            raise ValueError(f"no chaos is called {unknown[0]!r}; there is {', '.join(Trouble)}")
        chosen = random.SystemRandom().randrange(1_000_000) if seed is None else seed
        return cls(troubles=frozenset(map(Trouble, wanted)), seed=chosen)

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read what `encode` wrote."""
        names, _, seed = text.rpartition(":")
        return cls.of(names.split(","), int(seed))

    def encode(self) -> str:
        """Write it as one word."""
        return f"{','.join(sorted(self.troubles))}:{self.seed}"

    def delivery(self, function: str, number: int) -> Delivery:
        """Give how the so-many-th batch of a function is delivered."""
        dice = self._dice("delivery", function, number)
        late, again = dice.random(), dice.random()
        return Delivery(
            delay=dice.uniform(0.1, _LONGEST_DELAY_SECONDS)
            if self._has(Trouble.DELAY, late)
            else 0,
            duplicate=self._has(Trouble.DUPLICATE, again),
        )

    def harm(self, function: str, number: int, timeout: float) -> Harm | None:
        """Give what happens in the so-many-th invocation of a function with this timeout."""
        dice = self._dice("harm", function, number)
        crash, freeze = dice.random(), dice.random()
        # Most invocations are short: without the shorter ones, harm would meet few of them.
        latest = dice.choice((0.0, _SHORTLY_SECONDS, min(timeout, _LATEST_HARM_SECONDS)))
        after = dice.uniform(0.0, latest)
        if self._has(Trouble.CRASH, crash):
            return Harm(trouble=Trouble.CRASH, after=after)
        if self._has(Trouble.FREEZE, freeze):
            # Beyond the timeout the platform ends the worker; below, it wakes up as a zombie.
            longest = min(timeout * 1.2, _LONGEST_FREEZE_SECONDS)
            seconds = dice.uniform(longest / 10, longest)
            return Harm(trouble=Trouble.FREEZE, after=after, seconds=seconds)
        return None

    def loses(self, what: str, number: int) -> bool:
        """Tell whether the so-many-th `post` or `$disconnect` of all sockets is lost."""
        if Trouble.LOSE not in self.troubles:
            return False
        return self._dice("loss", what, number).random() < _LOST_SHARES[what]

    def _has(self, trouble: Trouble, share: float) -> bool:
        return trouble in self.troubles and share < _SHARES[trouble]

    def _dice(self, what: str, function: str, number: int) -> random.Random:
        return random.Random(f"{self.seed}/{what}/{lasting_name(function)}/{number}")  # noqa: S311 - no secret


CALM = Chaos()


def lasting_name(function: str) -> str:
    """Give a deployed name without its last part, which differs from run to run."""
    stack, _, others = function.partition("-")
    logical, _, unique = others.rpartition("-")
    return f"{stack}-{logical}" if logical and unique else function
