"""The runtime as a layer, for functions that run the user's code."""

from __future__ import annotations

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk_streamer._code.assets import runtime_layer_code
from cdk_streamer._code.requirements import PYTHON


def new_runtime_layer(scope: Construct) -> lambda_.LayerVersion:
    """Create the layer in `scope`."""
    return lambda_.LayerVersion(
        scope,
        "Runtime",
        description="cdk_streamer_runtime",
        code=runtime_layer_code(scope),
        compatible_runtimes=[PYTHON],
    )
