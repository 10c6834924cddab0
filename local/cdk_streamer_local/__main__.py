"""`python -m cdk_streamer_local`, the same as `cdk-streamer`."""

from __future__ import annotations

import sys

from cdk_streamer_local.cli import main

if __name__ == "__main__":
    sys.exit(main())
