from __future__ import annotations

import pytest

from compegpt.sources.chat import answers
from compegpt.sources.chat.reading import value
from compegpt.sources.chat.spans import Mention, located


@pytest.mark.parametrize(("reply", "left"), [
    ("<think>Hm.</think>\nYes.", "Yes."), ("thinking aloud</think>Yes.", "Yes."), ("<thinking>never ends", ""),
    ("Yes.\x1b[31m\x00", "Yes."), ("x" * 300_000, "x" * 200_000), ("I think <b>so</b>.", "I think <b>so</b>."),
])
def test_thoughts_and_controls_are_no_part_of_a_reply(reply: str, left: str) -> None:
    assert answers.without_thoughts(reply) == left


@pytest.mark.parametrize(("reply", "source", "left"), [
    ("Here is the translation:\n\nHallo", "Hello", "Hallo"),
    ("Certainly! Here's what you want:\nHallo", "Hello", "Hallo"),
    ("Translation: Hallo", "Hello", "Hallo"),
    ("“Hallo”", "Hello", "Hallo"),
    ("```\nHallo\n```", "Hello", "Hallo"),
    ('"Hallo"', '"Hello"', '"Hallo"'),
    ('"Ja", sagte er, "nein"', "Yes, he said, no", '"Ja", sagte er, "nein"'),
    ("Here is the text:\n\nHallo", "Voici le texte :\n\nBonjour", "Here is the text:\n\nHallo"),
    ("Here is what happened:\n\nHe left.", "Es geschah so", "Here is what happened:\n\nHe left."),
    ("Sure thing, he said.", "Klar, sagte er.", "Sure thing, he said."),
    ("Answer: yes", "Antwort: ja", "Answer: yes"),
])
def test_only_what_is_surely_no_part_of_a_text_is_taken_off(reply: str, source: str, left: str) -> None:
    assert answers.translated(reply, {"text": source, "target": "de"}).output == {"text": left}


@pytest.mark.parametrize(("text", "refuses"), [
    ("I'm sorry, but I can't help with that.", True), ("I cannot assist with this request.", True),
    ("As an AI language model, I have no opinions.", True), ("I don't see any image in your message.", True),
    ("There is no image attached.", True), ("Es tut mir leid, dabei kann ich nicht helfen.", True),
    ("Lo siento, no puedo ayudar con eso.", True), ("I'm unable to view the picture.", True),
    ("Sorry sight: a wet dog.", False), ("I can't believe it's not butter.", False),
    ("The sign says that you cannot enter.", False), ("I am happy.", False),
    ("I cannot describe how happy we were. " + "It was a long day by the sea. " * 30, False),
])
def test_a_refusal_is_told_from_an_answer(text: str, refuses: bool) -> None:
    assert answers.refused(text) is refuses


def test_the_translation_of_a_refusal_is_a_translation() -> None:
    reply = "I'm sorry, but I cannot help you with that."
    finding = answers.translated(reply, {"text": "Tut mir leid, dabei kann ich nicht helfen.", "target": "en"})
    assert finding.output["text"] == reply


@pytest.mark.parametrize(("reply", "read"), [
    ('{"a": 1}', {"a": 1}), ('```json\n{"a": [1]}\n```', {"a": [1]}), ('Sure: {"a": 1} Hope it helps {x}.', {"a": 1}),
    ('{"a": [1, 2,],}', {"a": [1, 2]}), ("{'a': 'it is', 'b': None}", {"a": "it is", "b": None}),
    ('[{"a": 1}]', [{"a": 1}]), ("0.7", 0.7), ("nothing", None), ("", None), ('{"a": [{"b": 1}, {"b"', None),
    ('[{"a": 1}, {"a"', None), ("{" * 50_000, None), ("{'a': " * 3_000 + "}", None),
], ids=range(13))
def test_json_is_found_in_a_reply(reply: str, read: object) -> None:
    assert value(reply) == read


@pytest.mark.parametrize(("source", "words", "places"), [
    ("Al said: Also Al.", ["Al", "Al", "Al"], [(0, 2), (14, 16)]),
    ("New\n York", ["New York"], [(0, 9)]),
    ("the US told us", ["us", "US", "Us"], [(12, 14), (4, 6), (4, 6)]),
    ("東京に行く", ["東京"], [(0, 2)]),
    ("a+b (c)", ["a+b", "(c)", "  ", ""], [(0, 3), (4, 7)]),
])
def test_words_are_located_where_they_stand(source: str, words: list[str], places: list[tuple[int, int]]) -> None:
    found = located([Mention(word, None, 1.0) for word in words], source)
    assert [(span["start"], span["end"]) for span in found] == places
    assert all(source[span["start"] : span["end"]] == span["text"] for span in found)
