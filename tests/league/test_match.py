from __future__ import annotations

import pytest

from compegpt.league.match import match_of
from tests.fakes import candidate, result, task

SAME, OTHER = [[1.0, 0.9995], [0.9995, 1.0]], [[1.0, 0.99], [0.99, 1.0]]
READ = task("ocr", image="a.png")


@pytest.mark.parametrize(("similarity", "tied"), [(SAME, True), (OTHER, False)], ids=["the same", "nearly"])
def test_who_gave_the_winners_answer_is_tied(similarity: list[list[float]], tied: bool) -> None:
    candidates = [candidate("gone", status="failed", code="gone"), candidate("first", {"text": "a"}, score=0.9),
                  candidate("second", {"text": "a"}, score=0.8)]
    made = match_of(result(READ, {"text": "a"}, candidates=candidates, similarity=similarity), 0.7, rounds=2)
    assert [(one.expert, one.won, one.tied, one.failed) for one in made.entries] == [
        ("embedded:gone", False, False, True), ("embedded:first", True, False, False),
        ("embedded:second", False, tied, False)]
    assert (made.winner, made.confidence, made.rounds, made.k) == ("embedded:first", 0.7, 2, 3)


@pytest.mark.parametrize(("status", "code", "counted"), [
    ("failed", "input", None), ("failed", "storage", None), ("failed", "authentication", None),
    ("failed", "expert", True), ("timeout", "deadline", True), ("empty", None, True), ("abstained", None, True),
    ("cancelled", "expert", False),
])
def test_a_failure_counts_where_it_is_the_experts_own(status: str, code: str | None, counted: bool | None) -> None:
    one = candidate("one", status=status, code=code)  # type: ignore[arg-type]
    entries = match_of(result(READ, candidates=[one])).entries
    assert [entry.failed for entry in entries] == ([] if counted is None else [counted])


def test_nothing_of_the_content_is_kept() -> None:
    candidates = [candidate("first", {"text": "my secret"}, score=0.9, note="my secret", error="my secret"),
                  candidate("second", {"text": "my secret"}, score=0.8)]
    made = match_of(result(task("ocr", image="/home/my secret.png"), {"text": "my secret"}, candidates=candidates,
                           reason="my secret"))
    assert "my secret" not in repr(made)
