"""Uploads a file of orders, asks for the report on it, and shows how it comes along.

python client.py orders.csv                                  # what `cdk-streamer local` runs here
python client.py orders.csv --url wss://... --token ...      # what was deployed
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from cdk_streamer_client import StreamerClient, StreamerClientError
from cdk_streamer_client.display import Display, display_on
from cdk_streamer_local import LocalError
from cdk_streamer_local.record import running


async def make_report(
    client: StreamerClient, orders: Path, *, title: str, display: Display
) -> dict[str, Any]:
    """Give what `generate_report` answers: the link to the page, and its figures."""
    upload_id = await client.upload(orders, type="text/csv")
    with display:
        request = client.submit("generate_report", {"orders": upload_id, "title": title})
        async for message in request:
            display.show(message)
    return await request.result()


def main() -> int:
    """Do what the command line says; gives the exit status."""
    parser = argparse.ArgumentParser(description="make a report of a CSV file of orders")
    parser.add_argument("orders", type=Path, help="see sample.py for one")
    parser.add_argument("--title", default="Sales report")
    parser.add_argument("--url", help="the wss:// address of the API")
    parser.add_argument("--token", help="who asks")
    arguments = parser.parse_args()
    try:
        print(json.dumps(asyncio.run(_run(arguments)), indent=2))
    except (StreamerClientError, LocalError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


async def _run(arguments: argparse.Namespace) -> dict[str, Any]:
    url, token, tls = arguments.url, arguments.token, ssl.create_default_context()
    if url is None:
        record, state = running(Path.cwd())
        url, token = record.socket_url(), record.token(state)
        tls = ssl.create_default_context(cafile=record.ca_bundle)
    display = display_on(Console(stderr=True), progress=True)
    async with StreamerClient(url=url, token=token, ssl=tls) as client:
        return await make_report(client, arguments.orders, title=arguments.title, display=display)


if __name__ == "__main__":
    sys.exit(main())
