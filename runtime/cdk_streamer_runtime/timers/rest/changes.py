"""Changes of timers: merge patches, as RFC 7396 has them, of the body that a timer stands for."""

from __future__ import annotations

from typing import Any, cast

from cdk_streamer_runtime.timers.definition import Definition
from cdk_streamer_runtime.timers.rest.answers import members
from cdk_streamer_runtime.timers.rest.body import OLDER_DATA, OLDER_MINUTE, Rules, read_timer
from cdk_streamer_runtime.timers.service.entries import Change


def change(patch: object, rules: Rules) -> Change:
    """Give what makes the new definition of the old one; that raises InvalidTimer, and TooLarge."""

    def changed(definition: Definition) -> Definition:
        body = merged(_target(definition, patch), patch)
        return read_timer(definition.id, body, rules, plain=definition.plain)

    return changed


def _target(definition: Definition, patch: object) -> dict[str, Any]:
    """Give the body to patch; of an older one it is older when the patch has its members."""
    body = members(definition)
    names = cast("dict[str, Any]", patch).keys() if isinstance(patch, dict) else frozenset[str]()
    if definition.plain and names & {OLDER_DATA, OLDER_MINUTE}:
        body[OLDER_DATA] = body.pop("data")
        if OLDER_MINUTE in names:
            del body["schedule"]
    return body


def merged(target: object, patch: object) -> object:
    """Merge a patch into a document: null takes a member away, whatever is no object replaces."""
    if not isinstance(patch, dict):
        return patch
    result: dict[str, Any] = (
        dict(cast("dict[str, Any]", target)) if isinstance(target, dict) else {}
    )
    for name, value in cast("dict[str, Any]", patch).items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result
