"""Workers that die or freeze in the middle of a batch: nothing is lost, and the view is right."""

from __future__ import annotations

import pytest

from tests.end_to_end.streams.processors import event

LISTENER = "Listener/Processor"


@pytest.fixture
def batch(streams, id, tmp_path):
    """Bring the listener into the middle of a batch, which stands still there."""
    reached, release = tmp_path / "reached", tmp_path / "release"
    lingering = event("thing-lingering", id, 1, reached=str(reached), release=str(release))
    neighbours = [f"{id}-{number}" for number in range(4)]
    events = [event("thing-told", each, 1) for each in neighbours]
    with streams.held():
        streams.tell(*events[:2], lingering, *events[2:])
    streams.wait(reached.exists, "the middle of the batch")
    yield [id, *neighbours]
    release.touch()


def test_what_a_killed_worker_has_begun_is_done_by_another(streams, batch):
    streams.stack.kill_worker(LISTENER)

    streams.wait(lambda: set(streams.numbers(batch).values()) == {1})


@pytest.mark.calm("freezes a worker itself", "crash")
def test_what_a_frozen_worker_has_begun_is_done_by_another_and_stays_done(streams, batch, id):
    frozen = streams.stack.pause_worker(LISTENER)

    streams.wait(lambda: set(streams.numbers(batch).values()) == {1})
    streams.tell(event("thing-told", id, 2))
    streams.wait_for_number(id, 2)
    streams.stack.resume_worker(LISTENER)
    streams.tell(event("thing-told", f"{id}-end", 1))
    streams.wait_for_number(f"{id}-end", 1)
    assert frozen
    assert streams.number(id) == 2
