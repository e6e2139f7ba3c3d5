from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from compegpt.errors import InputError
from compegpt.eval.competition import keep
from compegpt.eval.fitting import SIGNALS, fitted
from compegpt.eval.scoring import reliability, scores_of
from compegpt.eval.ways import JUDGE, ORACLE, contest
from compegpt.learned import FILE, read_file
from compegpt.learned import _learned as learned_from
from tests.eval.rows import KIND, Letters, stream

ENCODER = Letters()
ROWS = stream(160)
FIT = fitted(ROWS, KIND, ENCODER)


def test_what_is_learned_makes_the_judge_better_than_every_expert_on_other_cases() -> None:
    known = learned_from(FIT.learned)
    contests = [contest(one, ENCODER, None, known) for one in stream(300, seed=1)]
    scores = scores_of(contests, "right", ENCODER)
    assert scores.best == "apple"
    assert scores.over("apple")[0] > 0
    assert 0.5 < scores.gain() <= 1
    assert scores.by_name[JUDGE].mean() <= scores.by_name[ORACLE].mean()


def test_confidence_is_calibrated_on_other_cases() -> None:
    known = learned_from(FIT.learned)
    sure = reliability([contest(one, ENCODER, None, known) for one in stream(400, seed=2)], "right")
    assert sure is not None
    assert sure.error < 0.12
    assert sum(cases for *_, cases in sure.bins) == 400
    assert sure.right_else > 0.6
    assert not sure.right_then > sure.right_else


def test_the_form_of_what_is_learned() -> None:
    told = FIT.learned
    assert json.loads(json.dumps(told)) == told
    assert set(told["weights"]) <= set(SIGNALS)
    assert told["record"]["embedded:apple"] > told["record"]["embedded:berry"] > told["record"]["embedded:cherry"]
    assert told["confidence"].keys() == {"a", "b", "c"}
    assert FIT.told.keys() >= {-1.0, FIT.penalty}


def test_the_same_rows_teach_the_same() -> None:
    assert fitted(ROWS[:40], KIND, ENCODER).learned == fitted(ROWS[:40], KIND, ENCODER).learned


def test_where_experts_are_equally_good_and_silent_nothing_breaks() -> None:
    same = [{**one, "candidates": [{**each, "confidence": None, "output": {"text": "right"}}
                                   for each in one["candidates"]]} for one in ROWS[:30]]
    told = fitted(same, KIND, ENCODER).learned  # type: ignore[arg-type]
    assert told["confidence"] == {}
    assert np.isfinite(list(told["weights"].values())).all()


def test_keeping_leaves_other_task_types_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "learned.json"
    path.write_text(FILE.read_text())
    before = read_file(path)
    keep({"translation": FIT.learned}, path)
    after = read_file(path)
    assert after["tasks"].pop("translation") == FIT.learned
    assert after == before


def test_a_data_file_of_another_form_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "learned.json"
    path.write_text(json.dumps({"form": 99, "tasks": {}, "comparisons": {}}))
    with pytest.raises(InputError, match="form 99"):
        keep({"ocr": FIT.learned}, path)
    assert read_file(path)["tasks"] == {}
