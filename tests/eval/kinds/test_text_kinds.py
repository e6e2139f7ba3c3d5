"""Each kind of text task by itself: what its cases hold, and what its measures say."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from compegpt.eval.case import PARTS, Part
from compegpt.eval.kinds import keywords, languages, reading, sentiment, similar, summarizing, topics
from compegpt.eval.kinds.texts import articles, lines, lowered

HERE = Path("unused")


@pytest.mark.parametrize("part", PARTS)
def test_every_language_has_as_many_texts_and_every_length_is_there(part: Part) -> None:
    cases = list(languages.cases(part, HERE))
    assert set(Counter(case.truth for case in cases).values()) == {14}
    assert len({case.truth for case in cases}) == 24
    categories = Counter(case.category for case in cases)
    assert min(categories.values()) >= 10
    assert set(categories) == {"1 to 3 words", "4 to 6 words", "7 to 12 words", "typing mistakes", "lower case",
                               "without diacritics"}
    assert all(len(case.args["text"].split()) <= 12 for case in cases)


@pytest.mark.parametrize("part", PARTS)
def test_no_text_is_right_in_two_languages(part: Part) -> None:
    clean = [case for case in languages.cases(part, HERE) if "words" in case.category]
    by_language = {case.truth: " ".join(f" {lowered(one.args['text'])} " for one in clean if one.truth == case.truth)
                   for case in clean}
    assert [(case.args["text"], code) for case in clean for code, known in by_language.items()
            if code != case.truth and f" {lowered(case.args['text'])} " in known] == []


@pytest.mark.parametrize("part", PARTS)
def test_sentiments_are_balanced_and_some_are_typed_in_haste(part: Part) -> None:
    cases = list(sentiment.cases(part, HERE))
    labels = Counter(case.truth for case in cases)
    assert set(labels) == {"positive", "neutral", "negative"}
    assert max(labels.values()) < 1.3 * min(labels.values())
    assert 60 < sum(case.group == "typed in haste" for case in cases) < 130


@pytest.mark.parametrize("part", PARTS)
def test_the_right_label_is_offered_once_among_four_to_six(part: Part) -> None:
    cases = list(topics.cases(part, HERE))
    assert {len(case.args["labels"]) for case in cases} == {4, 5, 6}
    assert all(case.args["labels"].count(case.truth) == 1 for case in cases)
    assert len({case.args["labels"].index(case.truth) for case in cases}) == 6


@pytest.mark.parametrize("part", PARTS)
def test_articles_are_whole(part: Part) -> None:
    for kind, listed in articles(part).items():
        assert len(listed) == 15, kind
        for article in listed:
            assert 8 <= len(re.split(r"(?<=[.!?]) (?=[A-Z])", article["text"].strip())) <= 14
            assert len(lines(article["summaries"])) == 2
            assert 5 <= len(article["keywords"].split(";")) <= 8
            assert all(line.count("?") == 1 and "? |" in line for line in lines(article["questions"]))


def test_the_article_asked_about_is_always_there() -> None:
    by_place = [article["text"].strip() for listed in articles("test").values() for article in listed]
    for case in reading.cases("test", HERE):
        assert by_place[int(case.name.split("-")[1])] in case.args["context"]
        assert case.args["context"].count("\n\n") == (case.group == "two articles")


@pytest.mark.parametrize(("given", "f1", "exact"), [
    ("the first of May", 1.0, 1.0), ("First of May!", 1.0, 1.0), ("on the first of May 2020", 0.75, 0.0),
    ("June", 0.0, 0.0), ("", 0.0, 0.0)])
def test_answers_are_compared_as_squad_does(given: str, f1: float, exact: float) -> None:
    truth = ["first of May", "May 1"]
    assert reading.token_f1({"text": given}, truth) == pytest.approx(f1)
    assert reading.exact({"text": given}, truth) == exact


@pytest.mark.parametrize(("given", "one", "longest"), [
    ("a b c d", 1.0, 1.0), ("d c b a", 1.0, 0.25), ("a b", 2 / 3, 2 / 3), ("x", 0.0, 0.0), ("", 0.0, 0.0)])
def test_rouge_counts_words_and_their_order(given: str, one: float, longest: float) -> None:
    truth = ["A b, c d.", "y z"]
    assert summarizing.rouge_1({"text": given}, truth) == pytest.approx(one)
    assert summarizing.rouge_l({"text": given}, truth) == pytest.approx(longest)


@pytest.mark.parametrize(("given", "soft", "exact"), [
    (["Iron Bridge", "council"], 1.0, 1.0), (["bridge"], 4 / 9, 0.0), (["river"], 0.0, 0.0),
    ([], 0.0, 0.0), (["iron bridge"], 2 / 3, 2 / 3)])
def test_keywords_count_as_far_as_their_words_are_right(given: list[str], soft: float, exact: float) -> None:
    output: Any = {"data": [{"text": text} for text in given]}
    assert keywords.soft_f1(output, ["iron bridge", "council"]) == pytest.approx(soft)
    assert keywords.exact_f1(output, ["iron bridge", "council"]) == pytest.approx(exact)


def test_only_eight_keywords_count() -> None:
    output: Any = {"data": [{"text": f"word{number}"} for number in range(8)] + [{"text": "council"}]}
    assert keywords.soft_f1(output, ["council"]) == 0.0


def test_keywords_stand_in_the_text_that_lost_a_sentence() -> None:
    whole = {article["text"].strip() for listed in articles("dev").values() for article in listed}
    for case in keywords.cases("dev", HERE):
        assert case.args["text"] not in whole
        assert len(case.truth) >= 4


@pytest.mark.parametrize(("scores", "close", "near"), [([0.5], 0.9, 1.0), ([0.6], 0.8, 1.0), ([0.9], 0.5, 0.0),
                                                       ([], 0.0, 0.0)])
def test_likeness_is_measured_by_its_error(scores: list[float], close: float, near: float) -> None:
    assert similar.closeness({"scores": scores}, 0.4) == pytest.approx(close)
    assert similar.near({"scores": scores}, 0.4) == near


@pytest.mark.parametrize("part", PARTS)
def test_pairs_come_in_all_kinds(part: Part) -> None:
    cases = list(similar.cases(part, HERE))
    assert Counter(case.category for case in cases) == dict.fromkeys(similar.ALIKE, 40)
    assert all(case.truth == similar.ALIKE[case.category] and case.args["text"] != case.args["other"]
               for case in cases)
