"""Runs the app.py of the current folder with cdk-nag's rules; tests start it as a program."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import aws_cdk
from aws_cdk import Validations
from cdk_nag import AwsSolutionsChecks, ServerlessChecks


class CheckedApp(aws_cdk.App):
    """An App whose synth fails on whatever a rule finds and nobody acknowledged."""

    checked = False

    def __init__(self) -> None:
        super().__init__()
        CheckedApp.checked = True
        Validations.of(self).add_plugins(AwsSolutionsChecks(), ServerlessChecks())


aws_cdk.App = CheckedApp
sys.path.insert(0, str(Path.cwd()))
runpy.run_path("app.py", run_name="__main__")
if not CheckedApp.checked:
    sys.exit("app.py made no App, so nothing was checked")
