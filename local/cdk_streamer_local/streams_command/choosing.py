"""Which faults are meant: by pipeline, error, function, source or id."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from fnmatch import fnmatchcase

from cdk_streamer_runtime.streams.faults.parked import Parked

# What a rule has besides its own pipeline is called after it: `rule.publish`.
_FILTERS: dict[str, tuple[str, Callable[[Parked], tuple[str, ...]]]] = {
    "rule": (
        "that it hit, by its id",
        lambda parked: tuple(
            name
            for pipeline in parked.pipelines
            for name in (pipeline, pipeline.rpartition(".")[0])
        ),
    ),
    "pipeline": ("that it hit, e.g. 'm1' or 'orders-*'", lambda parked: parked.pipelines),
    "error": ("by its name, e.g. KeyError", lambda parked: (parked.error,)),
    "function": (
        "name or ARN of whose it is",
        lambda parked: (parked.function, parked.function.rpartition(":")[2]),
    ),
    "source": ("ARN of what the record comes from", lambda parked: (parked.source,)),
    "id": ("of the fault", lambda parked: (parked.id,)),
}


def add_choice_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `choice` reads."""
    which = parser.add_argument_group("which faults (default: all); each may be given repeatedly")
    for name, (help_, _) in _FILTERS.items():
        which.add_argument(f"--{name}", metavar="TEXT", action="append", default=[], help=help_)


def choice(arguments: argparse.Namespace) -> Callable[[Parked], bool]:
    """Give what tells whether a fault is meant; a `*` stands for any characters."""
    wanted = {name: getattr(arguments, name) for name in _FILTERS if getattr(arguments, name)}

    def is_chosen(parked: Parked) -> bool:
        return all(
            any(fnmatchcase(value, each) for each in wanted[name] for value in read(parked))
            for name, (_, read) in _FILTERS.items()
            if name in wanted
        )

    return is_chosen
