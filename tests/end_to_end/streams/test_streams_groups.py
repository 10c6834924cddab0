"""A FIFO queue: the order of a group under redeliveries, and nobody else's business."""

from __future__ import annotations

import pytest

LATE, PROMPT = "late", "prompt"


@pytest.mark.calm("counts receives")
def test_what_fails_comes_again_with_what_follows_it_in_its_group_and_nothing_else(streams, tasks):
    streams.wait(lambda: len(streams.history(LATE)) >= 4 and len(streams.history(PROMPT)) >= 4)

    assert streams.history(LATE) == streams.history(PROMPT) == [0, 1, 2, 3]
    assert streams.entries(LATE)[:2] == [(0, 1), (1, 2)]
    assert {receive for _, receive in streams.entries(PROMPT)} == {1}
