"""Puts together what starts, runs and looks after durable executions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_streamer_runtime.contract import (
    DispatcherEnvironment,
    DurableEnvironment,
    WatcherEnvironment,
)
from cdk_streamer_runtime.durable.executions import Executions
from cdk_streamer_runtime.durable.repair import DurableRepair
from cdk_streamer_runtime.durable.store import DurableStore
from cdk_streamer_runtime.durable.worker import DurableWorker
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.requests.app import AsyncApp
from cdk_streamer_runtime.requests.queues import Queue
from cdk_streamer_runtime.sockets.posts import Counter

if TYPE_CHECKING:
    from cdk_streamer_runtime.assembly import Assembly

WORKER_SECONDS = 900  # of any action that is not durable: it never runs here


def executions(
    assembly: Assembly, settings: DispatcherEnvironment | WatcherEnvironment
) -> Executions | None:
    """Build what starts executions; None without a durable function."""
    function = settings.durable_function
    return Executions(assembly.aws, function) if function else None


def durable_repair(
    assembly: Assembly, settings: WatcherEnvironment, metrics: Counter
) -> DurableRepair | None:
    """Build what looks after durable requests; None without a durable function."""
    known = executions(assembly, settings)
    if known is None:
        return None
    posts = assembly.posts(settings.endpoint, metrics)
    return DurableRepair(
        store=assembly.requests(settings.table_name, settings.retention_seconds),
        durable=_store(assembly, settings.table_name),
        executions=known,
        work=Queue(assembly.aws, settings.work_queue_url),
        endings=assembly.endings(settings, posts, metrics),
        clock=assembly.platform.clock,
        lease=settings.lease_seconds * 1000,
    )


def durable_worker(
    assembly: Assembly, settings: DurableEnvironment, app: AsyncApp, metrics: Counter
) -> DurableWorker:
    """Build what runs durable attempts; raises ValueError for an app that cannot run."""
    app.check(
        worker_timeout=WORKER_SECONDS,
        accepts_requests=True,
        durable_timeout=settings.execution_timeout_seconds,
    )
    posts = assembly.posts(settings.endpoint, metrics, app)
    worker = DurableWorker(
        app,
        store=assembly.requests(settings.table_name, settings.retention_seconds),
        work=Queue(assembly.aws, settings.watch_queue_url),
        posts=posts,
        endings=assembly.endings(settings, posts, metrics),
        metrics=metrics,
        platform=assembly.platform,
        lease=WORKER_SECONDS * 1000,
        interval=1000 // settings.max_rate,
        results=assembly.results(settings.bucket_name),
        uploads=assembly.uploads(settings.bucket_name, app),
    )
    return worker.resting_in(_store(assembly, settings.table_name))


def _store(assembly: Assembly, table_name: str) -> DurableStore:
    return DurableStore(Table(assembly.aws, table_name), new_mark=assembly.platform.new_id)
