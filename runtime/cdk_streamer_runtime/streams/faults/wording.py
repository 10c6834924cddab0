"""What a fault says of an error: its name, its text, and where it was raised."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TypedDict

from cdk_streamer_runtime.errors import AwsError
from cdk_streamer_runtime.streams.faults.failure import Failure
from cdk_streamer_runtime.streams.outcome import Undecodable

_TEXT = 2_000
_FRAMES = 12
_CAUSES = 3


class Wording(TypedDict):
    """An error as it stands in a fault.

    `stack` has the innermost place last; `causes` are the errors that it was raised from or in
    the handling of, the nearest first.
    """

    name: str
    message: str
    stack: list[str]
    causes: list[str]


def kind_of(failure: Failure) -> str:
    """Give what tells errors of different kinds apart: their texts may differ each time."""
    error = failure.error
    if isinstance(error, AwsError):
        return f"{type(error).__qualname__}/{error.code}"
    if error is None:
        return failure.of.error if isinstance(failure.of, Undecodable) else ""
    return f"{type(error).__module__}.{type(error).__qualname__}"


def name_of(failure: Failure) -> str:
    """Give the error's name: of a service's its code, else its class."""
    if failure.error is not None:
        return _name_of(failure.error)
    return failure.of.error if isinstance(failure.of, Undecodable) else "Unknown"


def wording_of(failure: Failure) -> Wording:
    """Say what a failure was; nothing of it is redacted yet."""
    name, error = name_of(failure), failure.error
    if error is None:
        message = failure.of.reason if isinstance(failure.of, Undecodable) else ""
        return Wording(name=name, message=message, stack=[], causes=[])
    return Wording(
        name=name,
        message=_text_of(error),
        stack=_places(error),
        causes=[f"{_name_of(each)}: {_text_of(each)}" for each in islice(_causes(error), _CAUSES)],
    )


def _name_of(error: BaseException) -> str:
    return error.code if isinstance(error, AwsError) else type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    # A chain that ends where it began would never end.
    seen = {id(error)}
    cause = _cause(error)
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = _cause(cause)


def _cause(error: BaseException) -> BaseException | None:
    return error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _text_of(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - a class of the user's, whose error is told all the same
        return "<its text cannot be had>"
    return text if len(text) <= _TEXT else f"{text[:_TEXT]}<{len(text) - _TEXT} more>"


def _places(error: BaseException) -> list[str]:
    # Without lines of source: they are in the repository, and they cost a read of each file.
    places: list[str] = []
    traceback = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        places.append(f"{code.co_filename}:{traceback.tb_lineno} in {code.co_qualname}")
        traceback = traceback.tb_next
    return places[-_FRAMES:]
