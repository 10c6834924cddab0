"""The service as its routes: what is asked, page by page and 25 entries at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast
from urllib.parse import quote, urlencode

from cdk_streamer_client.errors import ProtocolError, StreamerClientError
from cdk_streamer_client.timers.answers import (
    document_of,
    object_of,
    outcome_of,
    problem_of,
    unreadable,
)
from cdk_streamer_client.timers.entries import BatchEntry, Outcome
from cdk_streamer_client.timers.retries import Retries
from cdk_streamer_client.timers.transport import Answer, Transport
from cdk_streamer_client.timers.validation import check_id, encoded
from cdk_streamer_client.wire import Malformed, read_text
from cdk_streamer_runtime.contract.timers import TIMER_BATCH, TimerRoute

_NONE: Mapping[str, Any] = {}
_JSON = {"Content-Type": "application/json"}
_DONE, _UNPROCESSABLE = 200, 422


class Service:
    """Asks, and asks again when that may help."""

    def __init__(self, *, transport: Transport, retries: Retries) -> None:
        self._transport = transport
        self._retries = retries

    def ask(
        self,
        route: TimerRoute,
        id: str | None = None,
        *,
        headers: Mapping[str, str] = _NONE,
        query: Mapping[str, object] = _NONE,
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Give the answer, whatever it is; raises InvalidTimer when there can be no such id."""
        method, _, path = route.partition(" ")
        given = {name: value for name, value in query.items() if value is not None}
        # A space as %20 and not as +, so that both ends sign the same text.
        text = urlencode(given, quote_via=quote, safe="")
        # No letter of an id is escaped: API Gateway computes the signature from the path as it was
        # sent, and on one with an escape, which is escaped again for it, not all signers agree.
        path = path if id is None else path.replace("{id}", check_id(id))
        path += f"?{text}" if text else ""
        content, kind = (b"", {}) if body is None else (encoded(body), _JSON)
        return self._retries.send(self._transport, method, path, {**kind, **headers}, content)

    def pages(
        self,
        route: TimerRoute,
        id: str | None,
        query: Mapping[str, object],
        *,
        after: tuple[str, str],
    ) -> Iterator[dict[str, Any]]:
        """Give page after page; `after` names what tells of the next, and what asks for it."""
        told, asked = after
        rest: Mapping[str, object] = {}
        while True:
            page = document_of(self.ask(route, id, query={**query, **rest}))
            yield page
            try:
                cursor = read_text(page, told)
            except Malformed as error:
                unreadable(error)
            if cursor is None:
                return
            rest = {asked: cursor}

    def batch(self, entries: Sequence[BatchEntry]) -> list[Outcome]:
        """Do any number of things, 25 in a request.

        A request that fails as a whole is the failure of its entries and of all after them, which
        are not sent any more.
        """
        outcomes: list[Outcome] = []
        for at in range(0, len(entries), TIMER_BATCH):
            try:
                outcomes += self._batch(entries[at : at + TIMER_BATCH])
            except StreamerClientError as error:
                return [*outcomes, *(Outcome(id=entry.id, error=error) for entry in entries[at:])]
        return outcomes

    def _batch(self, entries: Sequence[BatchEntry]) -> list[Outcome]:
        body = {"entries": [entry.entry() for entry in entries]}
        answer = self.ask(TimerRoute.BATCH, body=body)
        results = _results(answer)
        if results is None:
            raise problem_of(answer)
        if len(results) != len(entries):
            raise ProtocolError(f"a batch of {len(entries)} must have as many results")
        try:
            pairs = zip(results, entries, strict=True)
            return [outcome_of(result, entry.id) for result, entry in pairs]
        except Malformed as error:
            unreadable(error)


def _results(answer: Answer) -> list[Any] | None:
    """Give the results of a batch, of one that was done or of one that was not."""
    if answer.status not in {_DONE, _UNPROCESSABLE}:
        return None
    results = object_of(answer).get("results", [] if answer.status == _DONE else None)
    return cast("list[Any]", results) if isinstance(results, list) else None
