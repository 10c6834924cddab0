"""Apps for the tests of the local engine, and a copy of one for whoever runs it."""

import shutil
from pathlib import Path

HERE = Path(__file__).parent


def copied(app: str, place: Path) -> Path:
    """Copy an app: two runs of the same folder would be in each other's way."""
    made = shutil.ignore_patterns(".cdk-streamer", "__pycache__")
    return Path(shutil.copytree(HERE / app, place / app, ignore=made))
