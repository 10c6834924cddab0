"""The check of payloads against what an action declares as its input."""

from cdk_streamer_runtime.requests.inputs.fault import Fault, InvalidInput
from cdk_streamer_runtime.requests.inputs.input import Input

__all__ = ["Fault", "Input", "InvalidInput"]
