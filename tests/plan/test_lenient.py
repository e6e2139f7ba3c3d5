"""JSON in the forms language models give it, and what makes readers of it hang or fall."""

from __future__ import annotations

import json
from typing import Any

import pytest

from compegpt.plan.lenient import MAX_CHARACTERS, values

TASK: dict[str, Any] = {"task": "ocr", "id": 0, "dep": [-1], "args": {"image": "a.png"}}
T = json.dumps(TASK)


def texts(*texts: str) -> list[Any]:
    return [{"text": text} for text in texts]


@pytest.mark.parametrize(("text", "expected"), [
    (f"[{T}]", [[TASK]]),
    (f"Sure!\n```json\n[{T}]\n```\nHope it's {{what}} you [meant].", [[TASK]]),
    (f"```\n{T}", [TASK]),
    ("[{'task': 'ocr', 'id': 0, 'dep': [-1], 'args': {'image': 'a.png'}}]", [[TASK]]),
    (r"[{'text': 'it\'s fine'}]", [texts("it's fine")]),
    ("[{'text': \"it's fine\"}]", [texts("it's fine")]),
    ("[{'text': 'it's the dogs' turn'}]", [texts("it's the dogs' turn")]),
    ('[{"text": "he said "yes" to me"},]', [texts('he said "yes" to me')]),
    ('[{"text": "she said "yes", and "no""},]', [texts('she said "yes", and "no"')]),
    (f"[{T},]}}", [[TASK]]),
    (f"[{T}}}]}}}}", [[TASK]]),
    (f'{{"tasks": [{T}}}]}}', [{"tasks": [TASK]}]),
    (f'{{"tasks": [{T[:-1]}]}}', [{"tasks": [TASK]}]),
    (f'{{"tasks": [{T}}}', [{"tasks": [TASK]}]),
    ("{'a': None, 'b': True, 'c': False, 'd': undefined,}", [{"a": None, "b": True, "c": False, "d": None}]),
    ('{"a": NaN, "b": -Infinity}', [{"a": None, "b": None}]),
    ("{a: 1.5, b: -2, c: 1e3,}", [{"a": 1.5, "b": -2, "c": 1000.0}]),
    (f"[ // the first\n {T}, /* and */ # no more\n]", [[TASK]]),
    ('{"a": "http://x.org/#top", "b": "/* no */ // none", }', [{"a": "http://x.org/#top", "b": "/* no */ // none"}]),
    ("{“a”: “b’s ‘c’”, „d“: «e»}", [{"a": "b’s ‘c’", "d": "e"}]),
    ('{"a": "one\ntwo\tthree"}', [{"a": "one\ntwo\tthree"}]),
    (r'{"a": "tab\t quote\" C:\Users é \ud83d\ude00 \ud83d",}', [{"a": 'tab\t quote" C:\\Users é 😀 �'}]),
    ('{"a": "b" "c": "d"}', [{"a": "b", "c": "d"}]),
    ('{"a"="b", "c" => "d"}', [{"a": "b", "c": "d"}]),
    ("{task: ocr, args: {image: <resource>-0}}", [{"task": "ocr", "args": {"image": "<resource>-0"}}]),
    (f"First [1], then [{T}]", [[1], [TASK]]),
    (f'Not {{"this" or \'that\', as I said before (and shall say once more), but [{T}]', [[TASK]]),
    (f"{T}\n{T}", [TASK, TASK]),
    ("I'm sorry, I can't [help] with that {at all}.", []),
    ("", []),
    ("   ", []),
    ("null", [None]),
    ('{"a": "[1, 2] {b: c}", }', [{"a": "[1, 2] {b: c}"}]),
    ('{"a": 123456789012345678901234567890,}', [{"a": "123456789012345678901234567890"}]),
])
def test_a_reply_is_read_as_it_is_meant(text: str, expected: list[Any]) -> None:
    found = values(text)
    assert [one.value for one in found] == expected
    assert not any(one.lost for one in found)


@pytest.mark.parametrize(("text", "whole", "lost"), [
    (f"[{T}, " + '{"task": "translation", "args": {"text": "hel', [TASK], True),
    (f"[{T}, " + '{"task": "translation", "args": {"text": "hello"}', [TASK], True),
    (f"[{T}, " + '{"task": "translation", "ar', [TASK], True),
    (f"[{T}, " + '{"task": "translation", "args"', [TASK], True),
    (f"[{T},", [TASK], True),
    (f"[{T}", [TASK], False),
    ('[{"task": "ocr", "id": 1', [], True),
    ("[", [], False),
    ('{"labels": ["a", "b"', {"labels": ["a", "b"]}, False),
    ('{"labels": ["a", "b', {"labels": ["a"]}, True),
], ids=range(10))
def test_what_was_cut_off_is_left_out_and_said(text: str, whole: Any, lost: bool) -> None:
    assert [(one.value, one.lost) for one in values(text)] == [(whole, lost)]


@pytest.mark.parametrize("piece", [
    "[", "{", '{"a":', '[{"a": [', '["', '["a",', "'a ", "/*", "[/*", "{'a': '", "a b [ c ", '{"a":"b" c ', '["x", {',
    "\\", '" ,', '[" ,', "{a:", '"', '{"k":""' + " " * 50])
def test_an_absurd_reply_comes_to_plain_data(piece: str) -> None:
    for text in (piece * 100_000, piece * 100_000 + "]" * 100_000, '{"k":"' + piece * 100_000):
        assert len(json.dumps([one.value for one in values(text)])) <= 2 * MAX_CHARACTERS


def test_a_value_nested_out_of_reason_is_none_though_it_is_json() -> None:
    assert values("[" * 500 + "]" * 500) == []
    assert values("[" * 100_000 + "]" * 100_000) == []
    assert values("[" * 60 + "]" * 60) != []


def test_a_long_valid_reply_is_read_whole() -> None:
    text = "word " * 500_000
    assert values(json.dumps({"text": text}))[0].value == {"text": text}
