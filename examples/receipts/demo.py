"""The whole example on this machine: a database that is overrun, and one that is spared.

python -m examples.receipts.demo --outage 120
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from cdk_streamer_client import RequestFailed, StreamerClientError
from cdk_streamer_client.display import display_on
from cdk_streamer_local import LocalError, LocalStack
from examples.narration import add_console, console, fail, narrated, stay
from examples.receipts.account import SHOWN, Account
from examples.receipts.database.postgres import Postgres
from examples.receipts.database.programs import NotFound
from examples.receipts.database.server import CONNECTIONS, Server
from examples.receipts.database.stub import Stub
from examples.receipts.drawing import draw as draw_receipt, draw_note
from examples.receipts.picture import draw
from examples.receipts.record import Outage, Record, Watch
from examples.receipts.sample import RECEIPTS, Receipt, receipts, write_archive
from examples.receipts.system import System

FOLDER = Path(__file__).parent
PICTURE = FOLDER / ".cdk-streamer" / "receipts.svg"  # a folder that git ignores
OUTAGE = 120.0
RATE = 8.0
AT_ONCE = 20  # functions that store without the sink
PATIENCE = 180  # seconds for what is under way to come to its end
INTERRUPTED = 130  # what shells give for a command that Ctrl-C ended
# What an archive has beside receipts: a note without a code, and half a file.
SPOILED = ("note.png", "torn.png")
PART = 3  # the database is stopped when so many of all are stored: one of three


class Runs(NamedTuple):
    """What was seen of both runs, and what the second request answered."""

    direct: Record
    through: Record
    answer: dict[str, Any]
    left: int  # dead letters, and rejected messages


def main() -> int:
    """Run the demo; gives the exit status: 1 also when a receipt is not stored as it was drawn."""
    arguments = _arguments()
    output: Path = arguments.output.resolve()
    output.parent.mkdir(parents=True, exist_ok=True)
    os.environ["RATE"] = str(arguments.rate)
    os.environ["AT_ONCE"] = str(math.ceil(arguments.receipts / AT_ONCE))
    drawn = list(receipts(arguments.receipts))
    archive = output.with_name("receipts.zip")
    paint(archive, drawn)
    stack, server = LocalStack(FOLDER / "app.py", console=arguments.console), None
    try:
        server = database(stub=arguments.stub)
        with narrated(stack), stack:
            runs = run(System(stack), server, archive, drawn, arguments.outage)
            stay(arguments)
    except LocalError as error:
        return fail(stack, f"{error.detail}\n{error.cause}".strip(), error.remedy)
    except (StreamerClientError, OSError) as error:
        return fail(stack, str(error), "correct the example and run it again")
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        if server is not None:
            server.close()
    output.write_text(
        draw(runs.direct, runs.through, receipts=len(drawn), rate=arguments.rate), encoding="utf-8"
    )
    console.print(f"\nThe picture: {output}", soft_wrap=True)
    return summarize(drawn, runs)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="run the receipts example on this machine")
    parser.add_argument("--receipts", type=int, default=RECEIPTS, help="default: %(default)s")
    parser.add_argument(
        "--outage", type=float, default=OUTAGE, metavar="SECONDS", help="default: %(default)s"
    )
    parser.add_argument("--rate", type=float, default=RATE, help="a second; default: %(default)s")
    parser.add_argument("--stub", action="store_true", help="no PostgreSQL, also if there is one")
    add_console(parser)
    parser.add_argument("--output", type=Path, default=PICTURE, help="default: %(default)s")
    return parser.parse_args()


def paint(archive: Path, drawn: Sequence[Receipt]) -> None:
    """Draw all receipts, and what will not be read."""
    began = time.monotonic()
    images = [(receipt.name, draw_receipt(receipt)) for receipt in drawn]
    torn = images[0][1][:200] if images else b""
    note = draw_note("Taxi to the airport", Decimal("23.50"))
    write_archive(archive, [*images, *zip(SPOILED, (note, torn), strict=True)])
    size = archive.stat().st_size / 1_000_000
    seconds = time.monotonic() - began
    console.print(f"drawn            {len(drawn)} receipts, {size:.1f} MB, in {seconds:.1f} s")


def database(*, stub: bool) -> Server:
    """Start PostgreSQL, or say why it is something else."""
    try:
        server = Stub() if stub else Postgres()
    except NotFound as error:
        console.print(f"[bold]not PostgreSQL[/]   {error}")
        server = Stub()
    console.print(f"database         {server.title}, {CONNECTIONS} connections")
    return server


def run(
    system: System, server: Server, archive: Path, drawn: Sequence[Receipt], outage: float
) -> Runs:
    """Store the receipts without the sink, then through it while the database goes away."""
    system.tell(server.address)
    direct = asyncio.run(overrun(system, server, archive))
    refused = len(drawn) - len(direct.rows)
    told = f"{len(direct.rows)} of {len(drawn)} are stored"
    why = f"{refused} were refused: too many clients already"
    console.print(f"                 {told}, {why}\n", soft_wrap=True)
    server.clear()
    through, answer = asyncio.run(spared(system, server, archive, len(drawn), outage))
    left = system.waiting(["DeadLetters", "Rejected"])
    return Runs(direct=direct, through=through, answer=answer, left=left)


async def overrun(system: System, server: Server, archive: Path) -> Record:
    """Give all receipts to the database at once."""
    console.print(f"[bold]store_at_once[/]    {AT_ONCE} functions at once, without the sink")
    with Watch(server) as watch:
        try:
            await system.request("store_at_once", archive, display_on(console, progress=True))
        except RequestFailed as error:
            console.print(f"                 {error}", markup=False)
        return await asyncio.to_thread(watch.record)


async def spared(
    system: System, server: Server, archive: Path, count: int, seconds: float
) -> tuple[Record, dict[str, Any]]:
    """Give them to the sink; in the middle the database is stopped for a while."""
    console.print("[bold]store_receipts[/]   through the sink")
    with Watch(server, system.circuit) as watch:
        outages = asyncio.create_task(asyncio.to_thread(interrupt, server, count, seconds))
        display = display_on(console, progress=True)
        answer = await system.request("store_receipts", archive, display)
        outage = await outages
        await asyncio.to_thread(wait, lambda: stored(server) >= count, "the last receipt")
        await asyncio.to_thread(wait, lambda: not system.waiting(["Queue"]), "an empty queue")
        return await asyncio.to_thread(watch.record, outage), answer


def interrupt(server: Server, count: int, seconds: float) -> Outage:
    """Stop the database when a part is stored, and start it again."""
    wait(lambda: stored(server) >= count // PART, "the first receipts")
    begin, before = time.time(), stored(server)
    server.stop()
    console.print(f"                 the database is stopped; {before} receipts are stored")
    time.sleep(seconds)
    server.start()
    console.print(f"                 the database is back after {seconds:g} s")
    return Outage(begin=begin, end=time.time())


def stored(server: Server) -> int:
    """Count what is stored, as far as anybody can tell."""
    try:
        return len(server.rows())
    except OSError:  # it is stopped
        return 0


def wait(holds: Callable[[], bool], what: str) -> None:
    """Wait until that is so; raises TimeoutError."""
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not come within {PATIENCE} s")
        time.sleep(0.5)


def summarize(drawn: Sequence[Receipt], runs: Runs) -> int:
    """Print what came of it; gives 1 if anything is not as it should be."""
    account = Account(receipts=drawn, rows=runs.through.rows)
    failed = sorted(runs.answer["failed_ids"])
    lines = {
        "drawn": f"{len(drawn)} receipts of {account.drawn} EUR",
        "stored": f"{len(account.rows)} receipts of {account.stored} EUR",
        "missing": str(len(account.missing)),
        "came again": f"{account.repeated}, each is one row",
        "refused": str(runs.through.refusals),
        "given up": str(runs.left),
        "unreadable": ", ".join(failed),
    }
    console.print()
    for name, told in lines.items():
        console.print(f"{name:<16} {told}", markup=False)
    faults = list(account.faults)
    if failed != sorted(SPOILED):
        faults.append(f"{SPOILED} are no receipts, and {failed} were not read")
    if runs.left:
        faults.append(f"{runs.left} messages are dead letters, or rejected")
    for fault in faults[:SHOWN]:
        print(f"error: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
