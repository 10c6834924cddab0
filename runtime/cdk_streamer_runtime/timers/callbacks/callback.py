"""What a callback is written with: a function of one firing, made the handler of a Lambda."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial, update_wrapper
from typing import TYPE_CHECKING, Any, Protocol, overload

from cdk_streamer_runtime.coroutines import finished
from cdk_streamer_runtime.documents import decode
from cdk_streamer_runtime.errors import StreamerError
from cdk_streamer_runtime.timers.callbacks.verdict import Verdict
from cdk_streamer_runtime.timers.sending import message

if TYPE_CHECKING:
    from cdk_streamer_runtime.timers.callbacks.guard import Guard

logger = logging.getLogger(__name__)

# Milliseconds. A clock that is so far behind the sender's is waited for, a message that comes
# sooner is handed back.
EARLIEST = 2_000
# Without a context nobody knows better: as long as a Lambda function can run.
LONGEST = 900_000
FAREWELL = 500  # too little to begin with another firing


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerFiring:
    """One firing of a timer, of which there may be duplicates: all have the same `fire_key`.

    Give that key to whatever the effect is for, where it matters that it happens once. `attempt`
    counts how often this message was received, from 1.
    """

    id: str
    fire_at: datetime
    rev: int
    data: Any
    fire_key: str
    attempt: int = 1


Fired = Callable[[TimerFiring], object]
Event = Mapping[str, Any]
Response = dict[str, list[dict[str, str]]]


class Clock(Protocol):
    """What a callback needs of its machine."""

    def clock(self) -> int:
        """Give the milliseconds since the epoch."""
        ...

    def sleep(self, milliseconds: int, /) -> None:
        """Wait."""
        ...


class Callback:
    """Runs a function for each message of an SQS event, and none for the fault of another."""

    def __init__(self, function: Fired, *, platform: Clock, guard: Guard | None) -> None:
        """Take the user's function; without a guard every message is a firing to run."""
        self._function = function
        self._platform = platform
        self._guard = guard

    def handle(self, event: Event, remaining: int) -> list[str]:
        """Give the ids of the messages that are to come again; it takes `remaining` ms at most."""
        end = self._platform.clock() + remaining
        failed: list[str] = []
        firings: list[tuple[TimerFiring, str]] = []
        for record in event["Records"]:
            try:
                firings.append((firing_of(record), record["messageId"]))
            except (KeyError, TypeError, ValueError) as error:
                extra = {"message_id": record["messageId"], "error": type(error).__name__}
                logger.error("firing unreadable", extra=extra)  # noqa: TRY400 - its text may quote
                failed.append(record["messageId"])
        # Who is due first is not kept waiting by one that came early.
        for firing, message_id in sorted(firings, key=lambda pair: pair[0].fire_at):
            if not self._is_done_with(firing, end):
                failed.append(message_id)
        return failed

    def _is_done_with(self, firing: TimerFiring, end: int) -> bool:
        extra = {"timer": firing.id, "fire_key": firing.fire_key, "attempt": firing.attempt}
        if not self._is_time(firing) or end - self._platform.clock() < FAREWELL:
            logger.info("firing handed back", extra=extra)
            return False
        try:
            return self._admitted(firing, end)
        except StreamerError as error:  # of the table: whether it runs is not decided yet
            kind = type(error).__name__
            logger.warning("firing not checked", extra={**extra, "error": kind})
            return False

    def _admitted(self, firing: TimerFiring, end: int) -> bool:
        """Run it unless the guard says otherwise; tell whether the message can go."""
        if self._guard is None:
            return self._ran(firing)
        moment = int(firing.fire_at.timestamp())
        remaining = end - self._platform.clock()
        verdict = self._guard.admit(firing.id, moment, firing.rev, remaining)
        if verdict is not Verdict.RUN:
            return verdict is Verdict.DROP
        if self._ran(firing):
            self._tell(self._guard.done, firing, moment)
            return True
        self._tell(self._guard.failed, firing, moment)
        return False

    def _ran(self, firing: TimerFiring) -> bool:
        try:
            run(self._function, firing)
        except Exception as error:  # it is the user's, and whatever it is, others must not suffer
            extra = {"timer": firing.id, "fire_key": firing.fire_key, "attempt": firing.attempt}
            logger.exception("firing failed", extra={**extra, "error": type(error).__name__})
            return False
        return True

    def _tell(self, tell: Callable[[str, int], object], firing: TimerFiring, moment: int) -> None:
        """Tell the table how it ended. What it never hears may be done twice, not left undone."""
        try:
            tell(firing.id, moment)
        except StreamerError as error:
            extra = {"fire_key": firing.fire_key, "error": type(error).__name__}
            logger.warning("firing not remembered", extra=extra)

    def _is_time(self, firing: TimerFiring) -> bool:
        """Wait until it is; tell whether it is, for some come too early to be waited for."""
        early = int(firing.fire_at.timestamp()) * 1000 - self._platform.clock()
        if 0 < early <= EARLIEST:
            self._platform.sleep(early)
        return early <= EARLIEST


def run(function: Fired, firing: TimerFiring) -> None:
    """Run a user's function to its end, also when it is a coroutine; raises what it raises."""
    try:
        finished(function(firing))
    except SystemExit as wish:
        # The other firings of its batch would go with the process.
        raise RuntimeError(f"the function wanted to exit with {wish.code!r}") from wish


def firing_of(record: Event) -> TimerFiring:
    """Read a message; raises KeyError, TypeError or ValueError for what is none of ours."""
    told = {name: each["stringValue"] for name, each in record["messageAttributes"].items()}
    document: Any = decode(record["body"])
    if message.FIRE_KEY in told:
        id, moment = message.named(told[message.FIRE_KEY])
        rev, data = int(told[message.REVISION]), document
        if message.PLAIN not in told:
            data = document["data"]
    else:  # somebody has sent it again by its body alone
        id, moment = str(document["id"]), message.seconds(document["fire_at"])
        rev, data = int(document["rev"]), document["data"]
    return TimerFiring(
        id=id,
        fire_at=datetime.fromtimestamp(moment, UTC),
        rev=rev,
        data=data,
        fire_key=f"{id}/{moment}",
        attempt=int(record["attributes"]["ApproximateReceiveCount"]),
    )


class TimerHandler:
    """A function of one firing as the handler of a Lambda: `__wrapped__` is the function."""

    __name__: str
    __wrapped__: Fired

    def __init__(self, function: Fired, *, dedupe: bool | None) -> None:
        """Do nothing yet: what the function runs with is known when the first event comes."""
        _check(function)
        self._function = function
        self._dedupe = dedupe
        update_wrapper(self, function)

    @property
    def dedupe(self) -> bool | None:
        """Whether a firing that is done is not run again; None: as the construct says."""
        return self._dedupe

    def __call__(self, event: Event, context: object = None) -> Response:
        """Run the function for each message of an SQS event; tell which are to come again."""
        from cdk_streamer_runtime.timers.assembly import callback_world

        world = callback_world(dedupe=self._dedupe)
        callback = Callback(self._function, platform=world.platform, guard=world.guard)
        ask = getattr(context, "get_remaining_time_in_millis", None)
        failed = callback.handle(event, LONGEST if ask is None else ask())
        world.flush()
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


@overload
def timer_handler(function: Fired, /) -> TimerHandler: ...
@overload
def timer_handler(*, dedupe: bool | None = None) -> Callable[[Fired], TimerHandler]: ...
def timer_handler(
    function: Fired | None = None, /, *, dedupe: bool | None = None
) -> TimerHandler | Callable[[Fired], TimerHandler]:
    """Make a function of one `TimerFiring` the handler of a PeriodicTimer's callback.

    It may be a coroutine. An exception hands that message back, to come again, and no other. With
    `dedupe` a firing that is done is not run again; what died half-way is. Default: as the
    construct says. Raises TypeError for what cannot be called with a firing.
    """
    if function is not None:
        return TimerHandler(function, dedupe=dedupe)
    return partial(TimerHandler, dedupe=dedupe)


def _check(function: Fired) -> None:
    """Refuse what would fail for each firing, or seem to be done without having run."""
    name = getattr(function, "__name__", type(function).__name__)
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(f"timer handler {name!r} must do its work itself; leave out yield")
    try:
        inspect.signature(function).bind("firing")
    except ValueError:
        return  # written in C, and does not tell
    except TypeError:
        raise TypeError(f"timer handler {name!r} must be a function of one TimerFiring") from None
