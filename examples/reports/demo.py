"""The whole example on this machine: deploys it, uses it, shows what comes out, ends it.

python -m examples.reports.demo
"""

from __future__ import annotations

import argparse
import asyncio
import ssl
import sys
import time
import urllib.request
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from cdk_streamer_client import StreamerClient, StreamerClientError
from cdk_streamer_client.display import display_on
from cdk_streamer_local import LocalError, LocalStack
from cdk_streamer_local.events import Warmed
from examples.narration import add_console, console, fail, narrated, stay
from examples.reports import sample
from examples.reports.client import make_report
from examples.reports.handlers.wording import money

FOLDER = Path(__file__).parent
REPORT = FOLDER / ".cdk-streamer" / "report.html"  # a folder that git ignores
BAR = 30  # letters of the longest bar
PATIENCE = 120  # seconds until the requests must have come to their end
INTERRUPTED = 130  # what shells give for a command that Ctrl-C ended


def main() -> int:
    """Run the demo; gives the exit status."""
    parser = argparse.ArgumentParser(description="run the reports example on this machine")
    parser.add_argument("--rows", type=int, default=sample.ROWS, help="default: %(default)s")
    add_console(parser)
    parser.add_argument("--output", type=Path, default=REPORT, help="default: %(default)s")
    arguments = parser.parse_args()
    output: Path = arguments.output.resolve()
    output.parent.mkdir(parents=True, exist_ok=True)
    orders = output.with_name("orders.csv")
    sample.write_orders(orders, arguments.rows)
    began = time.monotonic()
    stack = LocalStack(FOLDER / "app.py", console=arguments.console)
    try:
        with narrated(stack), stack:
            result, page = asyncio.run(use(stack, orders))
            stay(arguments)
    except LocalError as error:
        return fail(stack, f"{error.detail}\n{error.cause}".strip(), error.remedy)
    except TimeoutError:
        return fail(stack, f"no result within {PATIENCE} s", "run it when the machine is less busy")
    except (StreamerClientError, OSError) as error:
        return fail(stack, str(error), "correct the handlers and run it again")
    except KeyboardInterrupt:
        return INTERRUPTED
    output.write_bytes(page)
    summarize(result)
    console.print(f"\nThe report: {output} ({len(page):,} bytes)", soft_wrap=True)
    console.print(f"All of it took {time.monotonic() - began:.0f} s; everything has ended.")
    console.print("To change the handlers and watch: see examples/reports/README.md")
    return 0


async def use(stack: LocalStack, orders: Path) -> tuple[dict[str, Any], bytes]:
    """Run three actions as a client would; gives the answer of the last one, and its page."""
    broken = [
        name for event in stack.events if isinstance(event, Warmed) for name in event.unloadable
    ]
    if broken:
        raise LocalError(f"{', '.join(broken)} cannot be imported", remedy="correct the handlers")
    async with asyncio.timeout(PATIENCE):
        result = await call(stack, orders)
        return result, await asyncio.to_thread(download, result["url"], stack.tls)


async def call(stack: LocalStack, orders: Path) -> dict[str, Any]:
    """Make the requests and show how they come along."""
    token = stack.token(sub="ann", tenant="acme")
    async with StreamerClient(url=stack.socket_url(), token=token, ssl=stack.tls) as client:
        began = time.monotonic()
        answer = await client.request("echo", {"text": "hello"})
        console.print(f"[bold]echo[/]             {answer} after {milliseconds(began)}")

        with display_on(console, progress=True) as display:
            request = client.submit("flaky")
            async for message in request:
                display.show(message)
        attempts = (await request.result())["attempts"]
        console.print(f"[bold]flaky[/]            succeeded in attempt {attempts}")

        console.print(f"[bold]generate_report[/]  of {orders.name}")
        began = time.monotonic()
        display = display_on(console, progress=True)
        result = await make_report(client, orders, title="Sales 2025", display=display)
        console.print(f"                 done after {milliseconds(began)}\n")
        return result


def download(url: str, tls: ssl.SSLContext) -> bytes:
    """Give what a link leads to; raises URLError."""
    with urllib.request.urlopen(url, context=tls) as answer:  # noqa: S310 - the service's own link
        return answer.read()


def summarize(result: Mapping[str, Any]) -> None:
    """Print what the report is about."""
    console.print(
        f"{result['rows']:,} orders, {money(Decimal(result['revenue']))} of revenue, "
        f"{result['skipped']} damaged lines left out"
    )
    regions = {name: Decimal(total) for name, total in result["regions"].items()}
    largest = max(regions.values(), default=Decimal(1))
    for name, total in regions.items():
        bar = "#" * round(BAR * total / largest)
        console.print(f"  {name:<15} {bar:<{BAR}} {money(total):>7}", markup=False)


def milliseconds(began: float) -> str:
    """Tell how long ago that was."""
    return f"{(time.monotonic() - began) * 1000:,.0f} ms"


if __name__ == "__main__":
    sys.exit(main())
