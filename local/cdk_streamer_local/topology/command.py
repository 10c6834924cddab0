"""`cdk-streamer graph` draws an app's constructs, `streams graph` its processors' rules."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path

from cdk_streamer_local.cloud.assembly import Assembly
from cdk_streamer_local.topology.graph import CONSTRUCT, PROCESSOR, Topology
from cdk_streamer_local.topology.mermaid import mermaid
from cdk_streamer_local.topology.reading import read_topology
from cdk_streamer_local.topology.stacks import read_stacks
from cdk_streamer_local.topology.svg import svg

FORMATS: dict[str, Callable[[Topology, str], str]] = {
    "svg": svg,
    "mermaid": lambda topology, _: mermaid(topology),
    "json": lambda topology, _: f"{json.dumps(dataclasses.asdict(topology), indent=2)}\n",
}
_SUFFIXES = {"": "svg", ".svg": "svg", ".md": "mermaid", ".mmd": "mermaid", ".json": "json"}


def _add_graph_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "app", nargs="?", default=".", type=Path, help="app.py, cdk.json or cdk.out (default: here)"
    )
    parser.add_argument(
        "--output", "-o", type=Path, help="the file to write (default: to standard output)"
    )
    parser.add_argument(
        "--format", choices=FORMATS, help="default: by the file's name, or else svg"
    )


def add_rules_graph_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `streams graph` reads."""
    _add_graph_arguments(parser)
    parser.set_defaults(run=rules_graph)


def add_stacks_graph_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `graph` reads."""
    _add_graph_arguments(parser)
    parser.set_defaults(run=stacks_graph)


def rules_graph(arguments: argparse.Namespace) -> int:
    """Draw processors with their rules; raises LocalError where there is none."""
    return _draw(arguments, read_topology, (PROCESSOR, "StreamProcessor"), "The stream processors")


def stacks_graph(arguments: argparse.Namespace) -> int:
    """Draw constructs and what flows between them; raises LocalError where there is none."""
    return _draw(arguments, read_stacks, (CONSTRUCT, "construct of cdk-streamer"), "The constructs")


def _draw(
    arguments: argparse.Namespace,
    read: Callable[[Assembly], Topology],
    needed: tuple[str, str],
    title: str,
) -> int:
    from cdk_streamer_local.cloud.synthesis import App, Synthesizer
    from cdk_streamer_local.errors import BadArgument

    app = App.find(arguments.app)
    if arguments.output is not None and not arguments.output.parent.is_dir():
        raise BadArgument(
            f"there is no folder {str(arguments.output.parent)!r} for the picture",
            remedy="create it, or name another --output",
        )
    form = _format(arguments)
    assembly = Synthesizer(app).run()
    topology = read(assembly)
    kind, name = needed
    if not any(node.kind == kind for node in topology.nodes):
        raise BadArgument(
            f"{str(arguments.app)!r} has no {name}",
            remedy="name an app with one, or its cdk.out",
        )
    stacks = ", ".join(stack.name for stack in assembly.stacks)
    text = FORMATS[form](topology, f"{title} of {stacks}")
    if arguments.output is None:
        sys.stdout.write(text)
    else:
        arguments.output.write_text(text, encoding="utf-8")
    return 0


def _format(arguments: argparse.Namespace) -> str:
    from cdk_streamer_local.errors import BadArgument

    if arguments.format:
        return arguments.format
    suffix = arguments.output.suffix.lower() if arguments.output else ""
    if suffix not in _SUFFIXES:
        known = ", ".join(filter(None, _SUFFIXES))
        raise BadArgument(
            f"no format of the picture ends in {suffix!r}",
            remedy=f"name a file that ends in one of {known}, or a --format",
        )
    return _SUFFIXES[suffix]
