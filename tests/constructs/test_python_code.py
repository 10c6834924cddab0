"""Code of functions that users make themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from aws_cdk import App, Stack, aws_lambda as lambda_

from cdk_streamer import PythonCode


def test_a_folder_becomes_a_package_of_its_name(tmp_path):
    folder = tmp_path / "reading"
    folder.mkdir()
    (folder / "reader.py").write_text("def handler(event, context): ...\n")
    (folder / "test.txt").write_text("data\n")
    app = App(outdir=str(tmp_path / "out"))
    stack = Stack(app, "Stack")

    lambda_.Function(
        stack,
        "Reader",
        runtime=lambda_.Runtime.PYTHON_3_13,
        handler="reading.reader.handler",
        code=PythonCode.from_folder(stack, folder),
    )
    app.synth()

    (asset,) = (tmp_path / "out").glob("asset.*")
    assert {file.name for file in (asset / "reading").iterdir()} == {"reader.py", "test.txt"}


def test_a_folder_that_is_not_there_is_refused_with_the_place():
    with pytest.raises(ValueError, match="handlers must be a folder, got 'nowhere'"):
        PythonCode.from_folder(Stack(), "nowhere")


def test_the_same_folder_is_one_asset_for_all_functions():
    stack = Stack()
    folder = Path(__file__).parents[2] / "examples" / "poller" / "handlers"

    first, second = (
        PythonCode.from_folder(stack, folder).bind(Stack(stack, id)).s3_location
        for id in ("First", "Second")
    )

    assert first is not None
    assert second is not None
    assert first.object_key == second.object_key
