"""What stands in for PostgreSQL where none can be had: its protocol and its limits, over SQLite.

It knows what the sink's function says, and no more:
https://www.postgresql.org/docs/current/protocol-flow.html
"""

from __future__ import annotations

import re
import socket
import socketserver
import sqlite3
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal

from examples.receipts.database.server import CONNECTIONS, LABOR, NAME, USER, Address, Row
from examples.receipts.database.wire import Wire

HOST = "127.0.0.1"
TABLE = """
create table receipts (
    shop text, number text, issued_on text, total text, tax text, sent_at text,
    stored_at text default (strftime('%Y-%m-%dT%H:%M:%f+00:00')), deliveries integer default 1,
    primary key (shop, number)
)
"""
STORED = "select shop, number, total, sent_at, stored_at, deliveries from receipts order by 5"
PARAMETER = re.compile(r"\$(\d+)(::\w+)?")
TOO_MANY = ("53300", "sorry, too many clients already")
INTERNAL = "XX000"


class Stub:
    """Keeps receipts in memory, for as few clients as the real one; the constructor starts it."""

    title = "a stub (no PostgreSQL could be had)"

    def __init__(self) -> None:
        self._store = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._store.execute(TABLE)
        self._lock = threading.Lock()
        self._clients: set[socket.socket] = set()
        self._active = 0
        self._refusals = 0
        self._server: _Server | None = None
        self._port = 0
        self.start()

    @property
    def address(self) -> Address:
        """Where it is: the same place after each start."""
        return Address(host=HOST, port=self._port, user=USER, password="none", database=NAME)  # noqa: S106 - it asks for none

    @property
    def refusals(self) -> int:
        """How many connections it has refused for being too many."""
        return self._refusals

    def start(self) -> None:
        """Serve; gives back when clients can come."""
        self._server = _Server((HOST, self._port), self)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True).start()

    def stop(self) -> None:
        """Break off what is under way, and serve no more."""
        if self._server is None:
            return
        self._server.shutdown()
        self._server.server_close()
        self._server = None
        self._dismiss()

    def close(self) -> None:
        """Stop, and leave nothing behind."""
        self.stop()
        self._store.close()

    def connections(self) -> int:
        """Count who is connected; raises OSError while it is stopped."""
        if self._server is None:
            raise ConnectionError(f"{self.title} is stopped")
        return len(self._clients)

    def rows(self) -> Sequence[Row]:
        """Give all that is stored."""
        with self._lock:
            found = self._store.execute(STORED).fetchall()
        return [
            Row(
                shop=shop,
                number=number,
                total=Decimal(total),
                sent_at=datetime.fromisoformat(sent_at),
                stored_at=datetime.fromisoformat(stored_at),
                deliveries=deliveries,
            )
            for shop, number, total, sent_at, stored_at, deliveries in found
        ]

    def clear(self) -> None:
        """Send everybody away, and forget all that is stored."""
        self._dismiss()
        with self._lock:
            self._store.execute("delete from receipts")

    def admit(self, client: socket.socket) -> bool:
        """Let a client in, if there is room."""
        with self._lock:
            if len(self._clients) >= CONNECTIONS:
                self._refusals += 1
                return False
            self._clients.add(client)
            return True

    def leave(self, client: socket.socket) -> None:
        """Give the room of a client to another one."""
        with self._lock:
            self._clients.discard(client)

    def execute(self, statement: str, values: Sequence[str | None]) -> list[tuple[object, ...]]:
        """Run a statement, an insert with the labor of the real one; raises sqlite3.Error."""
        with self._lock:
            self._active += 1
            labor = LABOR * self._active if statement.lstrip().lower().startswith("insert") else 0
        time.sleep(labor)
        with self._lock:
            self._active -= 1
            return self._store.execute(PARAMETER.sub(r"?\1", statement), values).fetchall()

    def _dismiss(self) -> None:
        with self._lock:
            for client in self._clients:
                with suppress(OSError):  # it has left already
                    client.shutdown(socket.SHUT_RDWR)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], stub: Stub) -> None:
        self.stub = stub
        super().__init__(address, _Session)


class _Session(socketserver.StreamRequestHandler):
    """A client, from its first message to its last."""

    def handle(self) -> None:
        """Answer until the client leaves or the server stops."""
        assert isinstance(self.server, _Server)  # noqa: S101 - tells the type
        stub, wire = self.server.stub, Wire(self.rfile, self.wfile)
        try:
            wire.greeting()
            if not stub.admit(self.connection):
                wire.error("FATAL", *TOO_MANY)
                return
            try:
                wire.welcome()
                self._answer(stub, wire)
            finally:
                stub.leave(self.connection)
        except (OSError, EOFError):
            return  # it has left, or was told to

    def _answer(self, stub: Stub, wire: Wire) -> None:
        failed = False
        for kind, statement, values in wire.commands():
            if kind == "ready":
                failed = False
                wire.ready()
            elif not failed:
                try:
                    wire.result(statement, stub.execute(statement, values))
                except sqlite3.Error as error:
                    failed = True  # what follows is left out until the client asks anew
                    wire.error("ERROR", INTERNAL, str(error))
