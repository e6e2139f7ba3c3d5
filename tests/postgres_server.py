"""A PostgreSQL server of the tests' own: Debian's programs in a temporary folder, on a free port of loopback.

Name this module in a test's `pytest_plugins` to have its fixtures. PYTEST_DONT_REWRITE: such a test imports it, too.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import secrets
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from compegpt.postgres import updated

PASSWORD = "s3cret-of-the-tests"
FASTER = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "16MB", "max_connections": "60",
          "max_wal_size": "64MB", "autovacuum": "off"}


class Server:
    """Can be stopped and started again in the middle of a test; its data stay."""

    def __init__(self, programs: Path, folder: Path, user: str | None) -> None:
        """`user` runs the server where the tests are root, whom it refuses."""
        self.port = _free_port()
        self._programs, self._folder, self._user = programs, folder, user
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "postgres", password: str = PASSWORD) -> str:
        return f"postgresql://compegpt:{password}@127.0.0.1:{self.port}/{database}"

    def make(self) -> None:
        password = self._folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        self._run("initdb", "-D", str(self._folder / "data"), "-U", "compegpt", "--auth=scram-sha-256",
                  f"--pwfile={password}", "--no-sync", "--no-locale", "-E", "UTF8").communicate()

    def start(self) -> None:
        """Start it where it does not run, and wait until it can be used."""
        if self._process is not None:
            return
        options = {**FASTER, "listen_addresses": "127.0.0.1", "port": str(self.port), "unix_socket_directories": ""}
        self._process = self._run("postgres", "-D", str(self._folder / "data"),
                                  *(part for name, value in options.items() for part in ("-c", f"{name}={value}")))
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=5).close()
            except psycopg.OperationalError:
                assert self._process.poll() is None, (self._folder / "log").read_text()
            else:
                return

    def stop(self) -> None:
        """Break all connections off and stop it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait()
            self._process = None

    def do(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """The rows that a statement gives."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def _run(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen([self._programs / program, *arguments], stdout=log, stderr=log, cwd=self._folder,
                                    user=self._user, group=self._user, extra_groups=[] if self._user else None)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The server of all tests; those that stop it start it again."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not programs:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        folder, user = Path(name), None
        if os.getuid() == 0:
            user = "postgres"  # made by the package
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        made = Server(programs[-1].parent, folder, user)
        made.make()
        made.start()
        try:
            yield made
        finally:
            made.stop()


@pytest.fixture
def database(empty_database: str, server: Server) -> str:
    """The address of a database that is set up."""
    asyncio.run(updated(server.url(empty_database)))
    return server.url(empty_database)


@pytest.fixture
def empty_database(server: Server) -> Iterator[str]:
    """The name of a database without tables, on a server that runs."""
    server.start()
    name = f"test_{secrets.token_hex(6)}"
    server.do(f"create database {name}")
    yield name
    server.start()
    server.do(f"drop database {name} with (force)")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
