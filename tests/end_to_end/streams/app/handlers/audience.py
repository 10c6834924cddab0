"""What is heard on the bus."""

from __future__ import annotations

from typing import Any

from cdk_streamer_runtime.streams import Stream, StreamApp, UnitOfWork, rules


def to_heard(uow: UnitOfWork) -> dict[str, Any]:
    """Give the item of a thing; of its text only how long it is."""
    thing = uow.event["thing"]
    return {
        "pk": thing["id"],
        "sk": "heard",
        "number": thing["number"],
        "length": len(thing["text"]),
    }


def to_emission(uow: UnitOfWork) -> dict[str, Any]:
    """Ask for one more id among those of a pair, as often as they come."""
    return {
        "Key": {"pk": uow.event.partition_key, "sk": "emissions"},
        "UpdateExpression": "ADD #ids :id",
        "ExpressionAttributeNames": {"#ids": "ids"},
        "ExpressionAttributeValues": {":id": {uow.event.id}},
    }


app = StreamApp(
    rules=[
        rules.Materialize(
            id="heard", event_type=["command-created", "command-updated"], to_update=to_heard
        )
    ]
)


@app.pipeline("emissions", event_type="pair-whole")
def emissions(stream: Stream) -> Stream:
    """Note which events of this kind there were."""
    return stream.update(to_emission)


handler = app.handler
