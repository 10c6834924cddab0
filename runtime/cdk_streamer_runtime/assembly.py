"""Puts the parts of each function together, for Lambda and for a test alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from cdk_streamer_runtime import contract
from cdk_streamer_runtime.auth.tickets import TicketStore
from cdk_streamer_runtime.aws import Aws, LeanClient, Patience
from cdk_streamer_runtime.callers import Callers
from cdk_streamer_runtime.conversation import Conversation
from cdk_streamer_runtime.durable.assembly import durable_repair, executions
from cdk_streamer_runtime.durable.executions import Executions
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.limits.ledger import Ledger
from cdk_streamer_runtime.limits.slots import Slots
from cdk_streamer_runtime.machine import Machine
from cdk_streamer_runtime.metrics import Metrics
from cdk_streamer_runtime.protocol import Protocol
from cdk_streamer_runtime.reception import Reception
from cdk_streamer_runtime.requests.app import AsyncApp
from cdk_streamer_runtime.requests.desk import Desk
from cdk_streamer_runtime.requests.dispatcher import Dispatcher
from cdk_streamer_runtime.requests.endings import Endings
from cdk_streamer_runtime.requests.gate import Gate, longest_life
from cdk_streamer_runtime.requests.inquiries import Inquiries
from cdk_streamer_runtime.requests.notices import Notices
from cdk_streamer_runtime.requests.queues import Queue
from cdk_streamer_runtime.requests.remains import Remains
from cdk_streamer_runtime.requests.repair import Repair
from cdk_streamer_runtime.requests.results import Results
from cdk_streamer_runtime.requests.rollcall import RollCall
from cdk_streamer_runtime.requests.store import RequestStore
from cdk_streamer_runtime.requests.uploads import Uploads
from cdk_streamer_runtime.requests.watcher import Watcher
from cdk_streamer_runtime.requests.webhook_url import WebhookHosts
from cdk_streamer_runtime.requests.worker import Platform, Worker
from cdk_streamer_runtime.sockets.admission import Admission
from cdk_streamer_runtime.sockets.channels import ChannelStore
from cdk_streamer_runtime.sockets.connections import ConnectionStore
from cdk_streamer_runtime.sockets.origins import Origins
from cdk_streamer_runtime.sockets.posts import Counter, Posts
from cdk_streamer_runtime.sockets.publisher import ChannelProgress, ChannelSink
from cdk_streamer_runtime.sockets.speakers import Speakers

# A post that hangs holds up the next tick, and what it says can be read from the table too.
IMPATIENCE = Patience(attempts=2, connect=1.0, read=2.0, total=3.0)
# An object may have a hundred megabytes.
LONG_PATIENCE = Patience(read=60.0, total=120.0)

# The functions that may end a request.
Ending = (
    contract.MessageEnvironment
    | contract.WorkerEnvironment
    | contract.DurableEnvironment
    | contract.WatcherEnvironment
)


class Front(NamedTuple):
    """Who answers callers, whichever way they come."""

    reception: Reception
    inquiries: Inquiries
    posts: Posts


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """Builds functions for one world: where AWS is, and what machine the code runs on."""

    aws: Aws
    platform: Platform
    storing: Aws | None = None  # what moves large objects; default: the same as for all else
    posting: Aws | None = None  # what posts to connections; default: the same as for all else
    management_endpoint: str | None = None  # stands in for the stage's own callback address

    def admission(self, settings: contract.ConnectionEnvironment, metrics: Counter) -> Admission:
        """Build what lets callers in; raises ValueError for origins that no browser has."""
        return Admission(
            store=ConnectionStore(Table(self.aws, settings.table_name)),
            callers=Callers.from_text(settings.callers),
            origins=Origins.from_text(settings.origins),
            clock=self.platform.clock,
            metrics=metrics,
        )

    def speakers(self, settings: contract.MessageEnvironment) -> Speakers:
        """Build what knows who speaks."""
        return Speakers(ConnectionStore(Table(self.aws, settings.table_name)))

    def tickets(self, settings: contract.HttpEnvironment) -> TicketStore:
        """Build what hands out tickets for `$connect`."""
        return TicketStore(Table(self.aws, settings.table_name), settings.name)

    def front(
        self, settings: contract.MessageEnvironment, app: AsyncApp, metrics: Counter
    ) -> Front:
        """Build what a socket and HTTP share; raises ValueError for an app that cannot run."""
        platform = self.platform
        app.check(
            worker_timeout=settings.worker_timeout_seconds,
            accepts_requests=settings.requests,
            durable_timeout=settings.durable_timeout_seconds if settings.durable else None,
        )
        posts = self.posts(settings.endpoint, metrics, app)
        ledger = Ledger(
            Table(self.aws, settings.table_name),
            slots=self._slots(settings.table_name),
            lifetime=longest_life(app.actions.values(), settings.worker_timeout_seconds),
            on_refusal=lambda: metrics.count(contract.Metric.REQUESTS_LIMITED),
        )
        gate = Gate(app.limits, ledger)
        desk = self._desk(settings, self.endings(settings, posts, metrics), ledger, gate)
        reachable = desk if settings.requests else None
        uploads = self.uploads(settings.bucket_name, app)
        return Front(
            reception=Reception(
                app=app,
                desk=reachable,
                clock=platform.clock,
                new_id=platform.new_id,
                alarm=platform.alarm,
                gate=gate,
                uploads=uploads,
            ),
            inquiries=self._inquiries(settings, reachable, uploads),
            posts=posts,
        )

    def conversation(
        self, settings: contract.MessageEnvironment, app: AsyncApp, metrics: Counter
    ) -> Conversation:
        """Build what answers frames; raises ValueError for an app that cannot run."""
        front, clock = self.front(settings, app, metrics), self.platform.clock
        return Conversation(
            protocol=Protocol(
                app=app,
                channels=ChannelStore(Table(self.aws, settings.table_name)),
                inquiries=front.inquiries,
                posts=front.posts,
                clock=clock,
            ),
            reception=front.reception,
            inquiries=front.inquiries,
            posts=front.posts,
            clock=clock,
        )

    def dispatcher(self, settings: contract.DispatcherEnvironment) -> Dispatcher:
        """Build what sends work."""
        return Dispatcher(
            work=Queue(self.aws, settings.work_queue_url),
            watch=Queue(self.aws, settings.watch_queue_url),
            lease=settings.lease_seconds * 1000,
            executions=executions(self, settings),
        )

    def worker(
        self, settings: contract.WorkerEnvironment, app: AsyncApp, metrics: Counter
    ) -> Worker:
        """Build what runs attempts; raises ValueError for an app that cannot run."""
        app.check(
            worker_timeout=settings.worker_timeout_seconds,
            accepts_requests=True,
            durable_timeout=contract.DURABLE_SECONDS,
        )
        watch = settings.watch_queue_url
        posts = self.posts(settings.endpoint, metrics, app)
        return Worker(
            app,
            store=self.requests(settings.table_name, settings.retention_seconds),
            work=Queue(self.aws, settings.work_queue_url),
            posts=posts,
            endings=self.endings(settings, posts, metrics),
            metrics=metrics,
            platform=self.platform,
            lease=settings.lease_seconds * 1000,
            interval=1000 // settings.max_rate,
            watch=Queue(self.aws, watch) if watch else None,
            results=self.results(settings.bucket_name),
            uploads=self.uploads(settings.bucket_name, app),
        )

    def watcher(self, settings: contract.WatcherEnvironment, metrics: Counter) -> Watcher:
        """Build what looks after requests."""
        clock = self.platform.clock
        store = self.requests(settings.table_name, settings.retention_seconds)
        posts = self.posts(settings.endpoint, metrics)
        repair = Repair(
            store=store,
            work=Queue(self.aws, settings.work_queue_url),
            endings=self.endings(settings, posts, metrics),
            clock=clock,
            lease=settings.lease_seconds * 1000,
        )
        watch = Queue(self.aws, settings.watch_queue_url)
        durable = durable_repair(self, settings, metrics)
        return Watcher(store=store, watch=watch, repair=repair, clock=clock, durable=durable)

    def channel(
        self, settings: contract.PublisherEnvironment, *, tenant: str, name: str, max_rate: int
    ) -> ChannelProgress:
        """Build what publishes to one channel."""
        clock, metrics = self.platform.clock, Metrics(settings.name)
        store = ChannelStore(Table(self.aws, settings.table_name))
        sink = ChannelSink(tenant, name, store, self.posts(settings.endpoint, metrics), clock)
        return ChannelProgress(sink, clock=clock, interval=1000 // max_rate, on_close=metrics.flush)

    def results(self, bucket: str | None) -> Results | None:
        """Build what keeps large results; None without a bucket."""
        return Results(self.storing or self.aws, bucket) if bucket else None

    def uploads(self, bucket: str | None, app: AsyncApp) -> Uploads | None:
        """Build what knows uploads; None without a bucket."""
        if not bucket:
            return None
        return Uploads(
            self.storing or self.aws,
            bucket,
            clock=self.platform.clock,
            new_id=self.platform.new_id,
            most=app.max_upload_bytes,
        )

    def requests(
        self, table_name: str, retention: int, ledger: Ledger | None = None
    ) -> RequestStore:
        """Build what reads and writes requests."""
        table, new_mark = Table(self.aws, table_name), self.platform.new_id
        return RequestStore(table, retention=retention, new_mark=new_mark, ledger=ledger)

    def endings(self, settings: Ending, posts: Posts, metrics: Counter) -> Endings:
        """Build what tells how requests end."""
        table, url = Table(self.aws, settings.table_name), settings.webhook_queue_url
        notices = Notices(table, Queue(self.aws, url) if url else None)
        slots, clock = self._slots(settings.table_name), self.platform.clock
        # The watcher ends what failed, so that it needs to know no result.
        is_watcher = isinstance(settings, contract.WatcherEnvironment)
        results = None if is_watcher else self.results(settings.bucket_name)
        remains = Remains(table, retention=settings.retention_seconds)
        return Endings(
            posts, metrics, clock, slots=slots, notices=notices, results=results, remains=remains
        )

    def _desk(
        self, settings: contract.MessageEnvironment, endings: Endings, ledger: Ledger, gate: Gate
    ) -> Desk:
        hosts = WebhookHosts.from_text(settings.webhook_hosts)
        return Desk(
            store=self.requests(settings.table_name, settings.retention_seconds, ledger),
            endings=endings,
            gate=gate,
            clock=self.platform.clock,
            new_id=self.platform.new_id,
            worker_timeout=settings.worker_timeout_seconds,
            webhooks=hosts if settings.webhook_queue_url else None,
            executions=Executions(self.aws) if settings.durable else None,
            durable_timeout=settings.durable_timeout_seconds,
        )

    def _inquiries(
        self, settings: contract.MessageEnvironment, desk: Desk | None, uploads: Uploads | None
    ) -> Inquiries:
        return Inquiries(
            desk=desk,
            chunks=self.requests(settings.table_name, settings.retention_seconds).chunks,
            clock=self.platform.clock,
            results=self.results(settings.bucket_name),
            uploads=uploads if settings.requests else None,
        )

    def _slots(self, table_name: str) -> Slots:
        table = Table(self.aws, table_name)
        return Slots(table, RollCall(table).ended)

    def posts(self, endpoint: str, metrics: Counter, app: AsyncApp | None = None) -> Posts:
        """Build what posts to connections."""
        return Posts(
            self.posting or self.aws,
            self.management_endpoint or endpoint,
            metrics=metrics,
            each=self.platform.each,
            outgoing=app.outgoing if app else lambda message: message,
        )


@lru_cache(maxsize=1)
def in_lambda() -> Assembly:
    """Give this process's own world; its client keeps connections open between events."""
    environment = contract.AwsEnvironment.from_variables()
    return Assembly(
        aws=LeanClient(),
        posting=LeanClient(patience=IMPATIENCE),
        storing=LeanClient(patience=LONG_PATIENCE),
        platform=Machine(),
        management_endpoint=environment.management_endpoint,
    )
