"""The rules of who is not patient, and may not all that his rules do."""

from __future__ import annotations

from typing import Any

from cdk_streamer_runtime.errors import Retryable
from cdk_streamer_runtime.streams import Stream, StreamApp, UnitOfWork, rules


def to_item(uow: UnitOfWork) -> dict[str, Any]:
    """Give the item of a thing, unless it cannot be."""
    thing = uow.event["thing"]
    match thing.get("otherwise"):
        case "never":
            raise Retryable(f"{thing['note']} will never do")
        case "the whole":
            raise MemoryError
        case _:
            return {"pk": thing["id"], "sk": "strict", "number": thing["number"]}


app = StreamApp(rules=[rules.Materialize(id="strict", event_type="strict-told", to_update=to_item)])


@app.pipeline("forbidden", event_type="strict-forbidden")
def forbidden(stream: Stream) -> Stream:
    """Do what the role must not."""
    return stream.put_object(
        lambda uow: {"Key": f"mails/{uow.event['thing']['id']}", "Body": b"x"}, bucket="archive"
    )


handler = app.handler
