"""Texts written by tiny random models: the library's own call on the same weights agrees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from compegpt.errors import ExpertError
from compegpt.sources.local import text_writing
from compegpt.sources.local.runner import Checkpoint
from tests.sources.local import tiny
from tests.sources.local.tiny import ran
from tests.sources.local.tiny_text import causal, reference, seq2seq

TEXT = "John Smith works at Acme in Paris. The film is very good, and the food is not bad!"
QUESTION = "What is the capital of France?"
LONG = "The capital of Germany is Berlin. The quick brown fox jumps over the lazy dog. " * 12


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


async def test_a_models_own_settings_for_summaries_are_followed(tmp_path: Path) -> None:
    checkpoint = seq2seq(tmp_path, "T5", "tiny/model")
    told = {"prefix": "summary : ", "max_length": 14, "min_length": 100, "num_beams": 2}
    _rewrite(checkpoint, "config.json", task_specific_params={"summarization": told})
    _rewrite(checkpoint, "generation_config.json", max_new_tokens=None)
    finding = await ran(tmp_path, checkpoint, "summarization", text=TEXT)
    size = len(reference(checkpoint, "AutoModelForSeq2SeqLM")[1]("summary : " + TEXT)["input_ids"])
    assert finding.output == {"text": generated(checkpoint, "summary : " + TEXT, max_length=14, num_beams=2,
                                                min_length=size // 2)}


def _rewrite(checkpoint: Checkpoint, name: str, **fields: Any) -> None:
    assert checkpoint.folder is not None
    file = checkpoint.folder / name
    file.write_text(json.dumps({**json.loads(file.read_text()), **fields}))


async def test_a_summary_has_no_more_sentences_than_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_writing, "written", lambda *_, **__: "One is here. Two is there. Three is nowhere.")
    checkpoint = seq2seq(tmp_path, "Bart", "tiny/bart-cnn")
    finding = await ran(tmp_path, checkpoint, "summarization", text=TEXT, sentences="2")
    assert finding.output == {"text": "One is here. Two is there."}


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
    with tiny.seeded(2):
        model = transformers.M2M100ForConditionalGeneration(transformers.M2M100Config(**sizes))
    model.get_input_embeddings().weight.data[5:32] *= 4  # letters rather than languages
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
