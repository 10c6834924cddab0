"""Channels: progress that any function publishes and any caller of the tenant may hear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cdk_streamer_runtime.contract import (
    CHANNEL_RETENTION_SECONDS,
    SUBSCRIBERS_PER_CHANNEL,
    ItemKind,
    State,
)
from cdk_streamer_runtime.documents import decode, encode
from cdk_streamer_runtime.dynamodb import Table
from cdk_streamer_runtime.errors import ConditionFailed, TooManySubscribers
from cdk_streamer_runtime.keys import channel_key
from cdk_streamer_runtime.sockets.messages import Message, channel_news
from cdk_streamer_runtime.sockets.subscribers import forget, gone_names, room


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel as the table holds it; `ending` has its result or error, if it has ended."""

    tenant: str
    name: str
    seq: int = 0
    state: State = State.QUEUED
    progress: Mapping[str, Any] | None = None
    ending: Mapping[str, Any] = field(default_factory=dict[str, Any])
    subscribers: Mapping[str, int] = field(default_factory=dict[str, int])
    kept_until: int = 0  # seconds since the epoch

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Channel:
        """Read a channel from its item."""
        return cls(
            tenant=item["tenant"],
            name=item["channel"],
            seq=item["seq"],
            state=State(item["state"]),
            progress=decode(item["progress"]) if "progress" in item else None,
            ending=decode(item["ending"]) if "ending" in item else {},
            subscribers=item["subs"],
            kept_until=item["ttl"],
        )

    def snapshot(self, after_seq: int | None, now: int) -> Message:
        """Tell how the channel stands; of what the TTL has not removed yet only the number."""
        kept = self.kept_until * 1000 > now
        return channel_news("snapshot", self.name, self.seq, now) | {
            "state": self.state.value if kept else State.QUEUED.value,
            "progress": self.progress if kept else None,
            "gap": after_seq is not None and after_seq < self.seq,
            **(self.ending if kept else {}),
        }


class ChannelStore:
    """The items of channels. `now` is in milliseconds."""

    def __init__(self, table: Table) -> None:
        """Take the table."""
        self._table = table

    def publish(
        self,
        tenant: str,
        name: str,
        state: State,
        changes: Mapping[str, Mapping[str, Any]],
        *,
        now: int,
        gone: frozenset[str] = frozenset(),
    ) -> Channel:
        """Store the channel's news and give the channel, with whoever listens at that moment."""
        values: dict[str, Any] = {key: encode(value) for key, value in changes.items()}
        values |= {"state": state, "ttl": now // 1000 + CHANNEL_RETENTION_SECONDS}
        names = {f"#{key}": key for key in values}
        setters = ", ".join(f"#{key} = :{key}" for key in values)
        removals = [] if "ending" in changes else ["ending"]  # of the run before
        if gone:
            places = gone_names(gone)
            names |= {**places, "#subs": "subs"}
            removals += [f"#subs.{place}" for place in places]
        removal = f" REMOVE {', '.join(removals)}" if removals else ""
        while True:
            try:
                item = self._table.update(
                    _key(tenant, name),
                    f"SET {setters}, seq = seq + :one{removal}",
                    condition="attribute_exists(pk)",
                    names=names,
                    values={f":{key}": value for key, value in values.items()} | {":one": 1},
                )
            except ConditionFailed:
                self._create(Channel(tenant=tenant, name=name), now)
            else:
                return Channel.from_item(item)

    def subscribe(
        self,
        tenant: str,
        name: str,
        connection: str,
        expires: int,
        now: int,
        *,
        gone: frozenset[str] = frozenset(),
    ) -> Channel:
        """Add a subscriber, in place of those that are gone, and give the channel of that moment.

        Raises TooManySubscribers.
        """
        names = {"#subs": "subs", "#connection": connection}
        removal = forget(gone, names)
        while True:
            try:
                item = self._table.update(
                    _key(tenant, name),
                    f"SET #subs.#connection = :expires{removal}",
                    condition="attribute_exists(pk) AND "
                    f"(attribute_exists(#subs.#connection) OR {room(gone)})",
                    names=names,
                    values={":expires": expires, ":most": SUBSCRIBERS_PER_CHANNEL},
                )
            except ConditionFailed as failure:
                if failure.item is not None:
                    raise TooManySubscribers(
                        f"a channel has at most {SUBSCRIBERS_PER_CHANNEL} subscribers",
                        failure.item["subs"],
                    ) from None
                self._create(Channel(tenant=tenant, name=name), now)
            else:
                return Channel.from_item(item)

    def unsubscribe(self, tenant: str, name: str, connection: str) -> None:
        """Forget a subscriber; harmless when there is none."""
        try:
            self._table.update(
                _key(tenant, name),
                "REMOVE #subs.#connection",
                condition="attribute_exists(pk)",
                names={"#subs": "subs", "#connection": connection},
            )
        except ConditionFailed:
            return  # the channel was never used, so nobody listens

    def _create(self, channel: Channel, now: int) -> None:
        try:
            self._table.put(
                {
                    **_key(channel.tenant, channel.name),
                    "tenant": channel.tenant,
                    "channel": channel.name,
                    "seq": channel.seq,
                    "state": channel.state,
                    "subs": {},
                    "ttl": now // 1000 + CHANNEL_RETENTION_SECONDS,
                },
                condition="attribute_not_exists(pk)",
            )
        except ConditionFailed:
            return  # somebody else created it at the same moment


def _key(tenant: str, name: str) -> dict[str, str]:
    return {"pk": channel_key(tenant, name), "sk": ItemKind.CHANNEL}
