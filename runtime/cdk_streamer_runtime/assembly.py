"""Builds what each function needs out of its environment, once per process."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from cdk_streamer_runtime import contract
from cdk_streamer_runtime.aws import Aws, LeanClient
from cdk_streamer_runtime.conversation import Conversation
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.machine import Machine
from cdk_streamer_runtime.metrics import Metrics
from cdk_streamer_runtime.protocol import Protocol
from cdk_streamer_runtime.requests.app import AsyncApp
from cdk_streamer_runtime.requests.desk import Desk
from cdk_streamer_runtime.requests.dispatcher import Dispatcher
from cdk_streamer_runtime.requests.endings import Endings
from cdk_streamer_runtime.requests.loader import load_app
from cdk_streamer_runtime.requests.queues import Queue
from cdk_streamer_runtime.requests.repair import Repair
from cdk_streamer_runtime.requests.store import RequestStore
from cdk_streamer_runtime.requests.watcher import Watcher
from cdk_streamer_runtime.requests.worker import Worker
from cdk_streamer_runtime.sockets.channels import ChannelStore
from cdk_streamer_runtime.sockets.posts import Delivery, Posts

machine = Machine()


@lru_cache(maxsize=1)
def aws() -> Aws:
    """Give the process's one client, whose connections stay open between events."""
    return LeanClient.from_environment()


def build_conversation(
    settings: contract.MessageEnvironment, metrics: Metrics, world: Aws | None = None
) -> Conversation:
    """Build what answers the frames of a socket."""
    world = world or aws()
    app = load_app(settings.entry_point) if settings.entry_point else AsyncApp()
    app.check(
        worker_timeout=settings.worker_timeout_seconds, accepts_requests=settings.requests
    )
    table = Table(world, settings.table_name)
    posts = _posts(world, settings.endpoint, metrics, app)
    desk = Desk(
        store=RequestStore(table, retention=settings.retention_seconds, new_mark=machine.new_id),
        endings=Endings(posts, metrics, machine.clock),
        clock=machine.clock,
        new_id=machine.new_id,
        worker_timeout=settings.worker_timeout_seconds,
    )
    desk_or_none = desk if settings.requests else None
    protocol = Protocol(
        app=app, channels=ChannelStore(table), desk=desk_or_none, clock=machine.clock
    )
    return Conversation(
        app=app,
        protocol=protocol,
        desk=desk_or_none,
        posts=posts,
        clock=machine.clock,
        new_id=machine.new_id,
        alarm=machine.alarm,
    )


def build_worker(
    settings: contract.WorkerEnvironment, metrics: Metrics, world: Aws | None = None
) -> Worker:
    """Build what runs attempts."""
    world = world or aws()
    app = load_app(settings.entry_point)
    app.check(worker_timeout=settings.worker_timeout_seconds, accepts_requests=True)
    posts = _posts(world, settings.endpoint, metrics, app)
    return Worker(
        app,
        store=RequestStore(
            Table(world, settings.table_name),
            retention=settings.retention_seconds,
            new_mark=machine.new_id,
        ),
        posts=posts,
        work=Queue(world, settings.work_queue_url),
        endings=Endings(posts, metrics, machine.clock),
        metrics=metrics,
        platform=machine,
        lease=settings.lease_seconds * 1000,
        interval=1000 // settings.max_rate,
    )


def build_watcher(
    settings: contract.WatcherEnvironment, metrics: Metrics, world: Aws | None = None
) -> Watcher:
    """Build what looks after requests."""
    world = world or aws()
    store = RequestStore(
        Table(world, settings.table_name),
        retention=settings.retention_seconds,
        new_mark=machine.new_id,
    )
    repair = Repair(
        store=store,
        work=Queue(world, settings.work_queue_url),
        endings=Endings(_posts(world, settings.endpoint, metrics), metrics, machine.clock),
        clock=machine.clock,
        lease=settings.lease_seconds * 1000,
    )
    watch = Queue(world, settings.watch_queue_url)
    return Watcher(store=store, watch=watch, repair=repair, clock=machine.clock)


def build_dispatcher(
    settings: contract.DispatcherEnvironment, world: Aws | None = None
) -> Dispatcher:
    """Build what sends work."""
    world = world or aws()
    return Dispatcher(
        work=Queue(world, settings.work_queue_url),
        watch=Queue(world, settings.watch_queue_url),
        lease=settings.lease_seconds * 1000,
    )


def _posts(world: Aws, endpoint: str, metrics: Metrics, app: AsyncApp | None = None) -> Posts:
    override = contract.AwsEnvironment.from_variables().management_endpoint
    return Posts(
        world,
        override or endpoint,
        metrics=metrics,
        each=_in_parallel,
        outgoing=app.outgoing if app else lambda message: message,
    )


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=8)


def _in_parallel(post: Callable[[str], Delivery], names: Iterable[str]) -> Iterable[Delivery]:
    """Post to several connections at once; to a single one without any thread."""
    connections = list(names)
    return map(post, connections) if len(connections) < 2 else _threads().map(post, connections)  # noqa: PLR2004
