"""Timers that fire: over REST to the callback, and what edits do to what is on its way."""

from __future__ import annotations

import json

import pytest

from cdk_streamer_client import Every, TimerClient
from tests.end_to_end.timers.service import PATIENCE, now, text_of


def test_a_timer_fires_on_its_second_and_never_early(plain, id):
    made = plain.put(id, {"every": 2, "phase": 1}, {"feed": "news"})

    fired = plain.wait_for(id, lambda fired: len({each.fire_at for each in fired}) >= 3)

    moments = sorted({each.fire_at for each in fired})
    assert made.status == 201
    assert moments == list(range(moments[0], moments[-1] + 1, 2))
    assert {moment % 2 for moment in moments} == {1}
    assert all(each.at >= each.fire_at for each in fired)


def test_a_firing_carries_id_moment_revision_key_and_data(plain, id):
    made = plain.put(id, {"every": 1}, {"feed": ["news", None, 1.5, "ü"]})

    fired = plain.wait_for_firing(id)

    assert fired.data == {"feed": ["news", None, 1.5, "ü"]}
    assert fired.key == f"{id}/{fired.fire_at}"
    assert made.etag == f'"{fired.rev}"'


def test_a_change_of_data_reaches_the_next_firings(plain, id):
    plain.put(id, {"every": 1}, {"version": 1})
    plain.wait_for_firing(id)

    changed = plain.patch(id, data={"version": 2})

    rev = int(changed.etag.strip('"'))
    plain.wait_for(
        id, lambda fired: any(each.data == {"version": 2} for each in fired), 3 * PATIENCE
    )
    assert {each.rev for each in plain.fired(id) if each.data["version"] == 2} == {rev}


def test_a_changed_schedule_counts_from_its_change(plain, id):
    plain.put(id, {"every": 3600})

    plain.put(id, {"every": 2, "phase": 0})

    moment = now()
    assert plain.wait_for_firing(id, after=moment).fire_at <= moment + 4


def test_a_moment_that_was_just_over_fires_at_once(plain, id):
    moment = now() - 20

    plain.put(id, {"at": text_of(moment)}, "late")

    assert plain.wait_for_firing(id).fire_at == moment
    assert plain.ask("GET", f"/periodic/{id}").document["state"] == "ENDED"


def test_a_moment_to_come_fires_then_and_once(plain, id):
    moment = now() + 4

    plain.put(id, {"at": text_of(moment)})

    fired = plain.wait_for_firing(id)
    assert fired.fire_at == moment <= fired.at


def test_a_batch_of_timers_fires(plain, id):
    ids = [f"{id}:{number}" for number in range(25)]
    moment = now() + 3
    entries = [{"id": each, "put": {"schedule": {"at": text_of(moment)}}} for each in ids]

    answer = plain.ask("POST", "/periodic:batch", {"entries": entries})

    assert [each["status"] for each in answer.document["results"]] == [201] * 25
    assert {plain.wait_for_firing(each).fire_at for each in ids} == {moment}


def test_the_client_makes_timers_that_fire(plain, timer_stack, monkeypatch, id):
    key = timer_stack.credentials("clara")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key.secret_key)
    url, trust = timer_stack.rest_url("Plain"), timer_stack.ca_bundle

    with TimerClient(url, region="us-east-1", ca_bundle=trust) as client:
        timer = client.put(f"{id}:~", Every(seconds=2), data={"by": "client"})
        expected = timer.next(3)

    fired = plain.wait_for(f"{id}:~", lambda fired: len({each.fire_at for each in fired}) >= 3)
    assert {int(moment.timestamp()) for moment in expected} & {each.fire_at for each in fired}
    assert fired[0].data == {"by": "client"}


# --- strict


def test_strictly_nothing_of_a_paused_timer_arrives_until_it_is_resumed(strict, id):
    strict.put(id, {"every": 1})
    strict.wait_for_firing(id)

    strict.patch(id, state="PAUSED")
    paused = now()
    strict.put(f"{id}-other", {"at": text_of(paused + 4)})
    strict.wait_for_firing(f"{id}-other")
    during = [each for each in strict.fired(id) if each.fire_at > paused]
    strict.patch(id, state="ACTIVE")
    resumed = now()

    assert during == []
    assert strict.wait_for_firing(id, after=resumed)


def test_strictly_nothing_of_a_deleted_timer_arrives(strict, id):
    strict.put(id, {"every": 1})
    strict.wait_for_firing(id)

    deleted = strict.ask("DELETE", f"/periodic/{id}")

    moment = now()
    strict.put(f"{id}-other", {"at": text_of(moment + 4)})
    strict.wait_for_firing(f"{id}-other")
    assert (deleted.status, strict.ask("GET", f"/periodic/{id}").status) == (204, 404)
    assert [each for each in strict.fired(id) if each.fire_at > moment] == []


def test_strictly_a_change_loses_no_firing(strict, id):
    strict.put(id, {"every": 1}, 1)
    first = strict.wait_for_firing(id).fire_at

    strict.patch(id, data=2)
    strict.patch(id, data=3)

    moment = now() + 3
    owed = set(range(first, moment + 1))
    assert strict.wait_for(id, lambda fired: {each.fire_at for each in fired} >= owed)


@pytest.mark.calm("counts firings", "crash", "freeze")
def test_a_firing_that_was_handled_is_not_handled_again(strict, id):
    strict.put(id, {"at": text_of(now())}, "once")
    fired = strict.wait_for_firing(id)

    body = {"id": id, "fire_at": text_of(fired.fire_at), "rev": fired.rev, "data": "once"}
    attributes = {
        "fire_key": {"DataType": "String", "StringValue": fired.key},
        "rev": {"DataType": "String", "StringValue": str(fired.rev)},
    }
    strict.stack.client("sqs").send_message(
        QueueUrl=strict.queue("FanOut/Queue"),
        MessageBody=json.dumps(body),
        MessageAttributes=attributes,
    )
    strict.stack.wait_for_log("Strict/Callback", "FiringsRepeated", timeout=PATIENCE)

    assert len(strict.fired(id)) == 1


# --- what takes long, and was made at the beginning


def test_a_calendar_fires_at_the_beginning_of_each_minute(plain, early):
    fired = plain.wait_for("minutely", bool, timeout=2 * PATIENCE)

    assert all(each.fire_at % 60 == 0 for each in fired)


def test_the_older_body_fires_at_its_minute_with_the_data_alone(plain, early):
    fired = plain.wait_for("older", bool, timeout=3 * PATIENCE)
    document = plain.ask("GET", "/periodic/older").document

    assert fired[0].data == {"older": "body"}
    assert fired[0].fire_at // 60 % 60 == early["minute"]
    assert document["timeShardId"] == f"{early['minute']:02d}:older"
    assert document["timerCallbackData"] == {"older": "body"}


def test_a_firing_that_always_fails_is_a_dead_letter_and_the_only_one(plain, early):
    letter = plain.dead_letter("FanOut/DeadLetters")

    assert letter["MessageAttributes"]["fire_key"]["StringValue"] == f"hopeless/{early['begin']}"
    assert json.loads(letter["Body"])["data"] == {"fail": True}


def test_a_timer_fires_without_a_gap_when_dispatchers_take_over(plain, early):
    end = early["begin"] + 150  # what was claimed when it was made is over after two minutes

    def owed() -> set[int]:
        moments = {each.fire_at for each in plain.fired("steady")}
        return set(range(min(moments), end + 1, 5)) - moments

    plain.wait_for("steady", lambda fired: fired and not owed(), timeout=4 * PATIENCE)
    assert {each.fire_at % 5 for each in plain.fired("steady")} == {3}
