"""The callback, called as Lambda calls it, against a third party of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from feeds import FeedServer
from handlers import timers  # pyright: ignore[reportAttributeAccessIssue] - of this example


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FeedServer]:
    server = FeedServer()
    monkeypatch.setenv("FEEDS", server.url)
    timers.connection.cache_clear()
    yield server
    timers.connection().close()
    server.close()


def event(*firings: dict) -> dict:
    """Give what Lambda hands over of these firings."""
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "body": firing["body"],
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {
                    name: {"stringValue": value, "dataType": "String"}
                    for name, value in firing["attributes"].items()
                },
            }
            for number, firing in enumerate(firings)
        ]
    }


def firing(feed: str, second: int = 1_700_000_000) -> dict:
    body = f'{{"id":"{feed}","fire_at":"2023-11-14T22:13:20Z","rev":1,"data":{{"feed":"{feed}"}}}}'
    return {"body": body, "attributes": {"fire_key": f"{feed}/{second}", "rev": "1"}}


def test_a_firing_polls_its_feed_with_its_key(server):
    answer = timers.handler(event(firing("news")))

    assert answer == {"batchItemFailures": []}
    assert [(poll.feed, poll.key) for poll in server.polls] == [("news", "news/1700000000")]


def test_a_party_that_is_not_there_leaves_the_firing_to_come_again(monkeypatch):
    monkeypatch.setenv("FEEDS", "http://127.0.0.1:9")
    timers.connection.cache_clear()

    answer = timers.handler(event(firing("news")))

    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}


def test_one_connection_serves_many_firings(server):
    timers.handler(event(*(firing(f"feed-{number}") for number in range(10))))

    assert len(server.polls) == 10
