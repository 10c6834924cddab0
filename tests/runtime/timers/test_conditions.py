"""Preconditions: which revisions a header names, and what holds for what is there."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from cdk_streamer_runtime.timers.faults import Malformed, PreconditionFailed
from cdk_streamer_runtime.timers.service.conditions import Conditions, tags

REV = 1_700_000_000_000
TAG = f'"{REV}"'


def holds(revision: int | None, if_match: str | None = None, if_none: str | None = None) -> bool:
    lines = [[] if text is None else [text] for text in (if_match, if_none)]
    conditions = Conditions.of_headers(lines[0], lines[1])
    try:
        conditions.check(revision)
    except PreconditionFailed:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("*", {"*"}),
        (" * ", {"*"}),
        ('"1"', {'"1"'}),
        ('"1", "2"', {'"1"', '"2"'}),
        ('"1",,\t"2" ,', {'"1"', '"2"'}),
        ('W/"1"', {'W/"1"'}),
        ('"a,b"', {'"a,b"'}),
        ('""', {'""'}),
        ('"*"', {'"*"'}),
    ],
)
def test_a_header_names_tags(text: str, found: set[str]):
    assert tags(text) == found


@pytest.mark.parametrize(
    "text", ["", ",", "1", '"1', '1"', '"1""2"', '"1" "2"', '*, "1"', "w/1", "\0", '"' * 5_000]
)
def test_a_header_that_names_none_is_refused_by_its_name(text: str):
    with pytest.raises(Malformed) as refused:
        Conditions.of_headers([text], ["5"])
    assert [fault.header for fault in refused.value.faults] == ["If-Match", "If-None-Match"]


def test_lines_of_a_header_are_one_list():
    conditions = Conditions.of_headers(['"1"', '"2", "3"'], [])

    assert conditions.if_match == {'"1"', '"2"', '"3"'}


@pytest.mark.parametrize(
    ("if_match", "there", "absent"),
    [
        (None, True, True),
        ("*", True, False),
        (TAG, True, False),
        (f'"1", {TAG}', True, False),
        ('"1"', False, False),
        # A weak tag never matches strongly.
        (f"W/{TAG}", False, False),
        (f'"{REV}0"', False, False),
    ],
)
def test_if_match_holds_for_what_it_names(if_match: str | None, *, there: bool, absent: bool):
    assert holds(REV, if_match) is there
    assert holds(None, if_match) is absent


@pytest.mark.parametrize(
    ("if_none_match", "there"),
    [(None, True), ("*", False), (TAG, False), (f'"1", W/{TAG}', False), ('"1"', True)],
)
def test_if_none_match_holds_for_what_it_does_not_name(if_none_match: str | None, *, there: bool):
    assert holds(REV, if_none=if_none_match) is there
    assert holds(None, if_none=if_none_match) is True


def test_both_have_to_hold():
    assert not holds(REV, TAG, TAG)
    assert holds(REV, TAG, '"1"')


@given(st.text())
def test_any_text_names_tags_or_is_refused(text: str):
    try:
        found = tags(text)
    except ValueError:
        return
    assert all(tag == "*" or tag.endswith('"') for tag in found)
