"""A turn as JSON: its fields, its exit status, its times."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from compegpt.errors import ExpertTimeout
from compegpt.record import Outcome, artifacts_of, copied, critical_path, failure, record
from compegpt.schema import LLMCall, Result, Task
from tests.fakes import candidate, result, task

OCR = task("ocr", 0, image="/p/a.png")
SPEAK = task("text-to-speech", 1, [0], text="<resource>-0")


def outcome_of(plan: list[Task], results: list[Result], answer: str = "So it is.", **rest: Any) -> Outcome:
    return Outcome(thread="t", plan=plan, planner="fake", confidence=0.9, results=results, seconds=3.0, **rest, turn={
        "request": {"text": "x", "files": [], "thread": "t"}, "plan": plan, "results": results, "answer": answer})


def timed(of: Task, started: float | None, settled: float | None) -> Result:
    return result(of, {"text": "a"}, started=started, settled=settled)


CHAIN = [task("ocr", 0), task("translation", 1, [0]), task("summarization", 2, [1]), task("ocr", 3)]


@pytest.mark.parametrize(("spans", "seconds"), [
    ({0: (10.0, 11.0), 1: (11.5, 13.5), 2: (13.5, 14.0), 3: (10.0, 12.0)}, 3.5),
    ({0: (10.0, 11.0), 1: (11.0, 12.0), 2: (12.0, 13.0), 3: (10.0, 19.0)}, 9.0),
    ({0: (None, None), 1: (11.0, 12.0), 2: (12.0, 13.0), 3: (10.0, 10.5)}, 2.0),
    ({0: (1.0, 9.0), 1: (11.0, 12.0), 2: (12.0, 13.0), 3: (10.0, 10.5)}, 2.0),
    ({}, 0.0),
], ids=["waits do not count", "a long single task", "without experts", "finished before this turn", "nothing ran"])
def test_the_critical_path_is_the_longest_chain_of_working_time(spans: dict[int, Any], seconds: float) -> None:
    results = [timed(of, *spans[of["id"]]) for of in CHAIN if of["id"] in spans]
    assert critical_path(CHAIN, results, since=5.0) == pytest.approx(seconds)


def test_the_record_has_exactly_the_documented_fields() -> None:
    rival = candidate("first", {"text": "a"}, code=None, note="half of it")
    made = record(outcome_of([OCR], [result(OCR, {"text": "a"}, candidates=[rival])], began=50.0))
    assert list(made) == ["answer", "thread", "planner", "plan_confidence", "plan", "results", "artifacts", "usage"]
    assert list(made["results"][0]) == [
        "id", "task", "status", "error", "args", "winner", "output", "agreement", "confidence", "unsure",
        "reason", "similarity", "candidates"]
    assert list(made["results"][0]["candidates"][0]) == [
        "expert", "source", "family", "status", "output", "confidence", "signals", "score", "seconds", "error", "note"]
    assert made["usage"] == {"llm_calls": 0, "tokens": 0, "expert_calls": 1, "seconds": 3.0,
                             "critical_path_seconds": 1.0, "overhead_seconds": 2.0}
    assert "answer" not in record(outcome_of([OCR], []), with_answer=False)


def test_usage_counts_the_requests_that_a_call_took() -> None:
    call: LLMCall = {"purpose": "plan", "model": "fake:m", "seconds": 0.1, "tokens": 10, "error": None, "code": None}
    outcome = outcome_of([OCR], [])
    outcome.calls.extend([call, {**call, "requests": 3}])
    assert record(outcome)["usage"]["llm_calls"] == 4


def test_numbers_that_json_cannot_say_become_null() -> None:
    made = record(outcome_of([OCR], [result(OCR, {"scores": [float("nan"), float("inf"), 0.5]})]))
    assert json.loads(json.dumps(made, allow_nan=False))["results"][0]["output"]["scores"] == [None, None, 0.5]


@pytest.mark.parametrize(("codes", "status"), [
    (["ok"], 0), (["ok", "deadline"], 0), (["input"], 1), (["no_expert", "deadline"], 6), (["transient", "input"], 5),
    (["deadline", "authentication"], 3), (["usage", "authentication"], 2), (["expert", "skipped"], 1), ([], 0),
], ids=lambda value: "+".join(value) or "empty plan" if isinstance(value, list) else None)
def test_the_exit_status_is_the_most_telling_one(codes: list[str], status: int) -> None:
    plan = [task("ocr", place) for place in range(len(codes))]
    results = [result(of, {"text": "a"}) if code == "ok" else
               result(of, code=code, status="skipped" if code == "skipped" else "failed")
               for of, code in zip(plan, codes, strict=True)]
    error = failure(outcome_of(plan, results))
    assert (error.status if error else 0) == status


def test_a_turn_that_broke_off_keeps_plan_and_results_beside_its_error() -> None:
    made = record(Outcome(thread="t", plan=[OCR], results=[result(OCR, {"text": "a"})], error=ExpertTimeout("Late.")))
    assert made["error"] == {"code": "deadline", "message": "Late.", "retryable": True}
    assert made["plan"] == [OCR]
    assert len(made["results"]) == 1
    assert "answer" not in made


def test_copies_are_named_for_what_they_are_and_stand_in_answer_and_artifacts(tmp_path: Path) -> None:
    spoken, given, out = tmp_path / "0123abcd.wav", tmp_path / "photo.png", tmp_path / "out"
    spoken.write_bytes(b"RIFF0000WAVE")
    given.write_bytes(b"\x89PNG\r\n\x1a\n")
    results = [result(task("ocr", 0, image=str(given)), {"image": str(spoken)}), result(SPEAK, {"audio": str(spoken)})]
    outcome = outcome_of([OCR, SPEAK], results, answer=f"It is in {spoken}.")
    outcome.artifacts = copied(artifacts_of(results[1:]), results, out)
    made = record(outcome)
    copy = str(out / "text-to-speech.wav")
    assert made["artifacts"] == [{"id": "0123abcd", "path": copy, "type": "audio/wav", "task": 1}]
    assert made["answer"] == f"It is in {copy}."
    assert made["results"][1]["output"]["audio"] == str(spoken)
    assert [Path(one["path"]).name for one in copied(artifacts_of(results[:1]), results, out)] == ["photo-ocr.wav"]


def test_a_file_that_is_gone_is_no_artifact(tmp_path: Path) -> None:
    assert artifacts_of([result(SPEAK, {"audio": str(tmp_path / "gone.wav")})]) == []
