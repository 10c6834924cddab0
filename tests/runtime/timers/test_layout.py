"""A number of shards that a deployment changes is refused before anything is lost."""

from __future__ import annotations

import pytest

from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import Unreachable
from cdk_streamer_runtime.timers.table.layout import Layout, ShardsChanged
from tests.runtime.observed_aws import after, request_lost
from tests.runtime.timers.world import TABLE, World


@pytest.fixture
def world():
    return World()


def layout(world, shards=16):
    return Layout(Table(world.aws, TABLE), shards)


def test_the_first_function_says_how_many_shards_there_are(world):
    layout(world).verify()
    layout(world).verify()
    assert world.table.get({"pk": "s#", "sk": "layout"}) == {
        "pk": "s#",
        "sk": "layout",
        "shards": 16,
    }


def test_another_number_is_refused_with_what_to_do(world):
    layout(world).verify()
    with pytest.raises(ShardsChanged, match=r"in 16 shards.* with 32; deploy it with shards=16"):
        layout(world, 32).verify()


def test_of_two_that_come_first_one_is_right(world):
    world.aws.on("PutItem", after(lambda: layout(world, 8).verify()))
    with pytest.raises(ShardsChanged, match="in 8 shards"):
        layout(world).verify()


def test_a_table_that_has_agreed_is_not_asked_again(world):
    there = layout(world)
    there.verify()
    before = len(world.aws.calls)
    there.verify()
    assert len(world.aws.calls) == before


def test_a_table_that_could_not_be_asked_is_asked_again(world):
    layout(world).verify()
    other = layout(world, 32)
    world.aws.on("GetItem", request_lost)
    with pytest.raises(Unreachable):
        other.verify()
    with pytest.raises(ShardsChanged):
        other.verify()
