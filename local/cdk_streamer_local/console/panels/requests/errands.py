"""What a page asks for where no page may connect: the command does it, by the Python client.

An API with `cors_origins` lets pages of these origins connect and no others; programs may.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdk_streamer_client.errors import RequestFailed, StreamerClientError
from cdk_streamer_client.messages import Completed, Failed
from cdk_streamer_client.sync import SyncStreamerClient
from cdk_streamer_local.console.panel import Body, Refused
from cdk_streamer_local.console.panels.requests.apis import ProgressApi

VERBS = frozenset({"submit", "cancel", "answer"})


def run(api: ProgressApi, token: str, verb: str, body: Body) -> Mapping[str, Any]:
    """Do one of the verbs as whom the token names; raises Refused."""
    bundle = api.stack.services.bundle
    try:
        with SyncStreamerClient(url=api.url, token=token, ca_bundle=bundle) as client:
            match verb:
                case "cancel":
                    return {"state": client.cancel(str(body["request"]), body.get("reason"))}
                case "answer":
                    input_id: str | None = body.get("input_id")
                    state = client.answer(str(body["request"]), body["value"], input_id=input_id)
                    return {"state": state}
                case _:
                    return _submitted(client, body)
    except StreamerClientError as fault:
        raise Refused(str(fault)) from None


def _submitted(client: SyncStreamerClient, body: Body) -> Mapping[str, Any]:
    """Give that a request was accepted, or how it ended at once."""
    request = client.submit(
        str(body["action"]),
        body.get("payload"),
        id=body.get("id"),
        metadata=body.get("metadata"),
        prefer=body.get("prefer"),
    )
    match request.next():
        case Completed(seq=0, result=result):
            return {"result": result}
        case Failed(seq=0, error=RequestFailed() as error):
            said = {"code": error.code, "message": error.message}
            return {"error": said | {"details": error.details, "traceId": error.trace_id}}
        case Failed(seq=0, error=error):
            raise Refused(str(error))
        case _:
            return {"accepted": request.id}
