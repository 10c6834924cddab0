"""The JavaScript client builds and passes its own tests, in Node and in Chromium."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cdk_streamer_local.console.packages import installed
from tests.clients.javascript import ROOT, built, checked, npm

PAGE = ROOT / "local" / "cdk_streamer_local" / "console" / "page"


@pytest.fixture(scope="module")
def package() -> Path:
    return built()


def test_its_types_and_those_of_its_pages_fit():
    assert (checked() / ".build" / "blocks").is_dir()


def test_the_client_passes_its_tests_in_node_and_in_a_browser(package: Path):
    assert "fail 0" in npm("run", "test:run", folder=package)


def test_the_package_has_what_it_exports_and_no_more(package: Path):
    said = npm("pack", "--dry-run", "--json", "--ignore-scripts", folder=package)
    (packed,) = json.loads(said)
    names = {entry["path"] for entry in packed["files"]}
    assert {"dist/index.js", "dist/index.d.ts", "dist/node.js"} <= names
    assert {name for name in names if not name.startswith("dist/")} == {
        "README.md",
        "package.json",
    }


def test_the_consoles_page_has_the_client_that_is_built_here(package: Path):
    made = package / "dist"
    copied = {path.relative_to(PAGE / "client") for path in (PAGE / "client").rglob("*.js")}

    assert set(built_for_browsers(made)) == copied
    assert [
        path for path in copied if (made / path).read_text() != (PAGE / "client" / path).read_text()
    ] == [], "run `npm run console` in clients/js"


def test_the_consoles_page_fits_its_types(package: Path, tmp_path: Path):
    packages = installed()
    wanted = {
        "compilerOptions": {
            "allowJs": True,
            "checkJs": True,
            "noEmit": True,
            "strict": True,
            "noImplicitAny": False,
            "skipLibCheck": True,
            "target": "es2022",
            "module": "esnext",
            "moduleResolution": "bundler",
            "lib": ["es2023", "dom", "dom.iterable"],
            "paths": {
                "lit": [f"{packages}/lit/index.d.ts"],
                "lit/*": [f"{packages}/lit/*"],
                "cdk-streamer-client": [f"{package}/dist/index.d.ts"],
            },
        },
        "include": [f"{PAGE}/**/*.js"],
        "exclude": [f"{PAGE}/client"],
    }
    (tmp_path / "tsconfig.json").write_text(json.dumps(wanted))

    npm("exec", "--", "tsc", "-p", str(tmp_path), folder=package)


def built_for_browsers(built: Path) -> list[Path]:
    found = [path.relative_to(built) for path in built.rglob("*.js")]
    return [path for path in found if path.parts[0] not in {"node", "node.js"}]
