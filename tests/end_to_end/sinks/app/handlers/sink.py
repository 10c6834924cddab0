"""Delivers to the downstream that a message names, which answers as its test wants."""

import json
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from cdk_streamer_runtime.sinks import (
    DownstreamUnavailable,
    Permanent,
    Retryable,
    Sink,
    SinkRecord,
)

MINUTES = 300
sink = Sink()
opener = build_opener(ProxyHandler({}))


@sink.deliver
def deliver(record: SinkRecord) -> None:
    data = record.data
    told = {
        "key": record.key,
        "id": record.id,
        "attempt": record.attempt,
        "group": record.group,
        "kinds": sorted(record.attributes),
        "data": data,
    }
    match call(data["to"], told):
        case 503:
            raise DownstreamUnavailable("it is away")
        case 422:
            raise Permanent("no account 7")
        case 429:
            raise Retryable("not now", after=0)


def call(url: str, document: object) -> int:
    """Post a document; gives the status."""
    request = Request(url, json.dumps(document).encode(), method="POST")
    try:
        with opener.open(request, timeout=MINUTES) as answer:
            return answer.status
    except HTTPError as refused:
        with refused:
            return refused.code
