"""The actions of the application: what clients can ask for."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cdk_streamer_runtime import AsyncApp, Progress, RequestContext, Retry, Retryable

from .files import Files
from .orders import OrderFile
from .sales import Sales

BATCH = 5_000
KILOBYTE = 1024

app = AsyncApp()


@app.action("echo")
def echo(payload: dict[str, Any]) -> dict[str, Any]:
    """Answer at once, on the socket, with what came."""
    return payload


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInput:
    """The id of the uploaded orders, and what to write above the report on them."""

    orders: str
    title: str = "Sales report"


@app.action("generate_report", mode="async", input=ReportInput, timeout=600, retry=Retry())
def generate_report(
    payload: ReportInput, progress: Progress, context: RequestContext
) -> dict[str, Any]:
    """Read the orders, total them, draw the charts and publish the page."""
    sales = Sales()
    upload = context.upload(payload.orders)
    with upload.open() as file:
        order_file = OrderFile(io.TextIOWrapper(file, encoding="utf-8", newline=""))
        for batch in order_file.batches(BATCH):
            sales.add(batch)
            progress.report(
                percentage=80 * file.tell() / upload.size,
                message="orders",
                step="read",
                current=file.tell() // KILOBYTE,
                total=upload.size // KILOBYTE,
                unit="KB",
                orders=sales.orders,
            )
    progress.report(85, "charts", step="draw")
    from .page import Page  # only this action needs the charts

    page = Page(
        title=payload.title,
        sales=sales,
        skipped=order_file.skipped,
        request_id=context.request_id,
        made_at=datetime.now(UTC),
    ).render()
    progress.report(95, "page", step="publish")
    return {
        # Another attempt writes the same page again: it is named after the request.
        "url": Files(context).publish(context.request_id, page),
        "rows": sales.orders,
        "skipped": order_file.skipped,
        "revenue": str(sales.revenue),
        "months": {month: str(total) for month, total in sales.by_month.items()},
        "regions": {region: str(total) for region, total in sales.by_region.items()},
    }


@app.action("flaky", mode="async", retry=Retry(max_attempts=3, delay=0.5, max_delay=2.0))
def flaky(progress: Progress, context: RequestContext) -> dict[str, int]:
    """Fail twice, so that one can watch the third attempt succeed."""
    progress.report(50, f"Attempt {context.attempt}")
    if context.attempt < 3:  # noqa: PLR2004
        raise Retryable("the warehouse does not answer")
    return {"attempts": context.attempt}


@dataclass(frozen=True, slots=True, kw_only=True)
class Countdown:
    """How long to count."""

    seconds: int = 30


@app.action("countdown", mode="async", input=Countdown, timeout=600)
def countdown(payload: Countdown, progress: Progress) -> dict[str, int]:
    """Count seconds: something to watch, to leave and come back to, and to cancel."""
    for second in range(payload.seconds):
        progress.report(current=second, total=payload.seconds, unit="seconds", message="Counting")
        time.sleep(1)
    return {"counted": payload.seconds}
