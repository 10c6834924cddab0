"""Assets that are unpacked once for all workers."""

from __future__ import annotations

import os
import zipfile
from types import SimpleNamespace

import pytest

from cdk_streamer_local.engine.unpacking import share_unpacked

LONG_AGO = 1_000_000_000


@pytest.fixture
def runtime(tmp_path):
    """What the engine's module for workers becomes."""
    module = SimpleNamespace(zipfile=zipfile)
    share_unpacked(module, tmp_path / "unpacked")
    return module


@pytest.fixture
def extract(runtime, tmp_path):
    """Do what the engine does for a new worker, and give its folder."""

    def do(worker, files):
        folder = tmp_path / worker
        folder.mkdir()
        with zipfile.ZipFile(tmp_path / f"{worker}.zip", "w") as archive:
            for name, content in files.items():
                archive.writestr(zipfile.ZipInfo(name), content)
        with runtime.zipfile.ZipFile(str(tmp_path / f"{worker}.zip")) as archive:
            archive.extractall(str(folder))
        return folder

    return do


def test_a_worker_finds_its_code(extract):
    folder = extract("one", {"app.py": "x = 1", "package/module.py": "y = 2"})

    assert (folder / "app.py").read_text() == "x = 1"
    assert (folder / "package" / "module.py").read_text() == "y = 2"


def test_workers_of_the_same_code_share_its_files(extract):
    first, second = extract("one", {"app.py": "x = 1"}), extract("two", {"app.py": "x = 1"})

    assert (first / "app.py").samefile(second / "app.py")


def test_workers_of_other_code_have_other_files(extract):
    extract("one", {"app.py": "x = 1"})

    assert (extract("two", {"app.py": "x = 2"}) / "app.py").read_text() == "x = 2"


def test_code_for_node_is_not_shared(extract):
    folder = extract("one", {"node_modules/left/index.js": "", "index.mjs": ""})

    assert not (folder / "node_modules").is_symlink()


def test_what_the_engine_expects_of_a_bad_file_is_raised(runtime, tmp_path):
    (tmp_path / "bad.zip").write_bytes(b"no archive")

    with pytest.raises(runtime.zipfile.BadZipFile):
        runtime.zipfile.ZipFile(str(tmp_path / "bad.zip"))


def test_the_next_engine_forgets_what_was_not_used_for_days(extract, tmp_path):
    extract("one", {"app.py": "x = 1"})
    (folder,) = (tmp_path / "unpacked").iterdir()
    os.utime(folder, (LONG_AGO, LONG_AGO))

    share_unpacked(SimpleNamespace(), tmp_path / "unpacked").join()

    assert not folder.exists()
