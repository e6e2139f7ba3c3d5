"""Which language a request is asked in."""

from __future__ import annotations

import pytest

from compegpt.plan.mentions import masked
from compegpt.plan.tongue import TOLD, foreign

ENGLISH = ["Draw me a sheep", "ocr scan.png", "tl;dr notes.txt", "What does 'Guten Morgen, wie geht es dir' mean?",
           "translate the following: Das ist ein langer Satz auf Deutsch", "pls transcribe vm.wav thx", "hello there",
           "sentiment of feedback.txt", "upscale cat.png 4x", "asdf qwer zxcv", "🙂🙂🙂", "123 456 789"]


FOREIGN = ["Traduis ce texte en anglais s'il te plaît", "Was steht auf dem Bild foto.png geschrieben?",
           "¿Puedes describir la imagen playa.jpg, por favor?", "Что написано на картинке scan.png?",
           "请描述一下图片 a.png 的内容", "Kun je deze opname uitschrijven alsjeblieft?", "صف الصورة a.png من فضلك",
           "Podsumuj proszę ten artykuł z pliku tekst.txt", "Bitte übersetze brief.txt ins Englische"]


@pytest.mark.parametrize("text", ENGLISH)
def test_english_requests_are_english_whatever_they_quote(text: str) -> None:
    assert not foreign(masked(text, ()))


@pytest.mark.parametrize("text", FOREIGN)
def test_other_languages_are_told_apart(text: str) -> None:
    assert foreign(masked(text, ()))


def test_the_reply_names_the_language_that_is_known_and_what_to_set() -> None:
    assert all(name in TOLD for name in ("English", "OPENAI_API_KEY"))
