"""Which files a function gets, and when they count as the same."""

from __future__ import annotations

import ast
import compileall
import os
import shutil
import stat
import subprocess
import sys
import sysconfig
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from cdk_streamer._code.assets import Asset, package_files, runtime_asset
from cdk_streamer._code.requirements import Platform, Requirements
from tests.constructs.stacks import (
    new_api,
    new_function,
    new_stack,
    new_timer,
    resources,
    template_of,
    the,
)

RUNTIME = "cdk_streamer_runtime"
NATIVE = "markupsafe==3.0.2\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder of handlers with a requirement that is compiled for each platform."""
    made = tmp_path / "handlers"
    (made / "reports").mkdir(parents=True)
    (made / "requests.py").write_text("app = None\n")
    (made / "reports" / "page.html").write_text("<p>\n")
    (made / "requirements.txt").write_text(NATIVE)
    return made


def asset_of(folder: Path) -> Asset:
    return Asset(source=folder, files=package_files(folder))


def synthesized(folder: Path, outdir: Path, **context: Any) -> tuple[Path, Path]:
    """Give the assets of worker and layer."""
    stack = new_stack(outdir=outdir, context=context)
    new_api(stack, handlers=folder)
    template = template_of(stack)
    worker = the(template, "AWS::Lambda::Function", "ApiWorker")["Code"]["S3Key"]
    (layer,) = resources(template, "AWS::Lambda::LayerVersion").values()
    keys = (worker, layer["Content"]["S3Key"])
    code, runtime = (outdir / f"asset.{key.removesuffix('.zip')}" for key in keys)
    return code, runtime


# --- the hash -------------------------------------------------------------------------------------


def test_the_hash_depends_on_contents(folder: Path):
    before = asset_of(folder).content_hash
    (folder / "requests.py").write_text("app = 1\n")
    assert asset_of(folder).content_hash != before


def test_the_hash_depends_on_names(folder: Path):
    before = asset_of(folder).content_hash
    (folder / "reports" / "page.html").rename(folder / "reports" / "sheet.html")
    assert asset_of(folder).content_hash != before


def test_the_hash_does_not_depend_on_bytecode(folder: Path):
    before = asset_of(folder).content_hash
    compileall.compile_dir(folder, quiet=1)
    compileall.compile_dir(folder, quiet=1, legacy=True)
    assert list(folder.rglob("*.pyc")) != []
    assert asset_of(folder).content_hash == before


def test_the_hash_does_not_depend_on_times_and_modes(folder: Path):
    before = asset_of(folder).content_hash
    os.utime(folder / "requests.py", (0, 0))
    (folder / "requests.py").chmod(0o600)
    assert asset_of(folder).content_hash == before


def test_the_hash_does_not_depend_on_the_place(folder: Path, tmp_path: Path):
    copy = shutil.copytree(folder, tmp_path / "elsewhere" / "handlers")
    assert asset_of(copy).content_hash == asset_of(folder).content_hash


def test_the_hash_does_not_depend_on_what_is_hidden(folder: Path):
    before = asset_of(folder).content_hash
    (folder / ".env").write_text("SECRET=1\n")
    (folder / ".venv").mkdir()
    (folder / ".venv" / "x.py").touch()
    assert asset_of(folder).content_hash == before


def test_code_and_layer_are_different_assets():
    layer = runtime_asset(root=PurePosixPath("python"))
    assert runtime_asset().content_hash != layer.content_hash


# --- the runtime ----------------------------------------------------------------------------------


def test_what_is_for_tests_stays_at_home():
    places = {str(place) for place in runtime_asset().files}
    assert f"{RUNTIME}/contract/requests.py" in places
    assert f"{RUNTIME}/handlers/worker.py" in places
    assert not any(place.startswith(f"{RUNTIME}/memory/") for place in places)
    assert f"{RUNTIME}/testing.py" not in places
    assert f"{RUNTIME}/auth/requirements.txt" not in places


def test_nothing_that_is_deployed_imports_what_stays_at_home():
    imported = {
        f"{place}: {ast.unparse(node)}"
        for place, origin in runtime_asset().files.items()
        if place.suffix == ".py"
        for node in ast.walk(ast.parse(origin.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and (f"{RUNTIME}.memory" in ast.unparse(node) or f"{RUNTIME}.testing" in ast.unparse(node))
    }
    assert imported == set()


# --- handlers and their requirements --------------------------------------------------------------


@pytest.fixture
def no_downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let uv fail as soon as it has to resolve anything."""
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty"))


def test_handlers_are_a_package_beside_their_requirements(folder: Path, tmp_path: Path):
    code, _ = synthesized(folder, tmp_path / "cdk.out")
    assert (code / "handlers" / "requests.py").read_text() == "app = None\n"
    assert (code / "handlers" / "reports" / "page.html").is_file()
    assert (code / "markupsafe" / "__init__.py").is_file()
    assert not (code / "handlers" / "requirements.txt").exists()


def test_requirements_are_resolved_for_lambda(folder: Path, tmp_path: Path):
    code, _ = synthesized(folder, tmp_path / "cdk.out")
    (native,) = (code / "markupsafe").glob("*.so")
    assert native.name == "_speedups.cpython-313-aarch64-linux-gnu.so"


def test_requirements_are_resolved_for_this_machine_when_asked_to(folder: Path, tmp_path: Path):
    code, _ = synthesized(folder, tmp_path / "cdk.out", **{"cdk-streamer:platform": "host"})
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    assert (code / "markupsafe" / f"_speedups{suffix}").is_file()


def test_another_platform_is_refused(folder: Path, tmp_path: Path):
    with pytest.raises(ValueError, match="must be 'lambda' or 'host', got 'mars'"):
        synthesized(folder, tmp_path / "cdk.out", **{"cdk-streamer:platform": "mars"})


def test_an_asset_holds_nothing_of_uv_and_of_this_machine(folder: Path, tmp_path: Path):
    code, _ = synthesized(folder, tmp_path / "cdk.out")
    assert not (code / ".lock").exists()
    assert not (code / "bin").exists()
    assert list(code.rglob("*.pyc")) == []


def test_lambda_may_read_every_file(folder: Path, tmp_path: Path):
    (folder / "requests.py").chmod(0o600)
    (folder / "reports" / "tool").touch(mode=0o700)
    code, _ = synthesized(folder, tmp_path / "cdk.out")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in code.rglob("*")}
    assert modes["requests.py"] == 0o644
    assert modes["tool"] == 0o755
    assert set(modes.values()) == {0o644, 0o755}


def test_a_layer_holds_the_runtime_where_lambda_looks_for_it(folder: Path, tmp_path: Path):
    _, layer = synthesized(folder, tmp_path / "cdk.out")
    assert (layer / "python" / RUNTIME / "handlers" / "worker.py").is_file()


@pytest.mark.usefixtures("no_downloads")
def test_without_a_cache_there_is_something_to_resolve(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CDK_STREAMER_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ValueError, match=r"cannot resolve .*requirements.txt"):
        synthesized(folder, tmp_path / "cdk.out")


def test_a_second_synthesis_resolves_nothing(
    folder: Path, tmp_path: Path, request: pytest.FixtureRequest
):
    first, _ = synthesized(folder, tmp_path / "one")
    request.getfixturevalue("no_downloads")
    second, _ = synthesized(folder, tmp_path / "other")
    assert first.name == second.name
    assert (second / "markupsafe" / "__init__.py").is_file()


@pytest.mark.usefixtures("no_downloads")
def test_a_stack_whose_assets_nobody_wants_resolves_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CDK_STREAMER_CACHE", str(tmp_path / "cache"))
    synthesized(folder, tmp_path / "cdk.out", **{"aws:cdk:bundling-stacks": []})
    assert not (tmp_path / "cache").exists()


def test_what_cannot_be_resolved_is_told_in_uvs_words(folder: Path, tmp_path: Path):
    (folder / "requirements.txt").write_text("markupsafe==0.0.0.1\n")
    with pytest.raises(ValueError, match=r"(?s)uv says:.*markupsafe==0\.0\.0\.1"):
        synthesized(folder, tmp_path / "cdk.out")


def test_a_requirement_that_hides_the_handlers_is_refused(folder: Path, tmp_path: Path):
    hidden = folder.rename(tmp_path / "markupsafe")
    with pytest.raises(ValueError, match="a requirement brings a module 'markupsafe'"):
        synthesized(hidden, tmp_path / "cdk.out")


def test_included_requirements_count(folder: Path):
    requirements = Requirements(file=folder / "requirements.txt", platform=Platform.host())
    requirements.file.write_text("-r more.txt\n--constraint=limits.txt\n")
    (folder / "more.txt").write_text("idna\n")
    (folder / "limits.txt").write_text("idna<4\n")
    before = requirements.key
    (folder / "limits.txt").write_text("idna<3\n")
    assert requirements.key != before
    assert requirements.unpinned == ("idna", "idna<3")


def test_an_include_that_is_missing_is_named(folder: Path, tmp_path: Path):
    (folder / "requirements.txt").write_text("-r elsewhere.txt\n")
    with pytest.raises(ValueError, match=r"include .*elsewhere.txt', which is no file"):
        synthesized(folder, tmp_path / "cdk.out")


def test_an_editable_requirement_is_refused(folder: Path):
    # It would deploy a pointer to a folder of this machine instead of a package.
    for line in ("-e ./lib", "--editable=./lib", "-r more.txt"):
        (folder / "more.txt").write_text("--editable ./lib\n")
        requirements = Requirements(file=folder / "requirements.txt", platform=Platform.host())
        requirements.file.write_text(f"idna==3.10\n{line}\n")
        with pytest.raises(ValueError, match=r"editable, got .*lib'; build a wheel of it"):
            requirements.resolve()


@pytest.mark.parametrize(
    "line",
    [
        "./wheels/shared-1.0-py3-none-any.whl",
        "./wheels/shared-1.0-py3-none-any.whl ; python_version > '3'  # ours",
        "shared @ file://{cwd}/wheels/shared-1.0-py3-none-any.whl",
        "--find-links=wheels",
    ],
)
def test_wheels_of_this_machine_count(
    line: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    requirements = Requirements(file=folder / "requirements.txt", platform=Platform.host())
    requirements.file.write_text(line.format(cwd=tmp_path) + "\n")
    wheel = tmp_path / "wheels" / "shared-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.write_bytes(b"one")
    monkeypatch.chdir(tmp_path)
    before = requirements.key
    wheel.write_bytes(b"other")
    assert requirements.key != before


# --- the authorizer -------------------------------------------------------------------------------


def test_the_authorizer_brings_what_checks_signatures(tmp_path: Path):
    stack = new_stack(outdir=tmp_path, context={})
    new_api(stack)
    authorizer = the(template_of(stack), "AWS::Lambda::Function", "ApiSocketAuthorizer")
    asset = tmp_path / f"asset.{authorizer['Code']['S3Key'].removesuffix('.zip')}"
    assert (asset / RUNTIME / "handlers" / "authorizer.py").is_file()
    assert (asset / "jwt" / "__init__.py").is_file()
    assert list((asset / "cryptography").rglob("*.so")) != []


def test_what_checks_signatures_is_locked():
    lock = runtime_asset().source / "auth" / "requirements.txt"
    names = [line for line in lock.read_text().splitlines() if line[:1].isalpha()]
    assert {name.partition("==")[0] for name in names} >= {"cryptography", "pyjwt"}
    assert Requirements(file=lock, platform=Platform.host()).unpinned == ()
    assert lock.read_text().count("--hash=sha256:") >= len(names)


# --- timers ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def timers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the asset of a timer's dispatcher, as it is deployed."""
    outdir = tmp_path_factory.mktemp("timers")
    stack = new_stack(outdir=outdir, context={})
    new_timer(stack, callback=new_function(stack))
    dispatcher = the(template_of(stack), "AWS::Lambda::Function", "TimerDispatcher")
    return outdir / f"asset.{dispatcher['Code']['S3Key'].removesuffix('.zip')}"


def test_who_reads_schedules_brings_the_time_zones(timers: Path):
    assert (timers / RUNTIME / "handlers" / "timer_dispatcher.py").is_file()
    assert (timers / "tzdata" / "zoneinfo" / "Europe" / "Berlin").is_file()


@pytest.mark.parametrize("path", ["tzdata/zoneinfo", "nowhere"])
def test_time_zones_are_those_of_the_asset_and_not_of_the_machine(
    timers: Path, tmp_path: Path, path: str
):
    asset = tmp_path / "task"
    shutil.copytree(timers, asset)
    # A zone that no machine has tells whose database is read.
    zones = asset / "tzdata" / "zoneinfo"
    shutil.copy(zones / "Asia" / "Kathmandu", zones / "Europe" / "Nowhere")
    source = (
        "from datetime import datetime; from zoneinfo import ZoneInfo;"
        "print(datetime(2026, 1, 1, tzinfo=ZoneInfo('Europe/Nowhere')).utcoffset())"
    )
    run = subprocess.run(
        [sys.executable, "-c", source],
        env={"PYTHONPATH": str(asset), "PYTHONTZPATH": str(asset / path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.stdout.strip(), run.stderr) == ("5:45:00", "")


def test_time_zones_are_locked():
    lock = runtime_asset().source / "timers" / "requirements.txt"
    names = [line for line in lock.read_text().splitlines() if line[:1].isalpha()]
    assert [name.partition("==")[0] for name in names] == ["tzdata"]
    assert lock.read_text().count("--hash=sha256:") >= 1
