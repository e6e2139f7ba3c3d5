"""`app.py`: where it listens, what it serves, and what a Space installs."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from typing import Any

import pytest

from compegpt.errors import UsageError
from compegpt.web import launch, server
from tests.conftest import ROOT


@pytest.fixture
def listened(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """(application's keywords, host, port) of every server that would have been started."""
    made: list[Any] = []
    monkeypatch.setattr(server, "application", lambda parts, local, **rest: {"local": local, **rest})
    monkeypatch.setattr(server, "listen", lambda app, host, port: made.append((app, host, port)))
    for name in ("GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT", "SPACE_ID", "COMPEGPT_API_KEYS"):
        monkeypatch.delenv(name, raising=False)
    return made


def test_it_serves_the_page_alone_to_this_machine(listened: list[Any]) -> None:
    launch.main([])
    assert listened == [({"local": True, "programs": False}, "127.0.0.1", 7860)]


def test_a_space_says_where(listened: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("GRADIO_SERVER_NAME", "0.0.0.0"), ("GRADIO_SERVER_PORT", "7861"), ("SPACE_ID", "a/b")):
        monkeypatch.setenv(name, value)
    launch.main([])
    assert listened == [({"local": False, "programs": False}, "0.0.0.0", 7861)]


def test_elsewhere_it_opens_to_nobody_without_a_key(listened: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        launch.main(["--host", "0.0.0.0"])
    assert left.value.code == UsageError.status
    assert "COMPEGPT_API_KEYS" in capsys.readouterr().err
    launch.main(["--host", "0.0.0.0", "--insecure"])
    assert len(listened) == 1


@pytest.mark.parametrize("port", ["http", "70000", "-1"])
def test_a_port_that_is_none_is_refused(port: str, listened: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        launch.main([f"--port={port}"])
    assert "is not a port" in capsys.readouterr().err
    assert listened == []


def test_help_needs_no_gradio() -> None:
    code = ("import sys; sys.argv = ['app.py', '--help']\n"
            "import contextlib, runpy\n"
            "with contextlib.suppress(SystemExit): runpy.run_path('app.py', run_name='__main__')\n"
            "print(sorted({'gradio', 'fastapi', 'langgraph'} & set(sys.modules)))")
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def test_a_space_installs_what_the_project_needs() -> None:
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert (ROOT / "requirements.txt").read_text().splitlines() == needed
    script = re.search(r'^packages="(.+)"$', (ROOT / "scripts/system.sh").read_text(), re.MULTILINE)
    assert script is not None
    assert (ROOT / "packages.txt").read_text().split() == script[1].split()
