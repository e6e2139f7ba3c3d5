"""What the README tells people to type exists and is understood."""

from __future__ import annotations

import re

import pytest

from compegpt.options import parser
from compegpt.plan.embedded import EmbeddedPlanner
from compegpt.tasks import TASKS
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text()
REQUESTS = re.findall(r'--prompt "([^"]+)"(?: --file (\S+))?', README)


@pytest.mark.parametrize(("text", "file"), REQUESTS, ids=[text[:30] for text, _ in REQUESTS])
async def test_every_request_is_planned(text: str, file: str) -> None:
    follow_up = text.startswith("Now")
    plan = await EmbeddedPlanner().plan({"text": text, "files": [file] if file else [], "thread": "t"}, [])
    assert follow_up or plan.tasks


@pytest.mark.parametrize("name", sorted(set(re.findall(r"examples/\w+\.\w+|docs/\w+\.md|[A-Z]+\.md", README))))
def test_every_file_is_there(name: str) -> None:
    assert (ROOT / name).is_file()


@pytest.mark.parametrize("flag", sorted(set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README)) - {"--set"}))
def test_every_flag_is_in_the_help(flag: str) -> None:
    assert flag in parser().format_help()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"^make (\w+)", README, re.MULTILINE))))
def test_every_make_target_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_no_task_type_is_promised_that_is_not_there() -> None:
    assert {"ocr", "image-upscaling"} <= set(re.findall(r"Task \d+, ([\w-]+)", README)) <= set(TASKS)
