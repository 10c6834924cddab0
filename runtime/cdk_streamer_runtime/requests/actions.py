"""Actions: what an app can do, and how one call of it runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    overload,
)

from cdk_streamer_runtime.contract import ErrorCode, Executor
from cdk_streamer_runtime.coroutines import finished
from cdk_streamer_runtime.durable.course import DIRECT, Course
from cdk_streamer_runtime.errors import Rejection
from cdk_streamer_runtime.limits.limit import Limit
from cdk_streamer_runtime.progress.progress import Progress
from cdk_streamer_runtime.requests.inputs import Input
from cdk_streamer_runtime.requests.retry import Retry

if TYPE_CHECKING:  # it loads the client of AWS, which registering handlers needs not
    from cdk_streamer_runtime.requests.uploads import Upload, Uploads

T = TypeVar("T")

Mode = Literal["sync", "async"]
Rule = Callable[[Any], Mode]
Handler = Callable[..., Any]

SYNC_SECONDS = 25  # API Gateway gives up at 29, and the answer has to be posted before that


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestContext:
    """Who asked for what. `fencing_token` grows with each attempt: give it to what you change.

    `idempotency_key` is the same for every attempt of a request and for no other request.
    `metadata` is what the client sent beside the payload. `deadline` is in milliseconds since
    the epoch.
    """

    request_id: str
    action: str
    tenant: str
    owner: str
    attempt: int
    idempotency_key: str
    deadline: int
    metadata: Mapping[str, Any]
    uploads: Uploads | None = None
    course: Course = field(default=DIRECT, repr=False, compare=False)

    @property
    def fencing_token(self) -> int:
        """Refuse side effects that carry a lower token than one you have seen."""
        return self.attempt

    def upload(self, upload_id: str) -> Upload:
        """Give what the request's owner has uploaded under an id.

        Raises UploadNotFound, which the client reads as VALIDATION_ERROR.
        """
        if self.uploads is None:
            raise RuntimeError("this API takes no uploads; give its construct a bucket")
        return self.uploads.find(self.tenant, self.owner, upload_id)

    @overload
    def step(self, name: str, function: Callable[[], Coroutine[Any, Any, T]]) -> T: ...
    @overload
    def step(self, name: str, function: Callable[[], T]) -> T: ...
    def step(self, name: str, function: Callable[[], Any]) -> Any:
        """Do one part of the work and give what it returned, as JSON keeps it.

        A durable execution does it once and remembers: when the handler begins anew, after a sleep
        or a crash, what the function returned or raised comes from the record. A crash in its
        midst repeats it. A worker just runs it. Raises TypeError for a value that is not JSON.
        """
        return self.course.step(name, function)

    def sleep(self, seconds: float) -> None:
        """Wait; a durable execution costs nothing meanwhile, for up to a year."""
        self.course.sleep(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One run of an action; middleware sees it before the handler does."""

    action: Action
    payload: Any
    context: RequestContext
    progress: Progress | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One entry of the registry. `timeout` and `expires` are in seconds."""

    name: str
    handler: Handler
    mode: Mode | Rule
    input: Input
    timeout: int | None
    expires: int
    retry: Retry
    scopes: frozenset[str]
    parameters: tuple[str, ...]
    executor: Executor = Executor.WORKER
    limits: tuple[Limit, ...] = ()

    def admit(self, scopes: frozenset[str]) -> None:
        """Let a caller with these scopes pass; raises Rejection for any other."""
        missing = sorted(self.scopes - scopes)
        if missing:
            raise Rejection(
                ErrorCode.FORBIDDEN, f"action {self.name!r} needs the scope {', '.join(missing)}"
            )

    def mode_for(self, payload: object, prefer: Mode | None) -> Mode:
        """Tell how a payload runs; the client's wish counts where the author left a choice."""
        if not callable(self.mode):
            return self.mode
        mode: object = prefer or self.mode(payload)
        if mode in ("sync", "async"):
            return mode
        raise ValueError(
            # Not what it gave: that may be of the payload, and this text ends in a log.
            f'the rule of action {self.name!r} must give "sync" or "async", got another '
            f"{type(mode).__name__}"
        )

    def describe(self) -> dict[str, Any]:
        """Give what a client may know."""
        return {
            "name": self.name,
            "mode": "either" if callable(self.mode) else self.mode,
            "input": self.input.schema(),
        }

    def run(self, call: Call) -> object:
        """Run the handler with what it asks for, to its end, also when it is a coroutine."""
        given = {
            "payload": self.input.read(call.payload) if "payload" in self.parameters else None,
            "progress": call.progress,
            "context": call.context,
        }
        try:
            return finished(self.handler(*(given[name] for name in self.parameters)))
        except SystemExit as wish:
            # The process is not the handler's alone: it has to store and tell how this ended.
            raise RuntimeError(f"the handler wanted to exit with {wish.code!r}") from wish


def parameters_of(handler: Handler) -> tuple[str, ...]:
    """Tell which of payload, progress and context each parameter of a handler stands for.

    Raises TypeError for a parameter that nothing can be given for.
    """
    hints = _hints(handler)
    roles: list[str] = []
    skipped = False
    for name, parameter in inspect.signature(handler).parameters.items():
        role = _role(hints.get(name))
        by_place = parameter.kind not in {parameter.VAR_KEYWORD, parameter.KEYWORD_ONLY}
        optional = parameter.default is not parameter.empty
        optional = optional or parameter.kind is parameter.VAR_KEYWORD
        if by_place and role not in roles and not skipped:
            roles.append(role)
        elif optional and (role in roles or not by_place):
            skipped = skipped or by_place
        else:
            raise TypeError(
                f"parameter {name!r} of handler {handler.__name__!r} cannot be filled; a handler "
                "takes a payload, a Progress and a RequestContext, each at most once"
            )
    return tuple(roles)


def _role(hint: object) -> str:
    kinds = get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
    if Progress in kinds:
        return "progress"
    return "context" if RequestContext in kinds else "payload"


def _hints(handler: Handler) -> dict[str, Any]:
    try:
        return get_type_hints(handler)
    except NameError as error:
        raise TypeError(
            f"an annotation of handler {handler.__name__!r} cannot be read: {error}; "
            "import its type at run time, not under TYPE_CHECKING"
        ) from error
