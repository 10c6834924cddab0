"""A bad argument is a ValueError with the remedy, before anything exists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aws_cdk import CfnParameter, Duration, Stack, aws_lambda as lambda_
from aws_cdk.assertions import Annotations, Match

from tests.constructs.stacks import (
    HANDLERS,
    new_api,
    new_domain,
    new_socket,
    new_stack,
    template_of,
    the,
)

INLINE = lambda_.Code.from_inline("app = None")


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"handlers": "nowhere"}, "handlers must be a folder, got 'nowhere'"),
        ({"handlers": INLINE}, "entry_point is needed"),
        ({"entry_point": "handlers.requests"}, "must be 'module:attribute'"),
        ({"entry_point": "handlers.nothing:app"}, "there is no module 'handlers.nothing'"),
        ({"entry_point": "elsewhere.requests:app"}, "there is no module 'elsewhere.requests'"),
        ({"environment": {"CDK_STREAMER_NAME": "x"}}, "cannot set CDK_STREAMER_NAME"),
        ({"environment": "x"}, "environment must be texts by their names, got 'x'"),
        ({"environment": {1: "x"}}, "names of the environment are texts, got 1; write '1'"),
        ({"layers": None}, "layers must be a list of layer versions, got None"),
        ({"layers": "x"}, "layers must be a list of layer versions, got 'x'"),
        ({"memory_size": 64}, "memory_size must be 128 to 10240 MB, got 64"),
        ({"worker_timeout": Duration.minutes(16)}, "worker_timeout must be 10 to 900"),
        ({"worker_timeout": Duration.seconds(1)}, "worker_timeout must be 10 to 900"),
        ({"worker_timeout": 60}, r"a Duration, got 60; pass such as Duration.seconds\(\d+\)"),
        ({"worker_timeout": Duration.millis(20_500)}, "whole seconds, got 20.5"),
        ({"max_concurrency": 1}, "max_concurrency must be 2 to 1000, got 1"),
        ({"max_concurrency": 1001}, "max_concurrency must be 2 to 1000"),
        ({"lease": Duration.seconds(1)}, "lease must be 5 to 900"),
        ({"lease": Duration.minutes(20)}, "lease must be 5 to 900"),
        ({"max_progress_rate": 0}, "max_progress_rate must be 1 to 100"),
        ({"max_progress_rate": 101}, "max_progress_rate must be 1 to 100"),
        ({"retention": Duration.minutes(1)}, "retention must be 3600 to"),
        ({"retention": Duration.days(366)}, "retention must be 3600 to"),
        ({"stage_name": "a/b"}, "stage_name must be letters"),
        ({"durable": Duration.days(367)}, "durable must be 60 to 31622400"),
        ({"durable": Duration.seconds(1)}, "durable must be 60 to"),
        (
            {"durable": Duration.days(1), "retention": Duration.hours(2)},
            "retention must be at least a day with durable, got 7200",
        ),
        ({"cors_origins": []}, "cors_origins is empty"),
        ({"cors_origins": "https://a.example.com"}, r"use \['https://a.example.com'\]"),
        ({"cors_origins": ["https://a.example.com/"]}, "nothing after them"),
        ({"cors_origins": ["https://A.example.com"]}, "in lower case"),
        ({"cors_origins": ["http://a.example.com"]}, "http is for localhost"),
        ({"cors_origins": ["https://*.example.com"]}, "or '\\*' alone"),
        ({"cors_origins": ["*", "https://a.example.com"]}, "or '\\*' alone"),
        ({"cors_origins": ["null"]}, "cors_origins must be like"),
    ],
)
def test_a_bad_argument_of_an_api_is_refused(settings: dict[str, Any], remedy: str):
    stack = new_stack()
    with pytest.raises(ValueError, match=remedy):
        new_api(stack, **settings)
    assert stack.node.children == []


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"entry_point": "handlers.requests:app"}, "entry_point given without handlers"),
        ({"environment": {"A": "b"}, "memory_size": 256}, "environment, memory_size given without"),
        ({"stage_name": "$default"}, "stage_name must be letters"),
        ({"cors_origins": ["a.example.com"]}, "cors_origins must be like"),
    ],
)
def test_a_bad_argument_of_a_socket_is_refused(settings: dict[str, Any], remedy: str):
    stack = new_stack()
    with pytest.raises(ValueError, match=remedy):
        new_socket(stack, **settings)
    assert stack.node.children == []


@pytest.mark.parametrize("name", ["worker_timeout", "lease", "retention", "durable"])
def test_a_duration_that_nobody_knows_yet_is_refused(name: str):
    stack = new_stack()
    parameter = CfnParameter(stack, "Seconds", type="Number")
    settings: dict[str, Any] = {name: Duration.seconds(parameter.value_as_number)}
    with pytest.raises(ValueError, match=f"{name} must be known when the app is synthesized"):
        new_api(stack, **settings)


def test_a_domain_without_its_api_is_refused():
    stack = new_stack()
    domain = new_domain(stack, "api")
    with pytest.raises(ValueError, match="http_domain_name given with http=False"):
        new_api(stack, http=False, http_domain_name=domain)


def test_one_domain_for_both_apis_is_refused():
    stack = new_stack()
    domain = new_domain(stack, "api")
    with pytest.raises(ValueError, match=r"create two, like ws\.example\.com"):
        new_api(stack, domain_name=domain, http_domain_name=domain)


@pytest.mark.parametrize(
    "origins", [["*"], ["https://a.example.com:8443"], ["http://localhost:5173"], ["app://local"]]
)
def test_an_origin_that_a_browser_may_have_is_taken(origins: list[str]):
    stack = new_stack()
    new_socket(stack, cors_origins=origins)
    connection = the(template_of(stack), "AWS::Lambda::Function", "SocketConnection")
    assert connection["Environment"]["Variables"]["CDK_STREAMER_ORIGINS"] == origins[0]


@pytest.mark.parametrize("name", ["my-handlers", "class", "1st"])
def test_a_folder_that_cannot_be_a_package_is_refused(tmp_path: Path, name: str):
    folder = tmp_path / name
    folder.mkdir()
    with pytest.raises(ValueError, match="must be a folder with a Python name"):
        new_api(new_stack(), handlers=folder)


@pytest.mark.parametrize("name", ["json", "email", "cdk_streamer_runtime"])
def test_a_folder_that_would_hide_a_module_is_refused(tmp_path: Path, name: str):
    folder = tmp_path / name
    folder.mkdir()
    with pytest.raises(ValueError, match="would hide the module of that name"):
        new_api(new_stack(), handlers=folder)


def test_a_folder_without_requests_is_refused(tmp_path: Path):
    folder = tmp_path / "handlers"
    folder.mkdir()
    with pytest.raises(ValueError, match=r"create handlers/requests.py with an AsyncApp named app"):
        new_api(new_stack(), handlers=folder)


def test_code_of_the_users_is_taken_as_it_is():
    stack = new_stack()
    new_api(stack, handlers=INLINE, entry_point="anything.at_all:app")
    worker = the(template_of(stack), "AWS::Lambda::Function", "ApiWorker")
    assert worker["Code"] == {"ZipFile": "app = None"}
    assert worker["Environment"]["Variables"]["CDK_STREAMER_ENTRY_POINT"] == "anything.at_all:app"


def test_the_app_may_be_in_another_module(tmp_path: Path):
    (tmp_path / "work" / "api").mkdir(parents=True)
    (tmp_path / "work" / "api" / "__init__.py").touch()
    stack = new_stack()
    new_api(stack, handlers=str(tmp_path / "work"), entry_point="work.api:application")
    worker = the(template_of(stack), "AWS::Lambda::Function", "ApiWorker")
    assert worker["Environment"]["Variables"]["CDK_STREAMER_ENTRY_POINT"] == "work.api:application"


def test_a_folder_is_found_from_where_the_app_runs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(HANDLERS.parent)
    assert new_api(new_stack(), handlers="handlers").worker is not None


def test_unpinned_requirements_are_warned_of(tmp_path: Path):
    stack = _stack_with_requirements(tmp_path, "idna\npygal==3.1.3\n")
    Annotations.from_stack(stack).has_warning(
        "/Reports/Api/Socket", Match.string_like_regexp("leaves versions open: idna;")
    )


def test_pinned_requirements_are_not(tmp_path: Path):
    stack = _stack_with_requirements(
        tmp_path,
        "# made by uv\nidna==3.10 \\\n    --hash=sha256:946d  # via nothing\npygal @ https://host/pygal.whl\n",
    )
    assert Annotations.from_stack(stack).find_warning("*", Match.any_value()) == []


def _stack_with_requirements(tmp_path: Path, requirements: str) -> Stack:
    folder = tmp_path / "handlers"
    folder.mkdir()
    (folder / "requests.py").touch()
    (folder / "requirements.txt").write_text(requirements)
    stack = new_stack()
    new_api(stack, handlers=folder)
    return stack
