"""Which store the settings give, how a database is set up, and what is said of one that cannot be used."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from compegpt.conversations import Filed, Unkept, looked_at, opened, set_up
from compegpt.doctor import examined, report
from compegpt.errors import CompeGPTError, ConfigurationError, StorageError
from compegpt.postgres import NEWEST, Shared
from tests.conftest import ROOT
from tests.fakes import settings
from tests.postgres_server import PASSWORD, Server
from tests.test_cli import Ran

pytest_plugins = ["tests.postgres_server"]


async def test_without_a_database_conversations_are_files(data_dir: Path) -> None:
    async with opened(settings(data_dir)) as store:
        assert type(store) is Filed
    told = await set_up(settings(data_dir))
    assert told == {"database": None, "did": "COMPEGPT_DATABASE_URL is not set: conversations are files in "
                                             f"'{data_dir}', and nothing needs setting up."}


async def test_a_turn_in_memory_waits_its_time_for_another_of_its_thread(data_dir: Path) -> None:
    store, told = Unkept(data_dir, "not kept"), []
    async with store.alone("t", lambda: None, 1):
        with pytest.raises(TimeoutError):
            async with store.alone("t", lambda: told.append("waiting"), 0.01):
                raise AssertionError("two have it")
        async with store.alone("another", lambda: told.append("waiting"), 1):
            pass
    assert told == ["waiting"]


async def test_a_database_is_used_where_it_is_set(data_dir: Path, database: str) -> None:
    async with opened(settings(data_dir, database_url=database)) as store:
        assert type(store) is Shared
        assert store.notice is None
    assert not (data_dir / "checkpoints.sqlite").exists()


async def test_where_files_cannot_be_made_a_database_keeps_the_conversation_and_says_so(tmp_path: Path,
                                                                                       database: str) -> None:
    (tmp_path / "file").touch()
    async with opened(settings(tmp_path / "file" / "data", database_url=database)) as store:
        assert type(store) is Shared
        assert store.notice is not None
        assert "no file can be made" in store.notice


Spoiled = Callable[[Server, str], str]
UNUSABLE: dict[str, tuple[Spoiled, type[CompeGPTError], str]] = {
    "no tables": (lambda server, name: server.url(name), ConfigurationError,
                  "has no tables for conversations yet: run python main.py database."),
    "password": (lambda server, name: server.url(name, "not-" + PASSWORD), StorageError,
                 "password authentication failed"),
    "no such database": (lambda server, name: server.url("nothing"), StorageError, "'nothing' at 127.0.0.1:"),
    "no server": (lambda server, name: f"postgresql://u:{PASSWORD}@127.0.0.1:1/x", StorageError,
                  "The database 'x' at 127.0.0.1:1 cannot be used (Connection refused"),
    "no such host": (lambda server, name: f"postgresql://u:{PASSWORD}@nowhere.invalid/x", StorageError,
                     "'x' at nowhere.invalid cannot be used"),
    "another kind": (lambda server, name: f"mysql://u:{PASSWORD}@h/x", ConfigurationError, "COMPEGPT_DATABASE_URL"),
    "@ in the password": (lambda server, name: f"postgresql://u:a@{PASSWORD}@h/x", ConfigurationError, "%40 for an @"),
    "/ in the password": (lambda server, name: f"postgresql://u:a/{PASSWORD}@h/x", ConfigurationError, "%2F for a /"),
    "/ after digits": (lambda server, name: f"postgresql://u:1/{PASSWORD}@h/x", ConfigurationError, "%2F for a /"),
    "no address": (lambda server, name: PASSWORD, ConfigurationError, "postgresql://USER:PASSWORD@HOST:5432/NAME"),
}


@pytest.mark.parametrize(("spoiled", "kind", "said"), UNUSABLE.values(), ids=UNUSABLE)
async def test_a_database_that_cannot_be_used_is_told_in_a_sentence_without_its_password(
        spoiled: Spoiled, kind: type[CompeGPTError], said: str, server: Server, empty_database: str,
        data_dir: Path) -> None:
    with pytest.raises(kind) as raised:
        async with opened(settings(data_dir, database_url=spoiled(server, empty_database))):
            pass
    assert said.lower() in str(raised.value).lower()
    assert PASSWORD not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_without_its_packages_a_database_is_a_matter_of_installing(data_dir: Path,
                                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("compegpt.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigurationError, match=r'pip install "compegpt\[postgres\]"'):
        asyncio.run(looked_at("postgresql://u:p@h/x"))


def test_the_command_makes_the_tables_updates_them_and_then_leaves_them(
        server: Server, empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPEGPT_DATABASE_URL", server.url(empty_database))
    made = Ran("database")
    assert made.status == 0
    assert made.out.endswith("has its tables now.\n")
    server.do(f"delete from checkpoint_migrations where v > {NEWEST - 2}", empty_database)
    with pytest.raises(ConfigurationError, match="has tables of an older version: run"):
        asyncio.run(looked_at(server.url(empty_database)))
    assert Ran("database").out.endswith(f"was brought from version {NEWEST - 2} to {NEWEST}.\n")
    told = json.loads(Ran("database", "--json").out)
    assert told.pop("did").endswith("is up to date: nothing was done.")
    assert told == {"database": f"'{empty_database}' at 127.0.0.1:{server.port}", "before": NEWEST, "version": NEWEST}


def test_several_servers_may_set_the_database_up_at_once(server: Server, empty_database: str, data_dir: Path) -> None:
    async def all_at_once() -> list[str]:
        one = settings(data_dir, database_url=server.url(empty_database))
        return sorted(str(told["before"]) for told in await asyncio.gather(*(set_up(one) for _ in range(4))))

    assert asyncio.run(all_at_once()) == [str(NEWEST)] * 3 + ["None"]


def test_the_doctor_tells_which_store_there_is_and_what_it_lacks(server: Server, empty_database: str,
                                                                 data_dir: Path) -> None:
    assert f"Conversations: files in '{data_dir}'" in report(examined(settings(data_dir)))
    one = settings(data_dir, database_url=server.url(empty_database))
    lacking = examined(one)
    assert not lacking["ready"]
    assert "has no tables for conversations yet: run python main.py database." in report(lacking)
    asyncio.run(set_up(one))
    assert examined(one)["conversations"] == {
        "usable": True, "state": f"the database '{empty_database}' at 127.0.0.1:{server.port}"}


def test_checkpoints_are_read_strictly_whoever_imports_the_store_first() -> None:
    code = ("import os; os.environ.pop('LANGGRAPH_STRICT_MSGPACK', None); import compegpt.conversations\n"
            "from langgraph.checkpoint.serde import _msgpack; raise SystemExit(not _msgpack.STRICT_MSGPACK_ENABLED)")
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
