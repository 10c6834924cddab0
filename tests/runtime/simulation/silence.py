"""Worlds that fail on purpose log by the thousand: nobody reads that, and it takes time."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def silence() -> Generator[None]:
    """Let nothing be logged inside the block."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
