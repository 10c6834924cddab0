"""What a sink is written with: the function that delivers, and one that only asks."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from cdk_streamer_runtime.sinks.record import SinkRecord

Deliver = Callable[[SinkRecord], object]
# The ids of what is to come again, or for each what was wrong with it; None: all are delivered.
Failed = Iterable[str] | Mapping[str, Exception] | None
DeliverBatch = Callable[[Sequence[SinkRecord]], Any]
Probe = Callable[[], object]
F = TypeVar("F", bound=Callable[..., Any])


class SinkFunctions(NamedTuple):
    """What the author wrote: `one` or `several` deliver, `probe` asks whether the other side is up.

    What is `unavailable` are exceptions that say it is not.
    """

    one: Deliver | None
    several: DeliverBatch | None
    probe: Probe | None
    unavailable: tuple[type[Exception], ...]


class Sink:
    """Delivers messages to a downstream at the pace that it can bear.

    `unavailable` are exceptions of the downstream's client which mean that it is down or too slow,
    beside DownstreamUnavailable, ConnectionError and TimeoutError: the circuit breaker counts them.
    """

    def __init__(self, *, unavailable: Iterable[type[Exception]] = ()) -> None:
        """Begin without a function; raises TypeError for what is no class of exceptions."""
        if isinstance(unavailable, type):
            raise TypeError(
                f"unavailable are several classes, got {unavailable!r}; write "
                f"unavailable=[{unavailable.__name__}]"
            )
        self._unavailable = tuple(unavailable)
        for each in self._unavailable:
            if not (isinstance(each, type) and issubclass(each, Exception)):  # pyright: ignore[reportUnnecessaryIsInstance] - authors
                raise TypeError(
                    f"unavailable are classes of exceptions, got {each!r}; write such as "
                    "unavailable=[OperationalError]"
                )
        self._one: Deliver | None = None
        self._several: DeliverBatch | None = None
        self._probe: Probe | None = None

    def deliver(self, function: F) -> F:
        """Deliver one record a call; the function may be a coroutine.

        What it raises decides: Permanent rejects the record, all else lets it come again.
        """
        self._check_first()
        _check(function, "deliver", "one SinkRecord", "record")
        self._one = function
        return function

    def deliver_batch(self, function: F) -> F:
        """Deliver several records a call; the function may be a coroutine.

        It gives the ids of those that are to come again, or a mapping from id to exception, each
        judged as if `deliver` had raised it; None when all are delivered. What it raises holds for
        all; after Permanent each is delivered alone. In a FIFO sink what follows a failed record in
        its group has to be among the failed.
        """
        self._check_first()
        _check(function, "deliver_batch", "a sequence of SinkRecords", "records")
        self._several = function
        return function

    def probe(self, function: F) -> F:
        """Ask whether the downstream is up again, instead of delivering a message to find out.

        It is not when the function raises, or returns False. It may be a coroutine.
        """
        if self._probe is not None:
            raise ValueError("a sink has one probe; leave out the other one")
        _check(function, "probe", "no arguments")
        self._probe = function
        return function

    @property
    def functions(self) -> SinkFunctions:
        """What delivers; raises ValueError when nothing does."""
        if self._one is None and self._several is None:
            raise ValueError("the sink delivers nothing; write a function under @sink.deliver")
        return SinkFunctions(self._one, self._several, self._probe, self._unavailable)

    def _check_first(self) -> None:
        if self._one is not None or self._several is not None:
            raise ValueError(
                "a sink delivers by one function; leave out the other @sink.deliver or "
                "@sink.deliver_batch"
            )


def _check(function: Callable[..., Any], role: str, of: str, *arguments: str) -> None:
    """Refuse what would fail for each message, or seem to be done without having run."""
    if not callable(function):
        raise TypeError(f"@sink.{role} is written over a function, got {function!r}")
    name = getattr(function, "__name__", type(function).__name__)
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(f"{role} function {name!r} must do its work itself; leave out yield")
    try:
        inspect.signature(function).bind(*arguments)
    except ValueError:
        return  # written in C, and does not tell
    except TypeError:
        raise TypeError(f"{role} function {name!r} must be a function of {of}") from None
