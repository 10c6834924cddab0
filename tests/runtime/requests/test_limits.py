"""Limits as callers meet them: what is refused, what counts, and that no place is ever lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from cdk_streamer_runtime import AsyncApp, Limit, RequestContext, Retry
from cdk_streamer_runtime.assembly import Assembly
from cdk_streamer_runtime.contract import ItemKind, MessageEnvironment, Metric
from cdk_streamer_runtime.dynamodb import unmarshal_item
from cdk_streamer_runtime.errors import TransactionCancelled
from cdk_streamer_runtime.limits.ledger import CROWDED_PAUSE, FULL_PAUSE
from cdk_streamer_runtime.limits.slots import HEALED_AFTER
from cdk_streamer_runtime.memory.api import ENDPOINT, TABLE, WORK
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.requests.items import last_moment
from cdk_streamer_runtime.sockets.connections import Connection
from tests.runtime.api import ANN, BOB, EVE, ObservedApi
from tests.runtime.observed_aws import Killed, after, refused_by, repeated, undisturbed

HOURS = 6 * 3_600_000
ONE_AT_A_TIME = Limit(in_flight=1)


def new_app(*limits: Limit, own: tuple[Limit, ...] = ()) -> AsyncApp:
    app = AsyncApp(limits=limits)

    @app.action("echo", limits=[limit for limit in own if limit.in_flight is None])
    def echo(payload: Any) -> Any:
        return payload

    @app.action("job", mode="async", limits=own)
    def job(payload: Any) -> Any:
        return payload

    @app.action("other", mode="async")
    def other(payload: Any) -> Any:
        return payload

    return app


def new_api(*limits: Limit, own: tuple[Limit, ...] = ()) -> ObservedApi:
    return ObservedApi(new_app(*limits, own=own))


def another_process(api: ObservedApi, app: AsyncApp) -> None:
    """Let the next frames be answered by a function that has seen nothing yet."""
    assembly = Assembly(aws=api.observed, platform=api.platform)
    settings = MessageEnvironment(
        name="api", table_name=TABLE.name, endpoint=ENDPOINT, requests=True
    )
    api.conversation = assembly.conversation(settings, app, api.metrics)


def job(request_id: str, action: str = "job", **payload: Any) -> dict[str, Any]:
    return {"action": action, "id": request_id, "payload": payload}


def kinds(messages: list[dict[str, Any]]) -> list[str]:
    return [
        message["error"]["code"] if "error" in message else message["type"] for message in messages
    ]


def limits_of(api: ObservedApi) -> list[Mapping[str, Any]]:
    items = [unmarshal_item(item) for item in api.aws.items(TABLE.name)]
    return [item for item in items if item["sk"] == ItemKind.LIMIT]


def open_places(api: ObservedApi) -> int:
    return sum(len(item.get("slots", ())) for item in limits_of(api))


# --- rates ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["echo", "job"])
def test_calls_beyond_the_rate_are_refused_and_told_when_to_come_again(action: str):
    api = new_api(Limit(rate=2, burst=3))
    ann = api.connect(ANN)
    answers = [api.ask(ann, job(f"r{number}", action)) for number in range(4)]

    assert [kinds(each)[0] for each in answers[:3]] != ["RATE_LIMITED"] * 3
    (refusal,) = answers[3]
    assert refusal["type"] == "error"
    assert refusal["request_id"] == "r3"
    assert refusal["error"] == {
        "code": "RATE_LIMITED",
        "message": "at most 2 calls a second are allowed per owner",
        "retryable": True,
        "retry_after_ms": 500,
    }


@pytest.mark.parametrize("action", ["echo", "job"])
def test_after_retry_after_the_call_passes(action: str):
    api = new_api(Limit(rate=2, burst=1))
    ann = api.connect(ANN)
    api.ask(ann, job("r1", action))
    (refusal,) = api.ask(ann, job("r2", action))
    api.platform.advance(refusal["error"]["retry_after_ms"] - 1)
    early = api.ask(ann, job("r2", action))
    api.platform.advance(1)

    assert kinds(early) == ["RATE_LIMITED"]
    assert kinds(api.ask(ann, job("r2", action))) != ["RATE_LIMITED"]


def test_sync_and_async_calls_count_together():
    api = new_api(Limit(rate=1, burst=2))
    ann = api.connect(ANN)
    api.ask(ann, job("r1", "echo"))
    api.ask(ann, job("r2", "job"))

    assert kinds(api.ask(ann, job("r3", "echo"))) == ["RATE_LIMITED"]


def test_a_refused_request_is_stored_nowhere():
    api = new_api(Limit(rate=1))
    ann = api.connect(ANN)
    api.ask(ann, job("r1"))
    api.ask(ann, job("r2"))

    requests = [item for item in api.aws.items(TABLE.name) if item["sk"] == {"S": "request"}]
    assert [item["request_id"]["S"] for item in requests] == ["r1"]


def test_refusals_are_counted():
    api = new_api(Limit(rate=1))
    ann = api.connect(ANN)
    for number in range(3):
        api.ask(ann, job(f"r{number}"))
    api.ask(ann, job("r3", "echo"))

    assert api.counted.counts[Metric.REQUESTS_LIMITED] == 3


def test_what_does_not_fit_its_action_takes_nothing():
    app = AsyncApp(limits=[Limit(rate=1)])
    app.action("order", mode="async", input=dict[str, int])(lambda payload: payload)
    api = ObservedApi(app)
    ann = api.connect(ANN)
    api.ask(ann, {"action": "order", "id": "r1", "payload": {"amount": "five"}})

    assert kinds(api.ask(ann, {"action": "order", "id": "r1"})) == ["acknowledgment"]


@pytest.mark.parametrize(
    ("limit", "refused"),
    [
        (Limit(per="owner", rate=1), ["r-ann"]),
        (Limit(per="tenant", rate=1), ["r-ann", "r-bob"]),
        (Limit(per="action", rate=1), ["r-ann", "r-bob", "r-eve"]),
    ],
)
def test_a_limit_holds_for_whom_it_names(limit: Limit, refused: list[str]):
    api = new_api(limit)
    api.ask(api.connect(ANN), job("first"))
    callers = {"r-ann": ANN, "r-bob": BOB, "r-eve": EVE}
    answers = {name: api.ask(api.connect(caller), job(name)) for name, caller in callers.items()}

    assert [name for name, each in answers.items() if kinds(each) == ["RATE_LIMITED"]] == refused


def test_a_limit_per_action_leaves_other_actions_alone():
    api = new_api(Limit(per="action", rate=1))
    ann = api.connect(ANN)
    api.ask(ann, job("r1"))

    assert kinds(api.ask(ann, job("r2", "other"))) == ["acknowledgment"]


def test_an_actions_own_limit_leaves_other_actions_alone():
    api = new_api(own=(Limit(rate=1),))
    ann = api.connect(ANN)
    api.ask(ann, job("r1"))

    assert kinds(api.ask(ann, job("r2"))) == ["RATE_LIMITED"]
    assert kinds(api.ask(ann, job("r3", "other"))) == ["acknowledgment"]


@pytest.mark.parametrize("action", ["echo", "job"])
def test_a_call_that_one_limit_refuses_takes_from_no_other(action: str):
    api = new_api(Limit(per="tenant", rate=1, burst=2), own=(Limit(per="owner", rate=1),))
    ann, bob = api.connect(ANN), api.connect(BOB)
    api.ask(ann, job("r1", action))
    refused = [kinds(api.ask(ann, job(f"again-{number}", action))) for number in range(5)]

    assert refused == [["RATE_LIMITED"]] * 5
    assert kinds(api.ask(bob, job("r2", action))) != ["RATE_LIMITED"]


def test_of_two_limits_the_longer_wait_is_told():
    api = new_api(Limit(rate=5, burst=1), Limit(rate=0.1))
    ann = api.connect(ANN)
    api.ask(ann, job("r1"))
    (refusal,) = api.ask(ann, job("r2"))

    assert refusal["error"]["retry_after_ms"] == 10_000


# --- repeated submissions -------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [Limit(rate=1), ONE_AT_A_TIME, Limit(rate=1, in_flight=1)])
def test_a_submission_that_is_repeated_takes_nothing_and_is_never_refused(limit: Limit):
    api = new_api(limit)
    ann = api.connect(ANN)
    api.ask(ann, job("r1"))
    before = limits_of(api)

    again = [kinds(api.ask(ann, job("r1"))) for _ in range(3)]

    assert again == [["acknowledgment", "snapshot"]] * 3
    assert limits_of(api) == before


def test_the_same_id_with_another_body_is_a_conflict_whatever_the_limit_says():
    api = new_api(ONE_AT_A_TIME)
    ann = api.connect(ANN)
    api.ask(ann, job("r1"))

    assert kinds(api.ask(ann, job("r1", month=5))) == ["CONFLICT"]


@pytest.mark.parametrize("limit", [Limit(rate=1), ONE_AT_A_TIME])
def test_a_submission_whose_answer_got_lost_counts_once(limit: Limit):
    api = new_api(limit)
    ann = api.connect(ANN)
    api.observed.on("TransactWriteItems", repeated)

    assert kinds(api.ask(ann, job("r1"))) == ["acknowledgment"]
    assert open_places(api) == (1 if limit.in_flight else 0)


@pytest.mark.parametrize("number", [0, 1])
def test_a_client_that_asks_again_after_a_crash_has_taken_once(number: int):
    api = new_api(Limit(rate=0.001, burst=2, in_flight=2))
    ann = api.connect(ANN)
    api.observed.kill_after = {number}
    with pytest.raises(Killed):
        api.hear(ann, job("r1"))
    api.ask(ann, job("r1"))

    assert kinds(api.ask(ann, job("r2"))) == ["acknowledgment"]
    assert kinds(api.ask(ann, job("r3"))) == ["RATE_LIMITED"]


def test_an_expired_request_makes_room_for_one_that_counts():
    api = new_api(ONE_AT_A_TIME)
    ann = api.connect(ANN)
    api.ask(ann, job("r1"))
    api.settle()
    api.platform.advance(8 * 86_400_000)
    later = api.connect(replace(ANN, expires=ANN.expires + 9 * 86_400))

    assert kinds(api.ask(later, job("r1", month=5))) == ["acknowledgment"]
    assert open_places(api) == 1


# --- what is open ---------------------------------------------------------------------------------


def test_a_request_more_than_may_be_open_is_refused():
    api = new_api(Limit(in_flight=2))
    ann = api.connect(ANN)
    api.ask(ann, job("r1"))
    api.ask(ann, job("r2"))
    (refusal,) = api.ask(ann, job("r3"))

    assert refusal["error"] == {
        "code": "RATE_LIMITED",
        "message": "at most 2 requests may be open at once per owner",
        "retryable": True,
        "retry_after_ms": FULL_PAUSE,
    }


def test_a_sync_call_is_never_in_flight():
    api = new_api(ONE_AT_A_TIME)
    ann = api.connect(ANN)
    api.ask(ann, job("r1"))

    assert kinds(api.ask(ann, job("r2", "echo"))) == ["response"]


def test_who_hears_of_the_end_can_ask_for_the_next_at_once():
    api = new_api(ONE_AT_A_TIME)
    ann = api.connect(ANN)
    answers = []
    for number in range(5):
        answers.append(kinds(api.ask(ann, job(f"r{number}"))))
        api.settle()

    assert answers == [["acknowledgment"]] * 5


def test_a_cancelled_request_gives_its_place_back():
    api = new_api(ONE_AT_A_TIME)
    ann = api.connect(ANN)
    api.ask(ann, job("r1"))
    api.ask(ann, {"action": "cancel", "payload": {"request_id": "r1"}})

    assert open_places(api) == 0


def test_an_expired_wait_gives_its_place_back():
    api = new_api(ONE_AT_A_TIME)
    api.ask(api.connect(ANN), job("r1"))
    api.dispatch()
    while (message := api._receive(WORK)) is not None:  # noqa: SLF001 - nobody works
        api._delete(WORK, message)  # noqa: SLF001
    while api.watch() or api.platform.now < START + HOURS:
        api.platform.advance(60_000)

    assert api.stored(ANN, "r1").state == "EXPIRED"
    assert open_places(api) == 0


def test_a_request_that_is_tried_again_keeps_its_place():
    app = AsyncApp(limits=[ONE_AT_A_TIME])

    @app.action("job", mode="async", retry=Retry(max_attempts=2, delay=10))
    def unlucky(context: RequestContext) -> None:
        if context.attempt == 1:
            raise OSError

    api = ObservedApi(app)
    ann = api.connect(ANN)
    api.ask(ann, job("r1"))
    api.settle()

    assert api.stored(ANN, "r1").state == "RETRY_WAIT"
    assert kinds(api.ask(ann, job("r2"))) == ["RATE_LIMITED"]


def test_what_is_open_is_known_for_as_long_as_any_request_may_live():
    app = AsyncApp(limits=[ONE_AT_A_TIME])
    app.action("job", mode="async", expires=60, timeout=60)(lambda: None)
    app.action("long", mode="async", expires=86_400, retry=Retry(max_attempts=20))(lambda: None)
    api = ObservedApi(app)
    api.ask(api.connect(ANN), {"action": "long", "id": "r1"})
    (before,) = limits_of(api)
    api.ask(api.connect(BOB), {"action": "job", "id": "r1"})
    other = next(item for item in limits_of(api) if item["pk"] != before["pk"])

    assert other["ttl"] == before["ttl"] > last_moment(api.stored(ANN, "r1")) // 1000


# --- healing --------------------------------------------------------------------------------------


def leaked(api: ObservedApi, count: int = 1) -> Connection:
    """Let requests end whose places nobody gave back."""
    ann = api.connect(ANN)
    for number in range(count):
        api.ask(ann, job(f"leaked-{number}"))
        slots = api.stored(ANN, f"leaked-{number}").slots
        api.observed.on("UpdateItem", undisturbed, undisturbed, lost)
        api.settle()
        assert len(slots) == 1
    return ann


def lost(_effect: object) -> None:
    raise Killed


def test_a_place_that_was_never_given_back_is_found_when_the_limit_is_full():
    api = new_api(Limit(in_flight=2))
    ann = leaked(api, 2)

    assert open_places(api) == 2
    assert kinds(api.ask(ann, job("next"))) == ["acknowledgment"]
    assert open_places(api) == 1


def test_healing_frees_no_place_of_an_open_request():
    api = new_api(Limit(in_flight=3))
    ann = leaked(api, 2)
    api.ask(ann, job("open"))
    answers = [kinds(api.ask(ann, job(f"next-{number}"))) for number in range(3)]

    assert answers == [["acknowledgment"], ["acknowledgment"], ["RATE_LIMITED"]]


def test_a_full_limit_is_looked_through_once_in_a_while():
    api = new_api(ONE_AT_A_TIME)
    ann = api.connect(ANN)
    api.ask(ann, job("r1"))
    for number in range(10):
        api.ask(ann, job(f"refused-{number}"))
    looks = api.observed.counts["BatchGetItem"]
    api.platform.advance(HEALED_AFTER)
    api.ask(ann, job("refused-again"))

    assert (looks, api.observed.counts["BatchGetItem"]) == (1, 2)


def test_of_two_that_heal_at_once_one_does():
    api = new_api(ONE_AT_A_TIME)
    ann = leaked(api)
    api.observed.on("UpdateItem", after(lambda: api.ask(api.connect(ANN), job("other"))))

    assert kinds(api.ask(ann, job("next"))) == ["RATE_LIMITED"]
    assert api.stored(ANN, "other").slots


def test_many_open_requests_are_looked_through():
    api = new_api(Limit(in_flight=150))
    ann = api.connect(ANN)
    for number in range(150):
        api.ask(ann, job(f"r{number}"))

    assert kinds(api.ask(ann, job("next"))) == ["RATE_LIMITED"]
    assert api.observed.counts["BatchGetItem"] == 2


@pytest.mark.parametrize("after_call", [True, False])
@pytest.mark.parametrize("number", range(9))
def test_no_crash_costs_a_place_for_ever(number: int, *, after_call: bool):
    api = new_api(ONE_AT_A_TIME)
    ann = api.connect(ANN)
    api.ask(ann, job("r1"))
    kills = {len(api.observed.calls) + number}
    api.observed.kill_after = kills if after_call else set()
    api.observed.kill_before = set() if after_call else kills
    api.wait(HOURS)
    api.observed.kill_after = api.observed.kill_before = set()

    assert kinds(api.ask(api.connect(ANN), job("r2"))) == ["acknowledgment"]


@settings(max_examples=60)
@given(numbers=st.sets(st.integers(0, 40), max_size=10), after_call=st.booleans())
def test_however_often_functions_are_killed_no_more_are_open_than_may_be(
    numbers: set[int], *, after_call: bool
):
    api = new_api(Limit(in_flight=2))
    ann = api.connect(ANN)
    for name in ("r1", "r2"):
        api.ask(ann, job(name))
    kills = {len(api.observed.calls) + number for number in numbers}
    api.observed.kill_after = kills if after_call else set()
    api.observed.kill_before = set() if after_call else kills
    api.wait(HOURS)
    api.observed.kill_after = api.observed.kill_before = set()
    answers = [kinds(api.ask(ann, job(f"next-{number}"))) for number in range(3)]

    assert answers == [["acknowledgment"], ["acknowledgment"], ["RATE_LIMITED"]]


# --- others at the same moment, and trouble -------------------------------------------------------


def conflict(*codes: str) -> TransactionCancelled:
    error = TransactionCancelled("TransactionCanceledException", "", 400, "TransactWriteItems")
    error.reasons = [{"Code": code} for code in codes]
    return error


def test_a_limit_that_too_many_want_at_once_asks_them_to_come_again():
    api = new_api(Limit(rate=100))
    api.observed.on(
        "TransactWriteItems", refused_by(conflict("None", "None", "TransactionConflict"))
    )
    (refusal,) = api.ask(api.connect(ANN), job("r1"))

    assert (refusal["error"]["code"], refusal["error"]["retry_after_ms"]) == (
        "RATE_LIMITED",
        CROWDED_PAUSE,
    )


@pytest.mark.parametrize(
    "codes",
    [
        ("None", "None", "ProvisionedThroughputExceeded"),
        ("TransactionConflict", "None", "None"),
        ("None", "ItemCollectionSizeLimitExceeded", "ConditionalCheckFailed"),
    ],
)
def test_another_trouble_of_the_table_is_no_refusal(codes: tuple[str, ...]):
    api = new_api(Limit(rate=100))
    api.observed.on("TransactWriteItems", refused_by(conflict(*codes)))
    (refusal,) = api.ask(api.connect(ANN), job("r1"))

    assert refusal["error"]["code"] == "INTERNAL_ERROR"
    assert refusal["error"]["retryable"]


def test_a_place_that_cannot_be_given_back_now_costs_no_end():
    api = new_api(ONE_AT_A_TIME)
    ann = api.connect(ANN)
    api.ask(ann, job("r1"))
    api.observed.on("UpdateItem", undisturbed, undisturbed, refused_by(conflict()))
    api.settle()

    assert api.messages(ann)[-1]["type"] == "complete"
    assert kinds(api.ask(ann, job("r2"))) == ["acknowledgment"]


# --- costs ----------------------------------------------------------------------------------------


def test_an_app_without_limits_makes_no_more_calls():
    api = new_api()
    api.ask(api.connect(ANN), job("r1"))

    assert api.observed.counts == {"TransactWriteItems": 1, "POST": 1}


def test_accepting_a_request_under_limits_is_one_transaction():
    api = new_api(Limit(rate=5, in_flight=20), Limit(per="tenant", rate=100))
    api.ask(api.connect(ANN), job("r1"))

    assert api.observed.counts == {"TransactWriteItems": 1, "POST": 1}


def test_a_wrong_guess_about_the_limits_is_one_transaction_more():
    app = new_app(Limit(rate=5, burst=10, in_flight=20), Limit(per="tenant", rate=100))
    api = ObservedApi(app)
    ann = api.connect(ANN)
    api.ask(ann, job("r1"))
    before = api.observed.counts
    another_process(api, app)
    api.ask(ann, job("r2"))

    assert (api.observed.counts - before)["TransactWriteItems"] == 2


def test_the_end_of_a_request_under_limits_is_one_call_more():
    api = new_api(Limit(rate=5, in_flight=20))
    api.ask(api.connect(ANN), job("r1"))
    before = api.observed.counts
    api.wait(HOURS)

    assert (api.observed.counts - before)["UpdateItem"] == 3  # claimed, ended, given back


def test_a_sync_call_under_a_rate_is_one_call_more():
    api = new_api(Limit(rate=5, in_flight=20))
    api.ask(api.connect(ANN), job("r1", "echo"))

    assert api.observed.counts == {"UpdateItem": 1, "POST": 1}
