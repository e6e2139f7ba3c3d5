"""The container image: what it installs, copies and starts. No engine for it runs here, so its files are read."""

from __future__ import annotations

import json
import re

from compegpt.options import parsed
from scripts import image
from tests.conftest import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_it_installs_what_the_project_needs_and_no_torch() -> None:
    assert image.FILE.read_text() == image.text()
    names = {line.partition("==")[0] for line in image.text().splitlines()}
    assert {"fastapi", "gradio", "onnxruntime", "psycopg", "mcp"} <= names
    assert not names & image.LEFT_OUT


def test_its_command_is_one_that_the_command_line_knows() -> None:
    found = re.findall(r"^(?:ENTRYPOINT|CMD) (\[.*\])$", DOCKERFILE, re.MULTILINE)
    start, command = map(json.loads, found)
    assert start == ["python", "main.py"]
    assert parsed(command).command == ["serve"]


def test_it_runs_as_a_user_without_rights_and_says_how_it_is() -> None:
    assert re.search(r"^USER \d+$", DOCKERFILE, re.MULTILINE)
    assert "/readyz" in DOCKERFILE[DOCKERFILE.index("HEALTHCHECK") :]


def test_everything_that_it_copies_is_there_and_let_through() -> None:
    through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE):
        for name in line.split()[:-1]:
            assert (ROOT / name).exists()
            assert name.partition("/")[0] in through


def test_it_has_the_engines_that_the_set_up_installs() -> None:
    script = (ROOT / "scripts" / "system.sh").read_text()
    wanted = re.search(r'^packages="(.*)"$', script, re.MULTILINE)
    assert wanted is not None
    assert set(wanted[1].split()) <= set(DOCKERFILE.split())
