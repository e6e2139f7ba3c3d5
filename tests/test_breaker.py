from __future__ import annotations

import pytest

from compegpt.breaker import GONE, SHAKY, TRIES, Breaker


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("code", ["gone", "authentication"])
def test_who_is_gone_rests_at_once_and_comes_back(code: str) -> None:
    clock = Clock()
    breaker = Breaker(clock)
    breaker.record("hub:a", "ocr", code, "402 no credit")
    assert breaker.resting("hub:a", "ocr") == "hub:a rests after: 402 no credit"
    assert breaker.resting("hub:a", "translation") is None
    clock.now = GONE + 1
    assert breaker.resting("hub:a", "ocr") is None


@pytest.mark.parametrize("code", ["transient", "deadline"])
def test_who_fails_several_times_in_a_row_rests(code: str) -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(TRIES - 1):
        breaker.record("hub:a", "ocr", code)
    assert breaker.resting("hub:a", "ocr") is None
    breaker.record("hub:a", "ocr", code, "503")
    assert breaker.resting("hub:a", "ocr")
    clock.now = SHAKY + 1
    assert breaker.resting("hub:a", "ocr") is None


def test_a_success_forgets_the_failures_before_it() -> None:
    breaker = Breaker(Clock())
    for _ in range(TRIES - 1):
        breaker.record("hub:a", "ocr", "transient")
    breaker.record("hub:a", "ocr", None)
    breaker.record("hub:a", "ocr", "transient")
    assert breaker.resting("hub:a", "ocr") is None


def test_an_input_that_breaks_it_says_nothing_about_the_next() -> None:
    breaker = Breaker(Clock())
    for _ in range(2 * TRIES):
        breaker.record("hub:a", "ocr", "expert")
    assert breaker.resting("hub:a", "ocr") is None
