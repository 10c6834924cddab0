"""Leaves out of a template what the engine cannot make and nobody would miss."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

# The CDK's own statistics about an app; AWS makes nothing of it either.
_STATISTICS = "AWS::CDK::Metadata"


def is_deployed(resource: Mapping[str, Any]) -> bool:
    """Tell whether a resource of a template is made here."""
    return resource["Type"] != _STATISTICS


def deployable(template: bytes) -> bytes:
    """Give the template as it is deployed here: the very same bytes, if nothing is left out."""
    document = cast("dict[str, Any]", json.loads(template))
    resources = cast("dict[str, dict[str, Any]]", document.get("Resources", {}))
    kept = {name: resource for name, resource in resources.items() if is_deployed(resource)}
    if len(kept) == len(resources):
        return template
    return json.dumps({**document, "Resources": kept}).encode()
