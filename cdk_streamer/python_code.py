"""Code of a function of your own, made as the constructs make theirs."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk_streamer._code.handlers import folder_code


class PythonCode:
    """Python code for a `lambda_.Function`, without Docker."""

    @staticmethod
    def from_folder(
        scope: Construct,
        folder: str | Path,
        *,
        architecture: lambda_.Architecture = lambda_.Architecture.ARM_64,
    ) -> lambda_.Code:
        """Give a folder as a package, so that its reader.py has the handler `folder.reader.name`.

        What its requirements.txt names is resolved for Lambda's Python 3.13 and lies beside it.
        """
        code, _ = folder_code(scope, folder, architecture)
        return code
