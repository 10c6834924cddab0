"""A day with bad luck: what was told ends as it would have ended without."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cdk_streamer_local import LocalStack
from cdk_streamer_local.events import Disturbed
from tests.end_to_end.streams.processors import Processors, event

CHAOS, SEED = ("duplicate", "delay", "crash"), 1154
KEYS, ROUNDS = [f"k-{number}" for number in range(8)], 8


@pytest.fixture
def unlucky(streams: Processors) -> Iterator[Processors]:
    """Run what was synthesized for the others once more, with bad luck."""
    (assembly,) = streams.folder.glob(".cdk-streamer/runs/*/cdk.out")
    with LocalStack(assembly, chaos=CHAOS, chaos_seed=SEED) as stack:
        yield Processors(stack, streams.folder)


def test_after_duplicates_delays_and_crashes_all_is_as_after_a_calm_day(unlucky):
    for number in range(1, ROUNDS + 1):
        unlucky.tell(
            *(event(kind, key, number) for key in KEYS for kind in ("thing-told", "thing-changed"))
        )
        for key in KEYS[:2]:
            unlucky.command(key, number)
        unlucky.order(*(event("task-set", f"task-{key}", number) for key in KEYS[:2]))
    unlucky.tell(*(event(f"pair-{half}", key) for half in ("left", "right") for key in KEYS))

    def wrong() -> list[str]:
        rounds = [*range(1, ROUNDS + 1)]
        checks = {
            "view": [key for key in KEYS if unlucky.number(key) != ROUNDS],
            "heard": [key for key in KEYS[:2] if unlucky.number(key, "heard") != ROUNDS],
            "whole": [key for key in KEYS if len(unlucky.emissions(key)) != 1],
            "order": [key for key in KEYS if first_times(unlucky.history(key)) != rounds],
            "tasks": [
                key for key in KEYS[:2] if first_times(unlucky.history(f"task-{key}")) != rounds
            ],
        }
        return [f"{name} of {key}" for name, keys in checks.items() for key in keys]

    unlucky.wait(lambda: not wrong())
    assert unlucky.faults() == unlucky.faults("Trigger") == []
    disturbed = [each.text for each in unlucky.stack.events if isinstance(each, Disturbed)]
    assert {text.partition(":")[0] for text in disturbed} >= {"duplicate", "delay"}


def first_times(numbers: list[int]) -> list[int]:
    """Give each number when it came first: what comes again may be written again."""
    return list(dict.fromkeys(numbers))
