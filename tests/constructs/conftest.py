"""One process for all construct tests: importing aws_cdk takes seconds, another stack does not."""

from __future__ import annotations

import os

# Read by jsii's Node process, which starts with the first import of aws_cdk. test_packaging.py
# runs CDK's own validation in another process.
os.environ["CDK_VALIDATION"] = "false"
