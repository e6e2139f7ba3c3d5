"""Keys and tokens are taken out of texts, also of those that come in pieces."""

from __future__ import annotations

import pytest

from compegpt.redaction import Redactor, Veil

KEY, LONGER, OTHER = "sk-canary-1", "sk-canary-12345", "hf_token_9"
REDACTOR = Redactor([KEY, LONGER, OTHER, "short", "ollama"])


@pytest.mark.parametrize(("text", "redacted"), [
    (f"Bearer {KEY}!", "Bearer ****!"), (f"{LONGER} and {OTHER}", "**** and ****"), (f"{KEY}{OTHER}", "********"),
    ("a short word of ollama", "a short word of ollama"), ("", ""), ("sk-canary", "sk-canary"),
])
def test_every_secret_is_stars_and_words_that_are_none_stay(text: str, redacted: str) -> None:
    assert REDACTOR(text) == redacted


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 100])
@pytest.mark.parametrize("text", [
    f"It is {KEY}, I think.", f"It is {LONGER}", f"{KEY} {OTHER}{LONGER} sk-canary-", f"sk-sk-canary-canary {KEY}", "",
])
def test_a_text_in_pieces_comes_out_as_the_whole_would(text: str, size: int) -> None:
    said: list[str] = []
    veil = Veil(REDACTOR, said.append)
    for start in range(0, len(text), size):
        veil.feed(text[start : start + size])
    veil.end()
    assert "".join(said) == REDACTOR(text)
    assert all(said)


def test_pieces_without_a_secret_are_not_held() -> None:
    said: list[str] = []
    Veil(REDACTOR, said.append).feed("The answer is 42. ")
    assert said == ["The answer is 42. "]


def test_plain_data_is_redacted_wherever_a_text_stands_in_it() -> None:
    data = {"text": f"no {KEY}", OTHER: [{"score": 0.5, "label": LONGER}, None, (KEY,)]}
    assert REDACTOR.all_in(data) == {"text": "no ****", "****": [{"score": 0.5, "label": "****"}, None, ["****"]]}
