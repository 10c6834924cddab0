"""Runs app.py of each named example with cdk-nag's rules; tests start it as a program, once."""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

import aws_cdk
from aws_cdk import Validations
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

EXAMPLES = Path(__file__).parents[2] / "examples"
CONTEXT = {
    # As the command line of CDK has it: by paths a picture knows the constructs.
    "aws:cdk:enable-path-metadata": True,
    # As the demos have it, which so have the packages of the handlers already.
    "cdk-streamer:platform": "host",
}


class CheckedApp(aws_cdk.App):
    """An App whose synth fails on whatever a rule finds and nobody acknowledged."""

    output = ""
    made = 0

    def __init__(self) -> None:
        super().__init__(outdir=CheckedApp.output, context=CONTEXT)
        CheckedApp.made += 1
        Validations.of(self).add_plugins(AwsSolutionsChecks(), ServerlessChecks())


def synthesize(example: str, output: Path) -> None:
    """Run the app as if it were alone: its own modules are another's by the same names."""
    CheckedApp.output = str(output)
    made, loaded, folder = CheckedApp.made, set(sys.modules), EXAMPLES / example
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    try:
        runpy.run_path("app.py", run_name="__main__")
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - loaded:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(f"{folder}{os.sep}"):
                del sys.modules[name]
    if CheckedApp.made == made:
        sys.exit(f"app.py of {example} made no App, so nothing was checked")


aws_cdk.App = CheckedApp
for example in sys.argv[2:]:
    synthesize(example, Path(sys.argv[1]) / example)
