from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from compegpt.errors import InputError
from compegpt.inputs import Skipped, as_text, brought, resolved


def task(name: str, **args: Any) -> Any:
    return {"task": name, "id": 9, "dep": [-1], "args": args}


def done(output: dict[str, Any] | None, status: str = "ok") -> Any:
    return {"task": "ocr", "status": status, "output": output}


@pytest.mark.parametrize(("given", "wanted"), [
    ("<resource>-0", "hello"), ("<GENERATED>-0", "hello"),
    ("It says <resource>-0, in <resource>-1.", "It says hello, in en."),
])
def test_references_stand_anywhere_in_a_text(given: str, wanted: str) -> None:
    results = {0: done({"text": "hello"}), 1: done({"labels": [{"label": "en", "score": 1.0}]})}
    assert resolved(task("summarization", text=given), results)["text"] == wanted


def test_a_medium_comes_from_the_output_of_its_kind(tmp_path: Path) -> None:
    results = {0: done({"boxes": [], "image": str(tmp_path / "a.png")})}
    assert resolved(task("ocr", image="<resource>-0"), results)["image"] == str(tmp_path / "a.png")


@pytest.mark.parametrize(("result", "why"), [
    (done(None, "failed"), "gave no result"), (done({"text": ""}), "found nothing"), (done({"text": "a"}), "no image"),
])
def test_a_task_whose_input_is_missing_is_skipped_and_says_why(result: Any, why: str) -> None:
    with pytest.raises(Skipped, match=why):
        resolved(task("ocr", image="<resource>-0") if why == "no image" else task("summarization", text="<resource>-0"),
                 {0: result})


def test_a_text_file_is_read_and_a_text_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Sheep.")
    assert resolved(task("summarization", text=str(path)), {})["text"] == "Sheep."
    assert resolved(task("summarization", text="Sheep are nice. They eat."), {})["text"] == "Sheep are nice. They eat."


def test_a_picture_becomes_an_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    monkeypatch.chdir(tmp_path)
    assert resolved(task("ocr", image="a.png"), {})["image"] == str(tmp_path / "a.png")


def test_what_cannot_be_read_is_an_input_error() -> None:
    with pytest.raises(InputError):
        resolved(task("summarization", text="missing.txt"), {})


@pytest.mark.parametrize("args", [{"image": "PATH"}, {"image": "/nowhere/at/all.png"}], ids=["there", "not there"])
def test_a_file_that_is_not_among_those_given_is_out_of_reach(args: dict[str, str], tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    path = str(tmp_path / "a.png")
    asked = task("ocr", **{name: value.replace("PATH", path) for name, value in args.items()})
    with pytest.raises(InputError, match="is not attached"):
        resolved(asked, {}, [])
    with pytest.raises(InputError, match="is not attached"):
        resolved(asked, {}, [path + "x"])


def test_a_text_that_names_a_file_out_of_reach_is_a_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Sheep.")
    for name in ("summarization", "table-question-answering"):
        given = {"summarization": {"text": str(path)},
                 "table-question-answering": {"question": "?", "table": str(path)}}[name]
        kept = resolved(task(name, **given), {}, [])
        assert str(path) in kept.values()
        read = resolved(task(name, **given), {}, [str(path)])
        assert "Sheep." in read.values()


async def test_an_address_is_fetched_into_the_turns_folder_and_may_be_used(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = []

    async def fetch(url: str, folder: Path, kind: str) -> Path:
        fetched.append((url, kind))
        return folder / "a.png"

    monkeypatch.setattr("compegpt.media.fetch.fetch", fetch)
    asked = task("visual-question-answering", image="https://example.org/a.png", text="What is on https://example.org?")
    found, within = await brought(asked, tmp_path, ["/given.png"])
    assert fetched == [("https://example.org/a.png", "image")]
    assert found["args"] == {"image": str(tmp_path / "a.png"), "text": "What is on https://example.org?"}
    assert within == ["/given.png", str(tmp_path / "a.png")]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/a.png", "http://0x7f.1/a.png", "file:///etc/passwd",
                                 "http://169.254.169.254/latest", "ftp://example.org/a.png"])
async def test_an_address_that_is_not_public_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        await brought(task("ocr", image=url), tmp_path / "made", None)


@pytest.mark.parametrize(("output", "text"), [
    ({"labels": [{"label": "de", "score": 1.0}]}, "de"),
    ({"data": [{"text": "sheep"}, {"text": "farm"}]}, "sheep, farm"),
    ({"scores": [0.5]}, "0.50"), ({"boxes": [{"label": "face"}]}, "face"), ({"image": "/a.png"}, ""),
])
def test_every_output_has_words(output: Any, text: str) -> None:
    assert as_text(output) == text
