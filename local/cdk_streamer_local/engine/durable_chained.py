"""Chained invocations: a durable function needs the right to invoke what it asks for.

The runner invokes as nobody in particular, so the role is asked about when the function, which
signs with it, tells that it wants the invocation. One that is refused fails as AWS has it fail.
https://docs.aws.amazon.com/lambda/latest/dg/durable-security.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cdk_streamer_local.engine.durable_messages import Answer, Request, fault
from cdk_streamer_local.engine.durable_places import Target

# The qualifier of a target that must not be invoked: no alias can have it, as none is published.
REFUSED = "cdk-streamer-refused"
_FORBIDDEN = 403

# Gives why a signer may not invoke a function, or None: by its authorization, region and the ARN.
MayInvoke = Callable[[str, str, str], str | None]


class ChainedInvocations:
    """Asks for each invocation that an execution wants, and remembers what was refused."""

    def __init__(self, refusal: MayInvoke) -> None:
        self._refusal = refusal
        self._refused: dict[str, str] = {}

    def judged(self, request: Request, execution: str) -> Request:
        """Give a checkpoint in which targets that may not be invoked are marked."""
        document = json.loads(request.body or b"{}")
        marked = [self._mark(update, request, execution) for update in document.get("Updates", ())]
        if not any(marked):
            return request
        return replace(request, body=json.dumps(document).encode())

    def answer(self, target: Target) -> Answer:
        """Refuse the invocation of a marked target."""
        why = self._refused.get(f"{target.region}:{target.name}", "lambda:InvokeFunction")
        return fault("AccessDeniedException", why, status=_FORBIDDEN)

    def _mark(self, update: dict[str, Any], request: Request, execution: str) -> bool:
        options: dict[str, Any] = update.get("ChainedInvokeOptions") or {}
        if update.get("Action") != "START" or "FunctionName" not in options:
            return False
        authorization = request.header(b"authorization")
        target = Target.read(options["FunctionName"], authorization)
        if target is None:
            return False
        why = self._refusal(authorization, target.region, _arn(target, execution))
        if why is None:
            return False
        self._refused[f"{target.region}:{target.name}"] = why
        options["FunctionName"] = f"{target.name}:{REFUSED}"
        return True


def _arn(target: Target, execution: str) -> str:
    """Give the address of a target; without an account of its own it is in the execution's."""
    account = target.account or execution.split(":")[4]
    qualifier = f":{target.qualifier}" if target.qualifier else ""
    return f"arn:aws:lambda:{target.region}:{account}:function:{target.name}{qualifier}"
