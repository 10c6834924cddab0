"""Actions: what a handler is given, by its annotations, and how it is run."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Optional

import pytest

from cdk_streamer_runtime import AsyncApp, Call, Progress, RequestContext
from cdk_streamer_runtime.errors import Rejection
from cdk_streamer_runtime.progress.progress import Silence
from cdk_streamer_runtime.requests.actions import Action, parameters_of
from cdk_streamer_runtime.requests.inputs import InvalidInput

CONTEXT = RequestContext(
    request_id="r1",
    action="job",
    tenant="acme",
    owner="ann",
    attempt=2,
    idempotency_key="key",
    deadline=0,
    metadata=MappingProxyType({}),
)
PROGRESS = Progress(Silence())


@dataclass
class Order:
    amount: int


def action_of(handler: Callable[..., Any], **options: Any) -> Action:
    app = AsyncApp()
    app.action("job", mode="async", **options)(handler)
    return app.find("job")


def run(handler: Callable[..., Any], payload: object = None, **options: Any) -> object:
    action = action_of(handler, **options)
    return action.run(Call(action=action, payload=payload, context=CONTEXT, progress=PROGRESS))


# --- what is given --------------------------------------------------------------------------------


def test_parameters_are_filled_by_their_annotations_in_any_order():
    def handler(context: RequestContext, order: dict, progress: Progress) -> list[Any]:
        return [context, order, progress]

    assert run(handler, {"a": 1}) == [CONTEXT, {"a": 1}, PROGRESS]


def test_a_parameter_without_annotation_gets_the_payload():
    assert run(lambda anything: anything, 5) == 5


def test_a_handler_may_ask_for_nothing():
    assert run(lambda: "done") == "done"


def test_a_handler_may_ask_for_no_payload():
    def handler(context: RequestContext) -> int:
        return context.attempt

    assert run(handler) == 2


def test_an_annotation_may_allow_none():
    def handler(
        payload: Any,
        progress: Progress | None,
        context: Optional[RequestContext] = None,  # noqa: UP045 - as some authors write it
    ) -> list[Any]:
        return [payload, progress, context]

    assert run(handler, 5) == [5, PROGRESS, CONTEXT]


def test_an_annotation_may_carry_notes():
    def handler(progress: Annotated[Progress, "told to clients"], payload: Any) -> list[Any]:
        return [progress, payload]

    assert run(handler, 5) == [PROGRESS, 5]


def test_what_has_a_default_and_cannot_be_filled_keeps_it():
    def handler(payload: Any, limit: int = 7, **options: Any) -> list[Any]:
        return [payload, limit, options]

    assert run(handler, 5) == [5, 7, {}]


def test_a_keyword_with_a_default_keeps_it():
    def handler(payload: Any, *, limit: int = 7) -> list[Any]:
        return [payload, limit]

    assert run(handler, 5) == [5, 7]


def test_a_method_is_a_handler():
    class Service:
        def handle(self, payload: Any) -> Any:
            return payload

    assert run(Service().handle, 5) == 5


def test_a_payload_comes_as_what_the_action_declares():
    def handler(order: Order) -> int:
        return order.amount

    assert run(handler, {"amount": 5}, input=Order) == 5


def test_a_payload_that_does_not_fit_never_reaches_the_handler():
    def handler(order: Order) -> None:
        raise AssertionError

    with pytest.raises(InvalidInput):
        run(handler, {"amount": "many"}, input=Order)


# --- what can never be given ----------------------------------------------------------------------


def two_payloads(one: dict, other: dict) -> None: ...


def two_contexts(one: RequestContext, other: RequestContext) -> None: ...


def keyword(payload: dict, *, progress: Progress) -> None: ...


def many(payload: dict, *more: dict) -> None: ...


def gap(payload: dict, limit: int = 5, progress: Progress | None = None) -> None: ...


@pytest.mark.parametrize("handler", [two_payloads, two_contexts, keyword, many, gap])
def test_a_parameter_that_cannot_be_filled_is_refused_by_name(handler: Callable[..., None]):
    with pytest.raises(TypeError, match=f"of handler '{handler.__name__}' cannot be filled"):
        parameters_of(handler)


def test_an_annotation_that_does_not_exist_is_refused_with_the_way_out():
    def handler(payload: Missing) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(TypeError, match="import its type at run time"):
        parameters_of(handler)


def test_what_is_no_function_is_refused():
    with pytest.raises(TypeError):
        AsyncApp().action("job")(functools.partial(two_payloads, {}))


# --- how it runs ----------------------------------------------------------------------------------


def test_a_coroutine_function_is_run_to_its_end():
    async def handler(payload: Any) -> Any:
        await asyncio.sleep(0)
        return payload

    assert run(handler, 5) == 5


def test_whatever_can_be_awaited_is_awaited():
    def handler(payload: Any) -> Any:
        async def later() -> Any:
            return payload

        return later()

    assert run(handler, 5) == 5


def test_an_exception_of_a_coroutine_rises():
    async def handler() -> None:
        await asyncio.sleep(0)
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011
        run(handler)


def test_tasks_that_a_coroutine_left_behind_end_with_it():
    ended: list[str] = []

    async def linger() -> None:
        try:
            await asyncio.sleep(3_600)
        finally:
            ended.append("yes")

    async def handler() -> str:
        task = asyncio.create_task(linger())
        await asyncio.sleep(0)
        return task.get_name()

    run(handler)
    assert ended == ["yes"]


def exiting() -> None:
    raise SystemExit(3)


async def cancelling() -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize("handler", [exiting, cancelling])
def test_a_handler_that_wants_to_end_the_process_only_fails(handler: Callable[..., Any]):
    with pytest.raises(RuntimeError, match="the handler"):
        run(handler)


# --- scopes and modes -----------------------------------------------------------------------------


@pytest.mark.parametrize("scopes", [{"read", "write"}, {"read", "write", "more"}])
def test_who_has_all_scopes_passes(scopes: set[str]):
    action_of(lambda: None, scopes=["read", "write"]).admit(frozenset(scopes))


@pytest.mark.parametrize(("scopes", "missing"), [(set(), "read, write"), ({"read"}, "write")])
def test_who_lacks_a_scope_is_told_which(scopes: set[str], missing: str):
    with pytest.raises(Rejection, match=f"needs the scope {missing}"):
        action_of(lambda: None, scopes=["write", "read"]).admit(frozenset(scopes))


def test_a_rule_sees_the_payload_as_it_was_sent():
    seen: list[object] = []

    def rule(payload: object) -> Any:
        seen.append(payload)
        return "async"

    app = AsyncApp()
    app.action("job", mode=rule, input=Order)(lambda order: order)
    app.find("job").mode_for({"amount": 5}, None)

    assert seen == [{"amount": 5}]


def test_a_client_may_know_the_name_the_mode_and_the_input():
    app = AsyncApp()
    app.action("job", mode=lambda _payload: "sync", input=dict[str, int])(lambda payload: payload)
    description: Mapping[str, Any] = app.find("job").describe()

    assert (description["name"], description["mode"]) == ("job", "either")
    assert description["input"]["type"] == "object"
