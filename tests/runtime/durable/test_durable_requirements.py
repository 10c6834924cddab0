"""The lock of what the durable function's asset carries."""

from __future__ import annotations

import re
from importlib.resources import files

LOCK = (files("cdk_streamer_runtime.durable") / "requirements.txt").read_text()
PINS = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", LOCK, re.MULTILINE))


def test_the_asset_carries_the_sdk_and_the_boto3_that_it_needs():
    assert PINS["aws-durable-execution-sdk-python"].startswith("3.")
    assert PINS.keys() == {
        "aws-durable-execution-sdk-python",
        "boto3",
        "botocore",
        "jmespath",
        "python-dateutil",
        "s3transfer",
        "six",
        "urllib3",
    }


def test_every_package_is_locked_by_hash():
    entries = re.split(r"^(?=[a-z])", LOCK, flags=re.MULTILINE)[1:]

    assert len(entries) == len(PINS)
    assert all("--hash=sha256:" in entry for entry in entries)


def test_the_lock_names_no_address():
    assert "://" not in LOCK
