"""The database that COMPEGPT_DATABASE_URL names, and connections to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, dict_row

from compegpt.errors import ConfigurationError, StorageError

PATIENCE = 5
"""Seconds for a connection."""
STALLED = 10_000
"""Milliseconds after which a statement that was not answered, or not even received, has failed."""
_LIVELY = {"connect_timeout": PATIENCE, "options": f"-c statement_timeout={STALLED}", "keepalives_idle": 10,
           "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": STALLED}
Connection = AsyncConnection[DictRow]


@dataclass(frozen=True)
class Target:
    """Shows without user and password."""

    options: dict[str, Any]
    """Of each connection, as `psycopg.connect` takes them."""

    @classmethod
    def of(cls, url: str) -> Target:
        """Raises ConfigurationError, which quotes nothing of the address: any part may belong to the password."""
        try:
            options = conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            options = {}
        split = "@" in f"{options.get('host')}{options.get('dbname')}"  # an @ or / of the password ended it
        if not options or split or not str(options.get("port", "0")).replace(",", "").isdigit():
            raise ConfigurationError("COMPEGPT_DATABASE_URL is not the address of a PostgreSQL database: write "
                                     "postgresql://USER:PASSWORD@HOST:5432/NAME, and %40 for an @, %2F for a / in the "
                                     "password.")
        return cls({**_LIVELY, **options, "autocommit": True, "prepare_threshold": 0, "row_factory": dict_row})

    def __str__(self) -> str:
        host = self.options.get("host") or self.options.get("hostaddr") or "this machine"
        port = f":{self.options['port']}" if "port" in self.options else ""
        return f"'{self.options.get('dbname') or self.options.get('user') or 'postgres'}' at {host}{port}"

    async def connection(self, **options: Any) -> Connection:
        return cast(Connection, await AsyncConnection.connect(**{**self.options, **options}))

    def failed(self, error: Exception) -> StorageError:
        """What is wrong, in a sentence."""
        told = " ".join((str(error) or type(error).__name__).split()).rpartition(" failed: ")[2]
        return StorageError(f"The database {self} cannot be used ({told[:300].rstrip('.?')}); see that its server runs "
                            "and that COMPEGPT_DATABASE_URL is right.")


def lost(connection: Connection) -> bool:
    """Whether the server has closed an idle connection; sends nothing."""
    try:
        connection.pgconn.consume_input()  # its last words, if it said any
        connection.pgconn.consume_input()
    except psycopg.OperationalError:
        return True
    return False
