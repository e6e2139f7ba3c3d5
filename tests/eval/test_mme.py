from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from compegpt.errors import AuthenticationError, ExpertUnavailable, InputError
from compegpt.eval import mme as module
from compegpt.eval.answering import Reply
from compegpt.eval.mme import scored, totals, yes_or_no
from compegpt.eval.mme_data import COGNITION, PERCEPTION, benchmark, passed_over
from compegpt.wiring import Parts
from tests.eval.benchmarks import answering, experts, mme, picture, ran
from tests.loopback.openai import OpenAI
from tests.loopback.server import Server

TRUE = {"red": "Yes", "green": "No.", "blue": "yes", "pink": "no", "harbour": "Yes, it is", "desert": "No",
        "end": "Yes", "print": "No"}
FALSE = {"red": "No", "green": "No", "blue": "No", "pink": "It may be.", "harbour": "No", "desert": "No",
         "end": "No", "print": "No"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return mme(tmp_path / "MME")


def using(monkeypatch: pytest.MonkeyPatch, parts: Parts) -> None:
    monkeypatch.setattr(module, "parts_of", lambda options: parts)


def test_both_layouts_are_read(folder: Path) -> None:
    (folder / "eval_tool").mkdir()
    found = benchmark(folder)
    assert [(one.question.id, one.truth) for one in found][:6] == [
        ("color/boat/1", True), ("color/boat/2", False), ("color/kite/1", True), ("color/kite/2", False),
        ("scene/quay/1", True), ("scene/quay/2", False)]
    assert found[4].question.text == "Is this a harbour? Please answer yes or no."
    assert found[4].question.image == folder / "scene/images/quay.png"
    assert passed_over(folder) == ["eval_tool"]
    assert [one.question.id for one in benchmark(folder, 1)] == [
        one.question.id for one in found if one.picture != "kite"]


def test_the_benchmark_has_ten_and_four_subtasks() -> None:
    assert (len(PERCEPTION), len(COGNITION), len({*PERCEPTION, *COGNITION})) == (10, 4, 14)


@pytest.mark.parametrize(("path", "content", "says"), [
    ("color/boat.txt", "Is it?\tYes\nIs it not?\tMaybe\n", "boat.txt' line 2: it must be a question, a tab and Yes"),
    ("color/boat.txt", "Is it? Yes\nIs it not? No\n", "boat.txt' line 1"),
    ("color/boat.txt", "\tYes\nIs it?\tNo\n", "boat.txt' line 1"),
    ("color/boat.txt", "Is it?\tYes\n", "has 1 questions"), ("color/boat.txt", "", "has 0 questions"),
    ("color/boat.txt", b"\xff\xfe\x00", "is no text in UTF-8"),
    ("color/ghost.txt", "Is it?\tYes\nIs it?\tNo\n", "picture of '.*ghost.txt' is missing.*missing there: ghost"),
    ("color/boat.jpg", "x", "two pictures 'boat'"),
])
def test_what_is_broken_is_told_with_its_file_and_line(folder: Path, path: str, content: str | bytes, says: str
                                                       ) -> None:
    (folder / path).write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InputError, match=says):
        benchmark(folder)


def test_a_folder_that_is_no_benchmark_is_told(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty" / "color").mkdir(parents=True)
    (tmp_path / "half" / "scene" / "images").mkdir(parents=True)
    for path, says in ((tmp_path / "none", "does not exist"), (folder / "color/boat.txt", "is not a folder"),
                       (tmp_path, "none of MME's subtasks"), (tmp_path / "empty", "holds no questions"),
                       (tmp_path / "half", "no 'questions_answers_YN'")):
        with pytest.raises(InputError, match=says):
            benchmark(path)


@pytest.mark.parametrize(("answer", "expected"), [
    ("Yes", True), ("yes.", True), ("No, it is not", False), (" NO ", False), ("*Yes*", True), ("", None),
    ("It is.", None), ("I say yes", None), ("Perhaps not", None)])
def test_an_answer_is_read_by_its_beginning(answer: str, expected: bool | None) -> None:
    assert yes_or_no(answer) is expected


def replies(folder: Path, **wrong: str) -> dict[str, Reply]:
    return {one.question.id: Reply(id=one.question.id, answer=wrong.get(one.picture, "Yes" if one.truth else "No"),
                                   winner="x", competed=["x"], seconds=0.1, error=None, code=None)
            for one in benchmark(folder)}


@pytest.mark.parametrize(("wrong", "color", "perception", "cognition"), [
    ({}, (1.0, 1.0, 200.0), 400.0, 200.0), ({"boat": "Yes"}, (0.75, 0.5, 125.0), 325.0, 200.0),
    ({"boat": "who knows"}, (0.5, 0.5, 100.0), 300.0, 200.0), ({"loop": "No"}, (1.0, 1.0, 200.0), 400.0, 50.0)])
def test_scores_are_as_published(folder: Path, wrong: dict[str, str], color: tuple[float, ...], perception: float,
                                 cognition: float) -> None:
    asked, found = benchmark(folder), replies(folder, **wrong)
    score = scored(asked, found)["color"]
    assert (score.accuracy, score.plus, score.score) == color
    assert score.edges[0] <= score.score <= score.edges[1]
    assert {name: one.score for name, one in totals(asked, found).items()} == {
        "perception": perception, "cognition": cognition}


def test_both_ways_are_shown_side_by_side(folder: Path, tmp_path: Path, data_dir: Path,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    using(monkeypatch, experts(data_dir, answering(FALSE), answering(TRUE), answering(TRUE)))
    text, said, status = ran("mme", folder, "--output-dir", tmp_path / "out")
    assert status == 0
    assert "| color | 2 | 25.0 | 0.0 | 25.0 (0.0 to 50.0) | 100.0 | 100.0 | 200.0 (200.0 to 200.0) |" in text
    assert "| **perception** | 3 |" in text
    assert "400 for perception and 200 for cognition. Not there: existence, count" in text
    assert "Competition off: 1 answers were neither yes nor no (unparsed) and count as wrong." in text
    told = json.loads((tmp_path / "out" / "results.json").read_text())
    assert {way: each["perception"]["score"] for way, each in told["totals"].items()} == {"off": 75.0, "on": 400.0}
    assert told["unparsed"] == {"off": 1, "on": 0}
    assert (tmp_path / "out" / "results.png").read_bytes().startswith(b"\x89PNG")
    assert "results:" in said


def test_one_expert_has_no_competition(folder: Path, tmp_path: Path, data_dir: Path,
                                       monkeypatch: pytest.MonkeyPatch) -> None:
    using(monkeypatch, experts(data_dir, answering(TRUE)))
    assert "nobody competes" in ran("mme", folder, "--output-dir", tmp_path / "out")[0]


def test_a_stopped_run_goes_on_and_comes_to_the_same_figures(folder: Path, tmp_path: Path, data_dir: Path,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    parts = experts(data_dir, answering(FALSE), answering(TRUE))
    real, asked = module.answers, list[int]()

    def stopping(*args: Any) -> Any:
        def tell(done: int, total: int) -> None:
            if done == 3:
                signal.raise_signal(signal.SIGINT)
        return real(*args[:-1], tell)

    using(monkeypatch, parts)
    arguments = ("mme", folder, "--json", "--output-dir", tmp_path / "out")
    monkeypatch.setattr(module, "answers", stopping)
    assert ran(*arguments)[2] == 130
    [ledger] = (tmp_path / "out").glob("answers-off-*.jsonl")
    kept = len(ledger.read_text().splitlines()) - 1
    assert 3 <= kept < 8
    monkeypatch.setattr(module, "answers", real)
    before = len(parts.sources[0].calls)  # type: ignore[attr-defined]
    resumed = json.loads(ran(*arguments)[0])
    asked.append(len(parts.sources[0].calls) - before)  # type: ignore[attr-defined]
    whole = json.loads(ran(*arguments[:-1], tmp_path / "whole")[0])
    assert asked == [8 - kept + 2 * 8]
    assert (resumed["scores"], resumed["totals"]) == (whole["scores"], whole["totals"])


@pytest.mark.parametrize(("error", "kept", "says"), [
    (ExpertUnavailable("The server is busy."), 0, "running this again tries 8 of them again"),
    (ValueError("odd"), 8, "8 of 8 questions got no answer and count as wrong")])
def test_what_may_succeed_later_is_not_kept(folder: Path, tmp_path: Path, data_dir: Path, error: Exception, kept: int,
                                            says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    using(monkeypatch, experts(data_dir, error))
    text, _, status = ran("mme", folder, "--competition", "off", "--output-dir", tmp_path / "out")
    assert status == 0
    assert says in text
    rows = [line for ledger in (tmp_path / "out").glob("answers-*.jsonl") for line in ledger.read_text().splitlines()]
    assert max(len(rows) - 1, 0) == kept


def test_a_refused_key_ends_it(folder: Path, tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    using(monkeypatch, experts(data_dir, AuthenticationError("The key was refused.")))
    _, said, status = ran("mme", folder, "--output-dir", tmp_path / "out")
    assert status == AuthenticationError.status
    assert "The key was refused" in said


def test_nobody_who_can_answer_is_told_with_what_to_set(folder: Path, tmp_path: Path) -> None:
    _, said, status = ran("mme", folder, "--experts", "embedded", "--output-dir", tmp_path / "out")
    assert status == 1
    assert "visual-question-answering" in said
    assert "HF_TOKEN" in said
    assert not (tmp_path / "out").exists()


def test_a_broken_picture_is_told_before_anything_is_run(folder: Path, tmp_path: Path, data_dir: Path,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "color" / "boat.png").write_bytes(b"")
    parts = experts(data_dir, answering(TRUE))
    using(monkeypatch, parts)
    _, said, status = ran("mme", folder, "--output-dir", tmp_path / "out")
    assert status == 1
    assert "'boat.png' is empty" in said
    assert parts.sources[0].calls == []  # type: ignore[attr-defined]


def test_chat_models_see_the_pictures_and_compete(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
                                                  ) -> None:
    def answer(chat: dict[str, Any]) -> str:
        return "Yes" if chat["model"] == "one" else "No"

    fake = OpenAI(answer)
    with Server(fake) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        monkeypatch.setenv("COMPEGPT_CHAT_MODELS", "openai:one,openai:two")
        text, _, status = ran("mme", folder, "--json", "--limit", "1", "--experts", "chat", "--llm", "embedded",
                              "--output-dir", tmp_path / "out")
    assert status == 0
    assert json.loads(text)["totals"]["off"]["perception"]["accuracy"] == 0.5
    assert {chat["model"] for chat in fake.chats} == {"one", "two"}
    assert "data:image/png" in json.dumps(fake.chats[0])


def test_a_picture_that_nothing_is_asked_about_is_passed_over(folder: Path) -> None:
    picture(folder / "color" / "unasked.png", "red")
    assert len(benchmark(folder)) == 8
