from __future__ import annotations

import sys

import numpy as np
import pytest

from compegpt.embed import DIMENSIONS, MAX_TOKENS, SHORT, MiniLM, shared_encoder

SHORT_TEXTS = ["Sheep are nice.", "Das ist ein schöner Tag 🐑 with 12.50 EUR", "x", "word " * (SHORT - 2)]
PROSE = ("A sheep follows the flock when the shepherd whistles, and the dog, which knows every path of the hill, goes "
         "round by the brook. Nobody counts them before evening. In March the lambs are born, two at a time, and the "
         "farm at Ahrenfeld sells 140 kg of wool for 3.20 EUR a kilogram to the mill in Brügge.")
LONG_TEXTS = [PROSE, PROSE.upper(), " ".join(f"{17 * i % 1000:03x}-{i}" for i in range(40)),
              "Die Schafe stehen auf dem Deich und fressen, während der Regen vom Meer herüberzieht. " * 4]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("texts", "cosine"), [(SHORT_TEXTS, 1 - 1e-6), (LONG_TEXTS, 0.997)], ids=["short", "long"])
def test_vectors_are_those_of_sentence_transformers_on_the_same_weights(texts: list[str], cosine: float) -> None:
    sentence_transformers = pytest.importorskip("sentence_transformers")
    encoder = shared_encoder()
    reference = sentence_transformers.SentenceTransformer(str(encoder.folder), device="cpu")
    assert (reference.encode(texts) * encoder.encode(texts)).sum(axis=1).min() > cosine


def test_no_texts_give_no_vectors() -> None:
    assert shared_encoder().encode([]).shape == (0, DIMENSIONS)


@pytest.mark.parametrize("text", ["", " ", "x", "word " * 5000], ids=["empty", "blank", "letter", "endless"])
def test_any_text_has_a_vector_of_unit_length(text: str) -> None:
    assert np.linalg.norm(shared_encoder().encode([text])) == pytest.approx(1, abs=1e-5)


def test_vectors_have_meaning() -> None:
    texts = ["A sheep eats grass.", "Lambs graze on a meadow.", "The tax form is due."]
    sheep, lamb, tax = shared_encoder().encode(texts)
    assert sheep @ lamb > sheep @ tax + 0.2


def test_a_text_is_read_past_one_window() -> None:
    wool = "The sheep are shorn in May. " * 36
    mixed, alone, tax = shared_encoder().encode([wool + "The tax form is due in March. " * 30, wool,
                                                 "The tax form is due in March."])
    assert mixed @ tax > alone @ tax + 0.3


def test_what_stands_past_the_last_window_is_not_read() -> None:
    read = "word " * MAX_TOKENS
    one, other = shared_encoder().encode([read, read + "The tax form is due."])
    assert np.abs(one - other).max() == 0


def test_a_vector_does_not_depend_on_the_texts_beside_it() -> None:
    alone = MiniLM().encode([PROSE])[0]
    assert np.abs(MiniLM().encode([*SHORT_TEXTS, *LONG_TEXTS])[len(SHORT_TEXTS)] - alone).max() == 0


def test_without_onnxruntime_long_texts_are_read_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setitem(sys.modules, "onnxruntime.capi", None)
    encoder = MiniLM()
    plain = encoder.encode([PROSE])[0]
    assert encoder._graph is None
    assert plain @ shared_encoder().encode([PROSE])[0] > 0.997
