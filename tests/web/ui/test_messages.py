"""A turn as messages: what stands in them while it runs and afterwards, and that nothing of it can run."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from compegpt.events import Executed, Judged, Noticed, Planned, Responded, Selected, Wrote
from compegpt.web.files import Files
from compegpt.web.ui.messages import View, of_turn
from tests.fakes import candidate, result, task

EVIL = "<img src=x onerror=\"alert(1)\"><script>alert(1)</script>![p](http://evil/p.png)"
OCR, SPEAK = task("ocr", image="a.png"), task("text-to-speech", 1, (0,), text="<resource>-0")


class Marks(HTMLParser):
    """The tags and attributes that a browser finds."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def view(data_dir: Path, text: str = "Do it", *events: Any, files: list[str] | None = None) -> View:
    made = View("k", {"text": text, "files": files or [], "thread": "o/t"}, Files(data_dir))
    for event in events:
        made.take(event)
    return made


def texts(messages: list[dict[str, Any]]) -> list[str]:
    return [one["content"] if isinstance(one["content"], str) else one["content"].value for one in messages]


def titles(messages: list[dict[str, Any]]) -> list[tuple[str, str | None, str]]:
    return [(one["metadata"]["title"].replace("\\", ""), one["metadata"].get("parent_id"), one["metadata"]["status"])
            for one in messages if one["metadata"]]


def turn(answer: str, *results: Any) -> Responded:
    return Responded({"request": {"text": "", "files": [], "thread": "o/t"}, "plan": [OCR], "results": list(results),
                      "answer": answer}, "fake", None, 0)


def test_before_the_plan_it_says_that_it_plans(data_dir: Path) -> None:
    assert titles(view(data_dir).messages()) == [("Planning", None, "pending")]


def test_tasks_are_thoughts_below_the_plan_once_somebody_competes(data_dir: Path) -> None:
    made = view(data_dir, "Do it", Planned([OCR, SPEAK], "fake", None), Selected(OCR, ["embedded:a", "embedded:b"]),
                Executed(OCR, candidate("a", {"text": "T"})))
    messages = made.messages()
    assert titles(messages) == [("Plan: ocr → text-to-speech · 2 experts", None, "pending"),
                                ("0 ocr: 2 compete", "k-plan", "pending")]
    assert "<svg" in texts(messages)[1]
    lines = texts(messages)[2]
    assert lines.index("answered") < lines.index("running")


def test_lines_turn_to_who_won_who_lost_and_why_others_failed(data_dir: Path) -> None:
    judged = result(OCR, {"text": "T"}, candidates=[
        candidate("first", {"text": "T"}, score=0.9), candidate("second", {"text": "U"}, score=0.4),
        candidate("third", None, "failed", error="It is asleep."), candidate("fourth", None, "timeout")])
    lines = texts(view(data_dir, "Do it", Planned([OCR], "fake", None), Judged(judged)).messages())[2]
    rows = lines.split("<li ")[1:]
    assert [word for row, word in zip(rows, ("won", "lost", "failed", "too slow"), strict=True) if word in row] == [
        "won", "lost", "failed", "too slow"]
    assert "It is asleep." in rows[2]


def test_the_answer_comes_before_the_competition_and_the_template_is_folded(data_dir: Path) -> None:
    judged = result(OCR, {"text": "T"})
    made = view(data_dir, "Do it", Planned([OCR], "fake", None), Judged(judged),
                turn("It says T.\n\nHow:\n\n- by ocr\n\nFiles:\n\n- x", judged))
    made.done = True
    *_, answer, compared = texts(made.messages())
    assert "It says T." in answer
    assert "How" not in answer
    assert compared.index("The competition") < compared.index("In words") < compared.index("- by ocr")
    assert "Files:" not in compared


def test_what_is_being_written_is_shown_until_the_answer_stands(data_dir: Path) -> None:
    made = view(data_dir, "Do it", Planned([], "fake", None), Wrote("It "), Wrote("says"))
    assert texts(made.messages())[-1] == "It says"
    made.take(turn("It says T."))
    assert texts(made.messages())[-1] == "It says T."


def test_files_are_links_by_names_and_play_in_place(data_dir: Path) -> None:
    folder = data_dir / "artifacts" / ("a" * 24) / ("b" * 24) / ("c" * 32)
    folder.mkdir(parents=True)
    sound = folder / "0123.wav"
    sound.write_bytes(b"RIFF\x24\0\0\0WAVEfmt ")
    judged = result(SPEAK, {"audio": str(sound)})
    made = view(data_dir, "Do it", Planned([SPEAK], "fake", None), turn(f"It is in {sound}.", judged))
    made.done = True
    _, _, _, answer, media, _ = texts(made.messages())
    address = f"/shown/{'a' * 24}{'b' * 24}{'c' * 32}"
    assert answer.startswith(f"It is in [text\\-to\\-speech.wav]({address}")
    assert str(data_dir) not in answer
    assert f'<audio controls preload="metadata" src="{address}' in media


@pytest.mark.parametrize("template", ["", "\n\nHow:\n\n- x"], ids=["written", "from a template"])
def test_nothing_that_comes_from_elsewhere_is_markup(template: str, data_dir: Path) -> None:
    judged = result(OCR, {"text": EVIL}, reason=EVIL, candidates=[
        candidate(EVIL, {"text": EVIL}, family=EVIL), candidate("b", None, "failed", error=EVIL)])
    made = view(data_dir, EVIL, Noticed(EVIL), Planned([{**OCR, "task": EVIL}], "fake", None),
                Selected(OCR, [EVIL]), Judged({**judged, "id": 0}), turn(EVIL + template, judged),
                files=[f"/nowhere/{EVIL}"])
    made.done = True
    messages = made.messages()
    written = [one["content"] for one in messages if isinstance(one["content"], str)]
    for text in [*written, *(one["metadata"].get("title", "") for one in messages)]:  # Markdown
        assert "<" not in text.replace("\\<", "")
        assert "![" not in text.replace("\\!", "")
    for text in set(texts(messages)) - set(written):  # HTML
        marks = Marks()
        marks.feed(text)
        assert not {"script", "img"} & marks.tags
        assert not [name for name in marks.attributes if name.startswith("on")]


def test_code_in_an_answer_stays_code(data_dir: Path) -> None:
    made = view(data_dir, "Do it", Planned([], "fake", None), turn("Use `a < b` & c:\n```\n<b>\n```\n<i>"))
    assert texts(made.messages())[-1] == "Use `a < b` &amp; c:\n```\n<b>\n```\n&lt;i>"


def test_an_older_turn_is_told_in_brief(data_dir: Path) -> None:
    brief = {**result(OCR, {"text": "T"}), "candidates": [], "similarity": []}
    made = of_turn("turn-0", turn("It says T.", brief).turn, Files(data_dir))
    assert "first</strong> won" in texts(made.messages())[-1]
    assert "<details" not in texts(made.messages())[-1]


@pytest.mark.parametrize(("tasks", "title"), [
    ([task("ocr"), task("summarization", 1)], "Plan: ocr, summarization"),
    ([OCR, SPEAK], "Plan: ocr → text-to-speech"),
    ([OCR, SPEAK, task("summarization", 2, (0,))], "Plan: ocr → text-to-speech, summarization"),
    ([task("language-identification", place) for place in range(27)], "Plan: 27 × language-identification"),
    ([task("ocr"), task("ocr", 1), task("translation", 2, (1,))], "Plan: 2 × ocr → translation"),
    ([task(name, place) for place, name in enumerate("abcde")], "Plan: a, b, c, d, …"),
], ids=lambda one: one if isinstance(one, str) else "")
def test_an_arrow_stands_only_before_what_needs_the_type_before(tasks: list[Any], title: str, data_dir: Path) -> None:
    assert titles(view(data_dir, "Do it", Planned(tasks, "fake", None)).messages())[0][0] == title
