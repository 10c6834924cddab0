"""What surrounds every action of an app, sync and async alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cdk_streamer_runtime.requests.actions import Action, Call


class Middleware:
    """Override the steps that you need; each calls `proceed` to go on, or does not."""

    def validate(self, action: Action, payload: object, proceed: Callable[[object], None]) -> None:
        """Surround the check of a payload, before anything is stored or run."""
        del action
        proceed(payload)

    def execute(self, call: Call, proceed: Callable[[Call], object]) -> object:
        """Surround the handler; what is returned is the result."""
        return proceed(call)

    def send(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """Change what is about to be sent to a client."""
        return message
