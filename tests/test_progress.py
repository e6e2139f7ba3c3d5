"""Progress on standard error, whatever it is connected to."""

from __future__ import annotations

import io

import pytest

from compegpt.console import Console
from compegpt.events import Executed, Judged, Noticed, Planned, Selected
from compegpt.progress import progress_on
from tests.fakes import candidate, result, task

READ = task("ocr", image="/p/a.png")
EVENTS = [Planned([READ], "fake", 0.9), Noticed("mind the \x1b[31mgap"), Selected(READ, ["embedded:first"]),
          Executed(READ, candidate("first", {"text": "[red]x"})),
          Judged(result(READ, {"text": "x"}, confidence=0.81, candidates=[
              candidate("first", {"text": "x"}, score=0.9, signals={"support": 0.8, "validity": 1.0}),
              candidate("second", status="timeout")]))]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(err: io.StringIO, verbosity: int = 0) -> str:
    with progress_on(Console(io.BytesIO(), io.BytesIO(), err, verbosity=verbosity)) as progress:
        for event in EVENTS:
            progress.show(event)
    return err.getvalue()


def test_a_pipe_gets_notices_only() -> None:
    assert shown(io.StringIO()) == "note: mind the gap\n"


def test_v_gives_a_line_per_event() -> None:
    assert shown(io.StringIO(), verbosity=1).splitlines() == [
        "plan (fake, confidence 0.90): ocr", "note: mind the gap", "0 ocr: first compete", "0 ocr: first ok in 0.1 s",
        "0 ocr: first won, confidence 0.81", "  first: score 0.90 (support 0.80, validity 1.00)",
        "  second: timeout, not compared"]


@pytest.mark.parametrize("colour", [False, True])
def test_a_terminal_gets_live_rows_and_no_colour_where_none_is_wanted(
        colour: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if not colour:
        monkeypatch.setenv("NO_COLOR", "1")
    text = shown(Terminal())
    assert "first won" in text
    assert "mind the gap" in text
    assert ("\x1b[3" in text) == colour
