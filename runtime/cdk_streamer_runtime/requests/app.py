"""The registry that a handler author fills: the same file serves the socket and the worker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeVar

from cdk_streamer_runtime.callers import Caller
from cdk_streamer_runtime.contract import (
    MESSAGE_BYTES,
    UPLOAD_BYTES,
    ErrorCode,
    Executor,
)
from cdk_streamer_runtime.errors import Rejection
from cdk_streamer_runtime.limits.limit import Limit, checked
from cdk_streamer_runtime.requests.actions import (
    Action,
    Call,
    Handler,
    Mode,
    Rule,
    parameters_of,
)
from cdk_streamer_runtime.requests.channel_rule import ChannelRule, admit, check_rule
from cdk_streamer_runtime.requests.faults import deployment_fault, limit_fault, registration_fault
from cdk_streamer_runtime.requests.inputs import Input
from cdk_streamer_runtime.requests.middleware import Middleware
from cdk_streamer_runtime.requests.retry import CRASHES_ONLY, Retry

H = TypeVar("H", bound=Handler)
R = TypeVar("R", bound=ChannelRule)

EXPIRES_SECONDS = 3_600
MAX_UPLOAD_BYTES = 100 * 1024 * 1024


class AsyncApp:
    """The actions of one application and what surrounds each of them."""

    def __init__(
        self,
        *,
        middleware: Sequence[Middleware] = (),
        max_message_bytes: int = MESSAGE_BYTES,
        limits: Iterable[Limit] = (),
        max_upload_bytes: int = MAX_UPLOAD_BYTES,
    ) -> None:
        """Start without actions; the first middleware is the outermost.

        A larger message than `max_message_bytes` is answered by PAYLOAD_TOO_LARGE; default: what
        API Gateway itself allows, 131,072. `limits` hold for all actions together, those per
        action for each of them; default: none. `max_upload_bytes` is how large an upload may be,
        5 GB at most; default: 100 MB. Raises ValueError for what could never work.
        """
        if not 1 <= max_message_bytes <= MESSAGE_BYTES:
            raise ValueError(
                f"max_message_bytes must be between 1 and {MESSAGE_BYTES}, which is API Gateway's "
                f"own limit, got {max_message_bytes!r}"
            )
        self.max_message_bytes = max_message_bytes
        if not 0 <= max_upload_bytes <= UPLOAD_BYTES:
            raise ValueError(
                f"max_upload_bytes must be between 0 and {UPLOAD_BYTES}, which is the most that S3 "
                f"takes at once, got {max_upload_bytes!r}"
            )
        self.max_upload_bytes = max_upload_bytes
        self.limits = checked(limits, "the app")
        self._actions: dict[str, Action] = {}
        self._middleware = tuple(middleware)
        self._channel_rule: ChannelRule | None = None

    @property
    def actions(self) -> Mapping[str, Action]:
        """Every action by its name."""
        return self._actions

    def action(
        self,
        name: str,
        *,
        mode: Mode | Rule = "sync",
        input: object = None,  # noqa: A002 - the word of the pattern
        timeout: int | None = None,
        expires: int = EXPIRES_SECONDS,
        retry: Retry | None = None,
        scopes: Iterable[str] = (),
        executor: Literal["worker", "durable"] = "worker",
        limits: Iterable[Limit] = (),
    ) -> Callable[[H], H]:
        """Register the handler of an action.

        `mode` is "sync" (answered at once), "async" (queued, with progress), or a function of the
        payload that decides. `input` is a dataclass, TypedDict, msgspec Struct, pydantic model or
        callable that a payload must satisfy; default: anything. `timeout` is how many seconds an
        attempt may take; default: as long as the worker has for async actions, 25 for sync ones.
        `expires` is how many seconds an async request may wait for its first attempt. `retry`
        says which exceptions start another attempt; default: none, but what a killed worker left
        is tried up to three times. `scopes` are those that a caller needs, all of them.
        `executor` "durable" runs async requests as Lambda durable executions, for up to a year,
        which needs the construct's `durable`; default: "worker", 15 minutes at most. `limits`
        hold for this action alone, besides those of the app; default: none. Raises ValueError or
        TypeError for what could never work.
        """
        if executor not in set(Executor):
            raise ValueError(
                f'executor of action {name!r} must be "worker" or "durable", got {executor!r}'
            )
        if isinstance(scopes, str):
            raise TypeError(f'scopes are several texts, got one; write scopes=["{scopes}"]')

        def register(handler: H) -> H:
            self._add(
                Action(
                    name=name,
                    handler=handler,
                    mode=mode,
                    input=Input.of(input),
                    timeout=timeout,
                    expires=expires,
                    retry=retry or CRASHES_ONLY,
                    scopes=frozenset(scopes),
                    parameters=parameters_of(handler),
                    executor=Executor(executor),
                    limits=checked(limits, f"action {name!r}"),
                )
            )
            return handler

        return register

    def channel_rule(self, rule: R) -> R:
        """Register who may subscribe to which channel: a function of the caller and the name.

        It gives True or False; a caller that it refuses reads FORBIDDEN. Default: every caller
        hears every channel of its tenant. Raises TypeError for what could never decide, ValueError
        for a second rule.
        """
        if self._channel_rule is not None:
            raise ValueError("an app has one channel rule; let it call the others")
        check_rule(rule)
        self._channel_rule = rule
        return rule

    def admit_to_channel(self, caller: Caller, channel: str) -> None:
        """Let a caller subscribe to a channel of its tenant; raises Rejection."""
        admit(self._channel_rule, caller, channel)

    def find(self, name: str) -> Action:
        """Give an action by its name; raises Rejection."""
        action = self._actions.get(name)
        if action is None:
            raise Rejection(ErrorCode.INVALID_ACTION, f"there is no action {name[:64]!r}")
        return action

    def describe(self) -> list[dict[str, Any]]:
        """Give every action as a client may know it."""
        return [action.describe() for action in self._actions.values()]

    def validate(self, action: Action, payload: object) -> None:
        """Check a payload, through the middleware; raises inputs.InvalidInput."""
        check: Callable[[object], None] = _check(action)
        for middleware in reversed(self._middleware):
            check = _bind(middleware.validate, action, check)
        check(payload)

    def execute(self, call: Call) -> object:
        """Run a call, through the middleware."""
        run: Callable[[Call], object] = call.action.run
        for middleware in reversed(self._middleware):
            run = _wrap(middleware.execute, run)
        return run(call)

    def outgoing(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """Pass a message that is about to be sent through the middleware."""
        for middleware in reversed(self._middleware):
            message = _sent(middleware, message)
        return message

    def check(
        self, *, worker_timeout: int, accepts_requests: bool, durable_timeout: int | None = None
    ) -> None:
        """Compare the actions with where they were deployed; raises ValueError naming each.

        `durable_timeout` is how many seconds a durable execution has; None: there are none.
        """
        asynchronous = [action for action in self._actions.values() if action.mode != "sync"]
        if asynchronous and not accepts_requests:
            faults = [
                f"action {action.name!r} is async, which needs an AsyncRequestApi"
                for action in asynchronous
            ]
        else:
            limits = {Executor.WORKER: worker_timeout, Executor.DURABLE: durable_timeout}
            found = (deployment_fault(each, limits[each.executor]) for each in asynchronous)
            faults = [fault for fault in found if fault]
        if faults:
            raise ValueError("; ".join(faults))

    def _add(self, action: Action) -> None:
        fault = registration_fault(action, self._actions) or limit_fault(action, self.limits)
        if fault:
            raise ValueError(fault)
        self._actions[action.name] = action


def _sent(middleware: Middleware, message: Mapping[str, Any]) -> Mapping[str, Any]:
    sent = middleware.send(message)
    if isinstance(sent, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - a lost `return`
        return sent
    raise TypeError(
        f"{type(middleware).__name__}.send must return a message, got a {type(sent).__name__}"
    )


def _check(action: Action) -> Callable[[object], None]:
    def check(payload: object) -> None:
        action.input.read(payload)

    return check


def _bind(
    step: Callable[[Action, object, Callable[[object], None]], None],
    action: Action,
    proceed: Callable[[object], None],
) -> Callable[[object], None]:
    return lambda payload: step(action, payload, proceed)


def _wrap(
    step: Callable[[Call, Callable[[Call], object]], object], proceed: Callable[[Call], object]
) -> Callable[[Call], object]:
    return lambda call: step(call, proceed)
