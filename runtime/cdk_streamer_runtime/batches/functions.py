"""What the author of a batch wrote: its functions, and what they must take and give."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from cdk_streamer_runtime.batches.item import BatchRun
from cdk_streamer_runtime.batches.result import BatchResult
from cdk_streamer_runtime.contract import STEP_BYTES
from cdk_streamer_runtime.documents import encode, size
from cdk_streamer_runtime.durable.course import run as finished
from cdk_streamer_runtime.errors import BatchTooLarge, Fatal

_ROOM = 1024  # of a step, for all but the page
_IN_CALLS = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}


@dataclass(frozen=True, slots=True)
class Function:
    """A function of one argument, and of a BatchRun where it asks for it."""

    call: Callable[..., Any]
    run_name: str | None = None

    def __call__(self, argument: object, run: BatchRun) -> Any:  # noqa: ANN401 - the author's
        """Call it to its end, also when it is a coroutine function."""
        given = {} if self.run_name is None else {self.run_name: run}
        return finished(lambda: self.call(argument, **given))


@dataclass(frozen=True, slots=True, kw_only=True)
class Functions:
    """The functions of a batch; all but `discover` may be missing."""

    discover: Function
    load: Function | None = None
    publish: Function | None = None
    aggregate: Function | None = None

    @property
    def loads(self) -> bool:
        """Whether items have more than their id."""
        return self.load is not None

    def page(self, cursor: object, run: BatchRun) -> dict[str, Any]:
        """Discover a page; raises Fatal for what is none, BatchTooLarge for a record."""
        found: Any = self.discover(cursor, run)
        if not isinstance(found, tuple) or len(found) != 2:  # pyright: ignore[reportUnknownArgumentType] # noqa: PLR2004
            raise Fatal(
                "discover must return its ids and the cursor of the next page, None at the end, "
                f"got a {type(found).__name__}; write `return ids, None`"  # pyright: ignore[reportUnknownArgumentType]
            )
        pair: tuple[Any, Any] = found  # pyright: ignore[reportUnknownVariableType]
        page = {"ids": _checked_ids(pair[0]), "next": pair[1]}
        length = size(_json(page, "discover"))
        if length > STEP_BYTES - _ROOM:
            raise BatchTooLarge(
                f"discover returned a page of {length} bytes, but {STEP_BYTES - _ROOM} is the "
                "most; return fewer ids, and a cursor for the next page"
            )
        return page

    def loaded(self, ids: Sequence[str], run: BatchRun) -> Mapping[str, Any]:
        """Load items by their ids; raises Fatal for what cannot be that."""
        if self.load is None:
            return {id: id for id in ids}
        found = self.load(ids, run)
        if isinstance(found, Mapping):
            return found  # pyright: ignore[reportUnknownVariableType]
        if isinstance(found, list | tuple) and len(found) == len(ids):  # pyright: ignore[reportUnknownArgumentType]
            return dict(zip(ids, found, strict=True))  # pyright: ignore[reportUnknownArgumentType]
        raise Fatal(
            f"load must return a mapping of ids, or a list as long as its {len(ids)} ids, got a "
            f"{type(found).__name__}"  # pyright: ignore[reportUnknownArgumentType]
        )

    def aggregated(self, result: BatchResult, run: BatchRun) -> Any:  # noqa: ANN401 - the author's
        """Let the author make something of the result; None without a function for it."""
        summary = None if self.aggregate is None else self.aggregate(result, run)
        length = size(_json(summary, "aggregate"))
        if length > STEP_BYTES - _ROOM:
            raise BatchTooLarge(
                f"aggregate returned {length} bytes, but {STEP_BYTES - _ROOM} is the most; store "
                "it elsewhere and return its address"
            )
        return summary


def function_of(call: Callable[..., Any], role: str) -> Function:
    """Take an author's function; raises TypeError for one that could never work."""
    name = getattr(call, "__name__", type(call).__name__)
    if inspect.isgeneratorfunction(call) or inspect.isasyncgenfunction(call):
        raise TypeError(f"{role} function {name!r} must return its result; leave out yield")
    try:
        hints = get_type_hints(call)
    except NameError as error:
        raise TypeError(
            f"an annotation of {role} function {name!r} cannot be read: {error}; import its type "
            "at run time, not under TYPE_CHECKING"
        ) from error
    parameters = inspect.signature(call).parameters
    runs = [each for each in parameters if _is_run(hints.get(each))]
    others = [each for each in parameters.values() if each.name not in runs]
    required = [each for each in others if each.default is each.empty]
    takes_one = bool(others) and others[0].kind in _IN_CALLS and len(required) <= 1
    keyword = all(parameters[each].kind is not inspect.Parameter.POSITIONAL_ONLY for each in runs)
    in_order = not required or required[0] is others[0]
    first = bool(runs) and next(iter(parameters)) == runs[0]
    if not takes_one or len(runs) > 1 or not keyword or not in_order or first:
        raise TypeError(
            f"{role} function {name!r} must take {_TAKES[role]}, and after it a BatchRun if it "
            "wants one"
        )
    return Function(call, runs[0] if runs else None)


_TAKES = {
    "discover": "a cursor",
    "load": "a list of ids",
    "publish": "a list of BatchItem",
    "aggregate": "a BatchResult",
}


def _is_run(hint: object) -> bool:
    kinds = get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
    return BatchRun in kinds


def _checked_ids(ids: Any) -> list[str]:  # noqa: ANN401 - whatever an author returns
    if isinstance(ids, (str, bytes, Mapping)) or not isinstance(ids, Iterable):
        kind: str = type(ids).__name__  # pyright: ignore[reportUnknownArgumentType]
        raise Fatal(f"discover must return a list of ids, got a {kind}")
    several: list[str] = []
    length = 0
    each: Any
    for each in ids:  # pyright: ignore[reportUnknownVariableType]
        if not isinstance(each, str) or not each:
            raise Fatal(f"an id is a text that is not empty, got {each!r}; write str(id)")
        several.append(each)
        length += len(each)
        if length > STEP_BYTES:  # also of ids that would never end
            raise BatchTooLarge(
                f"discover returned a page of more than {STEP_BYTES} bytes; return fewer ids, "
                "and a cursor for the next page"
            )
    return several


def _json(value: object, who: str) -> str:
    try:
        return encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise Fatal(f"{who} must return what JSON can hold: {error}") from error
