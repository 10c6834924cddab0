"""When a failed attempt is followed by another one, and how much later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cdk_streamer_runtime.contract import MAX_ATTEMPTS, MAX_DELAY_SECONDS
from cdk_streamer_runtime.errors import Fatal, Retryable, StreamerError


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often an async action is tried, and after which exceptions.

    `max_attempts` counts attempts that a killed worker left unfinished too. The wait before
    attempt n+1 is random between 0 and min(max_delay, delay * 2 ** (n - 1)) seconds, so that
    requests that failed together do not come back together. `on` is any exception by default,
    but for ActionFailed, a payload that does not fit and a deadline that has passed, which it
    must name to include. `never` wins over `on`; a handler may raise Retryable or Fatal whatever
    they say.
    """

    max_attempts: int = 3
    delay: float = 1.0
    max_delay: float = 60.0
    on: tuple[type[BaseException], ...] = (Exception,)
    never: tuple[type[BaseException], ...] = ()

    def __post_init__(self) -> None:
        """Refuse what could never work; raises ValueError."""
        if not 1 <= self.max_attempts <= MAX_ATTEMPTS:
            raise ValueError(
                f"max_attempts must be between 1 and {MAX_ATTEMPTS}, got {self.max_attempts!r}"
            )
        if not 0 < self.delay <= self.max_delay <= MAX_DELAY_SECONDS:
            raise ValueError(
                f"delay and max_delay must be 0 < delay <= max_delay <= {MAX_DELAY_SECONDS} "
                f"seconds, got {self.delay!r} and {self.max_delay!r}; SQS delays no message longer"
            )

    def allows(self, failure: BaseException, attempt: int) -> bool:
        """Tell whether attempt `attempt` that ended with `failure` is followed by another one."""
        if attempt >= self.max_attempts or isinstance(failure, (Fatal, *self.never)):
            return False
        # What the library or the handler itself decided is final, unless `on` names it.
        on = [kind for kind in self.on if kind is not Exception or not _is_decided(failure)]
        return isinstance(failure, (Retryable, *on))

    def wait(self, failure: BaseException, attempt: int, uniform: Callable[[], float]) -> int:
        """Give the milliseconds to wait; a Retryable that names its own wait is obeyed."""
        if isinstance(failure, Retryable) and failure.after is not None:
            return int(max(0, min(failure.after, MAX_DELAY_SECONDS)) * 1000)
        ceiling = min(self.max_delay, self.delay * 2 ** (attempt - 1))
        return int(uniform() * ceiling * 1000)


def _is_decided(failure: BaseException) -> bool:
    return isinstance(failure, StreamerError)


# Without retry= an exception is final at once; what a killed worker left is still tried again.
CRASHES_ONLY = Retry(on=())
