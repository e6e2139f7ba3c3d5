"""The conversation as a language model is told it."""

from __future__ import annotations

import json

from compegpt.plan.earlier import BUDGET, earlier
from compegpt.schema import Output, Turn
from tests.fakes import result, task


def turn(text: str, *outputs: Output | None, files: tuple[str, ...] = (), answer: str = "Done.") -> Turn:
    plan = [task("ocr", number, image="/in/a.png") for number in range(len(outputs))]
    return Turn(request={"text": text, "files": list(files), "thread": "t"}, plan=plan, answer=answer,
                results=[result(step, output) for step, output in zip(plan, outputs, strict=True)])


def test_a_turn_tells_what_was_asked_planned_found_and_said() -> None:
    told = earlier([turn("Read it", {"text": "hello"}, {"image": "/out/b.png"}, None, files=("/in/a.png",))])
    assert told.turns == [{
        "request": "Read it", "files": ["/in/a.png"],
        "plan": "; ".join(["ocr(image: /in/a.png)"] * 3), "answer": "Done.",
        "results": [{"task": "ocr", "text": "hello", "handle": "<earlier>-0"},
                    {"task": "ocr", "files": ["/out/b.png"]}, {"task": "ocr", "failed": "It broke."}]}]
    assert told.texts == {0: "hello"}


def test_the_newest_turns_are_kept_in_order_within_the_budget() -> None:
    told = earlier([turn(f"request {number} " + "x " * 400, {"text": f"{number} " + "word " * 500})
                    for number in range(40)])
    names = [one["request"].split()[1] for one in told.turns]
    assert names == [str(number) for number in range(40 - len(names), 40)]
    assert 3 < len(names) < 40
    assert sum(len(json.dumps(one, ensure_ascii=False)) for one in told.turns) <= BUDGET


def test_a_huge_turn_is_told_more_briefly_rather_than_not() -> None:
    told = earlier([turn("many", *[{"text": f"{number} " * 1000} for number in range(50)])], budget=3_000)
    assert 0 < len(told.turns[0]["results"]) < 20
    assert len(json.dumps(told.turns)) < 3_100


def test_a_handle_stands_for_the_whole_text_and_nothing_in_it_is_a_reference() -> None:
    told = earlier([turn("a", {"text": "old"}), turn("b", {"text": "see <resource>-0 " + "word " * 2000})])
    handles = [one["results"][0]["handle"] for one in told.turns]
    assert told.filled(f"Say: {handles[0]}") == "Say: old"
    assert told.filled(handles[1]).startswith("see ‹resource›-0 word ")
    assert len(told.filled(handles[1])) > 10_000
    assert told.unknown(["<earlier>-0", "<earlier>-7"]) == ["<earlier>-7"]


def test_labels_and_boxes_are_told_by_name() -> None:
    label = {"label": "de", "score": 0.9}
    box = {"label": "dog", "score": 0.9, "box": [0.0, 0.0, 1.0, 1.0]}
    told = earlier([turn("a", {"labels": [label]}, {"boxes": [box, box]})])  # type: ignore[list-item, typeddict-item]
    assert [one.get("labels") or one.get("boxes") for one in told.turns[0]["results"]] == [["de"], ["dog", "dog"]]
