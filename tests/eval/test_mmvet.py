from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compegpt.errors import ConfigurationError, InputError
from compegpt.eval import mmvet as module
from compegpt.eval.mmvet import told
from compegpt.eval.mmvet_data import benchmark
from compegpt.wiring import Parts
from tests.eval.benchmarks import MMVET, answering, experts, mmvet, ran
from tests.loopback.openai import OpenAI
from tests.loopback.server import Server

GOOD = {"slate": "It is seven", "fruits": "One sweet pear", "written": "Three plus four"}
BAD = {"slate": "That says eight", "fruits": "Two dogs", "written": "Nothing there"}


def grade(chat: dict[str, Any]) -> str:
    """A grader: half for the pear, all for what is true."""
    item = json.loads(chat["messages"][-1]["content"])
    scores = {"It is seven": 1.0, "One sweet pear": 0.5, "Three plus four": 1.0}
    return json.dumps({"score": scores.get(item["answer"], 0.0)})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return mmvet(tmp_path / "mm-vet")


def using(monkeypatch: pytest.MonkeyPatch, parts: Parts) -> None:
    monkeypatch.setattr(module, "parts_of", lambda options: parts)


def test_questions_are_read(file: Path, tmp_path: Path) -> None:
    found = benchmark(file)
    assert [(one.question.id, one.truth, one.capabilities) for one in found] == [
        ("v1_0", "7", ("ocr", "math")), ("v1_1", "pear<AND>plum", ("rec",)),
        ("v1_2", "3 + 4<OR>three plus four", ("ocr",))]
    assert found[0].question.image == file.parent / "images" / "a.png"
    assert benchmark(file, tmp_path, 1)[0].question.image == tmp_path / "a.png"
    assert len(benchmark(file, most=2)) == 2


def entry(**changes: Any) -> dict[str, Any]:
    return {"v1_0": {key: value for key, value in {**MMVET["v1_0"], **changes}.items() if value is not ...}}


@pytest.mark.parametrize(("content", "says"), [
    ('{"v1_0": {},\n oops', "line 2 is no JSON"), ("[]", "holds no JSON object"), ("{}", "holds no questions"),
    ("[" * 100_000, "is no JSON file"), ("3", "holds no JSON object"),
    ('{"v1_0": 1, "v1_0": 2}', "two entries 'v1_0'"), ({"v1_0": []}, "entry 'v1_0': it is no JSON object"),
    (entry(answer=...), "entry 'v1_0': 'answer' is missing"), (entry(mood="x"), "'mood' is no key that is known"),
    (entry(question=["x"]), "'question' is wrong"), (entry(capability="ocr"), "'capability' is wrong"),
    (entry(capability=["juggling"]), "'capability.0' is wrong"), (entry(capability=[]), "'capability' is wrong"),
    (entry(imagename="../a.png"), "'imagename' is wrong"),
])
def test_what_is_broken_is_told_with_its_line_or_id(tmp_path: Path, content: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        benchmark(mmvet(tmp_path, content))


def test_files_and_folders_that_are_none_are_told(file: Path, tmp_path: Path) -> None:
    for path, images, says in ((tmp_path, None, "not a file but a directory"), (tmp_path / "x", None, "cannot be read"),
                               (file, tmp_path / "none", "There is no folder .* name it by --images")):
        with pytest.raises(InputError, match=says):
            benchmark(path, images)


def test_a_missing_picture_is_told_before_anything_is_run(file: Path, tmp_path: Path, data_dir: Path,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    (file.parent / "images" / "b.png").unlink()
    parts = experts(data_dir, answering(GOOD))
    using(monkeypatch, parts)
    _, said, status = ran("mmvet", file, "--predictions-only", "--output-dir", tmp_path / "out")
    assert (status, parts.sources[0].calls) == (1, [])  # type: ignore[attr-defined]
    assert "b.png'; check the name" in said


def test_scores_are_means_by_capability_and_combination(file: Path) -> None:
    tables, data = told(benchmark(file), {"off": np.array([0.0, 0.5, 0.0]), "on": np.array([1.0, 0.5, 0.5])})
    assert {name: (each["questions"], each["off"]["score"], each["on"]["score"])
            for name, each in data["capabilities"].items()} == {
        "rec": (1, 50.0, 50.0), "ocr": (2, 0.0, 75.0), "math": (1, 0.0, 100.0),
        "total": (3, pytest.approx(50 / 3), pytest.approx(200 / 3))}
    assert {name: each["on"]["score"] for name, each in data["combinations"].items()} == {
        "ocr": 50.0, "ocr+math": 100.0, "rec": 50.0}
    assert tables[0].rows[1][:2] == ("reading", "2")
    assert tables[0].rows[1][-1].startswith("+75.0 (")


def graded_by(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")


def test_both_ways_are_graded_side_by_side(file: Path, tmp_path: Path, data_dir: Path,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    using(monkeypatch, experts(data_dir, answering(BAD), answering(GOOD), answering(GOOD)))
    with Server(OpenAI(grade)) as server:
        graded_by(server, monkeypatch)
        text, _, status = ran("mmvet", file, "--llm", "openai:grader", "--output-dir", tmp_path / "out")
    assert status == 0
    assert "Graded by openai:grader." in text
    data = json.loads((tmp_path / "out" / "results.json").read_text())
    assert {way: data["capabilities"]["total"][way]["score"] for way in ("off", "on")} == {
        "off": 0.0, "on": pytest.approx(250 / 3)}
    assert (tmp_path / "out" / "results.md").read_text().rstrip() == text.rstrip()
    assert (tmp_path / "out" / "results.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((tmp_path / "out" / "predictions-on.json").read_text()) == {
        "v1_0": "It is seven", "v1_1": "One sweet pear", "v1_2": "Three plus four"}


def test_a_run_that_was_stopped_while_grading_goes_on(file: Path, tmp_path: Path, data_dir: Path,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    parts = experts(data_dir, answering(BAD), answering(GOOD), answering(GOOD))
    using(monkeypatch, parts)
    real = module.grades

    def stopping(*args: Any) -> Any:
        def tell(done: int, total: int) -> None:
            if done == 2:
                signal.raise_signal(signal.SIGINT)
        return real(*args[:-1], tell)

    fake = OpenAI(grade)
    with Server(fake) as server:
        graded_by(server, monkeypatch)
        arguments = ("mmvet", file, "--json", "--llm", "openai:grader", "--output-dir", tmp_path / "out")
        monkeypatch.setattr(module, "grades", stopping)
        assert ran(*arguments)[2] == 130
        monkeypatch.setattr(module, "grades", real)
        answered = len(parts.sources[0].calls)  # type: ignore[attr-defined]
        resumed = json.loads(ran(*arguments)[0])
        assert len(parts.sources[0].calls) == answered  # type: ignore[attr-defined]
        asked = len(fake.chats)
        assert resumed["capabilities"] == json.loads(ran(*arguments[:-1], tmp_path / "whole")[0])["capabilities"]
    assert len(fake.chats) == asked + 6


def test_without_a_grader_it_says_how_to_set_one(file: Path, tmp_path: Path, data_dir: Path,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    parts = experts(data_dir, answering(GOOD))
    using(monkeypatch, parts)
    _, said, status = ran("mmvet", file, "--output-dir", tmp_path / "out")
    assert (status, parts.sources[0].calls) == (ConfigurationError.status, [])  # type: ignore[attr-defined]
    assert "--llm provider:model" in said
    assert "--predictions-only" in said


def test_predictions_need_no_grader(file: Path, tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
                                    ) -> None:
    using(monkeypatch, experts(data_dir, answering({"slate": "7"})))
    text, said, status = ran("mmvet", file, "--predictions-only", "--competition", "on", "--output-dir",
                             tmp_path / "out")
    assert (status, text.strip()) == (0, str(tmp_path / "out" / "predictions-on.json"))
    assert json.loads((tmp_path / "out" / "predictions-on.json").read_text())["v1_0"] == "7"
    assert "2 of 3 questions got no answer" in said
    assert not (tmp_path / "out" / "results.json").exists()


def test_a_grader_among_those_that_answered_is_told(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
                                                    ) -> None:
    def reply(chat: dict[str, Any]) -> str:
        return grade(chat) if isinstance(chat["messages"][-1]["content"], str) else "7"

    with Server(OpenAI(reply)) as server:
        graded_by(server, monkeypatch)
        text, _, status = ran("mmvet", file, "--llm", "openai:one", "--experts", "chat", "--output-dir",
                              tmp_path / "out", "--competition", "off")
    assert status == 0
    assert "it grades itself" in text
