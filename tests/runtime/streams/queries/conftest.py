"""A world for each test."""

from __future__ import annotations

import pytest

from tests.runtime.streams.sinks.sending import Surroundings


@pytest.fixture
def surroundings() -> Surroundings:
    return Surroundings()
