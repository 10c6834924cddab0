"""What can go wrong on this machine; every error names its cause and its remedy.

LocalError
├── SynthesisFailed     the app did not give a cloud assembly
├── EngineUnavailable   the engine cannot be installed
├── PortTaken           somebody else listens there
├── EngineDied          the engine ended by itself
│   └── GatewayDied     the WebSocket gateway did
├── ResourceUnknown     the engine cannot make a resource of the template
├── DeploymentFailed    a stack could not be created or updated
├── AlreadyRunning      another command runs this app
├── NotRunning          no command runs this app
├── BadArgument         a name or an option that means nothing here
└── ConsoleUnavailable  the console's packages cannot be installed
"""

from __future__ import annotations


class LocalError(Exception):
    """A problem that the user can solve. `detail` is what another program said about it."""

    def __init__(self, cause: str, *, remedy: str, detail: str = "") -> None:
        super().__init__(f"{cause}; {remedy}")
        self.cause = cause
        self.remedy = remedy
        self.detail = detail
        if detail:
            self.add_note(detail)


class SynthesisFailed(LocalError):
    """The app did not give a cloud assembly."""


class EngineUnavailable(LocalError):
    """The engine cannot be installed."""


class PortTaken(LocalError):
    """Somebody else listens on the port."""


class EngineDied(LocalError):
    """The engine ended by itself."""


class GatewayDied(EngineDied):
    """The WebSocket gateway ended by itself."""


class ResourceUnknown(LocalError):
    """The engine cannot make a resource of the template."""


class DeploymentFailed(LocalError):
    """A stack could not be created or updated."""


class AlreadyRunning(LocalError):
    """Another command runs this app."""


class NotRunning(LocalError):
    """No command runs this app."""


class BadArgument(LocalError):
    """A name or an option that means nothing here."""


class ConsoleUnavailable(LocalError):
    """What the console's page is made with cannot be installed."""
