"""The lock of what the authorizer's asset carries."""

from __future__ import annotations

import re
from importlib.resources import files

LOCK = (files("cdk_streamer_runtime.auth") / "requirements.txt").read_text()
PINS = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", LOCK, re.MULTILINE))


def test_the_asset_carries_four_packages() -> None:
    assert PINS.keys() == {"pyjwt", "cryptography", "cffi", "pycparser"}


def test_every_package_is_locked_by_hash() -> None:
    entries = re.split(r"^(?=[a-z])", LOCK, flags=re.MULTILINE)[1:]

    assert len(entries) == len(PINS)
    assert all("--hash=sha256:" in entry for entry in entries)


def test_the_lock_names_no_address() -> None:
    assert "://" not in LOCK
