from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from compegpt.media.artifacts import Store
from compegpt.sources.embedded.engine import Engine
from compegpt.sources.embedded.language import ENGINES, identified

SENTENCES = {
    "en": "Where can I find a good restaurant near the station?", "de": "Wo finde ich ein gutes Restaurant am Bahnhof?",
    "fr": "Où puis-je trouver un bon restaurant près de la gare ?", "it": "Dove posso trovare un buon ristorante?",
    "es": "¿Dónde puedo encontrar un buen restaurante cerca de la estación?", "pl": "Gdzie znajdę dobrą restaurację?",
    "pt": "Onde posso encontrar um bom restaurante perto da estação?",
    "zh": "车站附近哪里有好的餐厅？",
    "nl": "Waar kan ik een goed restaurant vinden bij het station?",
    "ja": "駅の近くに良いレストランはどこにありますか？",
    "ru": "Где я могу найти хороший ресторан рядом с вокзалом?",
    "ar": "أين يمكنني أن أجد مطعما جيدا بالقرب من المحطة؟",
}
each_engine = pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)


@each_engine
@pytest.mark.parametrize("code", SENTENCES)
def test_a_sentence_is_identified(engine: Engine, code: str, tmp_path: Path) -> None:
    finding = engine.run({"text": SENTENCES[code]}, Store(tmp_path))
    labels = finding.output["labels"]
    assert labels[0]["label"] == code
    assert labels == sorted(labels, key=lambda label: -label["score"])
    assert finding.confidence == labels[0]["score"]
    assert all(len(label["label"]) == 2 and 0 < label["score"] <= 1 for label in labels)


@each_engine
@pytest.mark.parametrize("text", ["", "123 !?", "😀"])
def test_a_text_without_letters_has_no_language(engine: Engine, text: str, tmp_path: Path) -> None:
    finding = engine.run({"text": text}, Store(tmp_path))
    assert (finding.output, finding.empty) == ({"labels": []}, True)


@each_engine
def test_the_same_text_gets_the_same_answer_from_many_threads(engine: Engine, tmp_path: Path) -> None:
    def ask(_: int) -> object:
        return engine.run({"text": "Guten Morgen, good morning"}, Store(tmp_path))

    with ThreadPoolExecutor(4) as pool:
        findings = list(pool.map(ask, range(8)))
    assert all(finding == findings[0] for finding in findings)


def test_identified_gives_the_code_alone() -> None:
    assert identified(SENTENCES["fr"]) == "fr"
    assert identified("Guten Tag, wie geht es Ihnen?") == "de"
