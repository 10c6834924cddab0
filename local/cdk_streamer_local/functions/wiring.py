"""Gives deployed functions what they need on this machine, without a word of it in the template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cdk_streamer_local.cloud.apis import Addresses
from cdk_streamer_local.functions.function import Function
from cdk_streamer_runtime.contract import AuthorizerEnvironment

BOOTSTRAP = "cdk_streamer_bootstrap.handler"
_HANDLER = "CDK_STREAMER_LOCAL_HANDLER"
_DURABLE = "CDK_STREAMER_LOCAL_DURABLE"
_MANAGEMENT_ENDPOINT = "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"
_OWN_PREFIX = "CDK_STREAMER_"

Variables = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wired:
    """A function as it runs here. `authorizer` is set if it checks tokens."""

    function: Function
    timeout_seconds: int
    role: str
    authorizer: AuthorizerEnvironment | None


def wire(function: Function, addresses: Addresses, *, jwks_url: str) -> Wired:
    """Put our bootstrap before the handler, and this machine's addresses into the variables.

    Deploying again resets what a changed template says of the function, so this is called after
    every deployment; it changes nothing that is right already.
    """
    client = function.services.client("lambda")
    configuration: Mapping[str, Any] = client.get_function_configuration(FunctionName=function.name)
    variables: Variables = configuration.get("Environment", {}).get("Variables", {})
    if function.is_python:
        wanted = _wanted(configuration, variables, addresses, jwks_url)
        if function.execution_seconds:
            wanted[_DURABLE] = "1"
        if wanted != variables or configuration["Handler"] != BOOTSTRAP:
            client.update_function_configuration(
                FunctionName=function.name, Handler=BOOTSTRAP, Environment={"Variables": wanted}
            )
    return Wired(
        function=function,
        timeout_seconds=configuration["Timeout"],
        role=configuration["Role"].rpartition("/")[2],
        authorizer=_authorizer(variables),
    )


def _wanted(
    configuration: Mapping[str, Any], variables: Variables, addresses: Addresses, jwks_url: str
) -> Variables:
    wanted = {
        name: value if name.startswith(_OWN_PREFIX) else addresses.local(value)
        for name, value in variables.items()
    }
    if configuration["Handler"] != BOOTSTRAP:
        wanted[_HANDLER] = configuration["Handler"]
    wanted |= _logging(configuration.get("LoggingConfig", {}))
    # The runtime and the SDKs have one variable for it, so only one socket can have it.
    callbacks = addresses.callbacks(list(variables.values()))
    if len(callbacks) == 1:
        wanted[_MANAGEMENT_ENDPOINT] = min(callbacks)
    if _authorizer(variables) is not None:
        wanted = _with_development_keys(wanted, jwks_url)
    return wanted


def _logging(settings: Mapping[str, str]) -> Variables:
    """Give what Lambda tells its runtime about logging; the engine does not."""
    if settings.get("LogFormat") != "JSON":
        return {"AWS_LAMBDA_LOG_FORMAT": "TEXT"}
    return {
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_LOG_LEVEL": settings.get("ApplicationLogLevel", "INFO"),
    }


def _authorizer(variables: Variables) -> AuthorizerEnvironment | None:
    """Recognize an authorizer by its variables: no other function has all of them."""
    try:
        return AuthorizerEnvironment.from_variables(variables)
    except ValueError:
        return None


def _with_development_keys(variables: Variables, jwks_url: str) -> Variables:
    keys = {f"{_OWN_PREFIX}JWKS_URL", f"{_OWN_PREFIX}PUBLIC_KEY"}
    others = {name: value for name, value in variables.items() if name not in keys}
    return {**others, f"{_OWN_PREFIX}JWKS_URL": jwks_url}
