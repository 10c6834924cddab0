"""When a webhook is called again."""

from __future__ import annotations

from itertools import accumulate, pairwise

from cdk_streamer_runtime.contract import MAX_VISIBILITY_SECONDS, WEBHOOK_RECEIVES
from cdk_streamer_runtime.webhooks.schedule import STEPS, step_of

HOUR = 3_600_000


def test_there_are_ten_attempts_at_growing_distances():
    begins = accumulate((step.pause or 0 for step in STEPS), initial=0)
    attempts = [at / HOUR for at, step in zip(begins, STEPS, strict=False) if step.sends]

    pauses = [round(after - before, 1) for before, after in pairwise(attempts)]
    assert len(attempts) == 10
    assert pauses == [0, 0.1, 0.5, 2, 5, 10, 14, 20, 23.8]


def test_no_pause_is_longer_than_a_message_can_be_hidden():
    assert max(step.pause or 0 for step in STEPS) < MAX_VISIBILITY_SECONDS * 1000


def test_the_queue_keeps_a_message_until_the_last_attempt():
    assert len(STEPS) == WEBHOOK_RECEIVES
    assert step_of(WEBHOOK_RECEIVES) == step_of(WEBHOOK_RECEIVES + 1) == (True, None)
    assert step_of(0) == step_of(1)
