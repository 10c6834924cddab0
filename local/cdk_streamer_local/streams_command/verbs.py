"""What `cdk-streamer streams` can be told to do."""

from __future__ import annotations

import argparse

from cdk_streamer_local.streams_command.command import (
    add_faults_arguments,
    add_resubmit_arguments,
)
from cdk_streamer_local.topology.command import add_rules_graph_arguments


def add_verbs(streams: argparse.ArgumentParser) -> None:
    """Add a parser for each verb."""
    verbs = streams.add_subparsers(metavar="VERB", required=True)
    drawing = "draw processors, rules and resources"
    add_rules_graph_arguments(verbs.add_parser("graph", help=drawing))
    add_faults_arguments(verbs.add_parser("faults", help="list what waits in a fault queue"))
    add_resubmit_arguments(
        verbs.add_parser("resubmit", help="give records of faults to their functions again")
    )
