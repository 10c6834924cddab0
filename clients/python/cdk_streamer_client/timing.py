"""When the client does what: every duration of the protocol's client side."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Durations in milliseconds. The defaults fit API Gateway; tests shorten them.

    `poll` is how long an open request may be silent before it is asked for. `answer` is how long
    a built-in action may stay unanswered, `submission` an action of the application, which the
    platform gives 29 s. `drain` is how long a replaced connection may wait for its last answers.
    A connection that held for `stable` starts the backoff anew. `lifetime` is the platform's, and
    `margin` how long before its end, or the token's, a connection is replaced; one that is
    younger than `youngest` is not. `opening_attempts` are the failures after which a client that
    never was connected gives up; `call_attempts` how often a built-in action is sent.
    """

    poll: int = 25_000
    answer: int = 20_000
    submission: int = 35_000
    drain: int = 30_000
    backoff_least: int = 500
    backoff_most: int = 30_000
    stable: int = 10_000
    lifetime: int = 7_200_000
    margin: int = 120_000
    youngest: int = 30_000
    heartbeat_least: int = 240_000
    heartbeat_most: int = 480_000
    opening_attempts: int = 3
    call_attempts: int = 3

    def __post_init__(self) -> None:
        """Refuse durations that would never let time pass; raises ValueError."""
        for field in fields(self):
            if (value := getattr(self, field.name)) <= 0:
                raise ValueError(f"{field.name} must be greater than 0, got {value!r}")

    def backoff(self, failures: int, uniform: float) -> int:
        """Give how long to wait after so many failures in a row; `uniform` is between 0 and 1.

        Full jitter: clients that were thrown out together do not come back together.
        """
        doublings = min(failures - 1, 30)
        return int(uniform * min(self.backoff_most, self.backoff_least * 2**doublings))

    def heartbeat(self, seconds: float | None) -> int:
        """Give how long to wait between pings when the server asks for one in so many seconds."""
        wanted = self.heartbeat_least if seconds is None else int(seconds * 1000)
        return min(max(wanted, self.heartbeat_least), self.heartbeat_most)

    def replacement(self, token_left: int | None, uniform: float) -> int:
        """Give how old a connection gets until it is replaced; `token_left` is its token's life."""
        age = int(self.lifetime - self.margin * (1 + uniform))
        if token_left is None:
            return age
        by_token = max(token_left - self.margin, token_left // 2)
        return age if by_token < self.youngest else min(age, by_token)
