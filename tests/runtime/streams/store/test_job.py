"""Jobs: every item of a table, page by page, whatever breaks off."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from cdk_streamer_runtime.streams import rules
from cdk_streamer_runtime.streams.event import Event
from cdk_streamer_runtime.streams.store.jobs import job_of
from tests.runtime.streams.store.shop import Shop

few = settings(max_examples=25, deadline=None)
CALLS = st.frozensets(st.integers(1, 60), max_size=8)
THINGS = {
    "KeyConditionExpression": "pk = :pk",
    "ExpressionAttributeValues": {":pk": "things"},
}


def job(**options: Any) -> rules.Job:
    given: dict[str, Any] = {
        "to_query": lambda _: THINGS,
        "to_event": lambda uow: {"type": "thing-found", "thing": uow.item["n"]},
        "page_size": 3,
        **options,
    }
    return rules.Job(id="j", **given)


def shop(count: int, **options: Any) -> Shop:
    it = Shop(job(**options))
    for number in range(count):
        it.put(pk="things", sk=f"{number:03}", discriminator="thing", n=number)
    return it


def start(it: Shop, **attributes: Any) -> None:
    it.put(pk="j1", sk="JOB", discriminator="job", **attributes)
    it.pump()


def row(it: Shop) -> dict[str, Any]:
    (found,) = it.rows("job")
    return found


def found(it: Shop) -> list[int]:
    return sorted(each["thing"] for each in it.published)


def test_a_job_does_something_with_each_item_of_all_pages():
    it = shop(10)
    start(it)
    assert found(it) == list(range(10))
    end = {name: row(it)[name] for name in ("state", "page", "items")}
    assert end == {"state": "done", "page": 4, "items": 10}


def test_a_job_over_nothing_is_done():
    it = shop(0)
    start(it)
    assert (row(it)["state"], it.published) == ("done", [])


def test_a_job_scans_past_pages_that_have_nothing_of_what_is_wanted():
    request = {"FilterExpression": "n = :n", "ExpressionAttributeValues": {":n": 8}}
    it = shop(10, to_query=None, to_scan=lambda _: request)
    start(it)
    assert (found(it), row(it)["state"]) == ([8], "done")


def test_the_jobs_item_tells_what_it_is_about():
    it = shop(10, to_query=lambda uow: THINGS | {"ScanIndexForward": uow.job["forward"]})
    start(it, forward=False)
    assert [each["thing"] for each in it.published] == list(range(9, -1, -1))


def test_a_job_updates_items():
    def done(uow) -> dict[str, Any]:
        return {
            "Key": {"pk": uow.item["pk"], "sk": uow.item["sk"]},
            "UpdateExpression": "SET seen = :yes",
            "ExpressionAttributeValues": {":yes": True},
        }

    it = shop(5, to_event=None, to_update=done)
    start(it)
    assert [each["seen"] for each in it.rows("thing")] == [True] * 5


def test_steps_of_ones_own_see_the_items_and_nothing_else():
    seen: list[int] = []

    def each(stream):
        return (
            stream.filter(lambda uow: uow.item["n"] % 2)
            .batch(2)
            .tap(lambda uow: seen.extend(unit.item["n"] for unit in uow.batch))
        )

    it = shop(7, to_event=None, each=each)
    start(it)
    assert (seen, row(it)["state"]) == ([1, 3, 5], "done")


def test_an_item_that_cannot_be_done_is_a_fault_and_the_job_goes_on():
    it = shop(5, to_event=lambda uow: {"thing": 12 // uow.item["n"]})
    start(it)
    assert min(each["type"] for each in it.published) == "fault"
    assert row(it)["state"] == "done"


def test_a_job_that_is_cancelled_goes_on_with_the_next_page_when_it_is_set_to_run_again():
    pages: list[int] = []

    def until_the_second_page(uow) -> dict[str, Any]:
        pages.append(uow.job.get("page", 0))
        if len(pages) == 2:
            it.put(**uow.job | {"state": "cancelled"})
        return THINGS

    it = shop(10, to_query=until_the_second_page)
    start(it)
    assert (pages, row(it)["state"], row(it)["page"]) == ([0, 1], "cancelled", 1)
    it.put(**row(it) | {"state": "running"})
    it.pump()
    assert (pages, row(it)["state"]) == ([0, 1, 1, 2, 3], "done")
    assert len({each["id"] for each in it.published}) == 10


@pytest.mark.parametrize(
    ("old", "new", "begins"),
    [
        (None, {}, True),
        (None, {"state": "cancelled"}, False),
        ({"page": 1, "run": "r"}, {"page": 2, "run": "r", "state": "running"}, True),
        ({"page": 1, "run": "r"}, {"page": 1, "run": "r", "note": "x"}, False),
        ({"page": 1, "state": "cancelled"}, {"page": 1, "state": "running"}, True),
        ({"page": 1}, {"page": 1, "state": "cancelled"}, False),
        ({"page": 9, "state": "done"}, {}, True),
    ],
)
def test_a_page_begins_when_the_jobs_item_is_new_moved_on_or_set_to_run(old, new, begins):
    key = {"pk": "j1", "sk": "JOB"}
    images = {"new": key | new} | ({} if old is None else {"old": key | old})
    event = Event(id="e", type="job-updated", timestamp=1, partitionKey="j1", raw=images)
    assert (job_of(event) is not None) is begins


def test_a_job_that_is_put_anew_is_another_run_with_other_events():
    it = shop(4)
    start(it)
    start(it)
    assert (len(it.published), len({each["id"] for each in it.published})) == (8, 8)


def test_a_job_that_is_removed_ends():
    def remove(uow) -> dict[str, Any]:
        key = {"pk": {"S": "j1"}, "sk": {"S": "JOB"}}
        it.memory.call("dynamodb", "DeleteItem", {"TableName": "events", "Key": key})
        return THINGS

    it = shop(10, to_query=remove)
    start(it)
    assert (it.rows("job"), len(it.published)) == ([], 3)


@few
@given(before=CALLS, after=CALLS, throttled=CALLS, size=st.integers(1, 4))
def test_each_item_is_done_whatever_breaks_off_and_its_event_is_the_same(
    before, after, throttled, size
):
    it = shop(10)
    it.aws.before, it.aws.after, it.aws.throttled = before, after, throttled
    it.put(pk="j1", sk="JOB", discriminator="job")
    it.pump(size=size)
    assert {each["thing"] for each in it.published} == set(range(10))
    assert len({each["id"] for each in it.published}) == 10
    assert (row(it)["state"], row(it)["items"]) == ("done", 10)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"to_scan": lambda _: {}}, "it needs either to_scan or to_query"),
        ({"to_event": None}, "it does nothing; give it to_update, to_event or each"),
        ({"item_key": "pk"}, "item_key must be a list of names, got 'pk'"),
    ],
)
def test_a_job_with_a_wrong_option_says_so(options, words):
    with pytest.raises(ValueError, match=words):
        job(**options)


def test_an_item_without_the_attributes_of_its_key_is_a_fault_that_says_what_to_do():
    it = shop(1, item_key=("id",))
    start(it)
    assert "tell the attributes of its key by item_key" in it.published[0]["err"]["message"]
