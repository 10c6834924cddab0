"""What of a staged asset is kept for the next start."""

from __future__ import annotations

import os

import pytest

from cdk_streamer_local.cloud.archives import archive, files_of, kept_archive
from cdk_streamer_local.cloud.assembly import Asset

LONG_AGO = 1_000_000_000


@pytest.fixture
def asset(tmp_path):
    (tmp_path / "asset" / "package").mkdir(parents=True)
    (tmp_path / "asset" / "package" / "a.py").write_text("A = 1\n")
    return Asset(path=tmp_path / "asset", is_folder=True, bucket="assets", key="one.zip")


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    monkeypatch.setenv("CDK_STREAMER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "archives"


def test_an_asset_is_zipped_once(asset, kept):
    first = kept_archive(asset)
    (only,) = kept.iterdir()
    only.write_bytes(b"what was kept")

    assert first == archive(files_of(asset.path))
    assert kept_archive(asset) == b"what was kept"


def test_an_asset_with_another_key_is_another(asset, kept):
    kept_archive(asset)
    kept_archive(Asset(path=asset.path, is_folder=True, bucket="assets", key="two.zip"))

    assert len(list(kept.iterdir())) == 2


def test_a_file_of_another_size_makes_another_asset_whatever_its_key_says(asset):
    kept_archive(asset)
    (asset.path / "package" / "a.py").write_text("A = 11\n")

    assert b"A = 11" in kept_archive(asset)


def test_what_was_not_used_for_long_is_removed(asset, kept):
    kept.mkdir(parents=True)
    (kept / "old.zip").touch()
    os.utime(kept / "old.zip", (LONG_AGO, LONG_AGO))

    kept_archive(asset)

    assert [each.name for each in kept.iterdir()] != ["old.zip"]
    assert len(list(kept.iterdir())) == 1
