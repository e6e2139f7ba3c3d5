from __future__ import annotations

from typing import Any

import pytest

from compegpt.schema import Result
from compegpt.web.shown.competition import shown
from compegpt.web.shown.matrix import SIGNALS
from tests.fakes import candidate, result, task
from tests.web.shown.markup import HARMLESS, HOSTILE, Element, places, put, read

READ = task("ocr", 3, image="/a/shot.png")
MATRIX = [[1.0, 0.25, 0.875], [0.25, 1.0, 0.5], [0.875, 0.5, 1.0]]


def contest(**rest: Any) -> Result:
    """Won by the third; the matrix is in the order of the candidates, one of which failed."""
    made: dict[str, Any] = {
        "winner": "embedded:c", "agreement": 0.6875, "confidence": 0.9375,
        "reason": "highest score 0.90 of 3: decided by support", "similarity": MATRIX, "candidates": [
            candidate("a", {"text": "gale"}, score=0.5, signals={"support": 0.25, "validity": 1.0}, confidence=0.75),
            candidate("down", status="failed", error="the server answered 503"),
            candidate("b", {"text": "gaze"}, score=0.625, signals={"support": 0.375}, family="kin"),
            candidate("c", {"text": "gate"}, score=0.9, signals={"support": 0.8125}, family="kin", note="cut short",
                      why="2nd by likes", seconds=1.25)]}
    return result(READ, {"text": "gate"}, **{**made, **rest})


def drawn(of: Result) -> Element:
    return read(shown(of, lambda path: f"/file={path}"))


def test_the_heading_tells_task_winner_agreement_confidence_and_reason() -> None:
    page = drawn(contest())
    assert page.one("h3").text.startswith("3 ocr ")
    assert page.one("section").attributes["aria-label"] == "Competition of task 3, ocr"
    assert [one.text for one in page.one("dl", "cg-stats").all("dd")] == ["0.69", "0.94"]
    assert page.one("p", "cg-reason").text == "Highest score 0.90 of 3: decided by support"
    assert next(page.all("p", "cg-verdict")).text == "winner c"


def test_the_winner_comes_first_then_by_score_then_who_failed() -> None:
    cards = list(drawn(contest()).all("article"))
    assert [one.one("h4").text for one in cards] == ["c", "b", "a", "down"]
    assert [one.attributes["aria-label"] for one in cards] == ["c, winner", "b", "a", "down"]
    assert "cg-won" in cards[0].kinds
    assert [one.text for one in cards[0].all("span", "cg-tag")] == ["winner"]
    assert not any("cg-won" in one.kinds for one in cards[1:])


def test_a_card_tells_all_there_is_to_know() -> None:
    cards = list(drawn(contest()).all("article"))
    assert all(said in cards[0].text for said in ("family kin", "answered", "1.25\u00a0s", "cut short", "2nd by likes"))
    assert [one.text for one in cards[2].all("dt")] == ["score", "own confidence"]
    assert [one.text for one in cards[2].all("dd")] == ["0.50", "0.75"]
    assert cards[3].one("p", "cg-error").text == "the server answered 503"
    assert cards[3].one("span", "cg-tag").text == "failed"


def test_the_matrix_holds_the_numbers_of_the_record_in_the_order_of_the_cards() -> None:
    table = drawn(contest()).one("table", "cg-heat")
    order = [2, 1, 0]  # c, b, a
    rows = [[cell.text for cell in row.all("td")] for row in table.one("tbody").all("tr")]
    assert rows == [[f"{MATRIX[row][column]:.2f}" for column in order] for row in order]
    shades = [float((cell.attributes["style"] or "").removeprefix("--v:")) for cell in table.all("td", "cg-cell")]
    assert shades == pytest.approx([MATRIX[row][column] ** 2 for row in order for column in order], abs=1e-4)


def test_rows_and_columns_of_the_matrix_are_named() -> None:
    table = drawn(contest()).one("table", "cg-heat")
    assert [one.attributes["scope"] for one in table.one("thead").all("th")] == ["col"] * 3
    assert [one.text for one in table.one("thead").all("th")] == ["A c", "B b", "C a"]
    assert [one.attributes["scope"] for one in table.one("tbody").all("th")] == ["row"] * 3
    assert table.one("caption").text


def test_signals_are_told_and_explained() -> None:
    table = drawn(contest()).one("table", "cg-signals")
    rows = {row.one("th").own: [cell.text for cell in row.all("td")] for row in table.one("tbody").all("tr")}
    assert rows == {"score": ["0.90", "0.62", "0.50"], "support": ["0.81", "0.38", "0.25"],
                    "validity": ["–", "–", "1.00"]}
    assert SIGNALS["support"] in table.text


@pytest.mark.parametrize(("fallen", "said"), [
    (0, "Only c gave a result, so nothing was compared: check it."),
    (1, "Only c gave a result; the other one did not, so nothing was compared: check it."),
    (2, "Only c gave a result; the 2 others did not, so nothing was compared: check it.")])
def test_one_candidate_alone_was_not_compared(fallen: int, said: str) -> None:
    others = [candidate(f"d{one}", status="timeout") for one in range(fallen)]
    alone = [candidate("c", {"text": "x"}, score=1.0), *others]
    page = drawn(contest(candidates=alone, similarity=[[1.0]]))
    assert page.one("p", "cg-reason").text == said
    assert not list(page.all("table"))


@pytest.mark.parametrize("status", ["failed", "skipped"])
def test_a_task_without_a_winner_tells_why(status: str) -> None:
    page = drawn(result(READ, status=status, error="Its input, task 0 (ocr), gave no result."))
    assert page.one("p", "cg-verdict").text == f"{status} Its input, task 0 (ocr), gave no result."
    assert not list(page.all("article"))


def test_an_unsure_verdict_says_so() -> None:
    assert "do not rely on it" in drawn(contest(unsure=True)).text
    assert "do not rely on it" not in drawn(contest()).text


FULL = contest(candidates=[
    candidate("a", {"text": "t", "labels": [{"label": "l", "score": 0.5}], "image": "/a.png", "audio": "/a.wav",
                    "boxes": [{"label": "b", "score": 0.5, "box": [1, 2, 3, 4], "text": "x"}], "video": "/a.mp4",
                    "data": [{"label": "m", "score": 0.5, "image": "/m.png"}]}, score=0.5),  # type: ignore[typeddict-unknown-key]
    candidate("b", {"data": [{"text": "span", "label": "p", "start": 0, "end": 4, "score": 0.5}]}, score=0.5),
    candidate("c", {"data": "odd"}, score=0.5, note="n", why="w", error="e", signals={"support": 0.5}),
    candidate("d", status="failed", error="broke")])
SHOWN = [place for place in places(FULL)
         if place[-1] != "status" and place[0] not in ("args", "output", "error", "code")]


@pytest.mark.parametrize("place", SHOWN, ids=lambda place: ".".join(map(str, place)))
def test_no_text_of_a_result_gets_out_of_its_place(place: tuple[Any, ...]) -> None:
    drawn(put(FULL, place, HOSTILE))


@pytest.mark.parametrize("place", [one for one in SHOWN if one[-1] in (
    "expert", "family", "label", "text", "note", "why", "error", "reason", "data", "task")],
    ids=lambda place: ".".join(map(str, place)))
def test_what_is_hostile_is_shown_as_the_text_it_is(place: tuple[Any, ...]) -> None:
    assert HARMLESS in drawn(put(FULL, place, HOSTILE)).text


def test_a_hostile_error_of_a_task_and_a_hostile_signal_stay_text() -> None:
    assert HARMLESS in drawn(result(READ, error=HOSTILE)).text
    assert "<script>" in drawn(put(FULL, ("candidates", 2, "signals"), {HOSTILE: 0.5})).text


def test_a_hostile_address_stays_an_address() -> None:
    page = read(shown(FULL, lambda path: HOSTILE))
    assert {one.attributes["src"] for one in page.all() if "src" in one.attributes} == {HARMLESS}
