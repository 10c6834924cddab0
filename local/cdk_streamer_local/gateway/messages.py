"""Messages on their way to functions, and the word that a client has gone."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine

from cdk_streamer_local.gateway import answers
from cdk_streamer_local.gateway.admission import status_of
from cdk_streamer_local.gateway.apis import DISCONNECT, Api, Apis, IntegrationKind, Route
from cdk_streamer_local.gateway.bridge import EngineGone, Refused
from cdk_streamer_local.gateway.client import Farewell
from cdk_streamer_local.gateway.connection import Connection
from cdk_streamer_local.gateway.events import Moment, disconnect_event, message_event
from cdk_streamer_local.gateway.functions import Ending, Functions
from cdk_streamer_local.gateway.routing import route_of

# A client with so many messages under way is read no further until some are answered.
UNDER_WAY = 64


class Messages:
    """Brings each message to its route; those of one connection side by side, as on AWS."""

    def __init__(
        self, apis: Apis, functions: Functions, loses: Callable[[str], bool] = lambda _: False
    ) -> None:
        self._apis = apis
        self._functions = functions
        self._loses = loses
        self._tasks: set[asyncio.Task[None]] = set()
        self._under_way = Counter[str]()

    def take(self, connection: Connection, text: str) -> None:
        """Begin with a message."""
        self._under_way[connection.id] += 1
        if self._under_way[connection.id] >= UNDER_WAY:
            connection.hold()
        self._begin(self._bring(connection, text))

    def end(self, connection: Connection, farewell: Farewell) -> None:
        """Tell `$disconnect` that a connection has ended, unless that is lost on purpose."""
        self._begin(self._tell_end(connection, farewell))

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _bring(self, connection: Connection, text: str) -> None:
        moment = Moment.now()
        try:
            message = await self._error(connection, text, moment)
        except (EngineGone, Refused):
            message = answers.INTERNAL_ERROR
        finally:
            self._done(connection)
        if message is not None:
            connection.tell(answers.frame(message, connection.id, moment.request_id))

    async def _error(self, connection: Connection, text: str, moment: Moment) -> str | None:
        """Bring a message to its route; gives what its client is to be told, if anything."""
        api = await self._apis.find(connection.api_id)
        route = route_of(api.routes, api.selection, text) if api else None
        if api is None or route is None:
            return answers.FORBIDDEN
        integration = route.integration
        if integration is not None and integration.kind is IntegrationKind.MOCK:
            return None
        if integration is None or not integration.is_function:
            return answers.INTERNAL_ERROR
        variables = api.stages.get(connection.stage, {})
        event = message_event(connection.client, moment, route.key, text, variables)
        said = await self._functions.invoke(api, integration.function, event, integration.seconds)
        if said.ending is Ending.TIMED_OUT:
            return answers.TIMED_OUT
        return answers.INTERNAL_ERROR if status_of(integration, said) is None else None

    async def _tell_end(self, connection: Connection, farewell: Farewell) -> None:
        if self._loses(connection.id):
            return
        try:
            api = await self._apis.find(connection.api_id)
        except (EngineGone, Refused):
            return
        route = api.routes.get(DISCONNECT) if api else None
        if api is not None and route is not None:
            await self._invoke_end(api, route, connection, farewell)

    async def _invoke_end(
        self, api: Api, route: Route, connection: Connection, farewell: Farewell
    ) -> None:
        integration = route.integration
        if integration is None or not integration.is_function:
            return
        variables = api.stages.get(connection.stage, {})
        event = disconnect_event(connection.client, Moment.now(), farewell, variables)
        # When thousands leave at once they would keep those waiting who come back.
        await self._functions.invoke(
            api, integration.function, event, integration.seconds, is_patient=True
        )

    def _done(self, connection: Connection) -> None:
        self._under_way[connection.id] -= 1
        if self._under_way[connection.id] < UNDER_WAY:
            connection.go_on()
        if self._under_way[connection.id] <= 0:
            del self._under_way[connection.id]
