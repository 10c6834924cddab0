"""The packages of the extra `local`, which the constructs alone do not need."""

from __future__ import annotations

import importlib.util
import sys

from cdk_streamer_local.errors import EngineUnavailable

_PACKAGES = ("boto3", "cryptography", "jwt", "rich")


def require_extra() -> None:
    """Raise EngineUnavailable, with the command to run, unless the extra is installed."""
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise EngineUnavailable(
            f"{', '.join(missing)} is not installed",
            remedy=f"run: {sys.executable} -m pip install 'cdk-streamer[local]'",
        )
