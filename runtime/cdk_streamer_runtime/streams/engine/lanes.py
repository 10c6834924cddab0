"""Lanes: which calls of a round are made one after the other, and which at the same time.

All calls of one partition key are in one lane. Keys are dealt so that lanes have about the same
to do and bulk calls are full: a lane gets as many keys of a bulk call as fit into one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from heapq import heapreplace
from typing import NamedTuple

from cdk_streamer_runtime.streams.pipelines.steps import Entry
from cdk_streamer_runtime.streams.uow import UnitOfWork, leaves_of


class Crowd(NamedTuple):
    """What stands before one step; without `most`, each unit is a call of its own."""

    units: Sequence[UnitOfWork]
    entries: Sequence[Entry | None] = ()
    most: int = 1
    size: int = 0
    ordered: bool = True


Lane = list[tuple[int, list[int]]]  # of each crowd by its number, which of its units


def lanes_of(crowds: Sequence[Crowd], parallel: int) -> list[Lane]:
    """Give at most `parallel` lanes, in each the units of a crowd in their order."""
    if parallel == 1 or sum(len(crowd.units) for crowd in crowds) == 1:
        return [[(number, list(range(len(crowd.units)))) for number, crowd in enumerate(crowds)]]
    strands = _strands(crowds)
    bundles, loads = _bundles(crowds, strands)
    lane_of_bundle, count = _dealt(loads, parallel)
    lanes: list[Lane] = [[] for _ in range(count)]
    lane_of = {strand: lane_of_bundle[bundle] for strand, bundle in bundles.items()}
    for number, names in enumerate(strands):
        parts: list[list[int]] = [[] for _ in range(count)]
        for index, name in enumerate(names):
            parts[lane_of[name]].append(index)
        for lane, part in zip(lanes, parts, strict=True):
            if part:
                lane.append((number, part))
    return lanes


def strands_of(units: Iterable[UnitOfWork]) -> list[str]:
    """Give for each unit what it has to stay in order with: a key, or several that are tied."""
    return _strands([Crowd(list(units))])[0]


def _strands(crowds: Sequence[Crowd]) -> list[list[str]]:
    tied: dict[str, str] = {}
    for crowd in crowds:
        for uow in crowd.units:
            if "batch" in uow[3]:
                _tie(tied, {leaf.event["partitionKey"] for leaf in leaves_of(uow)})
    if not tied:
        return [[uow[1]["partitionKey"] for uow in crowd.units] for crowd in crowds]
    return [[_knot(tied, uow[1]["partitionKey"]) for uow in crowd.units] for crowd in crowds]


def _tie(tied: dict[str, str], keys: set[str]) -> None:
    knots = sorted(_knot(tied, key) for key in keys)
    for knot in knots:
        tied[knot] = knots[0]


def _knot(tied: dict[str, str], key: str) -> str:
    above = tied.get(key, key)
    while above != key:
        tied[key] = tied.get(above, above)
        key, above = above, tied[key]
    return key


def _bundles(
    crowds: Sequence[Crowd], strands: Sequence[Sequence[str]]
) -> tuple[dict[str, int], list[int]]:
    """Give the bundle of each strand, and of each bundle the calls that it makes."""
    bundles: dict[str, int] = {}
    loads: list[int] = []
    for crowd, names in zip(crowds, strands, strict=True):
        if crowd.most > 1:
            _bundle(crowd, names, bundles, loads)
    for crowd, names in zip(crowds, strands, strict=True):
        if crowd.most == 1:
            for name, calls in Counter(names).items():
                if name in bundles:
                    loads[bundles[name]] += calls
                else:
                    bundles[name] = len(loads)
                    loads.append(calls)
    # What only passes on makes no call, so it may be anywhere.
    for name in {name for names in strands for name in names} - bundles.keys():
        bundles[name] = 0
    return bundles, loads or [0]


def _bundle(crowd: Crowd, names: Sequence[str], bundles: dict[str, int], loads: list[int]) -> None:
    counts = Counter(names)
    bytes_of = Counter[str]()
    for name, entry in zip(names, crowd.entries, strict=True):
        if entry is None:
            counts[name] -= 1
        else:
            bytes_of[name] += entry.size
    fresh = [(count, name) for name, count in counts.items() if count and name not in bundles]
    # The key with the most entries sets the number of calls; others fill them up.
    fresh.sort(key=lambda pair: pair[0], reverse=True)
    slots = room = 0
    for count, name in fresh:
        if count > slots or bytes_of[name] > room:
            calls = count if crowd.ordered else -(-count // crowd.most)
            loads.append(calls)
            slots, room = calls * crowd.most, calls * crowd.size
        bundles[name] = len(loads) - 1
        slots -= count
        room -= bytes_of[name]


def _dealt(loads: Sequence[int], parallel: int) -> tuple[list[int], int]:
    """Give each bundle's lane, the largest bundles first, and the number of lanes."""
    count = min(parallel, len(loads))
    lanes = [0] * len(loads)
    burdens = [(0, lane) for lane in range(count)]
    for bundle in sorted(range(len(loads)), key=loads.__getitem__, reverse=True):
        burden, lane = burdens[0]
        lanes[bundle] = lane
        heapreplace(burdens, (burden + loads[bundle], lane))
    return lanes, count
