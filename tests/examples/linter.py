"""What cfn-lint says of templates: in this process, since its rules take seconds to load."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cfnlint.api

# CDK's own functions depend on their roles twice.
IGNORED = "W3005"


def findings(templates: Iterable[Path]) -> list[str]:
    """Give everything that it finds."""
    config = cfnlint.api.ManualArgs(ignore_checks=[IGNORED])
    return [
        f"{path.name}: {match}"
        for path in templates
        for match in cfnlint.api.lint(path.read_text(), config=config)
    ]
