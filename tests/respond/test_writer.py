"""The embedded writer on hand-made results: what it says first, how it tells the competition, which files it names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from compegpt.context import Account
from compegpt.respond.embedded import EmbeddedWriter, lead
from compegpt.respond.names import infinitive
from compegpt.respond.phrases import PHRASES
from compegpt.schema import Output, Request, Result, Task
from compegpt.tasks import TASKS
from tests.fakes import candidate, result, task


def asked(text: str) -> Request:
    return {"text": text, "files": [], "thread": "t"}


def silent(piece: str) -> None:
    raise AssertionError(f"said {piece!r}, and gives all at once")


async def written(text: str, plan: list[Task], results: list[Result], reply: str | None = None) -> str:
    return (await EmbeddedWriter().write(Account(asked(text), plan, results, reply), silent)).text


def one_lead(of: Task, output: Output | None, **rest: Any) -> str:
    return lead(asked("do it"), [of], [result(of, output, **rest)])


@pytest.fixture
def wav(tmp_path: Path) -> str:
    path = tmp_path / "spoken.wav"
    path.write_bytes(b"RIFF")
    return str(path)


async def test_the_three_answers_of_one_request_come_first_in_plan_order(wav: str) -> None:
    plan = [task("ocr", 0, image="/pics/receipt.png"), task("language-identification", 1, [0], text="<resource>-0"),
            task("text-to-speech", 2, [0], text="<resource>-0")]
    results = [result(plan[0], {"text": "Two coffees"}), result(plan[1], {"labels": [{"label": "en", "score": 0.99}]}),
               result(plan[2], {"audio": wav})]
    answer = await written("Read the text in receipt.png, tell me which language and read it aloud", plan, results)
    assert answer.split("\n")[0] == (
        f'The text in receipt.png says: "Two coffees". It is in English (en). It is read aloud in {wav}.')


def test_a_step_that_only_feeds_the_answer_is_told_briefly_after_it() -> None:
    plan = [task("ocr", 0, image="/pics/sign.png"), task("language-identification", 1, [0], text="<resource>-0")]
    results = [result(plan[0], {"text": "word " * 100}), result(plan[1], {"labels": [{"label": "de", "score": 0.99}]})]
    said = lead(asked("Which language is sign.png in?"), plan, results)
    assert said.startswith("The text in sign.png is in German (de). The text in sign.png says: ")
    assert len(said) < 200


@pytest.mark.parametrize(("of", "output", "said"), [
    (task("translation", text="Hello", target="de"), {"text": "Hallo"}, 'In German (de): "Hallo".'),
    (task("summarization", text="Long"), {"text": "Short."}, 'In short: "Short."'),
    (task("text-classification", text="Fine"), {"labels": [{"label": "positive", "score": 0.921}]},
     "The sentiment of the text is positive (92% sure)."),
    (task("language-identification", text="Hm"), {"labels": [{"label": "la", "score": 0.4}]},
     "The text is in Latin (la) (only 40% sure)."),
    (task("zero-shot-classification", text="Goal!", labels=["sport", "food"]),
     {"labels": [{"label": "sport", "score": 0.8}, {"label": "food", "score": 0.2}]},
     'For the text, "sport" fits best (80%), before food (20%).'),
    (task("question-answering", question="Who?", context="Marie did."), {"text": "Marie"},
     'The answer to "Who?" is: "Marie".'),
    (task("sentence-similarity", text="a", other="b"), {"scores": [0.734]},
     "The two texts are very similar: 0.73, where 1 is the same and 0 is unrelated."),
    (task("keyword-extraction", text="Tea and rain"), {"data": [{"text": "tea", "score": 1.0},
                                                                {"text": "rain", "score": 0.5}]},
     "The keywords of the text are: tea, rain."),
    (task("feature-extraction", text="a"), {"data": [0.1, -0.2, 0.3, 0.4]},
     "The text as a vector has 4 numbers, beginning with 0.100, -0.200, 0.300."),
    (task("barcode-detection", image="/p/code.png"), {"text": "https://a.b", "boxes": [{"label": "QR", "score": 1.0,
                                                                                        "box": [0, 0, 1, 1]}]},
     'The code in code.png says: "https://a.b".'),
    (task("voice-activity-detection", audio="/p/a.wav"), {"data": [{"label": "speech", "start": 0.5, "end": 2.0}]},
     "There is speech in 1 part of a.wav, 1.5 s in all: 0.5 to 2.0 s."),
    (task("object-detection", image="/p/a.png"), {"boxes": [{"label": "cat", "score": 1.0, "box": [0, 0, 1, 1]}] * 2},
     "Found in a.png: 2 x cat."),
], ids=lambda value: value["task"] if isinstance(value, dict) and "task" in value else "")
def test_each_task_type_says_its_result_in_a_sentence(of: Task, output: Output, said: str) -> None:
    assert one_lead(of, output) == said


@pytest.mark.parametrize(("of", "output", "said"), [
    (task("ocr", image="/p/blank.png"), {"text": " "}, "No text was found in blank.png."),
    (task("automatic-speech-recognition", audio="/p/hum.wav"), {"text": ""}, "No speech was found in hum.wav."),
    (task("voice-activity-detection", audio="/p/hum.wav"), {"data": []}, "No speech was found in hum.wav."),
    (task("barcode-detection", image="/p/a.png"), {"boxes": [], "text": ""}, "No code was found in a.png."),
    (task("face-detection", image="/p/a.png"), {"boxes": []}, "No faces were found in a.png."),
], ids=lambda value: value["task"] if isinstance(value, dict) and "task" in value else "")
def test_nothing_found_is_said_as_an_answer(of: Task, output: Output, said: str) -> None:
    assert one_lead(of, output) == said


def test_faces_of_several_pictures_are_counted_in_one_sentence() -> None:
    face = {"label": "face", "score": 1.0, "box": [0.0, 0.0, 1.0, 1.0]}
    plan = [task("face-detection", place, image=f"/p/{name}.jpg") for place, name in enumerate("abc")]
    results = [result(of, {"boxes": [face] * number}) for of, number in zip(plan, (2, 1, 0), strict=True)]  # type: ignore[typeddict-item]
    assert lead(asked("How many faces?"), plan, results) == (
        "There are 2 faces in a.jpg, 1 in b.jpg and none in c.jpg.")


def test_pictures_without_faces_are_told_in_one_sentence() -> None:
    plan = [task("face-detection", place, image=f"/p/{name}.jpg") for place, name in enumerate("ab")]
    results = [result(of, {"boxes": []}) for of in plan]
    assert lead(asked("How many faces?"), plan, results) == "No faces were found in a.jpg or b.jpg."


def test_a_refusal_and_a_failure_are_said_plainly() -> None:
    draw, read = task("text-to-image", text="a cat"), task("ocr", image="/p/no.png")
    assert one_lead(draw, None, error="No engine can draw.") == (
        "I could not draw a picture from words. No engine can draw.")
    assert one_lead(read, None, error="There is no file '/p/no.png'") == (
        "I could not read the text in no.png. There is no file '/p/no.png'.")


@pytest.mark.parametrize(("of", "said"), [
    (task("text-to-speech", text="Hello"), "I could not read the text aloud."),
    (task("translation", text="/p/a.txt", target="de"), "I could not translate a.txt."),
    (task("automatic-speech-recognition", audio="/p/a.wav"), "I could not write down the speech in a.wav."),
    (task("video-dubbing", video="/p/a.mp4", audio="/p/b.wav"), "I could not put speech on a.mp4."),
    (task("document-question-answering", image="/p/a.png", text="Who?"), "I could not answer a question about a.png."),
    (task("question-answering", question="Who?", context="Ann."), "I could not answer a question from the text."),
    (task("text-generation", text="a poem"), "I could not write a text."),
    (task("text-to-image", text="a cat"), "I could not draw a picture from words."),
    (task("image-to-video", image="/p/a.png"), "I could not make a video from a.png."),
], ids=lambda value: value["task"] if isinstance(value, dict) else "")
def test_a_refusal_names_what_it_is_about(of: Task, said: str) -> None:
    assert one_lead(of, None, error="It broke.") == f"{said} It broke."


def test_a_refusal_does_not_repeat_what_the_task_is_called() -> None:
    of = task("text-to-image", text="a cat")
    why = "No expert here can do text-to-image (drawing a picture from words) now."
    assert one_lead(of, None, error=why) == "I could not draw a picture from words. No expert here can do it now."


def test_a_text_that_was_just_told_is_it() -> None:
    plan = [task("ocr", 0, image="/p/a.png"), task("keyword-extraction", 1, [0], text="<resource>-0")]
    results = [result(plan[0], {"text": "Tea!"}), result(plan[1], {"data": [{"text": "tea", "score": 1.0}]})]
    assert lead(asked("Read a.png and give keywords"), plan, results) == (
        'The text in a.png says: "Tea!" Its keywords are: tea.')


async def test_a_file_that_is_not_there_is_never_named(tmp_path: Path) -> None:
    of, gone = task("text-to-speech", text="Hi"), str(tmp_path / "gone.wav")
    answer = await written("Say hi", [of], [result(of, {"audio": gone})])
    assert gone not in answer
    assert answer.startswith("The audio that text-to-speech made is no longer there.")


async def test_every_file_of_the_winner_stands_in_the_files_section_and_inputs_do_not(tmp_path: Path) -> None:
    given, drawn, mask = (tmp_path / name for name in ("in.png", "drawn.png", "mask.png"))
    for path in (given, drawn, mask):
        path.write_bytes(b"x")
    of = task("image-segmentation", image=str(given))
    answer = await written("Segment it", [of], [result(of, {
        "image": str(drawn), "data": [{"label": "1", "score": 1.0, "image": str(mask)}]})])
    assert answer.endswith(f"Files:\n\n- {drawn}\n- {mask}")


async def test_a_long_text_is_quoted_in_part_and_given_whole_below() -> None:
    of, text = task("ocr", image="/p/page.png"), "\n".join(f"line {number} of the page" for number in range(50))
    answer = await written("Read page.png", [of], [result(of, {"text": text})])
    assert len(answer.split("\n")[0]) < 400
    assert f"Full text (ocr, page.png):\n\n{text}" in answer


async def test_terminal_escapes_from_a_file_do_not_reach_the_answer() -> None:
    of = task("barcode-detection", image="/p/code.png")
    hostile = "\x1b]0;owned\x07\x1b[31mred\x1b[0m\x9b2J\u202egnp\x00"
    box = {"label": "QR\x1b[2J", "score": 1.0, "box": [0.0, 0.0, 1.0, 1.0]}
    answer = await written("Read it", [of], [result(of, {"text": hostile, "boxes": [box]})])  # type: ignore[list-item]
    assert 'says: "redgnp".' in answer
    assert not any(mark in answer for mark in "\x1b\x9b\x07\x00\u202e")


async def test_the_competition_is_told_with_winner_reason_and_losers() -> None:
    of = task("ocr", image="/p/a.png")
    rivals = [candidate("rapidocr", {"text": "a"}, family="ppocr", confidence=0.97, score=0.95),
              candidate("tesseract", {"text": "b"}, score=0.5),
              candidate("broken", status="failed", error="ValueError: no luck")]
    answer = await written("Read a.png", [of], [result(of, {"text": "a"}, winner="embedded:rapidocr", candidates=rivals,
                                                       reason="Its own confidence decided.", agreement=0.62)])
    assert "- Task 0, ocr (reading the text in a picture): rapidocr won (agreement 0.62): Its own confidence" in answer
    assert "  - rapidocr, family ppocr (winner): answered; own confidence 0.97; score 0.95; 0.1 s" in answer
    assert "  - broken, family broken: failed: ValueError: no luck; 0.1 s" in answer


@pytest.mark.parametrize(("others", "said"), [
    ([], "only one engine, pocketsphinx, took part, so nothing was compared: check it."),
    ([candidate("other", status="failed", error="no")],
     "only pocketsphinx gave a result and the other one did not, so nothing was compared: check it."),
], ids=["alone", "the other failed"])
async def test_a_winner_without_a_rival_is_marked_as_unchecked(others: list[Any], said: str) -> None:
    of = task("automatic-speech-recognition", audio="/p/a.wav")
    alone = candidate("pocketsphinx", {"text": "hello"})
    answer = await written("Transcribe", [of], [result(of, {"text": "hello"}, winner="embedded:pocketsphinx",
                                                       agreement=None, candidates=[alone, *others])])
    assert said in answer


async def test_a_skipped_task_is_told_with_why() -> None:
    plan = [task("ocr", 0, image="/p/no.png"), task("text-to-speech", 1, [0], text="<resource>-0")]
    why = "Its input, task 0 (ocr), gave no result."
    answer = await written("Read no.png aloud", plan, [result(plan[0], error="No file."), result(
        plan[1], status="skipped", error=why, candidates=[])])
    assert answer.startswith(f"I could not read the text in no.png. No file. I could not read it aloud. {why}")
    assert "after task 0: skipped, for the reason given above." in answer


async def test_an_empty_plan_gets_the_planners_reply_or_what_can_be_done() -> None:
    assert await written("Hi", [], [], "Hello!") == "Hello!"
    assert "receipt.png" in await written("Hi", [], [])


async def test_files_that_came_with_a_request_that_was_not_understood_are_named() -> None:
    request: Request = {"text": "Frob it", "files": ["/p/a.png", "/p/b.bin"], "thread": "t"}
    answer = await EmbeddedWriter().write(Account(request, [], []), silent)
    assert answer.text.startswith("I could not tell what to do with a.png and b.bin.\n")


def test_every_task_type_can_be_refused_in_good_english() -> None:
    bad = [row.name for row in TASKS.values() if infinitive(row.title).split()[0].endswith("ing")]
    assert bad == []
    assert PHRASES.keys() <= TASKS.keys()


@pytest.mark.parametrize(("confidences", "warning"), [
    ([0.07], "hardly sure"), ([0.07, 0.9], "hardly sure"), ([0.74], "One engine alone, first"), ([0.95], ""),
    ([0.74, 0.7], ""),
], ids=["guess", "guess that won", "alone", "alone and certain", "compared"])
async def test_a_doubtful_text_comes_with_a_warning(confidences: list[float], warning: str) -> None:
    speech = task("automatic-speech-recognition", audio="/a.wav")
    candidates = [candidate(name, {"text": "sheep"}, confidence=sure)
                  for name, sure in zip(["first", "second"], confidences, strict=False)]
    request: Request = {"text": "Transcribe a.wav", "files": [], "thread": "t"}
    heard = result(speech, {"text": "sheep"}, candidates=candidates)
    first = (await EmbeddedWriter().write(Account(request, [speech], [heard]), silent)).text.split("\n")[0]
    assert (warning in first) if warning else ("sure" not in first and "alone" not in first)
