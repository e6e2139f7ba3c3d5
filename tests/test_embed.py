from __future__ import annotations

import numpy as np
import pytest

from compegpt.embed import DIMENSIONS, shared_encoder

TEXTS = ["Sheep are nice.", "Das ist ein schöner Tag 🐑 with 12.50 EUR", "word " * 600, "x"]


@pytest.mark.filterwarnings("ignore")
def test_vectors_equal_those_of_sentence_transformers_on_the_same_weights() -> None:
    sentence_transformers = pytest.importorskip("sentence_transformers")
    encoder = shared_encoder()
    reference = sentence_transformers.SentenceTransformer(str(encoder.folder), device="cpu")
    assert np.abs(reference.encode(TEXTS) - encoder.encode(TEXTS)).max() < 1e-5


def test_no_texts_give_no_vectors() -> None:
    assert shared_encoder().encode([]).shape == (0, DIMENSIONS)


def test_vectors_have_unit_length_and_meaning() -> None:
    texts = ["A sheep eats grass.", "Lambs graze on a meadow.", "The tax form is due."]
    sheep, lamb, tax = shared_encoder().encode(texts)
    assert np.linalg.norm(sheep) == pytest.approx(1, abs=1e-5)
    assert sheep @ lamb > sheep @ tax + 0.2
