"""What connections hear of: requests and channels, by the tables of the APIs."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cdk_streamer_local.console.panels.requests.apis import ProgressApi
from cdk_streamer_local.console.scanning import scanned
from cdk_streamer_runtime.aws import LeanClient
from cdk_streamer_runtime.contract import SORT_KEY, ItemKind
from cdk_streamer_runtime.dynamodb import Item, marshal_item
from cdk_streamer_runtime.requests.request import Request
from cdk_streamer_runtime.sockets.channels import Channel

_SHARE = 5  # of the time at most is spent on looking


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRow:
    """One channel. Its `subscribers` are connections' ids, those of expired tokens left out."""

    id: str
    api: str
    tenant: str
    name: str
    state: str
    seq: int
    progress: Mapping[str, Any] | None
    ending: Mapping[str, Any]
    kept_until: int
    subscribers: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What a connection hears of: a request, with the id of its row, or a channel."""

    kind: str
    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subjects:
    """What one API has. `by_connection` has what each connection hears of."""

    channels: Sequence[ChannelRow] = ()
    by_connection: Mapping[str, Sequence[Subscription]] = field(
        default_factory=dict[str, Sequence[Subscription]]
    )
    is_cut: bool = False


class SubjectTable:
    """Looks through one API's table, no more often than it bears."""

    def __init__(self, aws: LeanClient, api: ProgressApi) -> None:
        self._aws = aws
        self._api = api
        self._due = 0.0
        self._seen = Subjects()

    def read(self) -> Subjects:
        """Give what there is, as of now or of a moment ago."""
        began = time.monotonic()
        if began >= self._due:
            self._seen = self._look()
            self._due = began + (time.monotonic() - began) * _SHARE
        return self._seen

    def _look(self) -> Subjects:
        channels: list[ChannelRow] = []
        heard: dict[str, list[Subscription]] = defaultdict(list)
        now = time.time()
        found, is_cut = self._scanned()
        for item in found:
            name, id, alive = self._subject(item, channels, now)
            for connection in alive:
                kind = str(item[SORT_KEY])
                heard[connection].append(Subscription(kind=kind, id=id, name=name))
        channels.sort(key=lambda each: (each.tenant, each.name))
        return Subjects(channels=channels, by_connection=heard, is_cut=is_cut)

    def _subject(
        self, item: Mapping[str, Any], channels: list[ChannelRow], now: float
    ) -> tuple[str, str, Sequence[str]]:
        if item[SORT_KEY] == ItemKind.CHANNEL:
            channel = Channel.from_item(item)
            row = _channel_row(self._api, channel, item, now)
            channels.append(row)
            return channel.name, row.id, row.subscribers
        request = Request.from_item(item)
        open_ones = () if request.is_terminal else _alive(request.subscribers, now)
        return request.request_id, f"{request.key}@{self._api.id}", open_ones

    def _scanned(self) -> tuple[list[Item], bool]:
        return scanned(
            self._aws,
            self._api.table,
            {
                # A request that has ended is heard of by nobody, and there are many.
                "FilterExpression": "#sort = :channel OR #sort = :request "
                "AND attribute_not_exists(ended_at) AND size(subs) > :none",
                "ExpressionAttributeNames": {"#sort": SORT_KEY},
                "ExpressionAttributeValues": marshal_item(
                    {":channel": ItemKind.CHANNEL, ":request": ItemKind.REQUEST, ":none": 0}
                ),
            },
        )


def _channel_row(
    api: ProgressApi, channel: Channel, item: Mapping[str, Any], now: float
) -> ChannelRow:
    return ChannelRow(
        id=f"{item['pk']}@{api.id}",
        api=api.name,
        tenant=channel.tenant,
        name=channel.name,
        state=channel.state.value,
        seq=channel.seq,
        progress=channel.progress,
        ending=channel.ending,
        kept_until=channel.kept_until,
        subscribers=_alive(channel.subscribers, now),
    )


def _alive(subscribers: Mapping[str, int], now: float) -> Sequence[str]:
    return sorted(name for name, expires in subscribers.items() if expires > now)
