"""Commands for what constructs have made; each is imported only when it was chosen."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Add = Callable[[argparse.ArgumentParser], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One command; `load` gives what adds its arguments, and takes its time for that."""

    name: str
    help: str
    description: str
    load: Callable[[], Add]


def _timers() -> Add:
    from cdk_streamer_client.timers import command

    def add(parser: argparse.ArgumentParser) -> None:
        command.add_arguments(parser)
        parser.set_defaults(run=command.run)

    return add


def _streams() -> Add:
    from cdk_streamer_local.streams_command.verbs import add_verbs

    return add_verbs


def _sinks() -> Add:
    from cdk_streamer_local.sinks_command.verbs import add_verbs

    return add_verbs


def _graph() -> Add:
    from cdk_streamer_local.topology.command import add_stacks_graph_arguments

    return add_stacks_graph_arguments


TOOLS: Sequence[Tool] = (
    Tool(
        name="timers",
        help="preview schedules, look after timers",
        description="Tell when a schedule fires, and look after the timers of a service.",
        load=_timers,
    ),
    Tool(
        name="streams",
        help="draw stream processors, look after their faults",
        description="Draw the stream processors of an app, list faults, resubmit their records.",
        load=_streams,
    ),
    Tool(
        name="sinks",
        help="look after throttled sinks: pause, redrive, rejected messages",
        description="Tell how sinks are, pause and redrive them, list and resubmit what they "
        "rejected.",
        load=_sinks,
    ),
    Tool(
        name="graph",
        help="draw the constructs of an app",
        description="Draw the constructs of an app, and what may flow between them.",
        load=_graph,
    ),
)


def add_tools(commands: Any, chosen: str | None) -> None:  # noqa: ANN401 - argparse names no public type for it
    """Add a parser for each, with the arguments of the chosen one."""
    for tool in TOOLS:
        parser = commands.add_parser(tool.name, help=tool.help, description=tool.description)
        if tool.name == chosen:
            tool.load()(parser)
