"""What the demos of the examples tell while their stacks come up."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rich.console import Console

from cdk_streamer_local import LocalStack
from cdk_streamer_local.events import (
    Deployed,
    Event,
    Explained,
    Installing,
    Ready,
    Synthesized,
    Warmed,
)

console = Console(highlight=False)


@contextmanager
def narrated(stack: LocalStack) -> Iterator[None]:
    """Print what the stack does meanwhile."""
    ended = threading.Event()

    def narrate() -> None:
        told = 0
        while not ended.wait(0.05):
            events = stack.events
            for event in events[told:]:
                tell(event)
            told = len(events)

    narrator = threading.Thread(target=narrate)
    narrator.start()
    try:
        yield
    finally:
        ended.set()
        narrator.join()


def tell(event: Event) -> None:
    """Print one event, if it is a step on the way."""
    match event:
        case Installing():
            console.print("installing the engine, which happens once")
        case Synthesized():
            console.print(f"synthesized      {event.resources} resources in {event.seconds:.1f} s")
        case Deployed():
            console.print(f"deployed         {event.stack} in {event.seconds:.1f} s")
        case Ready(record=record) if record.console is not None:
            console.print(f"console          {record.console}")
        case Warmed():
            console.print(
                f"warmed           {event.functions} functions in {event.seconds:.1f} s\n"
            )
        case _:
            pass


def add_console(parser: argparse.ArgumentParser) -> None:
    """Add what `stay` reads, and a stack's `console`."""
    words = "show what runs on a page, and stay until Ctrl-C"
    parser.add_argument("--console", action="store_true", help=words)


def stay(arguments: argparse.Namespace) -> None:
    """Keep the stack, if it has a page that somebody may be looking at."""
    if arguments.console:
        console.print("\nthe console is still there; Ctrl-C ends everything")
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


def fail(stack: LocalStack | None, cause: str, remedy: str) -> int:
    """Say why a demo ends early; gives the exit status."""
    events = stack.events if stack is not None else ()
    why = [event.text for event in events if isinstance(event, Explained)]
    for line in [*why, f"error: {cause}", f"       {remedy}"]:
        print(line, file=sys.stderr)
    return 1
