"""The whole example on this machine: orders, a view of them, promises, a fault and its end.

python -m examples.orders.demo
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from cdk_streamer_local import LocalError, LocalStack
from cdk_streamer_local.events import Reloaded
from examples.narration import add_console, console, fail, narrated, stay
from examples.orders.commands import NEW_CURRENCY, Order, Shop, orders

FOLDER = Path(__file__).parent
PICTURE = FOLDER / ".cdk-streamer" / "topology.svg"  # a folder that git ignores
ORDERS = 20
PATIENCE = 120  # seconds for what was written to arrive
IN_FRANCS = 1.07
SHOWN = 3  # as much of what is wrong is told
INTERRUPTED = 130  # what shells give for a command that Ctrl-C ended

Item = Mapping[str, Any]


def main() -> int:
    """Run the demo; gives the exit status."""
    parser = argparse.ArgumentParser(description="run the orders example on this machine")
    parser.add_argument("--orders", type=int, default=ORDERS, help="default: %(default)s")
    add_console(parser)
    parser.add_argument("--output", type=Path, default=PICTURE, help="default: %(default)s")
    arguments = parser.parse_args()
    output: Path = arguments.output.resolve()
    output.parent.mkdir(parents=True, exist_ok=True)
    wanted = list(orders(arguments.orders, now=time.time_ns() // 1_000_000))
    with tempfile.TemporaryDirectory() as place:
        # A copy, since the demo mends what is wrong in it.
        copy = Path(shutil.copytree(FOLDER, Path(place) / "orders", ignore=_not_ours))
        stack = LocalStack(copy / "app.py", watch=True, console=arguments.console)
        try:
            with narrated(stack), stack:
                run(stack, copy, wanted)
                (assembly,) = copy.glob(".cdk-streamer/runs/*/cdk.out")
                command(copy, "graph", str(assembly), "--output", str(output))
                stay(arguments)
        except LocalError as error:
            return fail(stack, f"{error.detail}\n{error.cause}".strip(), error.remedy)
        except TimeoutError as error:
            return fail(stack, str(error), "run it when the machine is less busy")
        except KeyboardInterrupt:
            return INTERRUPTED
    console.print(f"\nThe picture: {output}", soft_wrap=True)
    return 0


def run(stack: LocalStack, copy: Path, wanted: list[Order]) -> None:
    """Write the orders, see the fault, mend its cause, and give the records back."""
    shop = Shop(stack.client("dynamodb"), stack.outputs["OrdersTable"])
    for order in wanted:
        shop.run(order)
    console.print(f"written          {len(wanted)} orders, one of them in {NEW_CURRENCY}")
    good = [order for order in wanted if order.currency != NEW_CURRENCY]
    wait("the view", lambda: wrong(good, view(stack)))
    console.print(f"in the view      {len(good)} orders\n")
    due = sum(order.changes for order in wanted if order not in good)
    queue = stack.outputs["FaultQueue"]
    told = ""

    def lacking() -> list[str]:
        nonlocal told
        told = command(copy, "faults", "--local", "--queue", queue)
        return [] if told.count("KeyError") >= due else [told or "no fault"]

    wait("the fault queue", lacking)
    console.print(f"$ cdk-streamer streams faults\n{told}", soft_wrap=True)
    mend(copy, stack)
    console.print("$ cdk-streamer streams resubmit")
    console.print(command(copy, "resubmit", "--local", "--queue", queue), soft_wrap=True)
    wait("the view", lambda: wrong(wanted, view(stack)))
    show(wanted, view(stack))


def mend(copy: Path, stack: LocalStack) -> None:
    """Teach the listener the new currency, and wait until it runs so."""
    rates = copy / "handlers" / "currencies.py"
    text = rates.read_text(encoding="utf-8")
    seen = len(stack.events)
    rates.write_text(text.replace("}", f', "{NEW_CURRENCY}": {IN_FRANCS}}}'), encoding="utf-8")
    stack.wait_for(
        lambda: any(isinstance(event, Reloaded) for event in stack.events[seen:]), timeout=PATIENCE
    )
    console.print(f"mended           {rates.name} knows {NEW_CURRENCY} now\n")


def command(folder: Path, *arguments: str) -> str:
    """Run `cdk-streamer streams`, as one would in a terminal, and give what it prints."""
    done = subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-m", "cdk_streamer_local", "streams", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise LocalError(
            f"cdk-streamer streams {arguments[0]} ended with status {done.returncode}",
            remedy="correct what it says above",
            detail=done.stdout + done.stderr,
        )
    return done.stdout


def view(stack: LocalStack) -> dict[tuple[str, str], Item]:
    """Give the items of the view by order and kind."""
    table, client = stack.outputs["ViewTable"], stack.client("dynamodb")
    items: list[Item] = []
    for page in client.get_paginator("scan").paginate(TableName=table):
        items += page["Items"]
    return {(item["pk"]["S"], item["sk"]["S"]): item for item in items}


def wrong(wanted: list[Order], items: Mapping[tuple[str, str], Item]) -> list[str]:
    """Tell what is not in the view as it should be."""
    faults: list[str] = []
    for order in wanted:
        state = items.get((order.id, "order"), {}).get("state", {}).get("S")
        if state != order.state:
            faults.append(f"{order.id} is {state or 'missing'} and should be {order.state}")
        kept = items.get((order.id, "promise"), {}).get("kept", {}).get("BOOL")
        if kept is not order.is_prompt:
            faults.append(f"the promise of {order.id} is {kept} and should be {order.is_prompt}")
    return faults


def wait(what: str, missing: Callable[[], list[str]]) -> None:
    """Wait until nothing is missing any more; raises TimeoutError."""
    end = time.monotonic() + PATIENCE
    while found := missing():
        if time.monotonic() > end:
            told = "; ".join(found[:SHOWN])
            raise TimeoutError(f"{what} is not complete after {PATIENCE} s: {told}")
        time.sleep(0.5)


def show(wanted: list[Order], items: Mapping[tuple[str, str], Item]) -> None:
    """Print the view."""
    table = Table(box=None)
    for name in ("order", "customer", "state", "euros", "in time"):
        table.add_column(name, justify="right" if name == "euros" else "left")
    words = {True: "yes", False: "no", None: "-"}
    for order in wanted:
        item = items[order.id, "order"]
        euros = f"{float(item['euros']['N']):.2f}"
        table.add_row(order.id, order.customer, item["state"]["S"], euros, words[order.is_prompt])
    console.print(table)


def _not_ours(_folder: str, names: list[str]) -> set[str]:
    return {name for name in names if name in {".cdk-streamer", "__pycache__", "cdk.out"}}


if __name__ == "__main__":
    sys.exit(main())
