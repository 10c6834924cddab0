"""From which folder staged code came, and what it would be now."""

from __future__ import annotations

import threading
from pathlib import Path, PurePosixPath

import pytest

from cdk_streamer_local.cloud.assembly import Asset
from cdk_streamer_local.reload.code import BrokenCode, check
from cdk_streamer_local.reload.sources import find_sources, overlaid
from cdk_streamer_local.reload.watch import Watch


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        file = folder / name.replace("__", "/").replace("_py", ".py").replace("_txt", ".txt")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


@pytest.fixture
def app(tmp_path):
    write(tmp_path / "app", app_py="# the app", handlers__requests_py="A = 1\n")
    (tmp_path / "app" / "pyproject.toml").touch()
    return tmp_path / "app"


def staged(folder: Path, **files: str) -> Asset:
    return Asset(path=write(folder, **files), is_folder=True, bucket="assets", key="one.zip")


@pytest.fixture
def asset(tmp_path):
    return staged(tmp_path / "staged", handlers__requests_py="A = 1\n", library__a_py="B = 2\n")


def texts(files):
    return {str(place): path.read_text() for place, path in files.items()}


def test_a_folder_with_the_same_file_at_the_same_place_is_the_source(app, asset):
    (source,) = find_sources([asset], app)

    assert (source.folder, source.place) == (app / "handlers", PurePosixPath("handlers"))


def test_a_folder_with_another_content_is_no_source(app, asset):
    write(app, handlers__requests_py="A = 99\n")

    assert find_sources([asset], app) == []


def test_a_folder_beside_the_apps_is_found_within_the_project(app, asset):
    write(app, infrastructure__app_py="# the app")

    (source,) = find_sources([asset], app / "infrastructure")

    assert source.folder == app / "handlers"


def test_of_two_equal_folders_the_nearer_one_is_the_source(app, asset):
    write(app, one__app_py="#", one__handlers__requests_py="A = 1\n")

    (source,) = find_sources([asset], app / "one")

    assert source.folder == app / "one" / "handlers"


def test_of_two_folders_the_one_with_more_equal_files_is_the_source(app, tmp_path):
    files = {"handlers__requests_py": "A = 1\n", "handlers__more_py": "B = 2\n"}
    write(app, **{f"far__away__{name}": text for name, text in files.items()})

    (source,) = find_sources([staged(tmp_path / "staged", **files)], app)

    assert source.folder == app / "far" / "away" / "handlers"


def test_empty_files_prove_nothing(app, tmp_path):
    write(app, other____init___py="")

    asset = staged(tmp_path / "staged", other____init___py="")

    assert find_sources([asset], app) == []


@pytest.mark.parametrize("hidden", [".venv/x", "node_modules", "cdk.out", "__pycache__"])
def test_what_is_installed_or_made_is_no_source(app, asset, hidden):
    (app / "handlers").rename(app / "moved")
    (app / hidden).mkdir(parents=True)
    (app / "moved").rename(app / hidden / "handlers")

    assert find_sources([asset], app) == []


def test_an_edited_file_replaces_the_staged_one_and_libraries_stay(app, asset):
    sources = find_sources([asset], app)
    write(app, handlers__requests_py="A = 2\n")

    assert texts(overlaid(asset, sources)) == {
        "handlers/requests.py": "A = 2\n",
        "library/a.py": "B = 2\n",
    }


def test_new_and_removed_files_are_new_and_removed(app, asset):
    sources = find_sources([asset], app)
    (app / "handlers" / "requests.py").rename(app / "handlers" / "renamed.py")

    assert set(texts(overlaid(asset, sources))) == {"handlers/renamed.py", "library/a.py"}


def test_a_new_file_of_a_kind_that_was_left_out_stays_out(app, asset):
    sources = find_sources([asset], app)
    write(app, handlers__requirements_txt="requests")

    assert "handlers/requirements.txt" not in texts(overlaid(asset, sources))


def test_files_at_the_top_do_not_take_folders_with_them(app, tmp_path):
    asset = staged(tmp_path / "staged", index_py="A = 1\n", library__a_py="B = 2\n")
    write(app, functions__index_py="A = 1\n", functions__unrelated__a_py="C = 3\n")
    sources = find_sources([asset], app)
    write(app, functions__index_py="A = 2\n")

    assert texts(overlaid(asset, sources)) == {"index.py": "A = 2\n", "library/a.py": "B = 2\n"}


# --- edits


def next_edit(watch):
    edit = watch.next(threading.Event())
    assert edit is not None
    return edit


def test_an_edited_handler_needs_no_synthesis(app, asset):
    sources = find_sources([asset], app)
    watch = Watch(app, sources)

    write(app, handlers__requests_py="A = 2 # longer\n")

    edit = next_edit(watch)
    assert edit.files == {app / "handlers" / "requests.py"}
    assert edit.sources == tuple(sources)
    assert not edit.needs_synthesis


@pytest.mark.parametrize("name", ["app.py", "cdk.json", "handlers/requirements.txt", "new.py"])
def test_what_decides_the_template_needs_synthesis(app, asset, name):
    watch = Watch(app, find_sources([asset], app))

    (app / name).write_text("changed, and longer")

    assert next_edit(watch).needs_synthesis


def test_an_edit_between_two_watches_is_one_of_the_second(app, asset):
    first = Watch(app, ())
    write(app, handlers__requests_py="A = 2 # longer\n")

    second = Watch(app, find_sources([asset], app), first)

    assert next_edit(second).files == {app / "handlers" / "requests.py"}


def test_the_end_is_no_edit(app):
    ended = threading.Event()
    ended.set()

    assert Watch(app, ()).next(ended) is None


def test_broken_code_is_named_by_file_and_line(tmp_path):
    file = tmp_path / "requests.py"
    file.write_text("a = 1\nb = (\n")

    with pytest.raises(BrokenCode) as broken:
        check([file])

    assert broken.value.cause == "requests.py, line 2: '(' was never closed"


def test_a_removed_file_is_not_broken(tmp_path):
    check([tmp_path / "gone.py"])
