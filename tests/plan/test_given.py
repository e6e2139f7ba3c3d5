"""Which files a plan may use."""

from __future__ import annotations

from pathlib import Path

import pytest

from compegpt.plan.given import Given, bound, given, looks_like_a_file
from compegpt.schema import Turn
from tests.fakes import result, task

TEXT = "Read cat.png, (docs/b.jpg), 'my photo.gif' and https://x.org/p/c.webp?size=2; not ./sub/dir/d.png. A picture."
KNOWN = Given(TEXT, ["/up/dog.png", "/one/same.png", "/two/same.png"], ["/data/made.png"])


@pytest.mark.parametrize(("name", "file"), [
    ("cat.png", "cat.png"), ("`cat.png`", "cat.png"), ("docs/b.jpg", "docs/b.jpg"), ("b.jpg", "docs/b.jpg"),
    ("my photo.gif", "my photo.gif"), ("https://x.org/p/c.webp?size=2", "https://x.org/p/c.webp?size=2"),
    ("d.png", "./sub/dir/d.png"), ("/up/dog.png", "/up/dog.png"), ("dog.png", "/up/dog.png"),
    ("./dog.png", "/up/dog.png"), ("file:///up/dog.png", "/up/dog.png"), ("up/dog.png", "/up/dog.png"),
    ("/data/made.png", "/data/made.png"), ("made.png", "/data/made.png"), ("/two/same.png", "/two/same.png"),
])
def test_a_file_that_was_named_is_found_in_full(name: str, file: str) -> None:
    assert KNOWN.resolved(name) == file


@pytest.mark.parametrize("name", [
    "at.png", "cat.pn", "https://x.org/p/c.webp", "/etc/passwd", "same.png", "og.png", "picture", "A picture.", "",
    "x" * 5000, "http://[", "a\nb.png", "/other/cat.png", "."])
def test_any_other_file_is_not(name: str) -> None:
    assert KNOWN.resolved(name) is None


def test_a_file_of_this_machine_that_nobody_named_is_no_text(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    tasks, wrong = bound([task("summarization", text=str(secret))], KNOWN)
    assert wrong == [f"'{secret}' is not a file of this request"]
    named = Given(f"Summarize {secret}.", [], [])
    assert bound(tasks, named) == (tasks, [])


def test_texts_references_and_labels_are_left_alone() -> None:
    tasks = [task("translation", text="the end.", target="fr"), task("ocr", 1, image="<resource>-0"),
             task("zero-shot-classification", 2, text="x", labels=["a.png"])]
    assert bound(tasks, KNOWN) == (tasks, [])


def test_a_file_of_another_kind_is_refused() -> None:
    _, wrong = bound([task("automatic-speech-recognition", audio="cat.png")], KNOWN)
    assert wrong == ["'cat.png' is image, but 'audio' of task 0 is audio"]
    assert bound([task("automatic-speech-recognition", audio="v.mp4")], Given("v.mp4", [], []))[1] == []


def test_files_of_earlier_turns_are_known_newest_first() -> None:
    turns = [Turn(request={"text": "", "files": [f"/up/{name}.png"], "thread": "t"}, plan=[], answer="", results=[
        result(task("image-segmentation", image=f"/in/{name}.png"), {
            "image": f"/out/{name}.png", "data": [{"label": "x", "score": 1.0, "image": f"/mask/{name}.png"}]})])
        for name in "ab"]
    assert given({"text": "", "files": [], "thread": "t"}, turns).earlier == [
        f"/{folder}/{name}.png" for name in "ba" for folder in ("up", "in", "out", "mask")]


@pytest.mark.parametrize(("text", "is_one"), [
    ("notes.txt", True), ("a b.txt", False), ("no file", False), ("x\0y", False), ("~", False), (__file__, True)])
def test_what_would_be_opened_looks_like_a_file(text: str, is_one: bool) -> None:
    assert looks_like_a_file(text) is is_one
