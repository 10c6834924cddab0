"""Says a template so that the engine makes of it what AWS would, as far as anybody would notice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

_Resource = dict[str, Any]

# The CDK's own statistics about an app; AWS makes nothing of it either.
_STATISTICS = "AWS::CDK::Metadata"
_ALARM = "AWS::CloudWatch::Alarm"
_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - a type
_NO_METRIC = {"Namespace": "Local", "MetricName": "None"}


def is_deployed(resource: Mapping[str, Any]) -> bool:
    """Tell whether a resource of a template is made here."""
    return resource["Type"] != _STATISTICS


def deployable(template: bytes) -> bytes:
    """Give the template as it is deployed here: the very same bytes, if nothing differs."""
    document = cast("dict[str, Any]", json.loads(template))
    resources = cast("dict[str, _Resource]", document.get("Resources", {}))
    made = {name: _made(resource) for name, resource in resources.items() if is_deployed(resource)}
    secrets = {name for name, resource in made.items() if resource["Type"] == _SECRET}
    wanted = {**document, **({"Resources": made} if resources else {})}
    wanted = _by_arn(wanted, secrets) if secrets else wanted
    return template if wanted == document else json.dumps(wanted).encode()


def _by_arn(value: Any, secrets: set[str]) -> Any:  # noqa: ANN401 - any part of a template
    """Refer to secrets by their ARNs: that is what `Ref` gives on AWS, and here it gives a name."""
    match value:
        case {"Ref": str(name)} if name in secrets:
            return {"Fn::GetAtt": [name, "Id"]}
        case dict():
            members = cast("dict[str, Any]", value).items()
            return {name: _by_arn(member, secrets) for name, member in members}
        case list():
            return [_by_arn(member, secrets) for member in cast("list[Any]", value)]
        case _:
            return value


def _made(resource: _Resource) -> _Resource:
    properties: _Resource = resource.get("Properties", {})
    if resource["Type"] != _ALARM or "Metrics" not in properties:
        return resource
    # The engine computes nothing of metrics. It must be there, since dashboards refer to it.
    kept = {name: value for name, value in properties.items() if name != "Metrics"}
    return {**resource, "Properties": {**kept, **_first_metric(properties["Metrics"])}}


def _first_metric(metrics: list[_Resource]) -> _Resource:
    """Give the first metric that an expression is about, as an alarm of it alone has it."""
    watched = next((m["MetricStat"]["Metric"] for m in metrics if "MetricStat" in m), _NO_METRIC)
    return {**watched, "Statistic": "Sum", "Period": 60}
