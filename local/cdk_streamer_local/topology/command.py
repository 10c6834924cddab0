"""`cdk-streamer streams graph`: draws an app's stream processors from their rules."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path

from cdk_streamer_local.topology.graph import PROCESSOR, Topology
from cdk_streamer_local.topology.mermaid import mermaid
from cdk_streamer_local.topology.reading import read_topology
from cdk_streamer_local.topology.svg import svg

FORMATS: dict[str, Callable[[Topology, str], str]] = {
    "svg": svg,
    "mermaid": lambda topology, _: mermaid(topology),
    "json": lambda topology, _: f"{json.dumps(dataclasses.asdict(topology), indent=2)}\n",
}


def add_graph_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `graph` reads."""
    parser.add_argument(
        "app", nargs="?", default=".", type=Path, help="app.py, cdk.json or cdk.out (default: here)"
    )
    parser.add_argument(
        "--output", "-o", type=Path, help="the file to write (default: to standard output)"
    )
    parser.add_argument(
        "--format", choices=FORMATS, help="default: by the file's name, or else svg"
    )
    parser.set_defaults(run=graph)


def graph(arguments: argparse.Namespace) -> int:
    """Draw it; raises LocalError for what is no app, or has no processor."""
    from cdk_streamer_local.cloud.synthesis import App, Synthesizer
    from cdk_streamer_local.errors import BadArgument

    app = App.find(arguments.app)
    if arguments.output is not None and not arguments.output.parent.is_dir():
        raise BadArgument(
            f"there is no folder {str(arguments.output.parent)!r} for the picture",
            remedy="create it, or name another --output",
        )
    assembly = Synthesizer(app).run()
    topology = read_topology(assembly)
    if not any(node.kind == PROCESSOR for node in topology.nodes):
        raise BadArgument(
            f"{str(arguments.app)!r} has no StreamProcessor",
            remedy="name an app with one, or its cdk.out",
        )
    stacks = ", ".join(stack.name for stack in assembly.stacks)
    text = FORMATS[_format(arguments)](topology, f"The stream processors of {stacks}")
    if arguments.output is None:
        sys.stdout.write(text)
    else:
        arguments.output.write_text(text, encoding="utf-8")
    return 0


def _format(arguments: argparse.Namespace) -> str:
    if arguments.format:
        return arguments.format
    suffix = arguments.output.suffix.lower() if arguments.output else ""
    return {".mmd": "mermaid", ".md": "mermaid", ".json": "json"}.get(suffix, "svg")
