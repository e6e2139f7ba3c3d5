"""A thread's turns keep their losers over a restart of the server, and go with the thread."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from compegpt.media.places import Places
from compegpt.schema import Turn
from compegpt.web.keeping import FOLDER, keep, whole
from tests.fakes import candidate, result, task
from tests.web.serving import serving
from tests.web.test_api import SPEAK, SUMMARY, ended, source

STEP = task("summarization", text="x")
TURN: Turn = {"request": {"text": "x", "files": [], "thread": "o/t"}, "plan": [STEP], "answer": "y",
              "results": [result(STEP, {"text": "z"}, candidates=[candidate("a"), candidate("b", status="failed")])]}
BRIEF: Turn = {**TURN, "results": [{**TURN["results"][0], "candidates": []}]}


def test_a_turn_is_whole_again(data_dir: Path) -> None:
    keep(Places(data_dir), "o/t", TURN)
    assert whole(Places(data_dir), "o/t", BRIEF) == TURN


@pytest.mark.parametrize("spoilt", [b"", b"\xff{", b"[1"])
def test_what_cannot_be_read_is_shown_without_its_losers(spoilt: bytes, data_dir: Path) -> None:
    places = Places(data_dir)
    assert whole(places, "o/t", BRIEF) == BRIEF
    keep(places, "o/t", TURN)
    next((places.thread("o/t") / FOLDER).iterdir()).write_bytes(spoilt)
    assert whole(places, "o/t", BRIEF) == BRIEF


def test_a_folder_that_cannot_be_written_is_no_error(data_dir: Path, caplog: pytest.LogCaptureFixture) -> None:
    data_dir.write_text("a file where the folder should be")
    keep(Places(data_dir), "o/t", TURN)
    assert "without its losers" in caplog.text


def test_losers_are_there_after_a_restart_and_gone_with_the_thread(data_dir: Path) -> None:
    with serving(data_dir, source(), [SUMMARY, SPEAK]) as served:
        ended(served, {"text": "One", "thread": "farm"})
    with serving(data_dir, source(), [SUMMARY, SPEAK]) as served:
        turn = httpx.get(f"{served.address}/threads/farm").json()["turns"][0]
        assert [one["status"] for one in turn["results"][0]["candidates"]] == ["ok", "failed"]
        assert httpx.delete(f"{served.address}/threads/farm").status_code == 204
    assert not list(data_dir.glob(f"artifacts/*/*/{FOLDER}/*"))
