"""What a handler reports with."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

from cdk_streamer_runtime.contract import CHUNK_BYTES, PROGRESS_BYTES
from cdk_streamer_runtime.documents import DEPTH, decode, encode, is_deep, size

if TYPE_CHECKING:
    from cdk_streamer_runtime.progress.steps import Steps
    from cdk_streamer_runtime.sockets.publisher import ChannelProgress

T = TypeVar("T")

MAX_RATE = 100  # reports a second
_NONE = type(None)
# What a client could not read would be lost on its way, so it is refused where it is said.
_KINDS = {
    "message": (str, _NONE),
    "unit": (str, _NONE),
    "step": (str, _NONE),
    "current": (float, int, _NONE),
    "total": (float, int, _NONE),
}


class Carrier(Protocol):
    """What takes reports away; `pump.Pump` is one."""

    def offer(self, report: Mapping[str, Any]) -> None:
        """Take a report without waiting; raises Interrupted like `check`."""
        ...

    def check(self) -> None:
        """Raise Interrupted once the result is no longer wanted."""
        ...

    def put(self, chunk: str) -> None:
        """Take a chunk's JSON, when there is room for it; raises Interrupted like `check`."""
        ...


class Asker(Protocol):
    """What waits for somebody's input; `durable.attempt.Attempt` is one."""

    def ask(self, schema: object, prompt: str | None, timeout: float | None) -> Any:  # noqa: ANN401 - as the schema says
        """Give the answer; raises InputTimeout."""
        ...


class Silence:
    """Carries nothing: for an action that is answered at once, so that nobody could listen."""

    def offer(self, report: Mapping[str, Any]) -> None:
        """Drop the report."""

    def put(self, chunk: str) -> None:
        """Drop the chunk."""

    def check(self) -> None:
        """Never raise."""


class Progress:
    """Tells subscribers how far the work is. Cheap, never waits, usable from any thread.

    Reports that come faster than they can be sent replace each other; the last one always
    arrives. Every call raises Cancelled, DeadlineExceeded or LeaseLost, all of them Interrupted,
    once the result is no longer wanted: let it rise.
    """

    @staticmethod
    def for_channel(name: str, *, tenant: str, max_rate: int = 10) -> ChannelProgress:
        """Give the Progress of a channel, in a function that `grant_publish` was called for.

        Use it in a `with` block. At most `max_rate` reports a second are sent, 1 to 100. Raises
        ValueError when the function's environment says nothing of a socket.
        """
        # What a worker never needs is not imported there.
        from cdk_streamer_runtime.assembly import in_lambda
        from cdk_streamer_runtime.contract import PublisherEnvironment

        if not 1 <= max_rate <= MAX_RATE:
            raise ValueError(f"max_rate must be between 1 and {MAX_RATE}, got {max_rate!r}")
        settings = PublisherEnvironment.from_variables()
        return in_lambda().channel(settings, tenant=tenant, name=name, max_rate=max_rate)

    def __init__(self, carrier: Carrier, asker: Asker | None = None) -> None:
        """Take what carries the reports away, and what waits for answers, if anything can."""
        self._carrier = carrier
        self._asker = asker
        self._metadata: dict[str, Any] = {}
        self._has_chunks = False

    def report(
        self,
        percentage: float | None = None,
        message: str | None = None,
        *,
        current: float | None = None,
        total: float | None = None,
        unit: str | None = None,
        step: str | None = None,
        **metadata: Any,  # noqa: ANN401 - whatever JSON can hold
    ) -> None:
        """Report a percentage, or `current` of `total`, or neither when nobody knows the end.

        A percentage is kept between 0 and 100 and never goes back within an attempt. `metadata`
        travels with this report alone, see `set_metadata`. Raises ValueError when the report is
        larger than 16 KB, and TypeError when JSON cannot hold it.
        """
        if percentage is None and current is not None and total:
            percentage = round(100 * current / total, 2)
        optional = {"current": current, "total": total, "unit": unit, "step": step}
        report: dict[str, Any] = {
            "percentage": None if percentage is None else min(max(percentage, 0), 100),
            "message": message,
            **{name: value for name, value in optional.items() if value is not None},
        }
        if together := {**self._common, **metadata}:
            report["metadata"] = together
        self._carrier.offer(_checked(report))

    def ask(
        self, schema: object = None, *, prompt: str | None = None, timeout: float | None = None
    ) -> Any:  # noqa: ANN401 - as the schema says
        """Wait until somebody gives an input, and give it as `schema` says; meanwhile nothing runs.

        `schema` is what an action's `input` may be, or a type like `bool` or `Literal["a", "b"]`,
        or a JSON Schema; default: any JSON value. Raises InputTimeout after `timeout` seconds;
        default: the request itself ends at the action's timeout. Needs `executor="durable"`.
        """
        if self._asker is None:
            raise RuntimeError(
                "progress.ask waits longer than a worker can; register the action with "
                'mode="async", executor="durable", and give the AsyncRequestApi durable=...'
            )
        return self._asker.ask(schema, prompt, timeout)

    @overload
    def track(
        self,
        iterable: Iterable[T],
        total: float | None = None,
        message: str | None = None,
        unit: str | None = None,
        step: str | None = None,
    ) -> Iterator[T]: ...

    @overload
    def track(
        self,
        iterable: AsyncIterable[T],
        total: float | None = None,
        message: str | None = None,
        unit: str | None = None,
        step: str | None = None,
    ) -> AsyncIterator[T]: ...

    def track(
        self,
        iterable: Iterable[T] | AsyncIterable[T],
        total: float | None = None,
        message: str | None = None,
        unit: str | None = None,
        step: str | None = None,
    ) -> Iterator[T] | AsyncIterator[T]:
        """Give the items of `iterable` and report how many are done, of `total`.

        `total` is how many there will be; default: what `len` says, or no percentage where there
        is no `len`. Every item asks whether the result is still wanted. Raises ValueError for a
        total below 0.
        """
        from cdk_streamer_runtime.progress.tracking import Labels, Tracking, total_of

        labels = Labels(total=total_of(iterable, total), message=message, unit=unit, step=step)
        tracking = Tracking(self, labels)
        if isinstance(iterable, AsyncIterable):
            return tracking.over_async(iterable)
        return tracking.over(iterable)

    def steps(self, weights: Mapping[str, float]) -> Steps:
        """Divide the work into named steps: `with steps["load"] as load: load.report(50)`.

        Each step is a Progress of its own, from 0 to 100 percent, whose reports carry its name and
        its share of the whole, by its weight. Raises ValueError for no steps, or a weight of 0.
        """
        from cdk_streamer_runtime.progress.steps import Steps

        return Steps(self, self._carrier, weights)

    def chunk(self, data: object) -> None:
        """Put out a part of the result: every one is stored, and sent in order.

        Waits while many chunks are on their way. `data` is JSON of at most 64 KB. A later attempt
        starts anew. Raises ValueError for a larger one, and TypeError for what JSON cannot hold.
        """
        self._carrier.put(_chunk_text(data))
        self._has_chunks = True

    @property
    def has_chunks(self) -> bool:
        """Whether this attempt has put out any chunk."""
        return self._has_chunks

    def set_metadata(self, key: str, value: object) -> None:
        """Add a member to the metadata of every report that follows."""
        self._metadata = {**self._metadata, key: value}

    def check(self) -> None:
        """Raise if the result is no longer wanted; costs nothing, so call it in every loop."""
        self._carrier.check()

    @property
    def _common(self) -> Mapping[str, Any]:
        """The metadata of every report."""
        return self._metadata


def _chunk_text(data: object) -> str:
    text = encode(data)
    if is_deep(text):
        raise ValueError(f"a chunk is nested at most {DEPTH} levels deep")
    if size(text) > CHUNK_BYTES:
        raise ValueError(f"a chunk has at most {CHUNK_BYTES} bytes, got {size(text)}; send several")
    return text


def _checked(report: dict[str, Any]) -> dict[str, Any]:
    """Give the report as clients will read it, whatever its author does to its parts later."""
    for name, kinds in _KINDS.items():
        if not isinstance(report.get(name), kinds):
            raise TypeError(f"{name} must be {kinds[0].__name__}, got {report[name]!r}")
    # Every report is written to the request's item, whose size is paid for with every write.
    text = encode(report)
    if is_deep(text):
        raise ValueError(f"a progress report is nested at most {DEPTH} levels deep")
    length = size(text)
    if length > PROGRESS_BYTES:
        raise ValueError(
            f"a progress report has at most {PROGRESS_BYTES} bytes, got {length}; "
            "send a reference instead"
        )
    return decode(text) if "metadata" in report else report
