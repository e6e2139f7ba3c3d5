from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from compegpt.errors import ExpertError, NoExpert
from compegpt.eval import collecting
from compegpt.eval.case import Case, Kind, Part
from compegpt.eval.collecting import collected
from compegpt.schema import Finding
from tests.eval.rows import right
from tests.fakes import FakeSource


def kind(count: int = 3, text: str = "content") -> Kind:
    def cases(part: Part, folder: Path) -> Iterator[Case]:
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            path = folder / f"{number}.txt"
            path.write_text(text)
            yield Case(f"case-{number}", "blur", {"image": str(path)}, "right")

    return Kind("ocr", cases, {"right": right}, "texts")


def source(monkeypatch: pytest.MonkeyPatch, *behaviours: Any) -> FakeSource:
    made = FakeSource({"ocr": [(f"e{place}", f"f{place}", what) for place, what in enumerate(behaviours)]})
    monkeypatch.setattr(collecting, "Embedded", lambda: made)
    return made


GOOD, BAD = Finding({"text": "right"}, 0.9), Finding({"text": "wrong"}, 0.2)


def collect(tmp_path: Path, of: Kind) -> list[collecting.Row]:
    return collected(of, "dev", tmp_path, lambda done, total: None)


def test_every_expert_does_every_case_and_is_held_against_the_truth(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source(monkeypatch, GOOD, BAD, ExpertError("It broke."))
    rows = collect(tmp_path, kind())
    assert [row["id"] for row in rows] == ["case-0", "case-1", "case-2"]
    assert rows[0]["quality"] == {"right": {"fake:e0": 1.0, "fake:e1": 0.0, "fake:e2": 0.0}}
    assert [one["status"] for one in rows[0]["candidates"]] == ["ok", "ok", "failed"]


def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(done: int, total: int) -> None:
        if done == 2:
            raise InterruptedError

    source(monkeypatch, GOOD, BAD)
    with pytest.raises(InterruptedError):
        collected(kind(), "dev", tmp_path, stop)
    again = source(monkeypatch, GOOD, BAD)
    assert len(collect(tmp_path, kind())) == 3
    assert [call[1]["image"] for call in again.calls] == [str(tmp_path / "ocr-dev" / "2.txt")] * 2


def test_nothing_is_run_again_and_other_inputs_are_collected_anew(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source(monkeypatch, GOOD, BAD)
    first = collect(tmp_path, kind())
    same = source(monkeypatch, ExpertError("no"), ExpertError("no"))
    assert collect(tmp_path, kind()) == first
    assert same.calls == []
    assert collect(tmp_path, kind(text="other"))[0]["quality"] == {"right": {"fake:e0": 0.0, "fake:e1": 0.0}}


@pytest.mark.parametrize("behaviours", [(), (GOOD,)], ids=["nobody", "one alone"])
def test_without_two_experts_there_is_no_competition(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, behaviours: tuple[Finding, ...]) -> None:
    source(monkeypatch, *behaviours)
    with pytest.raises(NoExpert, match="no competition for ocr"):
        collect(tmp_path, kind())
