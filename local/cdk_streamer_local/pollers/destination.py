"""Where the engine takes what was given up: the queue, topic or bucket of a mapping."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

from cdk_streamer_local.pollers.failure import Origin, document, object_key, with_payload
from cdk_streamer_local.pollers.lane import Discarded

_OK = 300


def send(services: Any, arn: str, origin: Origin, discarded: Discarded, now: float) -> None:  # noqa: ANN401 - modules of the engine
    """Tell the destination; raises LookupError when it is not there, or what the engine raises."""
    _, _, service, _, _, name = arn.split(":", 5)
    come_by_tls(services)
    about = document(origin, discarded, str(uuid.uuid4()), now)
    match service:
        case "sqs":
            queue = {"QueueUrl": name, "MessageBody": json.dumps(about)}
            services.sqs._act_send_message(queue, name)  # noqa: SLF001
        case "sns":
            if services.sns.publish_internal(arn, json.dumps(about)) is None:
                raise LookupError(f"the topic {name!r} does not exist")
        case "s3":
            key = object_key(origin, str(uuid.uuid4()), now)
            _put(services.s3, f"/{name}/{key}", json.dumps(with_payload(about, discarded)).encode())
        case _:
            raise LookupError(f"{arn!r} is no queue, topic or bucket")


def come_by_tls(services: Any) -> None:  # noqa: ANN401 - modules of the engine
    """Call the engine's services, on this thread, as AWS calls its own: policies may want TLS."""
    services.rights.pin_request_origin("127.0.0.1", True)  # noqa: FBT003 - the engine's


def _put(s3: Any, path: str, body: bytes) -> None:  # noqa: ANN401 - a module of the engine
    headers = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        "host": "s3.localhost",
    }
    status, *_ = asyncio.run(s3.handle_request("PUT", path, headers, body, {}, internal=True))
    if status >= _OK:
        raise LookupError(f"the bucket of {path!r} answered {status}")
