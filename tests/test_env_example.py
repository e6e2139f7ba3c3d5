"""`.env.example` cannot rot: it names every setting, explains it, and changes nothing when copied as it is."""

from __future__ import annotations

from dataclasses import fields
from itertools import pairwise

from compegpt.settings import Settings
from tests.conftest import ROOT

EXAMPLE = ROOT / ".env.example"


def test_every_setting_is_named_once_and_explained() -> None:
    lines = EXAMPLE.read_text().splitlines()
    named = [line.split("=", 1)[0] for line in lines if "=" in line and not line.startswith("#")]
    assert sorted(named) == sorted([*(one.metadata["env"] for one in fields(Settings)), "HUGGINGFACEHUB_API_TOKEN"])
    bare = [line for before, line in pairwise(lines) if line and line[0] != "#" and not before.startswith("# ")]
    assert bare == []


def test_a_plain_copy_changes_no_setting() -> None:
    assert Settings.load(environ={}, dotenv=EXAMPLE) == Settings.load(environ={}, dotenv=None)
