"""The wheel and the sdist: what is in them, the same bytes each time, and that the wheel works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "cdk_streamer": ROOT,
    "cdk_streamer_runtime": ROOT / "runtime",
    "cdk_streamer_local": ROOT / "local",
    "cdk_streamer_client": ROOT / "clients" / "python",
}

APP = ROOT / "tests" / "constructs" / "apps" / "app.py"

Files = dict[str, bytes]


def finished(
    *command: str | Path, cwd: Path = ROOT, **variables: str
) -> subprocess.CompletedProcess[str]:
    result = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    return finished(*command, cwd=cwd).stdout


def build(directory: Path) -> Path:
    # The time is not ours to fix here: make does, for people who build with it.
    run(
        *("uv", "build", "--quiet", "--offline", "--no-build-isolation"),
        *("--python", sys.executable, "--out-dir", directory),
    )
    return directory


def digests(directory: Path) -> dict[str, str]:
    # Not the bytes: pytest would spend minutes on telling how they differ.
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in directory.iterdir()}


def packaged(folder: Path) -> set[str]:
    """Give the files of a package's folder that git would commit, relative to its parent."""
    listing = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", folder)
    paths = [ROOT / name for name in listing.split("\0") if name]
    return {str(path.relative_to(folder.parent)) for path in paths if path.is_file()}


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("distributions"))


@pytest.fixture(scope="module")
def wheel(distributions: Path) -> Path:
    (wheel,) = distributions.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def sdist(distributions: Path) -> Path:
    (sdist,) = distributions.glob("*.tar.gz")
    return sdist


def test_the_wheel_holds_the_four_packages_and_nothing_else(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = (packaged(parent / name) for name, parent in PACKAGES.items())
    assert held == set[str]().union(*expected)


def test_each_package_says_that_it_is_typed(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        typed = {name for name in PACKAGES if f"{name}/py.typed" in archive.namelist()}
    assert typed == PACKAGES.keys()


def test_the_wheel_carries_the_license(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("licenses/LICENSE"))
        assert archive.read(name) == (ROOT / "LICENSE").read_bytes()


def test_the_sdist_holds_what_the_wheel_is_built_from(sdist: Path):
    with tarfile.open(sdist) as archive:
        held = {name.partition("/")[2].split("/")[0] for name in archive.getnames()}
    assert held == {
        *("cdk_streamer", "clients", "local", "runtime", "pyproject.toml", "PKG-INFO"),
        *(".gitignore", "CHANGELOG.md", "LICENSE", "README.md"),
    }


def test_building_twice_gives_the_same_bytes(distributions: Path, tmp_path: Path):
    again = build(tmp_path)
    assert digests(again) == digests(distributions)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the interpreter of an environment with the wheel, and this one's dependencies."""
    environment = tmp_path_factory.mktemp("installed") / "venv"
    python = environment / "bin" / "python"
    run("uv", "venv", "--quiet", "--offline", "--python", sys.executable, environment)
    # Compiled, as pip does: an asset must not differ by it.
    options = ("--quiet", "--offline", "--no-deps", "--compile-bytecode")
    run("uv", "pip", "install", *options, "--python", python, wheel)
    # A path that a .pth file adds is searched, but its own .pth files are not read: so the editable
    # install of this checkout stays out.
    packages = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    Path(packages, "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return python


@pytest.mark.parametrize("package", PACKAGES)
def test_the_environment_finds_the_wheel(installed: Path, tmp_path: Path, package: str):
    source = f"from importlib.util import find_spec; print(find_spec({package!r}).origin)"
    origin = run(installed, "-c", source, cwd=tmp_path).strip()
    assert Path(origin).is_relative_to(installed.parents[1])


def test_the_wheel_brings_the_command(installed: Path, tmp_path: Path):
    usage = run(installed.parent / "cdk-streamer", "--help", cwd=tmp_path)
    assert re.search(r"\blocal\b.*\btoken\b.*\bcall\b", usage, re.DOTALL)


def test_the_wheel_brings_the_plugin_for_pytest(installed: Path, tmp_path: Path):
    assert "local_stack" in run(installed, "-m", "pytest", "--fixtures", "-q", cwd=tmp_path)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the sources, which somebody may be editing."""
    folder = tmp_path_factory.mktemp("checkout")
    clean = shutil.ignore_patterns("__pycache__")
    for package in ("cdk_streamer", "runtime/cdk_streamer_runtime"):
        shutil.copytree(ROOT / package, folder / package, ignore=clean)
    return folder


def synthesized(python: str | Path, directory: Path, **variables: str) -> tuple[Files, str]:
    """Give the template and the manifest of the assets, and what CDK said."""
    directory.mkdir()
    out = directory / "cdk.out"
    synthesis = finished(python, APP, cwd=directory, CDK_OUTDIR=str(out), **variables)
    names = ("Reports.template.json", "Reports.assets.json")
    return {name: (out / name).read_bytes() for name in names}, synthesis.stderr


@pytest.fixture(scope="module")
def of_the_checkout(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Files, str]:
    """Synthesize from the sources, with CDK's own validation, which takes longer than the rest."""
    path = os.pathsep.join(map(str, (checkout, checkout / "runtime")))
    variables = {"PYTHONPATH": path, "PYTHONHASHSEED": "1", "CDK_VALIDATION": "true"}
    return synthesized(sys.executable, tmp_path_factory.mktemp("of") / "checkout", **variables)


def test_wheel_and_checkout_synthesize_the_same_bytes(
    installed: Path, of_the_checkout: tuple[Files, str], tmp_path: Path
):
    variables = {"PYTHONHASHSEED": "2", "CDK_VALIDATION": "false"}
    from_wheel, _ = synthesized(installed, tmp_path / "wheel", **variables)
    from_checkout, _ = of_the_checkout
    assert from_wheel == from_checkout


def test_cdks_own_validation_finds_nothing(of_the_checkout: tuple[Files, str]):
    _, said = of_the_checkout
    assert "WARNING" not in said
    assert "ERROR" not in said
