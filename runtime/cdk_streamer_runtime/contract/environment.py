"""Settings of functions: the construct writes them, the runtime reads them, nobody else."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, get_type_hints


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Settings of one function: the construct writes them, the runtime reads them, nobody else.

    Each field is the variable `CDK_STREAMER_<FIELD>`; a field that is None is left out.
    """

    def to_variables(self) -> dict[str, str]:
        """Give the Lambda environment variables that `from_variables` reads back."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {
            f"CDK_STREAMER_{name.upper()}": str(int(value) if isinstance(value, bool) else value)
            for name, value in values.items()
            if value is not None
        }

    @classmethod
    def from_variables(cls, variables: Mapping[str, str] | None = None) -> Self:
        """Read the settings; raises ValueError that names every variable missing or malformed."""
        variables = variables_now(variables)
        hints = get_type_hints(cls)
        values: dict[str, object] = {}
        faults: list[str] = []
        for field in dataclasses.fields(cls):
            name = f"CDK_STREAMER_{field.name.upper()}"
            text = variables.get(name)
            if text is None:
                if field.default is dataclasses.MISSING:
                    faults.append(f"{name} is missing")
                continue
            try:
                values[field.name] = _parse(text, hints[field.name])
            except ValueError:
                faults.append(f"{name} is {text!r}, not a number")
        if faults:
            raise ValueError(
                f"bad function environment: {'; '.join(faults)}; redeploy the construct"
            )
        return cls(**values)


def _parse(text: str, hint: object) -> object:
    if hint is bool:
        return bool(int(text))
    if hint is int or hint == int | None:
        return int(text)
    if hint is float or hint == float | None:
        return float(text)
    return text


def variables_now(variables: Mapping[str, str] | None) -> Mapping[str, str]:
    """Give these variables, or those of the process."""
    return os.environ if variables is None else variables


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsEnvironment:
    """What the Lambda service itself puts into the environment, under its own names."""

    region: str | None
    access_key: str | None
    secret_key: str | None
    session_token: str | None
    endpoint: str | None
    management_endpoint: str | None
    ca_bundle: str | None
    trace_header: str | None

    @classmethod
    def from_variables(cls, variables: Mapping[str, str] | None = None) -> Self:
        """Read the variables as they are now: the trace header changes with each event."""
        get = variables_now(variables).get
        return cls(
            region=get("AWS_REGION") or get("AWS_DEFAULT_REGION"),
            access_key=get("AWS_ACCESS_KEY_ID"),
            secret_key=get("AWS_SECRET_ACCESS_KEY"),
            session_token=get("AWS_SESSION_TOKEN"),
            endpoint=get("AWS_ENDPOINT_URL"),
            management_endpoint=get("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"),
            ca_bundle=get("AWS_CA_BUNDLE") or get("SSL_CERT_FILE"),
            trace_header=get("_X_AMZN_TRACE_ID"),
        )
