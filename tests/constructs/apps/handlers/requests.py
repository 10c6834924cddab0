"""The smallest app: synth never imports it."""

from __future__ import annotations

from cdk_streamer_runtime import AsyncApp

app = AsyncApp()
