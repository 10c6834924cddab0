"""Objects of S3 that only newer events change."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from cdk_streamer_runtime.error_codes import aws_error
from cdk_streamer_runtime.errors import Retryable
from cdk_streamer_runtime.memory.platform import START
from cdk_streamer_runtime.streams import rules
from cdk_streamer_runtime.streams.store.files import Files, Version
from tests.runtime.streams.store.shop import FragileAws, Shop, event

few = settings(max_examples=40, deadline=None)
PATH = "/files/orders/17"


def shop(**options: Any) -> Shop:
    def to_put(uow):
        kept = uow.event.type != "order-deleted"
        return {"Key": "orders/17", "Body": {"n": uow.event["n"]}} if kept else None

    def to_delete(uow):
        return {"Key": "orders/17"} if uow.event.type == "order-deleted" else None

    rule = rules.MaterializeS3(
        id="s3", event_type="*", bucket="files", to_put=to_put, to_delete=to_delete, **options
    )
    return Shop(collect=[rule])


def stored(it: Shop) -> bytes | None:
    return it.memory.rest("s3", "GET", PATH) if PATH in it.memory.objects.paths() else None


def version(at: int, sequence: str | None = None, lineage: str | None = None) -> Version:
    return Version(timestamp=at, sequence=sequence, lineage=lineage)


def change(at: int, kind: str = "order-updated") -> dict[str, Any]:
    return event(f"e{at}", kind, at, n=at)


def test_an_object_is_stored_with_the_event_that_it_is_made_of():
    it = shop()
    it.collect(change(1))
    part = it.memory.read_object(PATH, 0, 0)
    assert (stored(it), part.type) == (b'{"n":1}', "application/json")
    assert part.metadata["timestamp"] == str(START + 1)
    assert {*part.metadata} == {"timestamp", "sequence", "lineage"}


def test_an_older_event_changes_no_object():
    it = shop()
    it.collect(change(2))
    it.collect(change(1))
    assert (stored(it), it.meter.counts["LostRaces"]) == (b'{"n":2}', 1)


def test_an_older_deletion_removes_no_object():
    it = shop()
    it.collect(change(2))
    it.collect(change(1, "order-deleted"))
    assert stored(it) == b'{"n":2}'


def test_a_deletion_removes_an_object_whether_it_is_there_or_not():
    it = shop()
    it.collect(change(1, "order-deleted"), change(2), change(3, "order-deleted"))
    assert stored(it) is None


@pytest.mark.parametrize(("marks", "body"), [(False, b'{"n":1}'), (True, b"")])
def test_a_deletion_that_is_marked_is_not_undone_by_an_older_event(marks, body):
    it = shop(marks_deletions=marks)
    it.collect(change(0))
    it.collect(change(2, "order-deleted"))
    it.collect(change(1))
    assert stored(it) == body


@few
@given(times=st.permutations(range(6)), calls=st.frozensets(st.integers(1, 30), max_size=8))
def test_in_any_order_and_whatever_breaks_off_the_newest_event_is_stored(times, calls):
    it = shop(marks_deletions=True)
    it.aws.before, it.aws.after = calls, frozenset(call + 3 for call in calls)
    for at in times:
        it.collect(change(at, "order-deleted" if at == 4 else "order-updated"))
    assert stored(it) == b'{"n":5}'


@few
@given(others=st.lists(st.integers(0, 9), min_size=1, max_size=4), mine=st.integers(0, 9))
def test_who_writes_between_reading_and_writing_is_not_overwritten_by_what_is_older(others, mine):
    it, waiting = shop(), list(others)
    written = [mine]

    class Between(FragileAws):
        def rest(self, *arguments: Any, **more: Any) -> bytes:
            if waiting:
                written.append(waiting.pop())
                Files(it.memory).put(PATH, version(written[-1]), b"%d" % written[-1], {})
            return super().rest(*arguments, **more)

    Files(Between(it.memory)).put(PATH, version(mine), b"%d" % mine, {})
    assert stored(it) == b"%d" % max(written)


def test_a_write_that_meets_others_all_the_time_comes_again_later():
    it = shop()

    def refused(*_: Any, **__: Any) -> bytes:
        raise aws_error("ConditionalRequestConflict", "", 409, "PUT s3")

    it.aws.rest = refused  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(Retryable, match="others write the same object"):
        Files(it.aws).put(PATH, version(1), b"", {})


@pytest.mark.parametrize(
    ("mine", "other", "is_news"),
    [
        (version(2), None, True),
        (version(2), version(1), True),
        (version(1), version(2), False),
        (version(1), version(1), True),
        (version(1, "1", "a"), version(1, "2", "a"), False),
        (version(1, "2", "a"), version(1, "1", "a"), True),
        (version(1, "1", "a"), version(1, "2", "b"), True),
        (version(2, "1", "a"), version(1, "2", "a"), True),
    ],
)
def test_newer_is_what_happened_later_or_stands_behind_in_the_same_lineage(mine, other, is_news):
    assert mine.is_news_to(other) is is_news


def test_an_object_that_somebody_else_has_stored_is_replaced():
    it = shop()
    it.memory.rest("s3", "PUT", PATH, body=b"theirs")
    it.collect(change(1))
    assert stored(it) == b'{"n":1}'


def test_a_rule_that_does_nothing_says_so():
    with pytest.raises(ValueError, match="it does nothing; give it to_put or to_delete"):
        rules.MaterializeS3(id="s3", event_type="*", bucket="files")
    with pytest.raises(ValueError, match="marks_deletions needs to_delete"):
        rules.MaterializeS3(
            id="s3", event_type="*", bucket="files", to_put=lambda _: None, marks_deletions=True
        )


def test_a_rule_is_granted_what_it_does_and_no_more():
    rule = rules.MaterializeS3(id="s3", event_type="*", bucket="files", to_put=lambda _: None)
    (use,) = [use for step in rule.steps() for use in getattr(step, "uses", ())]
    assert use.actions == ("s3:GetObject", "s3:ListBucket", "s3:PutObject")
