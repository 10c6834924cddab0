"""Queries that give several items."""

from __future__ import annotations

import pytest

from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import DeadlineExceeded
from cdk_streamer_runtime.streams.queries.pages import TooManyItems, pages, query, scan, wire
from tests.runtime.streams.sinks.sending import unit

OF_A = {
    "KeyConditionExpression": "pk = :pk",
    "ExpressionAttributeValues": {":pk": "a"},
}


@pytest.fixture(autouse=True)
def items(surroundings):
    table = Table(surroundings.aws, "things")
    for number in range(5):
        owner = {"owner": "o"} if number % 2 else {}
        table.put({"pk": "a", "sk": str(number), "text": "x" * 300_000, **owner})
        table.put({"pk": f"b{number}", "sk": "x"})
    surroundings.aws.asked.clear()


def keys(response):
    return [item["sk"] for item in response]


def test_all_pages_of_a_partition_are_read(surroundings):
    (found,) = surroundings.send(query(), unit(query_request=OF_A))
    assert keys(found.query_response) == ["0", "1", "2", "3", "4"]
    assert surroundings.aws.count("Query") == 2


def test_a_limit_is_for_the_whole(surroundings):
    request = {**OF_A, "Limit": 2, "ScanIndexForward": False}
    (found,) = surroundings.send(query(), unit(query_request=request))
    assert keys(found.query_response) == ["4", "3"]


def test_pages_of_which_nothing_is_left_end_with_the_time(surroundings):
    surroundings.platform.now = surroundings.world.deadline
    request = {"FilterExpression": "attribute_exists(nothing)", "Limit": 1}
    with pytest.raises(DeadlineExceeded, match="more pages than there is time for"):
        surroundings.send(scan(), unit(scan_request=request))
    assert surroundings.aws.count("Scan") == 1


def test_a_query_goes_on_where_it_is_told(surroundings):
    request = {**OF_A, "ExclusiveStartKey": {"pk": "a", "sk": "2"}}
    (found,) = surroundings.send(query(), unit(query_request=request))
    assert keys(found.query_response) == ["3", "4"]


def test_an_index_is_read_without_asking_for_what_it_lacks(surroundings):
    request = {
        "IndexName": "by_owner",
        "KeyConditionExpression": "#o = :o",
        "ExpressionAttributeNames": {"#o": "owner"},
        "ExpressionAttributeValues": {":o": "o"},
    }
    (found,) = surroundings.send(query(consistent=True), unit(query_request=request))
    assert sorted(keys(found.query_response)) == ["1", "3"]


def test_the_same_query_is_asked_once_an_invocation(surroundings):
    surroundings.send(query(), *[unit(query_request=OF_A)] * 3)
    assert surroundings.aws.count("Query") == 2  # pages


@pytest.mark.parametrize(
    "change",
    [
        {"ExpressionAttributeValues": {":pk": "b1"}},
        {"ScanIndexForward": False},
        {"Limit": 5},
        {"FilterExpression": "attribute_not_exists(x)"},
    ],
)
def test_a_query_is_remembered_under_all_that_decides_it(surroundings, change):
    surroundings.send(query(), unit(query_request=OF_A))
    before = surroundings.aws.count("Query")
    surroundings.send(query(), unit(query_request={**OF_A, **change}))
    assert surroundings.aws.count("Query") > before


def test_more_items_than_a_step_may_hold_are_refused(surroundings):
    with pytest.raises(TooManyItems, match="gives more than 3 items"):
        surroundings.send(query(most=3), unit(query_request=OF_A))


def test_all_items_of_a_table_are_read(surroundings):
    (found,) = surroundings.send(scan(), unit(scan_request={}))
    assert len(found.scan_response) == 10


def test_readers_of_a_table_share_it(surroundings):
    parts = [
        surroundings.send(scan(), unit(scan_request={"TotalSegments": 3, "Segment": segment}))[0]
        for segment in range(3)
    ]
    found = [(item["pk"], item["sk"]) for part in parts for item in part.scan_response]
    assert len(found) == len(set(found)) == 10


def test_pages_are_read_as_they_are_asked_for(surroundings):
    read = pages(surroundings.aws, "Scan", wire({"Limit": 4}, "things"))
    first = next(read)
    assert surroundings.aws.count("Scan") == 1
    assert (len(first.items), first.next_key is None) == (4, False)
    assert sum(len(page.items) for page in read) == 6


def test_a_step_holds_at_least_one_item():
    with pytest.raises(ValueError, match="most must be at least 1, got 0"):
        query(most=0)


def test_queries_use_their_own_action_alone():
    assert [use.actions for step in (query(), scan()) for use in step.uses] == [
        ("dynamodb:Query",),
        ("dynamodb:Scan",),
    ]
