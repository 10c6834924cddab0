"""The client of a timer service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cdk_streamer_client.timers.answers import document_of, moments_of, summaries_of, timer_of
from cdk_streamer_client.timers.authorization import bearer, signature
from cdk_streamer_client.timers.entries import KEEP, BatchEntry, Keep, PatchTimer, PutTimer
from cdk_streamer_client.timers.errors import BatchFailed
from cdk_streamer_client.timers.moments import text_of
from cdk_streamer_client.timers.retries import Retries
from cdk_streamer_client.timers.schedules import Schedule
from cdk_streamer_client.timers.service import Service
from cdk_streamer_client.timers.timer import Timer, TimerSummary
from cdk_streamer_client.timers.transport import HttpTransport, Transport
from cdk_streamer_client.timers.validation import check_entries, definition_of
from cdk_streamer_runtime.contract.timers import TimerRoute, TimerState
from cdk_streamer_runtime.timers.definition import Jitter, Misfire

_RETRIES = Retries()
_PAGE = 100
_DELETED = 204
_PATCH = {"Content-Type": "application/merge-patch+json"}


class TimerClient:
    """Makes, changes, lists and deletes timers. One client serves any number of threads.

    Requests are signed with AWS credentials, which needs botocore: those of `session`, a botocore
    or boto3 session, or else those that the AWS CLI would use. `region` is the API's; default:
    that of its address, else the session's. With `token`, a JWT or a function that gives one,
    they carry that instead.

    A `transport` takes the place of the network: it gets method, path, headers and body, and
    gives status, headers and body.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | Callable[[], str] | None = None,
        session: Any = None,  # noqa: ANN401 - botocore has no types
        region: str | None = None,
        transport: Transport | None = None,
        ca_bundle: str | Path | None = None,
        timeout: float = 30.0,
        retries: Retries = _RETRIES,
    ) -> None:
        if (url is None) == (transport is None):
            raise ValueError("give one of url and transport: it leads to the service")
        if token is not None and session is not None:
            raise ValueError("give token or session, not both: it tells the service who asks")
        self._close: Callable[[], None] = lambda: None
        if transport is None:
            authorize = (
                signature(region=region, session=session) if token is None else bearer(token)
            )
            transport = HttpTransport(
                url=str(url), authorize=authorize, timeout=timeout, ca_bundle=ca_bundle
            )
            self._close = transport.close
        self._service = Service(transport=transport, retries=retries)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; a later request opens others."""
        self._close()

    def put(
        self,
        id: str,
        schedule: Schedule,
        *,
        data: Any = None,  # noqa: ANN401 - any JSON
        start: datetime | None = None,
        end: datetime | None = None,
        jitter: Jitter | None = None,
        misfire: Misfire | None = None,
        owner: str | None = None,
        paused: bool = False,
        if_match: str | None = None,
        create_only: bool = False,
    ) -> Timer:
        """Make a timer, or make it what is said here; the same again changes nothing.

        Raises InvalidTimer, and PreconditionFailed for `if_match` and `create_only`.
        """
        entry = PutTimer(
            id=id,
            schedule=schedule,
            data=data,
            start=start,
            end=end,
            jitter=jitter,
            misfire=misfire,
            owner=owner,
            paused=paused,
            if_match=if_match,
            create_only=create_only,
        )
        return self.put_entry(entry)

    def put_entry(self, entry: PutTimer) -> Timer:
        """Do what `put` does, with what is an entry of a batch too."""
        definition_of(entry)
        headers = {"If-None-Match": "*"} if entry.create_only else _if_match(entry.if_match)
        answer = self._service.ask(TimerRoute.PUT, entry.id, headers=headers, body=entry.document())
        return timer_of(answer)

    def get(self, id: str) -> Timer:
        """Read a timer; raises TimerNotFound."""
        return timer_of(self._service.ask(TimerRoute.GET, id))

    def patch(
        self,
        id: str,
        *,
        schedule: Schedule | Keep = KEEP,
        data: Any = KEEP,  # noqa: ANN401 - any JSON
        start: datetime | Keep | None = KEEP,
        end: datetime | Keep | None = KEEP,
        jitter: Jitter | Keep | None = KEEP,
        misfire: Misfire | Keep | None = KEEP,
        owner: str | Keep | None = KEEP,
        paused: bool | Keep = KEEP,
        if_match: str | None = None,
    ) -> Timer:
        """Change what is given and keep the rest; None takes away: a start, an end, an owner.

        `data` is merged by RFC 7396. Raises TimerNotFound, InvalidTimer, PreconditionFailed.
        """
        entry = PatchTimer(
            id=id,
            schedule=schedule,
            data=data,
            start=start,
            end=end,
            jitter=jitter,
            misfire=misfire,
            owner=owner,
            paused=paused,
        )
        headers = {**_PATCH, **_if_match(if_match)}
        answer = self._service.ask(TimerRoute.PATCH, id, headers=headers, body=entry.document())
        return timer_of(answer)

    def pause(self, id: str, *, if_match: str | None = None) -> Timer:
        """Let a timer fire no more until it is resumed; raises TimerNotFound."""
        return self.patch(id, paused=True, if_match=if_match)

    def resume(self, id: str, *, if_match: str | None = None) -> Timer:
        """Let a paused timer fire from now on; raises TimerNotFound."""
        return self.patch(id, paused=False, if_match=if_match)

    def delete(self, id: str, *, if_match: str | None = None) -> None:
        """Delete a timer; that there is none is as good. Raises PreconditionFailed."""
        answer = self._service.ask(TimerRoute.DELETE, id, headers=_if_match(if_match))
        if answer.status != _DELETED:
            document_of(answer)

    def list(
        self,
        *,
        owner: str | None = None,
        state: TimerState | str | None = None,
        page_size: int | None = None,
    ) -> Iterator[TimerSummary]:
        """Iterate over timers; pages of them are asked for as they are needed."""
        query = {"owner": owner, "state": state, "limit": page_size}
        for page in self._service.pages(TimerRoute.LIST, None, query, after=("cursor", "cursor")):
            yield from summaries_of(page)

    def occurrences(
        self, id: str, *, n: int = 10, start: datetime | None = None
    ) -> tuple[datetime, ...]:
        """Ask for the next n firings at or after a moment; default: from now on."""
        begin = None if start is None else text_of(start, "start")
        query = {"from": begin, "n": min(n, _PAGE)}
        pages = self._service.pages(TimerRoute.OCCURRENCES, id, query, after=("next", "from"))
        return tuple(islice((moment for page in pages for moment in moments_of(page)), n))

    def batch(self, entries: Iterable[BatchEntry]) -> tuple[Timer | None, ...]:
        """Do any number of things, and give the timers in their order: None for the deleted.

        They travel 25 at a time, and of these all are done or none. Raises InvalidTimer before
        anything is sent, and BatchFailed, which tells what became of each.
        """
        several = tuple(entries)
        if len({entry.id for entry in several}) < len(several):
            raise ValueError("the entries of a batch must have ids that differ; make two batches")
        check_entries(several)
        outcomes = self._service.batch(several)
        if any(outcome.error is not None for outcome in outcomes):
            raise BatchFailed(outcomes)
        return tuple(outcome.timer for outcome in outcomes)


def _if_match(etag: str | None) -> Mapping[str, str]:
    return {} if etag is None else {"If-Match": etag}
