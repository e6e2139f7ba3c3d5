"""Text task types by tiny random models: saved, found and loaded as a user's are; the library's own call agrees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from compegpt.errors import ExpertError, InputError
from compegpt.sources.local.runner import Checkpoint
from tests.sources.local import tiny
from tests.sources.local.tiny import ran

TEXT = "John Smith works at Acme in Paris. The film is very good, and the food is not bad!"
QUESTION = "What is the capital of France?"
LONG = "The capital of Germany is Berlin. The quick brown fox jumps over the lazy dog. " * 12


def encoder(folder: Path, head: str, card: str = "", name: str = "tiny/model", tasks: tuple[str, ...] = (),
            labels: list[str] | None = None, **config: Any) -> Checkpoint:
    """A tiny BERT with this head ("ForMaskedLM")."""
    import transformers

    words = tiny.tokenizer()
    if labels:
        config |= {"id2label": dict(enumerate(labels)), "label2id": {label: at for at, label in enumerate(labels)}}
    with tiny.seeded():
        model = getattr(transformers, f"Bert{head}")(transformers.BertConfig(**tiny.bert_sizes(words, **config)))
        for weights in model.parameters():
            weights.data *= 4  # so that its answers differ
    return tiny.saved(folder / "model", model, words, card=card, name=name, tasks=tasks)


def reference(checkpoint: Checkpoint, auto: str) -> tuple[Any, Any]:
    """The model and tokenizer as the library loads them."""
    import transformers

    return (getattr(transformers, auto).from_pretrained(checkpoint.folder).eval(),
            transformers.AutoTokenizer.from_pretrained(checkpoint.folder))


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


def seq2seq(folder: Path, kind: str, name: str = "tiny/model", extra: tuple[str, ...] = ()) -> Checkpoint:
    """A tiny encoder-decoder: `Bart`, `Marian`, `M2M100`, `T5`."""
    import transformers

    words = tiny.tokenizer("t5", extra)
    classes = {"Bart": ("BartForConditionalGeneration", "BartConfig"), "Marian": ("MarianMTModel", "MarianConfig"),
               "M2M100": ("M2M100ForConditionalGeneration", "M2M100Config"),
               "T5": ("T5ForConditionalGeneration", "T5Config")}[kind]
    sizes = ({"vocab_size": len(words), "d_model": tiny.SIZE, "d_kv": 16, "d_ff": tiny.SIZE, "num_layers": 1,
              "num_heads": 2, "decoder_start_token_id": 0, "eos_token_id": words.eos_token_id}
             if kind == "T5" else tiny.seq2seq_sizes(words))
    with tiny.seeded():
        model = getattr(transformers, classes[0])(getattr(transformers, classes[1])(**sizes))
        for weights in model.parameters():
            weights.data *= 2
    model.generation_config.max_new_tokens = 8
    return tiny.saved(folder / "model", model, words, name=name)


def generated(checkpoint: Checkpoint, text: str, **options: Any) -> str:
    import torch

    model, words = reference(checkpoint, "AutoModelForSeq2SeqLM")
    with torch.inference_mode():
        tokens = model.generate(**words(text, return_tensors="pt", return_token_type_ids=False), do_sample=False,
                                **options)
    return str(words.decode(tokens[0], skip_special_tokens=True)).strip()


@pytest.mark.parametrize(("kind", "prefix"), [("Bart", ""), ("T5", "summarize: ")])
async def test_a_summary_is_what_the_model_generates(tmp_path: Path, kind: str, prefix: str) -> None:
    checkpoint = seq2seq(tmp_path, kind, "tiny/t5-small-summary")
    finding = await ran(tmp_path, checkpoint, "summarization", text=TEXT)
    assert finding.output == {"text": generated(checkpoint, prefix + TEXT)}
    assert finding.note is None


async def test_a_text_too_long_to_be_summarized_whole_is_said_to_be(tmp_path: Path) -> None:
    finding = await ran(tmp_path, seq2seq(tmp_path, "Bart", "tiny/bart-cnn"), "summarization", text=LONG)
    assert finding.note == "only about the first 31 % of the text was read"


async def test_a_text_is_rewritten_as_told(tmp_path: Path) -> None:
    checkpoint = seq2seq(tmp_path, "T5", "tiny/flan-t5-tiny")
    finding = await ran(tmp_path, checkpoint, "text2text-generation", text="answer the question: " + QUESTION)
    assert finding.output == {"text": generated(checkpoint, "answer the question: " + QUESTION)}


@pytest.mark.parametrize(("kind", "name", "extra", "sent", "first"), [
    ("Marian", "tiny/opus-mt-en-de", (), "The river is big.", None),
    ("Marian", "tiny/opus-mt-en-de", (">>deu<<",), ">>deu<< The river is big.", None),
    ("M2M100", "tiny/nllb-200", ("eng_Latn", "deu_Latn"), "The river is big.", "deu_Latn"),
    ("M2M100", "tiny/m2m100", ("__en__", "__de__"), "The river is big.", "__de__"),
    ("T5", "tiny/t5-small", (), "translate English to German: The river is big.", None),
    ("T5", "tiny/madlad400", ("<2de>",), "<2de> The river is big.", None),
], ids=["marian", "marian to several", "nllb", "m2m100", "t5", "madlad"])
async def test_a_translation_is_what_the_model_generates(tmp_path: Path, kind: str, name: str, extra: tuple[str, ...],
                                                         sent: str, first: str | None) -> None:
    checkpoint = seq2seq(tmp_path, kind, name, extra)
    _, words = reference(checkpoint, "AutoModelForSeq2SeqLM")
    told = {"forced_bos_token_id": words.convert_tokens_to_ids(first)} if first else {}
    finding = await ran(tmp_path, checkpoint, "translation", text="The river is big.", source="en", target="de")
    assert finding.output == {"text": generated(checkpoint, sent, **told)}


async def test_the_tokenizer_is_told_the_language_of_the_text(tmp_path: Path) -> None:
    import transformers

    letters = dict.fromkeys(["<s>", "<pad>", "</s>", "<unk>", "▁", *"abcdefghijklmnopqrstuvwxyz."])
    words = transformers.NllbTokenizer(vocab={letter: at for at, letter in enumerate(letters)}, merges=[])
    sizes = tiny.seq2seq_sizes(words, pad_token_id=1, vocab_size=len(words), decoder_start_token_id=2)
    with tiny.seeded(6):
        model = transformers.M2M100ForConditionalGeneration(transformers.M2M100Config(**sizes))
    model.generation_config.max_new_tokens = 8
    checkpoint = tiny.saved(tmp_path / "model", model, words, name="tiny/nllb")
    finding = await ran(tmp_path, checkpoint, "translation", text="the river", source="de", target="fr")
    words = transformers.AutoTokenizer.from_pretrained(checkpoint.folder, src_lang="deu_Latn")
    tokens = model.eval().generate(**words("the river", return_tensors="pt"), do_sample=False,
                                   forced_bos_token_id=words.convert_tokens_to_ids("fra_Latn"))
    assert finding.output == {"text": words.decode(tokens[0], skip_special_tokens=True).strip()}


async def test_a_model_that_lacks_the_language_says_so(tmp_path: Path) -> None:
    checkpoint = seq2seq(tmp_path, "M2M100", "tiny/nllb-small", ("eng_Latn", "deu_Latn"))
    with pytest.raises(ExpertError, match="It does not translate to French"):
        await ran(tmp_path, checkpoint, "translation", text="The river is big.", source="en", target="fr")


@pytest.mark.parametrize(("name", "why"), [("tiny/opus-mt-en-fr", "does not translate from English to German"),
                                           ("tiny/bart", "not made for translating")])
async def test_a_model_of_another_pair_is_passed_over(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(AssertionError, match=why):
        await ran(tmp_path, seq2seq(tmp_path, "Marian", name), "translation", text="x", source="en", target="de")


async def test_a_translation_keeps_the_lines(tmp_path: Path) -> None:
    checkpoint = seq2seq(tmp_path, "Marian", "tiny/opus-mt-en-de")
    finding = await ran(tmp_path, checkpoint, "translation", text="The river is big.\n\nThe city is small. It is old.",
                        source="en", target="de")
    first, second = generated(checkpoint, "The river is big."), generated(checkpoint, "The city is small.")
    assert finding.output["text"].startswith(f"{first}\n\n{second} ")


def causal(folder: Path, template: str | None = None, **fields: Any) -> Checkpoint:
    import transformers

    words = tiny.tokenizer("gpt", longest=256)
    words.chat_template = template
    config = transformers.GPT2Config(vocab_size=len(words), n_positions=256, n_embd=tiny.SIZE, n_layer=1, n_head=2,
                                     bos_token_id=words.bos_token_id, eos_token_id=words.eos_token_id, pad_token_id=0)
    with tiny.seeded():
        model = transformers.GPT2LMHeadModel(config)
    model.generation_config.max_new_tokens = 8
    return tiny.saved(folder / "model", model, words, **fields)


TEMPLATE = "{% for message in messages %}user : {{ message['content'] }} . {% endfor %}assistant :"


@pytest.mark.parametrize(("task", "template", "sent"), [
    ("text-generation", None, "The quick brown"), ("text-generation", TEMPLATE, "user : The quick brown . assistant :"),
    ("conversational", TEMPLATE, "user : The quick brown . assistant :")], ids=["bare", "told", "chat"])
async def test_a_text_goes_on_without_its_prompt(tmp_path: Path, task: str, template: str | None, sent: str) -> None:
    checkpoint = causal(tmp_path, template)
    finding = await ran(tmp_path, checkpoint, task, text="The quick brown")
    model, words = reference(checkpoint, "AutoModelForCausalLM")
    inputs = words(sent, return_tensors="pt", return_token_type_ids=False)
    tokens = model.generate(**inputs, do_sample=False)[0][inputs["input_ids"].shape[1]:]
    assert finding.output == {"text": words.decode(tokens, skip_special_tokens=True).strip()}
    assert finding.note == "it was stopped after 8 tokens"


async def test_a_model_without_a_chat_template_does_not_converse(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        await ran(tmp_path, causal(tmp_path), "conversational", text="hello")


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
