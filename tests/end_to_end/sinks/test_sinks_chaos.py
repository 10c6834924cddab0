"""A day with bad luck: whoever remembers delivers each message once, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cdk_streamer_local import LocalStack
from cdk_streamer_local.events import Disturbed
from tests.end_to_end.sinks.downstream import until
from tests.end_to_end.sinks.sinks import Sinks, dead_letters_of

CHAOS, SEED = ("duplicate", "delay"), 1154
TOGETHER = 5


@pytest.fixture
def unlucky(sinks: Sinks) -> Iterator[Sinks]:
    """Run what was synthesized for the others once more, with bad luck."""
    (assembly,) = sinks.folder.glob(".cdk-streamer/runs/*/cdk.out")
    with LocalStack(assembly, chaos=CHAOS, chaos_seed=SEED) as stack:
        yield Sinks(stack, sinks.folder, sinks.downstream)


def test_batches_that_come_twice_or_late_deliver_each_message_once(unlucky, downstream, place):
    sent: list[int] = []

    def disturbed() -> bool:
        sent.extend(range(len(sent), len(sent) + TOGETHER))
        unlucky.send("Strict", place, *sent[-TOGETHER:], keys=True)
        return "duplicate" in troubles(unlucky)

    until(disturbed, "a batch that comes twice")
    until(lambda: set(downstream.numbers(place)) == set(sent), "all deliveries")
    unlucky.wait_until_empty("Strict")
    assert sorted(downstream.numbers(place)) == sent
    assert not any(unlucky.counts(dead_letters_of("Strict")).values())
    assert unlucky.metric("Strict", "Repeated") >= 1


def troubles(sinks: Sinks) -> set[str]:
    """Name what has disturbed the functions so far."""
    return {
        each.text.partition(":")[0] for each in sinks.stack.events if isinstance(each, Disturbed)
    }
