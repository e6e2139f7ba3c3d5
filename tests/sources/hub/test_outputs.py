from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from compegpt.errors import ExpertError, InputError
from compegpt.sources.chat.answers import NOTHING
from compegpt.sources.hub import chats, outputs, spans
from compegpt.sources.hub.labels import as_sentiment, language
from compegpt.sources.hub.tables import columns
from tests.loopback.canned import chat

NAN, INF = math.nan, math.inf


def scored(*pairs: tuple[Any, Any]) -> list[dict[str, Any]]:
    return [{"label": label, "score": score} for label, score in pairs]


@pytest.mark.parametrize(("given", "wanted"), [
    (scored(("a", 0.1), ("b", 0.9)), [("b", 0.9), ("a", 0.1)]),
    ([scored(("a", 0.1), ("b", 0.9))], [("b", 0.9), ("a", 0.1)]),
    (scored(("a", NAN), ("b", 0.4), ("c", INF), ("d", None)), [("b", 0.4)]),
    (scored(("a", 1.000001), ("b", -0.000001)), [("a", 1.0), ("b", 0.0)]),
    (scored(("a", 0.0), ("b", 0.0)), [("a", 0.0), ("b", 0.0)]),
], ids=["sorted", "nested", "not finite", "rounding", "ties in order"])
def test_labels_come_best_first_with_scores_in_0_1(given: Any, wanted: list[tuple[str, float]]) -> None:
    assert [(label["label"], label["score"]) for label in outputs.labels(given)] == wanted


def test_logits_become_probabilities() -> None:
    found = outputs.labels(scored(("a", 3.0), ("b", -2.0), ("c", 3.0)))
    assert sum(label["score"] for label in found) == pytest.approx(1, abs=1e-5)
    assert found[-1]["label"] == "b"


def test_monstrous_labels_are_cut() -> None:
    found = outputs.labels(scored(*((f"{n} " + "x" * 1_000_000, 0.5) for n in range(3)), *(("y", 0.1),) * 5_000))
    assert len(found) == outputs.MOST_LABELS
    assert max(len(label["label"]) for label in found) == outputs.LONGEST_LABEL


SENTIMENTS = [
    ("polarity", ["NEGATIVE", "POSITIVE"], False, ["negative", "positive"]),
    ("short", ["POS", "NEU", "NEG"], False, ["positive", "neutral", "negative"]),
    ("numbered and about it", ["LABEL_0", "LABEL_1", "LABEL_2"], True, ["negative", "neutral", "positive"]),
    ("two numbered", ["LABEL_1", "LABEL_0"], True, ["positive", "negative"]),
    ("numbered, of what?", ["LABEL_0", "LABEL_1"], False, ["LABEL_0", "LABEL_1"]),
    ("four numbered", ["LABEL_0", "LABEL_1", "LABEL_2", "LABEL_3"], True, ["LABEL_0", "LABEL_1", "LABEL_2", "LABEL_3"]),
    ("strengths", ["Very Negative", "Positive"], False, ["negative", "positive"]),
    ("emotions", ["joy", "anger"], True, ["joy", "anger"]),
    ("partly", ["positive", "spam"], False, ["positive", "spam"]),
    ("digits of anything", ["1", "2"], False, ["1", "2"]),
]


@pytest.mark.parametrize(("names", "about", "wanted"), [row[1:] for row in SENTIMENTS],
                         ids=[row[0] for row in SENTIMENTS])
def test_sentiments_are_named_where_that_is_certain(names: list[str], about: bool, wanted: list[str]) -> None:
    given = outputs.labels(scored(*((name, 1 - rank / 10) for rank, name in enumerate(names))))
    assert [label["label"] for label in as_sentiment(given, about)] == wanted


def test_stars_are_added_up() -> None:
    given = outputs.labels(scored(("1 star", 0.3), ("2 stars", 0.3), ("3 stars", 0.1), ("5 stars", 0.2),
                                  ("4 stars", 0.1)))
    assert as_sentiment(given, False) == [{"label": "negative", "score": 0.6},
                                          {"label": "positive", "score": pytest.approx(0.3)},
                                          {"label": "neutral", "score": 0.1}]


@pytest.mark.parametrize(("label", "code"), [
    ("en", "en"), ("eng", "en"), ("English", "en"), ("__label__eng_Latn", "en"), ("zh-CN", "zh"), ("zho_Hant", "zh"),
    ("pt_BR", "pt"), ("arb_Arab", "ar"), ("Farsi", "fa"), ("cmn", "zh"), ("nob_Latn", "nb"), ("LABEL_3", None),
    ("Klingon", None), ("", None)])
def test_languages_are_told_by_their_codes(label: str, code: str | None) -> None:
    assert language(label) == code


def test_scripts_of_one_language_are_added() -> None:
    finding = outputs.languages(scored(("zho_Hans", 0.5), ("zho_Hant", 0.3), ("jpn_Jpan", 0.2)))
    assert finding.output["labels"] == [{"label": "zh", "score": 0.8}, {"label": "ja", "score": 0.2}]


def test_only_offered_labels_count() -> None:
    finding = outputs.offered(scored(("cat", 0.2), ("made up", 0.7), ("dog", 0.1)), ["cat", "dog"])
    assert [label["label"] for label in finding.output["labels"]] == ["cat", "dog"]
    with pytest.raises(ExpertError, match="none of the labels"):
        outputs.offered(scored(("made up", 0.7)), ["cat"])


def test_the_words_of_the_first_of_several_masks_are_given() -> None:
    finding = outputs.masked([[{"token_str": " a", "score": 0.5}], [{"token_str": " b", "score": 0.9}]])
    assert finding.output["labels"] == [{"label": "a", "score": 0.5}]
    assert finding.note == "Words for the first of 2 masks."


TEXT = "Ada Lovelace met Charles Babbage in London."


@pytest.mark.parametrize("given", [
    [{"entity_group": "PER", "score": 0.9, "word": "ada lovelace", "start": 0, "end": 12},
     {"entity_group": "LOC", "score": 0.8, "word": "london", "start": 36, "end": 42}],
    [{"entity": "B-PER", "score": 0.9, "word": "Ada", "start": 0, "end": 3},
     {"entity": "I-PER", "score": 0.9, "word": "Love", "start": 4, "end": 8},
     {"entity": "I-PER", "score": 0.9, "word": "##lace", "start": 8, "end": 12},
     {"entity": "O", "score": 0.9, "word": "met", "start": 13, "end": 16},
     {"entity": "B-LOC", "score": 0.8, "word": "London", "start": 36, "end": 42}],
    [{"entity": "B-PER", "score": 0.9, "word": "Ada", "start": None, "end": None},
     {"entity": "I-PER", "score": 0.9, "word": "Lovelace", "start": None, "end": None},
     {"entity": "B-LOC", "score": 0.8, "word": "▁London", "start": None, "end": None}],
], ids=["grouped", "single tokens", "without offsets"])
def test_tokens_become_spans_of_the_text(given: list[dict[str, Any]]) -> None:
    assert spans.entities(given, TEXT).output["data"] == [
        {"text": "Ada Lovelace", "label": "PER", "start": 0, "end": 12, "score": 0.9},
        {"text": "London", "label": "LOC", "start": 36, "end": 42, "score": 0.8}]


def test_two_neighbours_are_two_spans() -> None:
    given = [{"entity": "B-PER", "score": 0.9, "word": "Ada", "start": 0, "end": 3},
             {"entity": "B-PER", "score": 0.9, "word": "Lovelace", "start": 4, "end": 12}]
    assert [span["text"] for span in spans.entities(given, TEXT).output["data"]] == ["Ada", "Lovelace"]


@pytest.mark.parametrize("place", [(40, 900), (900, 990), (-5, 3), (7, 7), (9, 2)], ids=str)
def test_spans_outside_the_text_do_no_harm(place: tuple[int, int]) -> None:
    item = {"entity_group": "X", "score": 0.9, "word": "zzz", "start": place[0], "end": place[1]}
    data = spans.entities([item], TEXT).output["data"]
    assert all(0 <= span["start"] < span["end"] <= len(TEXT) for span in data)
    assert len(data) == (1 if place == (40, 900) else 0)


def test_nothing_marked_is_an_empty_finding() -> None:
    assert spans.entities([], TEXT).empty
    assert spans.entities([{"entity": "O", "score": 0.9, "word": "met"}], TEXT).empty


def test_keywords_are_given_once_the_best_first() -> None:
    given = [{"entity_group": "KEY", "score": score, "word": word, "start": start, "end": start + 3}
             for word, start, score in (("Ada", 0, 0.5), ("met", 13, 0.9), ("Ada", 0, 0.7))]
    finding = spans.keywords(given, TEXT, 5)
    assert [(span["text"], span["score"]) for span in finding.output["data"]] == [("met", 0.9), ("Ada", 0.7)]
    assert len(spans.keywords(given, TEXT, 1).output["data"]) == 1


@pytest.mark.parametrize(("given", "text", "confidence"), [
    ({"answer": " Ada ", "score": 0.7}, "Ada", 0.7),
    ([{"answer": "a", "score": 0.1}, {"answer": "b", "score": 0.9}], "b", 0.9),
    ([[{"answer": "a", "score": 0.3}]], "a", 0.3), ({"answer": "a"}, "a", None),
    ({"answer": "a", "score": NAN}, "a", None),
], ids=["one", "several", "nested", "no score", "not a number"])
def test_the_best_answer_is_given(given: Any, text: str, confidence: float | None) -> None:
    finding = outputs.answer(given)
    assert (finding.output, finding.confidence, finding.empty) == ({"text": text}, confidence, False)


@pytest.mark.parametrize("given", [[], {"answer": "", "score": 0.9}, [{"answer": "  ", "score": 0.9}]], ids=str)
def test_no_answer_is_an_empty_finding(given: Any) -> None:
    assert outputs.answer(given).empty


@pytest.mark.parametrize(("said", "text"), [
    ("SUM > 3, 4", "7"), ("AVERAGE > 1, 2", "1.5"), ("COUNT > a, b, c", "3"), ("NONE > x", "x"), ("SUM > a, b", "a, b"),
    ("Berlin", "Berlin"), ("a > b", "a > b")])
def test_aggregated_cells_are_worked_out(said: str, text: str) -> None:
    assert outputs.table_answer({"answer": said, "cells": []}).output == {"text": text}


@pytest.mark.parametrize(("given", "echo", "left"), [
    ("Once upon a time.", "Once upon", "a time."), ("  a time.", "Once upon", "a time."), ("Once", "", "Once")])
def test_the_prompt_is_not_part_of_the_answer(given: str, echo: str, left: str) -> None:
    assert outputs.text(given, echo).output == {"text": left}


def test_an_empty_text_is_a_failure_but_empty_speech_is_a_finding() -> None:
    with pytest.raises(ExpertError, match="empty text"):
        outputs.text(" \n")
    assert outputs.found_text(" \n").empty


@pytest.mark.parametrize("given", [[0.6, 0.8], [[0.6, 0.8]], [[0.4, 1.0], [0.8, 0.6]], [[[0.4, 1.0], [0.8, 0.6]]]])
def test_a_vector_is_one_row_of_numbers(given: Any) -> None:
    assert outputs.vector(np.array(given)).output == {"data": [0.6, 0.8]}


@pytest.mark.parametrize("given", [NAN, [], [NAN, 1.0], [[INF, 1.0]], 3.0], ids=str)
def test_other_numbers_are_no_vector(given: Any) -> None:
    with pytest.raises(ExpertError, match="vector"):
        outputs.vector(np.array(given))


@pytest.mark.parametrize("given", [[NAN], [INF], [], ["0.3"], [True], [0.1, 0.2]], ids=str)
def test_other_numbers_are_no_similarity(given: Any) -> None:
    with pytest.raises(ExpertError):
        outputs.similarity(given)


def test_a_negative_cosine_is_nought() -> None:
    assert outputs.similarity([-0.2]).output == {"scores": [0.0]}


REPLIED = {"text": "A cat sat.", "image": "p.png", "target": "de"}


@pytest.mark.parametrize(("said", "task", "text", "empty"), [
    ("<think>hm\nhm</think>\nA cat.", "image-to-text", "A cat.", False), ("```\na\nb\n```", "ocr", "a\nb", False),
    (NOTHING, "ocr", "", True), (f"{NOTHING.capitalize()}.", "document-question-answering", "", True),
    (NOTHING, "summarization", NOTHING, False),
], ids=["thoughts", "fence", "no text", "no answer", "a text like any other"])
def test_a_reply_is_bare_text(said: str, task: str, text: str, empty: bool) -> None:
    finding = chats.reply(chat(said), task, REPLIED)
    assert (finding.output, finding.empty) == ({"text": text}, empty)


@pytest.mark.parametrize(("given", "said"), [
    (chat("", finish="length"), "tokens"), (chat("<think>on and on", finish="length"), "tokens"),
    (chat("No.", finish="content_filter"), "filter"), (chat(" "), "empty"), ({"choices": []}, "completion"),
    ({"choices": [{"message": {"content": None}}]}, "empty"), ("<html>", "completion"), (None, "completion")], ids=str)
def test_a_reply_without_text_is_a_failure(given: Any, said: str) -> None:
    with pytest.raises(ExpertError, match=said):
        chats.reply(given, "summarization", REPLIED)


@pytest.mark.parametrize("given", [
    {"a": ["1", "2"], "b": ["x", "y"]}, {"a": [1, 2], "b": ["x", "y"]}, [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}],
    [["a", "b"], [1, "x"], [2, "y"]], "a,b\n1,x\n2,y", "a;b\n1;x\n2;y\n", '[{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]',
    "| a | b |\n|---|---|\n| 1 | x |\n| 2 | y |"], ids=str)
def test_tables_are_taken_in_many_forms(given: Any) -> None:
    assert columns(given) == {"a": ["1", "2"], "b": ["x", "y"]}


@pytest.mark.parametrize("given", ["", "a,b", {}, [], {"a": [1], "b": [1, 2]}, 7, "{", [["a"]]], ids=str)
def test_what_is_no_table_is_the_inputs_fault(given: Any) -> None:
    with pytest.raises(InputError, match="table"):
        columns(given)
