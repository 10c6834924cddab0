"""A PostgreSQL of one's own, on this machine and for a while."""

from __future__ import annotations

import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pg8000.native import Connection

from examples.receipts.database.programs import Programs
from examples.receipts.database.server import CONNECTIONS, LABOR, NAME, USER, Address, Row

HOST = "127.0.0.1"
ADMINISTRATOR = "postgres"
SCHEMA = Path(__file__).with_name("schema.sql")
PATIENCE = 30  # seconds for the server to come or go
COLUMNS = ("shop", "number", "total", "sent_at", "stored_at", "deliveries")
SESSIONS = f"from pg_stat_activity where usename = '{USER}'"
READY = b"ready to accept connections"
TOO_MANY = b"too many clients already"
CONFIGURATION = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    # One more than for clients: whoever watches is connected, too.
    "max_connections": CONNECTIONS + 1,
    "superuser_reserved_connections": 0,
    "max_wal_senders": 0,
    "wal_level": "minimal",
    "shared_buffers": "16MB",
    "password_encryption": "scram-sha-256",
    "logging_collector": "off",
    "log_timezone": "UTC",
}


class Postgres:
    """Serves a database of receipts from a temporary folder; the constructor starts it."""

    def __init__(self) -> None:
        """Raise NotFound where there are no programs."""
        self._folder = Path(tempfile.mkdtemp(prefix="receipts-"))
        self._passwords = {name: secrets.token_urlsafe(24) for name in (ADMINISTRATOR, USER)}
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: Connection | None = None
        self._lock = threading.Lock()  # a connection is one thread's at a time
        try:
            self._programs = Programs.find(self._folder)
            self._initialize()
            self._serve()
            self._create()
        except BaseException:
            self.close()
            raise

    @property
    def title(self) -> str:
        """What it is."""
        return f"PostgreSQL {self._programs.version}"

    @property
    def address(self) -> Address:
        """Where it is: the same place after each start."""
        password = self._passwords[USER]
        return Address(host=HOST, port=self._port, user=USER, password=password, database=NAME)

    @property
    def refusals(self) -> int:
        """How many connections it has refused for being too many."""
        return self._said(TOO_MANY)

    def start(self) -> None:
        """Serve; gives back when clients can come."""
        self._serve()
        self._watcher = self._connected(NAME)

    def stop(self) -> None:
        """Break off what is under way, and serve no more."""
        if self._process is None:
            return
        with self._lock:
            if self._watcher is not None:
                self._watcher.close()
            self._watcher = None
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(PATIENCE)
        self._process = None

    def close(self) -> None:
        """Stop, and leave nothing behind."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def connections(self) -> int:
        """Count who is connected; raises OSError while it is stopped."""
        return self._ask(f"select count(*) {SESSIONS}")[0][0]

    def rows(self) -> Sequence[Row]:
        """Give all that is stored."""
        found = self._ask(f"select {', '.join(COLUMNS)} from receipts order by stored_at")  # noqa: S608
        return [Row(**dict(zip(COLUMNS, row, strict=True))) for row in found]

    def clear(self) -> None:
        """Send everybody away, and forget all that is stored."""
        self._ask("select pg_terminate_backend(pid) " + SESSIONS)
        self._ask("truncate receipts")

    def _ask(self, statement: str) -> list[Any]:
        with self._lock:
            if self._watcher is None:
                raise ConnectionError(f"{self.title} is stopped")
            return self._watcher.run(statement) or []

    def _initialize(self) -> None:
        password = self._folder / "password"
        password.write_text(self._passwords[ADMINISTRATOR], encoding="utf-8")
        self._programs.own(password)
        self._programs.run(
            "initdb",
            f"--pgdata={self._data}",
            f"--username={ADMINISTRATOR}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        )
        password.unlink()

    def _serve(self) -> None:
        settings = [f"--{name}={value}" for name, value in CONFIGURATION.items()]
        place = [f"--port={self._port}", "-D", str(self._data)]
        before, end = self._said(READY), time.monotonic() + PATIENCE
        self._process = self._programs.serve([*place, *settings], self._log)
        while self._said(READY) == before:
            if self._process.poll() is not None or time.monotonic() > end:
                said = self._log.read_text(encoding="utf-8", errors="replace")
                raise OSError(f"{self.title} does not start: {said[-500:]}")
            time.sleep(0.02)

    def _create(self) -> None:
        first = self._connected("postgres")
        first.run(f"create role {USER} login password '{self._passwords[USER]}'")
        first.run(f"create database {NAME}")
        first.close()
        self._watcher = self._connected(NAME)
        statements = SCHEMA.read_text(encoding="utf-8").replace("{labor}", str(LABOR))
        self._watcher.run(statements)

    def _connected(self, database: str) -> Connection:
        """Connect as who may do anything."""
        password = self._passwords[ADMINISTRATOR]
        return Connection(
            ADMINISTRATOR, host=HOST, port=self._port, database=database, password=password
        )

    def _said(self, what: bytes) -> int:
        return self._log.read_bytes().count(what) if self._log.exists() else 0

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _log(self) -> Path:
        return self._folder / "log"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return listener.getsockname()[1]
