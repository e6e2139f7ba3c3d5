"""What all kinds of text tasks have in common: the same inputs every time, none of dev in test, measures that tell."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from compegpt.eval.case import PARTS, Case, Part, kind
from compegpt.eval.collecting import collected
from compegpt.eval.kinds.texts import lines, lowered, material, mistyped, seeded, without_diacritics
from compegpt.schema import Output

CASES = {"language-identification": 336, "text-classification": 303, "zero-shot-classification": 240,
         "question-answering": 240, "summarization": 60, "keyword-extraction": 60, "sentence-similarity": 200}
KEYS = {"language-identification": "text", "text-classification": "text", "zero-shot-classification": "text",
        "question-answering": "question", "summarization": "text", "keyword-extraction": "text",
        "sentence-similarity": "text"}
"""The argument that no two sets share."""


def made(task: str, part: Part) -> list[Case]:
    return list(kind(task).cases(part, Path("unused")))


def plain(cases: list[Case]) -> str:
    return json.dumps([[one.name, one.category, one.group, one.args, one.truth] for one in cases], ensure_ascii=False)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("task", CASES)
def test_a_set_has_its_size_and_names_of_its_own(task: str, part: Part) -> None:
    cases = made(task, part)
    assert len(cases) == CASES[task]
    assert len({one.name for one in cases}) == len(cases)
    assert all(set(one.name) & set("/\\ .") == set() for one in cases)


@pytest.mark.parametrize("task", CASES)
def test_a_set_is_always_the_same(task: str) -> None:
    assert plain(made(task, "test")) == plain(made(task, "test"))


@pytest.mark.parametrize("task", CASES)
def test_fresh_is_another_draw(task: str) -> None:
    assert plain(made(task, "fresh")) != plain(made(task, "test"))


@pytest.mark.parametrize("task", CASES)
def test_dev_and_test_share_no_text(task: str) -> None:
    dev, test = ({str(one.args[KEYS[task]]).lower() for one in made(task, part) if len(one.args[KEYS[task]]) > 24}
                 for part in ("dev", "test"))
    assert dev
    assert not dev & test


@pytest.mark.parametrize("task", CASES)
def test_nothing_stands_twice_in_a_set(task: str) -> None:
    counts = Counter(json.dumps(one.args, sort_keys=True) for one in made(task, "test"))
    assert [args for args, count in counts.items() if count > 1] == []


WRONG: dict[str, Any] = {"text": "zzz qqq", "labels": [{"label": "zz", "score": 1.0}], "scores": [7.0],
                         "data": [{"text": "zzz"}, {"text": ""}]}


@pytest.mark.parametrize("output", [{}, WRONG, {"text": "", "labels": [], "scores": [], "data": []}],
                         ids=["nothing", "wrong", "empty"])
@pytest.mark.parametrize("task", CASES)
def test_a_wrong_output_has_no_value(task: str, output: Output) -> None:
    case = made(task, "dev")[0]
    assert {name: measure(output, case.truth) for name, measure in kind(task).measures.items()} == dict.fromkeys(
        kind(task).measures, 0.0)


@pytest.mark.parametrize("task", CASES)
def test_the_measure_of_confidence_is_a_measure(task: str) -> None:
    told = kind(task)
    assert told.right in ("", *told.measures)


@pytest.mark.parametrize("task", CASES)
async def test_experts_get_something_right(task: str, tmp_path: Path) -> None:
    from compegpt.execute.guard import plain as as_plain
    from compegpt.media.artifacts import Store
    from compegpt.sources.embedded.source import Embedded

    source, told = Embedded(), kind(task)
    measure = next(iter(told.measures.values()))
    some = [case for case in made(task, "dev") if case.category != "1 to 3 words"][:3]
    best = []
    for case in some:
        offers = (await source.offers(task, case.args)).experts
        found = [await source.run(expert, case.args, Store(tmp_path)) for expert in offers]
        best.append(max(measure(as_plain(one.output), case.truth) for one in found))
    assert max(best) > 0.2


def test_a_set_is_collected_with_every_expert(tmp_path: Path) -> None:
    told = kind("language-identification")
    few = [case for case in told.cases("dev", tmp_path) if case.category == "7 to 12 words"][:2]
    rows = collected(replace(told, cases=lambda part, folder: iter(few)), "dev", tmp_path, lambda done, total: None)
    assert [row["id"] for row in rows] == [case.name for case in few]
    assert all(set(row["quality"]["accuracy"].values()) <= {0.0, 1.0} for row in rows)


@pytest.mark.parametrize(("text", "bare"), [
    ("Größe, Österreich", "Grosse, Osterreich"), ("Søsteren på ærlig vei", "Sosteren pa aerlig vei"),
    ("żółw đak", "zolw dak"), ("Моя ёлка й", "Моя ёлка й"), ("plain text", "plain text")])
def test_diacritics_are_left_out_of_latin_letters_only(text: str, bare: str) -> None:
    assert without_diacritics(text) == bare


def test_lower_case_has_no_marks_at_the_ends_of_words() -> None:
    assert lowered("¿Dónde está, Ana? It's here!") == "dónde está ana it's here"


def test_slips_change_a_text_a_little() -> None:
    text = "Nobody told him that the shop would be closed today"
    typed = mistyped(text, seeded("slips", "dev"))
    assert typed != text
    assert abs(len(typed) - len(text)) <= 5
    assert mistyped("a 1 !", seeded("slips", "dev")) == "a 1 !"


def test_texts_of_a_file_are_read_line_by_line() -> None:
    assert lines("\n one \ntwo\n") == ["one", "two"]
    assert set(material("languages", "fresh")) == set(material("languages", "test"))
