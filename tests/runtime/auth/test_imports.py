"""Only reading a key needs the packages that the authorizer's asset alone carries."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import importlib, pkgutil, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"jwt", "cryptography", "cffi", "boto3", "aws_cdk"}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
sys.path.insert(0, "runtime")
from cdk_streamer_runtime import auth
for module in pkgutil.iter_modules(auth.__path__):
    print(importlib.import_module(f"{auth.__name__}.{module.name}").__name__)
"""


def test_every_module_imports_without_cryptography() -> None:
    run = subprocess.run(  # the whole point is another process
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False
    )

    assert (run.stderr, run.returncode) == ("", 0)
    assert "cdk_streamer_runtime.auth.keys" in run.stdout.split()
