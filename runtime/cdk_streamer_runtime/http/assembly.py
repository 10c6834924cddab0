"""Puts the parts of the HTTP function together, for Lambda and for a test alike."""

from __future__ import annotations

from collections.abc import Callable

from cdk_streamer_runtime.assembly import Assembly
from cdk_streamer_runtime.callers import Callers
from cdk_streamer_runtime.contract import HttpEnvironment
from cdk_streamer_runtime.http.api import HttpApi
from cdk_streamer_runtime.http.refusals import Refusals
from cdk_streamer_runtime.http.routes import Routes
from cdk_streamer_runtime.http.snapshots import Snapshots
from cdk_streamer_runtime.http.submission import Submissions
from cdk_streamer_runtime.http.waiting import Waiting
from cdk_streamer_runtime.requests.app import AsyncApp
from cdk_streamer_runtime.sockets.posts import Counter


def http_api(
    assembly: Assembly,
    settings: HttpEnvironment,
    app: AsyncApp,
    metrics: Counter,
    sleep: Callable[[float], None],
) -> HttpApi:
    """Build what answers HTTP requests; raises ValueError for an app that cannot run."""
    front, clock = assembly.front(settings, app, metrics), assembly.platform.clock
    waiting = Waiting(clock=clock, sleep=sleep)
    snapshots = Snapshots(app=app, inquiries=front.inquiries, waiting=waiting)
    refusals = Refusals(app=app, reception=front.reception, clock=clock)
    return HttpApi(
        callers=Callers.from_text(settings.callers),
        refusals=refusals,
        submissions=Submissions(
            app=app,
            reception=front.reception,
            refusals=refusals,
            snapshots=snapshots,
            clock=clock,
        ),
        routes=Routes(
            app=app,
            snapshots=snapshots,
            tickets=assembly.tickets(settings) if settings.tickets else None,
            weigh=front.reception.weigh,
            clock=clock,
        ),
        clock=clock,
    )
