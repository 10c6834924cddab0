"""How steps find what they are asked to send: under a name in the scope of a unit of work.

A request is what the service's API takes, with plain Python values and without the address, which
is a resource's. It may be a list of them. Where there is none, the unit of work passes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, cast

from cdk_streamer_runtime.contract.streams import ResourceKind
from cdk_streamer_runtime.errors import AwsError, DeadlineExceeded, Throttled, Unreachable
from cdk_streamer_runtime.streams.engine.world import World
from cdk_streamer_runtime.streams.json_text import Json, is_list
from cdk_streamer_runtime.streams.outcome import digest
from cdk_streamer_runtime.streams.pipelines.splits import SPLIT_NUMBER
from cdk_streamer_runtime.streams.pipelines.steps import BulkCall, Call, Entry, Use
from cdk_streamer_runtime.streams.uow import UnitOfWork

Request = Mapping[str, Any]
_DIGEST = 12
_SERVER_FAULT = 500


class Wanted(NamedTuple):
    """One request, whose it is, and which one of several."""

    request: Any
    uow: UnitOfWork
    number: int | None = None

    @property
    def id(self) -> str:
        """What the request is known by in its pipeline: the same whenever its event comes."""
        parts = (self.uow.event["id"], self.uow.scope.get(SPLIT_NUMBER), self.number)
        return ".".join([str(part) for part in parts if part is not None])

    def id_with(self, *content: Json) -> str:
        """Give an id that another pipeline's request for the same event does not have."""
        return f"{self.id}-{digest(*content)[:_DIGEST]}"


class _Ended:
    """Of a unit of work that goes no further."""


ENDED = _Ended()


def wanted(uow: UnitOfWork, name: str) -> Iterator[Wanted]:
    """Give the requests of a unit of work, or of those that it stands for if it has none."""
    found = uow.scope.get(name)
    if found is None:
        for unit in uow.scope.get("batch", ()):
            yield from wanted(unit, name)
    elif is_list(found):
        for index, request in enumerate(found):
            yield Wanted(request, uow, index)
    else:
        yield Wanted(found, uow)


# --- one by one ---------------------------------------------------------------------------------


def call(
    *,
    name: str,
    request: str,
    response: str,
    send: Callable[[Wanted, World], Any],
    uses: tuple[Use, ...],
) -> Call:
    """Give a step that sends one request after the other.

    What `send` gives stands under `response`, as a list where there was a list. The unit of work
    goes no further where it gives ENDED, for each of several.
    """

    def act(uow: UnitOfWork, world: World) -> UnitOfWork | None:
        found = uow.scope.get(request)
        if found is None or is_list(found):
            answers = [send(each, world) for each in _in_time(wanted(uow, request), world)]
            if not answers:
                return uow
            kept = [answer for answer in answers if answer is not ENDED]
            return uow.extend(**{response: kept}) if kept else None
        answer = send(Wanted(found, uow), world)
        return None if answer is ENDED else uow.extend(**{response: answer})

    return Call(name=name, send=act, uses=uses)


def _in_time(requests: Iterable[Wanted], world: World) -> Iterator[Wanted]:
    for index, each in enumerate(requests):
        if index and world.platform.clock() >= world.deadline:
            raise DeadlineExceeded("there is no time for all requests of a list; split it")
        yield each


# --- several at once ----------------------------------------------------------------------------


class _Parts(NamedTuple):
    """The entries of one unit of work."""

    entries: tuple[Entry, ...]
    is_list: bool


def bulk(
    *,
    name: str,
    request: str,
    response: str,
    entry: Callable[[Wanted, World], Entry],
    send: Callable[[Sequence[Any], World], Sequence[Any]],
    count: int,
    size: int,
    uses: tuple[Use, ...],
    ordered: bool = True,
) -> BulkCall:
    """Give a step that sends requests of several units of work at once.

    `send` takes at most `count` entries of at most `size` bytes, and gives an answer or an
    exception for each.
    """

    def prepare(uow: UnitOfWork, world: World) -> Entry | None:
        found = uow.scope.get(request)
        if found is None or is_list(found):
            entries = tuple([entry(each, world) for each in wanted(uow, request)])
            if not entries:
                return None
            # Several calls have room for more than one has.
            total = min(sum([each.size for each in entries]), size)
            return Entry(value=_Parts(entries, is_list=True), size=total)
        only = entry(Wanted(found, uow), world)
        return Entry(value=_Parts((only,), is_list=False), size=only.size)

    return BulkCall(
        name=name,
        prepare=prepare,
        send=partial(_sent, send=send, count=count, size=size),
        count=count,
        size=size,
        response=response,
        uses=uses,
        ordered=ordered,
    )


def _sent(
    values: Sequence[_Parts],
    world: World,
    *,
    send: Callable[[Sequence[Any], World], Sequence[Any]],
    count: int,
    size: int,
) -> list[Any]:
    entries = [entry for parts in values for entry in parts.entries]
    answers: list[Any] = []
    for chunk in chunks(entries, count, size):
        try:
            answers += send([entry.value for entry in chunk], world)
        except AwsError as error:
            if not answers or not _passes(error):
                raise
            # What was taken is not sent again because of those that come later.
            answers += [error] * (len(entries) - len(answers))
            break
    if len(entries) == len(values) and not any(parts.is_list for parts in values):
        return answers
    rest = iter(answers)
    return [_joined([next(rest) for _ in parts.entries], parts) for parts in values]


def _passes(error: AwsError) -> bool:
    return isinstance(error, Throttled | Unreachable) or error.status >= _SERVER_FAULT


def _joined(answers: list[Any], parts: _Parts) -> Any:  # noqa: ANN401 - a response or an error
    error = next((answer for answer in answers if isinstance(answer, Exception)), None)
    if error is not None:
        return error
    return answers if parts.is_list else answers[0]


def chunks(entries: Sequence[Entry], count: int, size: int) -> Iterator[Sequence[Entry]]:
    """Give them as calls take them, in their order."""
    if len(entries) <= count and sum([entry.size for entry in entries]) <= size:
        yield entries
        return
    chunk: list[Entry] = []
    total = 0
    for entry in entries:
        if chunk and (len(chunk) == count or total + entry.size > size):
            yield chunk
            chunk, total = [], 0
        chunk.append(entry)
        total += entry.size
    if chunk:
        yield chunk


# --- what requests are made of ------------------------------------------------------------------


def use(kind: ResourceKind, name: str, *actions: str) -> Use:
    """Give what a step does with a resource; raises ValueError for what is no name."""
    if type(name) is not str or not name:
        raise ValueError(
            f"a {kind} is named as in the construct's resources, like {kind}='orders', got {name!r}"
        )
    return Use(kind=kind, name=name, actions=actions)


def needed(request: Any, *names: str) -> Request:  # noqa: ANN401 - a user's value
    """Give the request; raises TypeError and ValueError with what it lacks."""
    # This runs with every request: to ask what kind of mapping one is takes longer than the rest.
    if request.__class__ is not dict and not isinstance(request, Mapping):
        raise TypeError(
            f"a request is a dict of what the service's API takes, got {type(request).__name__}"
        )
    given = cast("Request", request)
    for name in names:
        if name not in given:
            raise ValueError(f"the request has no {name!r}; it has {sorted(given)}")
    return given


def members(request: Request, name: str) -> Request:
    """Give a member that is a dict, or not there; raises TypeError for anything else."""
    found = request.get(name)
    return {} if found is None else needed(found)


def known_as(id: str, most: int) -> str:
    """Give an id within so many letters, digits, hyphens and underscores: itself, or a digest."""
    plain = id.isascii() and id.replace("-", "").replace("_", "").isalnum()
    return id if plain and len(id) <= most else digest(id)[:most]


def text_of(value: Json, world: World) -> str:
    """Give a text as it is, and any other value as JSON."""
    if isinstance(value, str):
        return value
    encoded = world.encode(value)
    return encoded if isinstance(encoded, str) else encoded.decode()
