"""The picture of the app: its constructs, the parts of one, and what flows between them."""

from __future__ import annotations

from typing import ClassVar

from cdk_streamer_local.cloud.assembly import Assembly
from cdk_streamer_local.console.panel import Panel, Query, Unknown
from cdk_streamer_local.console.running import Running
from cdk_streamer_local.topology.drawing import Drawing, draw
from cdk_streamer_local.topology.stacks import read_stacks


class TopologyPanel(Panel):
    """Drawn once a deployment."""

    name: ClassVar[str] = "topology"

    def __init__(self) -> None:
        self._drawn: tuple[Assembly, dict[str | None, Drawing]] | None = None

    def read(self, running: Running) -> Drawing:
        """Give the picture of what is deployed."""
        return self._picture(running)

    def item(self, running: Running, id: str, query: Query) -> Drawing:
        """Give what is inside a construct, by `<stack>/<construct>`; raises Unknown."""
        del query
        if id not in {figure.node for figure in self._picture(running).figures}:
            raise Unknown(f"no construct is called {id!r}")
        return self._picture(running, id)

    def _picture(self, running: Running, inside: str | None = None) -> Drawing:
        if self._drawn is None or self._drawn[0] is not running.assembly:
            self._drawn = (running.assembly, {})
        pictures = self._drawn[1]
        if inside not in pictures:
            pictures[inside] = draw(read_stacks(running.assembly, inside))
        return pictures[inside]
