"""Replies of language models as tasks: every form that is known, and every spelling of a reference."""

from __future__ import annotations

import json
from typing import Any

import pytest

from compegpt.plan.reading import calmed, reading
from compegpt.schema import REFERENCE

TASK: dict[str, Any] = {"task": "ocr", "id": 0, "dep": [-1], "args": {"image": "a.png"}}
T = json.dumps(TASK)


@pytest.mark.parametrize("text", [
    T, f"[{T}]", f"[[{T}]]", f'{{"tasks": [{T}], "reply": null}}', f'{{"plan": [{T}]}}',
    f'{{"name": "plan", "arguments": {{"tasks": [{T}]}}}}', f'{{"result": {{"plan": [{T}]}}}}',
    f'<think>Is it [1] or {{"tasks": []}}?</think> [{T}]', f'Draft: {{"tasks": []}} Final: [{T}] with [-1] and [].',
    json.dumps(f"[{T}]"),
    '[{"type": "ocr", "id": "0", "dep": -1, "args": [{"name": "image", "value": "a.png"}]}]',
    '[{"tool": "ocr", "id": 0.0, "dep": ["-1"], "parameters": [{"image": "a.png"}]}]',
    '{"task_nodes": [{"task": "ocr", "arguments": [{"name": "image", "value": "a.png"}]}], "task_links": []}',
    '[{"task": "ocr", "arguments": "{\\"image\\": \\"a.png\\"}"}]',
    '[{"task": "ocr", "id": "task-0", "args": {"Image ": "a.png"}}]',
])
def test_every_form_of_a_plan_is_known(text: str) -> None:
    assert reading(text).tasks == [TASK]


@pytest.mark.parametrize(("text", "tasks", "reply"), [
    ('{"tasks": [], "reply": "Hello!"}', [], "Hello!"), ('{"tasks": null, "reply": ""}', [], None),
    ('{"reply": "Hello!"}', [], "Hello!"), ("[]", [], None), ('{"tasks": []}', [], None),
    ("Hello!", None, "Hello!"), ('"Hello!"', None, "Hello!"), ("I cannot [do] that.", None, "I cannot [do] that."),
    ("", None, None), ("{}", None, None), ("[1, 2]", None, None), ("```json\n{}\n```", None, None),
])
def test_a_reply_without_tasks_is_a_plain_one_or_nothing(text: str, tasks: Any, reply: str | None) -> None:
    read = reading(text)
    assert (read.tasks, read.reply) == (tasks, reply)


def test_what_is_no_task_stays_to_be_complained_of() -> None:
    assert reading(f"[{T}, 5]").tasks == [TASK, 5]


def test_tasks_without_ids_are_numbered_and_mixed_ones_are_not() -> None:
    bare = '{"task": "ocr", "args": {"image": "a.png"}}'
    assert [task["id"] for task in reading(f"[{bare}, {bare}]").tasks or []] == [0, 1]
    assert [task["id"] for task in reading(f"[{T}, {bare}]").tasks or []] == [0, None]


def test_labels_may_come_as_pairs_as_json_or_as_numbers() -> None:
    for labels in ('["a", "1"]', '"[\\"a\\", 1]"', '["a", 1]'):
        tasks = reading(f'[{{"task": "x", "args": {{"labels": {labels}}}}}]').tasks or []
        assert [str(label) for label in tasks[0]["args"]["labels"]] == ["a", "1"]
    pairs = '[{"name": "labels", "value": "a"}, {"name": "labels", "value": "1"}]'
    assert (reading(f'[{{"task": "x", "args": {pairs}}}]').tasks or [])[0]["args"] == {"labels": ["a", "1"]}


@pytest.mark.parametrize(("written", "meant"), [
    ("<GENERATED>-0", "<resource>-0"), ("<GENERATED-0>", "<resource>-0"), ("<resource-1>", "<resource>-1"),
    ("<resource>-1-text", "<resource>-1"), ("<resource> - 2", "<resource>-2"), ("<Resource>2", "<resource>-2"),
    ("<resource 3>", "<resource>-3"), ("<node-4>", "<resource>-4"), ("&lt;resource&gt;-5", "<resource>-5"),
    ("resource-6", "<resource>-6"), ("<resource>-<7>", "<resource>-7"), ("<earlier-8>", "<earlier>-8"),
    ("<resource>-id-9", "<resource>-9"), ("<GENERATED>-ID0", "<resource>-0"),
    ("both <resource>-0 and <GENERATED-1>.", "both <resource>-0 and <resource>-1."),
    ("the resource-6 folder", "the resource-6 folder"), ("<b>-1", "<b>-1"),
])
def test_every_spelling_of_a_reference_is_known(written: str, meant: str) -> None:
    text = json.dumps([{"task": "x", "args": {"text": written}}])
    assert (reading(text).tasks or [])[0]["args"]["text"] == meant
    assert not REFERENCE.search(calmed(written))


def test_a_reference_with_endless_digits_is_text() -> None:
    text = json.dumps([{"task": "x", "args": {"text": "<resource>-" + "9" * 6000}}])
    assert not REFERENCE.search((reading(text).tasks or [])[0]["args"]["text"])
    assert not REFERENCE.search(calmed("<generated>-" + "9" * 6000))


def test_half_characters_become_whole_ones() -> None:
    assert (reading(r'[{"task": "x", "args": {"text": "a\ud800"}}]').tasks or [])[0]["args"] == {"text": "a�"}
