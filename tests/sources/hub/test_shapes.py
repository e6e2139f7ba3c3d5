"""Answers as older servers, endpoints and the toolkit give them, over the real client."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from compegpt.errors import CompeGPTError
from compegpt.media.artifacts import Store, media_type
from compegpt.schema import Finding
from compegpt.sources.hub import calls, connection
from compegpt.sources.hub.model import Model, Provider, Reach
from compegpt.tasks import TASKS
from tests.loopback.canned import picture, tone
from tests.loopback.inference import Inference, Served
from tests.loopback.server import Answer, Server

TOKEN = "hf_canary0123456789"
TEXTS = {"text": "Ada wrote it.", "other": "She did.", "question": "When?", "context": "It was in 1843.",
         "target": "de", "labels": ["cat", "dog"], "table": "name,n\na,3\nb,4"}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_layouts", {})


@pytest.fixture
def args(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "p.png").write_bytes(picture())
    return {**TEXTS, "image": str(tmp_path / "p.png")}


async def called(task: str, tag: str, answer: Any, args: dict[str, Any], endpoint: bool = False,
                 provider: str = "hf-inference") -> Finding:
    """What a call makes of an answer, through the router or at an endpoint of the user's own."""
    with Server(Inference({"m/one": Served(tag, answer)})) as server:
        asked = Model(f"{server.url}/models/m/one" if endpoint else "m/one", tag,
                      providers=() if endpoint else (Provider(provider, "m/one", tag),))
        given = {name: args[name] for name in TASKS[task].args if name in args}
        return await calls.call(asked, task, given, Store(Path(args["image"]).parent / "made"),
                                Reach(TOKEN, server.url, 10.0))


def scored(*pairs: tuple[str, float]) -> list[dict[str, Any]]:
    return [{"label": label, "score": score} for label, score in pairs]


LABELS = [
    ("text-classification", scored(("joy", 0.1), ("anger", 0.7), ("fear", 0.2)), ["anger", "fear", "joy"]),
    ("text-classification", [scored(("joy", 0.1), ("anger", 0.7), ("fear", 0.2))], ["anger", "fear", "joy"]),
    ("text-classification", scored(("NEGATIVE", 0.1))[0], ["negative"]),
    ("language-identification", scored(("fr", 0.1), ("de", 0.9)), ["de", "fr"]),
    ("zero-shot-classification", {"sequence": "x", "labels": ["dog", "cat"], "scores": [0.3, 0.7]}, ["cat", "dog"]),
    ("zero-shot-classification", [{"sequence": "x", "labels": ["cat", "dog"], "scores": [0.7, 0.3]}], ["cat", "dog"]),
    ("zero-shot-classification", scored(("dog", 0.3), ("cat", 0.7)), ["cat", "dog"]),
]


@pytest.mark.parametrize("endpoint", [False, True], ids=["router", "endpoint"])
@pytest.mark.parametrize(("task", "answer", "names"), LABELS, ids=lambda given: given if isinstance(given, str) else "")
async def test_all_labels_are_kept_best_first(task: str, answer: Any, names: list[str], endpoint: bool,
                                              args: dict[str, Any]) -> None:
    tag = "text-classification" if task == "language-identification" else task
    finding = await called(task, tag, Answer(answer), args, endpoint)
    assert [label["label"] for label in finding.output["labels"]] == names
    assert finding.confidence == finding.output["labels"][0]["score"]


TEXTUAL = [
    ("summarization", {"summary_text": "Short."}, "Short."),
    ("summarization", [{"generated_text": "Short."}], "Short."),
    ("translation", {"translation_text": "Kurz."}, "Kurz."), ("translation", [{"generated_text": "Kurz."}], "Kurz."),
    ("image-to-text", {"generated_text": "a cat"}, "a cat"),
    ("image-to-text", [[{"generated_text": "a cat"}]], "a cat"),
    ("text-generation", {"generated_text": "the end"}, "the end"),
    ("visual-question-answering", {"answer": "two", "score": 0.7}, "two"),
    ("document-question-answering", {"answer": "42 EUR", "score": 0.7}, "42 EUR"),
    ("question-answering", [{"answer": "1843", "score": 0.7}], "1843"),
    ("table-question-answering", [{"answer": "SUM > 3, 4", "cells": ["3", "4"]}], "7"),
    ("automatic-speech-recognition", [{"text": "hello"}], "hello"),
]


@pytest.mark.parametrize(("task", "answer", "text"), TEXTUAL, ids=lambda given: given if isinstance(given, str) else "")
async def test_a_text_is_read_from_an_object_and_from_a_list(task: str, answer: Any, text: str, args: dict[str, Any],
                                                             tmp_path: Path) -> None:
    (tmp_path / "t.wav").write_bytes(tone())
    finding = await called(task, task, Answer(answer), {**args, "audio": str(tmp_path / "t.wav")})
    assert finding.output == {"text": text}


@pytest.mark.parametrize("answer", [[0.7], [[0.7]]], ids=str)
async def test_a_similarity_may_be_nested(answer: Any, args: dict[str, Any]) -> None:
    finding = await called("sentence-similarity", "sentence-similarity", Answer(answer), args)
    assert finding.output == {"scores": [0.7]}


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.mark.parametrize(("task", "answer"), [
    ("text-to-speech", {"audio": encoded(tone()), "sampling_rate": 16_000}),
    ("text-to-speech", [{"audio": f"data:audio/wav;base64,{encoded(tone())}"}]),
    ("text-to-image", {"image": encoded(picture())}), ("depth-estimation", {"depth": encoded(picture())}),
], ids=["sound", "data URL", "picture", "depth"])
async def test_a_file_may_come_as_base64(task: str, answer: Any, args: dict[str, Any]) -> None:
    finding = await called(task, task, Answer(answer), args)
    output: dict[str, Any] = {**finding.output}
    (kind, path), = output.items()
    assert media_type(Path(path)).startswith(f"{kind}/")


async def test_each_row_of_a_table_keeps_its_class(args: dict[str, Any]) -> None:
    finding = await called("tabular-classification", "tabular-classification", Answer(["good", "bad", "good"]), args)
    assert finding.output["data"] == [{"row": 1, "label": "good"}, {"row": 2, "label": "bad"},
                                      {"row": 3, "label": "good"}]
    assert [label["label"] for label in finding.output["labels"]] == ["good", "bad"]


NO_RESULTS = [
    ("page", b"<!DOCTYPE html><html>Sign in</html>", "It answered with a web page, not with a result."),
    ("error", {"error": f"CUDA out of memory {TOKEN}"}, "It answered with an error: CUDA out of memory ****."),
    ("nested error", [{"error": {"message": "overloaded"}}], "It answered with an error: overloaded."),
    ("list of errors", {"error": ["bad input"], "warnings": []}, "It answered with an error: bad input."),
    ("empty", b"", "It gave an empty answer."), ("blanks", b" \n" * 100, "It gave an empty answer."),
]
WORDS = [
    ("text", b"Welcome!", "text that is no JSON"), ("bytes", b"\xff\xfe\x00\x9c", "other bytes"),
    ("half", b'[{"summary_text": "a', "broken off"), ("null", b"null", "only null"), ("number", b"7", "only 7"),
]
NO_FILES = {"text-to-image", "text-to-speech", "text-to-video"}
ASKED = ["summarization", "text-classification", "feature-extraction", "conversational", "object-detection",
         *sorted(NO_FILES)]
NAMES = ("<class", "huggingface", "PIL", "BytesIO", "Error", "Expecting", "index out of range", "NoneType", "dict")


@pytest.mark.parametrize(("answer", "said"), [row[1:] for row in NO_RESULTS], ids=[row[0] for row in NO_RESULTS])
@pytest.mark.parametrize("task", ASKED)
async def test_an_answer_that_is_none_is_said_plainly(task: str, answer: Any, said: str, args: dict[str, Any]) -> None:
    with pytest.raises(CompeGPTError) as caught:
        await called(task, task, Answer(answer), args)
    assert str(caught.value) == said


@pytest.mark.parametrize(("body", "said"), [row[1:] for row in WORDS], ids=[row[0] for row in WORDS])
@pytest.mark.parametrize("task", [task for task in ASKED if task not in NO_FILES])
async def test_a_body_that_is_no_json_is_called_what_it_is(task: str, body: bytes, said: str,
                                                           args: dict[str, Any]) -> None:
    with pytest.raises(CompeGPTError, match=said):
        await called(task, task, Answer(body), args)


ODD = {"object": {"ok": True}, "empty list": [], "empty object": {}, "nulls": [None], "numbers": [1, 2],
       "wrong": [{"label": {}, "score": "x", "box": 3, "mask": 5, "answer": 4, "image": "?"}]}


RIGHT = {("empty list", "object-detection"), ("empty list", "image-segmentation"), ("numbers", "feature-extraction"),
         ("numbers", "tabular-classification")}
READ = [*ASKED, "fill-mask", "sentence-similarity", "image-segmentation", "depth-estimation", "tabular-classification"]


@pytest.mark.parametrize(("odd", "task"), [(odd, task) for odd in ODD for task in READ if (odd, task) not in RIGHT])
async def test_no_sentence_names_a_class_of_a_library(odd: str, task: str, args: dict[str, Any]) -> None:
    with pytest.raises(CompeGPTError) as caught:
        await called(task, task, Answer(ODD[odd]), {**args, "text": f"{args['text']} [MASK]"})
    assert not [name for name in NAMES if name in str(caught.value)]


@pytest.mark.parametrize(("provider", "task"), [("together", "conversational"), ("together", "text-to-image"),
                                                ("nscale", "text-to-image"), ("featherless-ai", "text-generation"),
                                                ("scaleway", "feature-extraction")])
@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b'{"error": "busy"}', b"", b"hello", b'{"ok": true}',
                                  b'{"data": [{"b64_json": "AAAA"}]}', b'{"choices": []}', b"\xff\xfe", b"[]"], ids=str)
async def test_nor_does_one_about_the_answer_of_a_third_party(provider: str, task: str, body: bytes,
                                                              args: dict[str, Any]) -> None:
    with pytest.raises(CompeGPTError) as caught:
        await called(task, task, Answer(body), args, provider=provider)
    assert not [name for name in NAMES if name in str(caught.value)]


@pytest.mark.parametrize(("wait", "said"), [("3600", "in 60 minutes"), ("7", "in 7 seconds"), ("1", "in 1 second"),
                                            ("0", "in 1 second"), ("20000", "in 6 hours"), ("soon", "later")])
async def test_too_many_calls_say_when_to_try_again(wait: str, said: str, args: dict[str, Any]) -> None:
    busy = Answer({"error": "Rate limit"}, 429, {"retry-after": wait})
    with pytest.raises(CompeGPTError) as caught:
        await called("summarization", "summarization", busy, args)
    assert str(caught.value) == f"m/one had too many calls: Rate limit; try again {said}."
