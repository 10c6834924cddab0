"""A function of one firing behind a queue: each message for itself, never early, done once."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cdk_streamer_runtime import TimerFiring, timer_handler
from cdk_streamer_runtime.contract.timers import TimerMetric
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.timers.callbacks.callback import FAREWELL, Callback
from cdk_streamer_runtime.timers.callbacks.guard import CLOCKS, Guard
from cdk_streamer_runtime.timers.definition import Definition
from cdk_streamer_runtime.timers.firing import Firing
from cdk_streamer_runtime.timers.schedules.schedule import Every
from cdk_streamer_runtime.timers.table.items import timer_item
from cdk_streamer_runtime.timers.timer import Timer
from tests.runtime.observed_aws import Killed, answer_lost, repeated, request_lost
from tests.runtime.timers.world import MINUTE, TABLE, World

MINUTES = 60_000
ROOT = Path(__file__).parents[3]


@pytest.fixture
def world():
    return World()


class Author:
    """A user's function: what it was given, and what it does on that."""

    def __init__(self, act=lambda _firing: None):
        self.given = []
        self.act = act

    def __call__(self, firing):
        self.given.append(firing)
        self.act(firing)


def guard(world, *, strict=False, dedupe=True):
    return Guard(
        Table(world.aws, TABLE),
        strict=strict,
        dedupe=dedupe,
        metrics=world.meter,
        clock=world.platform.clock,
        new_token=world.platform.new_id,
    )


def callback(world, author, guard=None):
    return Callback(author, platform=world.platform, guard=guard)


def event(world):
    """Receive all that can be received, as Lambda gives it to a function."""
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "body": message["Body"],
                "attributes": message["Attributes"],
                "messageAttributes": {
                    name: {"stringValue": each["StringValue"], "dataType": each["DataType"]}
                    for name, each in message.get("MessageAttributes", {}).items()
                },
            }
            for message in world.received()
        ]
    }


def firing(name="a", at=MINUTE, data='{"n":1}', rev=7, **fields):
    return Firing(id=name, fire_at=at, rev=rev, data=data, **fields)


def arrived(world, *firings):
    world.sender.send(firings)
    return event(world)


def store(world, *, rev=7, updated_at=0, paused=False, created_at=0):
    definition = Definition(id="a", schedule=Every(period=60), data="1", paused=paused)
    timer = Timer(
        definition=definition,
        rev=rev,
        slot=None,
        slot_since=0,
        created_at=created_at,
        updated_at=updated_at,
    )
    world.table.put(timer_item(timer))


# --- what a function is given ---------------------------------------------------------------------


def test_the_function_is_given_the_firing(world):
    author = Author()
    assert callback(world, author).handle(arrived(world, firing()), MINUTES) == []
    assert author.given == [
        TimerFiring(
            id="a",
            fire_at=datetime.fromtimestamp(MINUTE, UTC),
            rev=7,
            data={"n": 1},
            fire_key=f"a/{MINUTE}",
            attempt=1,
        )
    ]


def test_of_a_plain_message_the_attributes_tell_the_rest(world):
    author = Author()
    data = '{"id":"other","fire_at":"2020-01-01T00:00:00Z","rev":1,"data":2}'
    callback(world, author).handle(arrived(world, firing(data=data, plain=True)), MINUTES)
    (given,) = author.given
    assert (given.id, given.rev, given.data) == ("a", 7, json.loads(data))


def test_a_message_without_attributes_is_known_by_its_body(world):
    author = Author()
    received = arrived(world, firing())
    received["Records"][0]["messageAttributes"] = {}
    assert callback(world, author).handle(received, MINUTES) == []
    assert author.given[0].fire_key == f"a/{MINUTE}"


def test_attempts_are_counted(world):
    author = Author()
    arrived(world, firing())
    world.platform.advance(31_000)
    callback(world, author).handle(event(world), MINUTES)
    assert author.given[0].attempt == 2


@pytest.mark.parametrize(
    "spoil",
    [
        {"body": "no json"},
        {"body": "[]"},
        {"body": "7", "messageAttributes": {}},
        {"messageAttributes": {"fire_key": {"stringValue": "nonsense"}}},
        {"messageAttributes": {"fire_key": {"stringValue": f"a/{MINUTE}"}}},
        {"attributes": {}},
    ],
)
def test_a_message_that_cannot_be_read_hurts_no_other(world, spoil):
    author = Author()
    received = arrived(world, firing("bad"), firing("good"))
    received["Records"][0] |= spoil
    bad = received["Records"][0]["messageId"]
    assert callback(world, author).handle(received, MINUTES) == [bad]
    assert [given.id for given in author.given] == ["good"]


def test_a_message_whose_function_fails_comes_again_and_no_other(world, caplog):
    def act(given):
        if given.id == "bad":
            raise RuntimeError("no luck")

    author = Author(act)
    received = arrived(world, firing("bad"), firing("good"))
    failed = callback(world, author).handle(received, MINUTES)
    assert failed == [received["Records"][0]["messageId"]]
    assert len(author.given) == 2
    (record,) = [each for each in caplog.records if each.message == "firing failed"]
    assert (record.timer, record.fire_key, record.error) == ("bad", f"bad/{MINUTE}", "RuntimeError")


def test_no_log_has_the_data(world, caplog):
    caplog.set_level(logging.DEBUG)

    def act(given):
        raise RuntimeError

    received = arrived(world, firing(data='"secret"'), firing("b", data='"secret"'))
    received["Records"][1]["body"] = '{"secret'
    callback(world, Author(act), guard(world)).handle(received, MINUTES)
    assert len(caplog.records) == 2
    assert "secret" not in "".join(str(vars(each)) for each in caplog.records)


def test_what_there_is_no_time_for_is_handed_back(world):
    author = Author(lambda _given: world.platform.advance(10_000))
    received = arrived(world, firing("a"), firing("b"), firing("c"))
    failed = callback(world, author).handle(received, 20_000 + FAREWELL - 1)
    assert failed == [received["Records"][2]["messageId"]]


# --- never early ----------------------------------------------------------------------------------


def test_a_firing_that_comes_before_its_moment_waits_for_it(world):
    seen = []
    author = Author(lambda _given: seen.append(world.platform.now))
    received = arrived(world, firing(at=MINUTE))
    world.platform.now = MINUTE * 1000 - 700
    callback(world, author).handle(received, MINUTES)
    assert seen == [MINUTE * 1000]


def test_whoever_is_due_is_not_kept_waiting_by_one_that_came_early(world):
    seen = []
    author = Author(lambda given: seen.append((given.id, world.platform.now)))
    received = arrived(world, firing("early", at=MINUTE), firing("due", at=MINUTE - 10))
    world.platform.now = MINUTE * 1000 - 700
    callback(world, author).handle(received, MINUTES)
    assert seen == [("due", MINUTE * 1000 - 700), ("early", MINUTE * 1000)]


def test_a_firing_that_comes_much_too_early_is_handed_back(world):
    author = Author()
    received = arrived(world, firing(at=MINUTE))
    world.platform.now = MINUTE * 1000 - 10_000
    assert len(callback(world, author).handle(received, MINUTES)) == 1
    assert author.given == []


# --- strict ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stored", "runs"),
    [
        ({"rev": 7}, True),
        ({"rev": 8, "updated_at": MINUTE * 1000}, False),
        # It was due when nobody had edited anything yet.
        ({"rev": 8, "updated_at": MINUTE * 1000 + 1}, True),
        ({"rev": 6}, False),
        # Deleted and created again, after which somebody edited it.
        ({"rev": 9, "updated_at": MINUTE * 1000 + 1, "created_at": 8}, False),
        ({"rev": 7, "paused": True}, False),
        ({"rev": 8, "paused": True, "updated_at": MINUTE * 1000 + 1}, False),
    ],
)
def test_a_strict_callback_runs_what_the_timer_still_wants(world, stored, runs):
    store(world, **stored)
    author = Author()
    strict = guard(world, strict=True, dedupe=False)
    assert callback(world, author, strict).handle(arrived(world, firing()), MINUTES) == []
    assert len(author.given) == runs
    assert world.meter.counts[TimerMetric.FIRINGS_DROPPED] == (not runs)


def test_a_strict_callback_drops_firings_of_a_timer_that_was_deleted(world):
    author = Author()
    strict = guard(world, strict=True, dedupe=False)
    assert callback(world, author, strict).handle(arrived(world, firing()), MINUTES) == []
    assert author.given == []


def test_a_table_that_does_not_answer_decides_nothing(world):
    store(world)
    author = Author()
    world.aws.on("GetItem", request_lost)
    strict = guard(world, strict=True, dedupe=False)
    received = arrived(world, firing("a"), firing("b"))
    assert callback(world, author, strict).handle(received, MINUTES) == [
        received["Records"][0]["messageId"]
    ]


# --- dedupe ---------------------------------------------------------------------------------------


def test_a_duplicate_of_what_is_done_is_not_run(world):
    author = Author()
    received = arrived(world, firing(), firing(), firing(at=MINUTE - 60))
    assert callback(world, author, guard(world)).handle(received, MINUTES) == []
    assert [given.fire_key for given in author.given] == [f"a/{MINUTE - 60}", f"a/{MINUTE}"]
    assert world.meter.counts[TimerMetric.FIRINGS_REPEATED] == 1


def test_without_dedupe_a_duplicate_is_run(world):
    author = Author()
    callback(world, author).handle(arrived(world, firing(), firing()), MINUTES)
    assert len(author.given) == 2


def test_a_firing_that_another_invocation_is_at_is_handed_back_until_that_is_done(world):
    def act(given):
        assert (
            len(callback(world, Author(), guard(world)).handle(arrived(world, firing()), 1000)) == 1
        )

    author = Author(act)
    assert callback(world, author, guard(world)).handle(arrived(world, firing()), MINUTES) == []
    assert len(author.given) == 1


def test_a_firing_that_failed_is_run_at_once_when_it_comes_again(world):
    def act(given):
        if given.attempt == 1:
            raise RuntimeError

    author = Author(act)
    assert len(callback(world, author, guard(world)).handle(arrived(world, firing()), MINUTES)) == 1
    world.platform.advance(31_000)
    assert callback(world, author, guard(world)).handle(event(world), MINUTES) == []
    assert len(author.given) == 2


def test_a_firing_whose_function_died_is_run_again_when_its_lease_is_over(world):
    def die(given):
        raise Killed

    received = arrived(world, firing())
    with pytest.raises(Killed):
        callback(world, Author(die), guard(world)).handle(received, MINUTES)
    author = Author()
    world.platform.advance(MINUTES + CLOCKS - 1)
    assert len(callback(world, author, guard(world)).handle(received, MINUTES)) == 1
    world.platform.advance(1)
    assert callback(world, author, guard(world)).handle(received, MINUTES) == []
    assert len(author.given) == 1


def test_a_claim_whose_answer_got_lost_is_known_again(world):
    author = Author()
    world.aws.on("UpdateItem", repeated)
    assert callback(world, author, guard(world)).handle(arrived(world, firing()), MINUTES) == []
    assert len(author.given) == 1


def test_a_claim_that_nobody_heard_of_is_handed_back(world):
    author = Author()
    world.aws.on("UpdateItem", answer_lost)
    assert len(callback(world, author, guard(world)).handle(arrived(world, firing()), MINUTES)) == 1
    assert author.given == []


def test_what_is_done_and_could_not_be_remembered_is_done(world, caplog):
    author = Author()
    world.aws.on("UpdateItem", lambda effect: effect(), request_lost)
    assert callback(world, author, guard(world)).handle(arrived(world, firing()), MINUTES) == []
    assert "firing not remembered" in caplog.messages


def test_what_took_longer_than_its_lease_and_was_done_by_another_too_stays_done(world):
    def act(given):
        if len(author.given) == 1:
            world.platform.advance(2 * MINUTES)
            callback(world, author, guard(world)).handle(received, MINUTES)

    author = Author(act)
    received = arrived(world, firing())
    assert callback(world, author, guard(world)).handle(received, MINUTES) == []
    assert callback(world, author, guard(world)).handle(received, MINUTES) == []
    assert len(author.given) == 2


def test_what_is_remembered_is_for_the_ttl_to_remove(world):
    callback(world, Author(), guard(world)).handle(arrived(world, firing()), MINUTES)
    item = world.table.get({"pk": "f#a", "sk": f"{MINUTE:012d}"})
    assert item is not None
    assert (item["ttl"], item["done"], "lease_until" in item) == (MINUTE + 15 * 86_400, True, False)


# --- the decorator --------------------------------------------------------------------------------


def test_a_decorated_function_is_a_handler_without_any_deployment(world):
    given = []

    @timer_handler
    def fired(firing: TimerFiring) -> None:
        """Tell what fires."""
        given.append(firing)

    assert fired(arrived(world, firing())) == {"batchItemFailures": []}
    assert (fired.__name__, fired.__doc__) == ("fired", "Tell what fires.")
    assert [each.id for each in given] == ["a"]


def test_a_coroutine_runs_to_its_end(world):
    given = []

    @timer_handler
    async def fired(firing: TimerFiring) -> None:
        await asyncio.sleep(0)
        given.append(firing.id)

    assert fired(arrived(world, firing())) == {"batchItemFailures": []}
    assert given == ["a"]


def test_a_function_that_exits_hands_back_its_firing_and_no_other(world):
    def exit_for_a(firing):
        if firing.id == "a":
            sys.exit(1)

    author = Author(exit_for_a)
    failed = callback(world, author).handle(arrived(world, firing(), firing("b")), MINUTES)
    assert (len(failed), [each.id for each in author.given]) == (1, ["a", "b"])


def no_argument(): ...


def lambda_of_its_own(event, context): ...


def yielding(firing):
    yield firing


async def yielding_later(firing):
    yield firing


@pytest.mark.parametrize("function", [no_argument, lambda_of_its_own, yielding, yielding_later, 7])
def test_what_cannot_do_the_work_of_a_firing_is_refused_when_it_is_decorated(function):
    with pytest.raises(TypeError, match=r"timer handler .* must"):
        timer_handler(function)


def test_a_decorated_function_can_still_be_called_as_it_is(world):
    @timer_handler(dedupe=True)
    def fired(firing: TimerFiring) -> object:
        return firing.data

    one = TimerFiring(id="a", fire_at=datetime.now(UTC), rev=1, data=7, fire_key="a/1")
    assert fired.__wrapped__(replace(one, attempt=2)) == 7


def test_the_response_names_what_comes_again(world):
    @timer_handler()
    def fired(firing: TimerFiring) -> None:
        raise RuntimeError

    received = arrived(world, firing())
    identifier = received["Records"][0]["messageId"]
    assert fired(received) == {"batchItemFailures": [{"itemIdentifier": identifier}]}


def test_who_asks_for_what_the_construct_has_not_is_told_so(world, monkeypatch):
    monkeypatch.setenv("CDK_STREAMER_TIMER_NAME", "Timer")

    @timer_handler(dedupe=True)
    def fired(firing: TimerFiring) -> None: ...

    with pytest.raises(ValueError, match="set dedupe=True on its PeriodicTimer"):
        fired(arrived(world, firing()))


def test_the_decorator_alone_loads_neither_sdk_nor_client():
    source = (
        "import sys; from cdk_streamer_runtime import TimerFiring, timer_handler\n"
        "loaded = {'boto3', 'socket', 'cdk_streamer_runtime.aws'} & sys.modules.keys()\n"
        "sys.exit(', '.join(loaded) or 0)"
    )
    run = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {str(ROOT / 'runtime')!r})\n{source}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
