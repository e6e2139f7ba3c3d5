"""Words from pictures: captions, lines of text, answers; each as the library's own generation gives it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from compegpt.errors import ExpertGone
from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.local import vision, vision_chat, vision_documents, vision_prompted, vision_words
from compegpt.sources.local.runner import Checkpoint, Loaded
from tests.sources.local import tiny_prompted
from tests.sources.local import tiny_readers as tiny

# PaliGemma's processor and numpy 2.4
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

LINES = ["the red house in paris", "john smith works at acme"]
QUESTION = "who works at acme ?"


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("in") / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)).save(path)
    return path


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    image = Image.new("RGB", (600, 200), "white")
    for row, line in enumerate(LINES):
        ImageDraw.Draw(image).text((20, 20 + 80 * row), line, fill="black", font=ImageFont.load_default(28))
    path = tmp_path_factory.mktemp("in") / "page.png"
    image.save(path)
    return path


def run(task: str, checkpoint: Checkpoint, image: Path, folder: Path, **args: Any) -> tuple[Finding, Loaded]:
    (row,) = [row for row in vision.RUNNERS if row.task == task and row.fits(checkpoint)]
    loaded = row.load(checkpoint, "cpu")
    return row.run(loaded, {"image": str(image), **args}, Store(folder / "out")), loaded


def generated(model: Any, decode: Any, prompt: int = 0, **inputs: Any) -> str:
    """What the library writes for these inputs, greedily, blanks made single."""
    import torch

    with torch.no_grad():
        tokens = model.generate(**inputs, do_sample=False)[0, prompt:]
    return " ".join(decode(tokens, skip_special_tokens=True).split())


def blip(folder: Path) -> Checkpoint:
    return tiny.blip(folder, "BlipForConditionalGeneration")


@pytest.mark.parametrize("maker", [blip, tiny.captioner], ids=["blip", "vit-gpt2"])
def test_a_picture_is_described(maker: Any, photo: Path, tmp_path: Path) -> None:
    found, loaded = run("image-to-text", maker(tmp_path), photo, tmp_path)
    with Image.open(photo) as image:
        seen = loaded.processor.image_processor(image, return_tensors="pt").pixel_values
    theirs = generated(loaded.model, loaded.processor.tokenizer.decode, pixel_values=seen, max_new_tokens=60)
    assert found.output["text"] == theirs != ""
    assert 0 < (found.confidence or 0) < 1


def test_the_confidence_is_the_mean_probability_of_the_tokens(photo: Path, tmp_path: Path) -> None:
    import torch

    _, loaded = run("image-to-text", tiny.captioner(tmp_path), photo, tmp_path)
    with Image.open(photo) as image:
        seen = loaded.processor.image_processor(image, return_tensors="pt")
    _, sure = vision_words.written(loaded, seen, loaded.processor.tokenizer, 3)
    with torch.no_grad():
        tokens = loaded.model.generate(**seen, do_sample=False, max_new_tokens=3)
        chances = loaded.model(**seen, decoder_input_ids=tokens).logits[0].log_softmax(-1)
    logs = [float(chances[at, token]) for at, token in enumerate(tokens[0, 1:])]
    assert sure == pytest.approx(math.exp(sum(logs) / len(logs)), rel=1e-3)


def test_a_page_is_read_line_by_line(page: Path, tmp_path: Path) -> None:
    found, loaded = run("ocr", tiny.trocr(tmp_path), page, tmp_path)
    with Image.open(page) as image:
        rows = vision_words.lines_of(image.convert("RGB"))
    assert len(rows) == 2
    theirs = [generated(loaded.model, loaded.processor.tokenizer.decode, max_new_tokens=100,
                        pixel_values=loaded.processor.image_processor(row, return_tensors="pt").pixel_values)
              for row in rows]
    assert found.output["text"].split("\n") == theirs


def test_a_picture_of_one_line_is_not_cut(page: Path) -> None:
    with Image.open(page) as image:
        line = image.convert("RGB").crop((0, 0, 600, 80))
    assert vision_words.lines_of(line) == [line]


def test_on_a_blank_page_there_is_nothing_to_read(tmp_path: Path) -> None:
    blank = tmp_path / "blank.png"
    Image.new("RGB", (300, 60), "white").save(blank)
    found, _ = run("ocr", tiny.trocr(tmp_path), blank, tmp_path)
    assert (found.output, found.empty) == ({"text": ""}, True)


def test_blip_writes_its_answer(photo: Path, tmp_path: Path) -> None:
    found, loaded = run("visual-question-answering", tiny.blip(tmp_path, "BlipForQuestionAnswering"), photo, tmp_path,
                        text=QUESTION)
    with Image.open(photo) as image:
        inputs = loaded.processor(images=image, text=QUESTION, return_tensors="pt")
    theirs = generated(loaded.model, loaded.processor.tokenizer.decode, max_new_tokens=20, **inputs)
    assert found.output["text"] == theirs


def test_vilt_chooses_its_answer(photo: Path, tmp_path: Path) -> None:
    import torch

    found, loaded = run("visual-question-answering", tiny.vilt(tmp_path), photo, tmp_path, text=QUESTION)
    with Image.open(photo) as image, torch.no_grad():
        logits = loaded.model(**loaded.processor(images=image, text=QUESTION, return_tensors="pt")).logits[0]
    assert found.output["text"] == loaded.model.config.id2label[int(logits.argmax())]
    assert found.confidence == pytest.approx(float(logits.sigmoid().max()), abs=1e-5)


@pytest.mark.parametrize("task", sorted(vision_chat.INSTRUCTIONS))
@pytest.mark.parametrize("maker", [tiny.llava, tiny.qwen_vl], ids=["llava", "qwen-vl"])
def test_a_chat_model_is_told_what_to_do(maker: Any, task: str, photo: Path, tmp_path: Path) -> None:
    found, loaded = run(task, maker(tmp_path), photo, tmp_path, text=QUESTION)
    said, tokens = vision_chat.INSTRUCTIONS[task]
    with Image.open(photo) as image:
        content = [{"type": "image"}, {"type": "text", "text": said.replace("{text}", QUESTION)}]
        prompt = loaded.processor.apply_chat_template([{"role": "user", "content": content}], tokenize=False)
        inputs = loaded.processor(images=[image.convert("RGB")], text=[prompt], return_tensors="pt")
    length = inputs["input_ids"].shape[1]
    assert found.output["text"] == generated(loaded.model, loaded.processor.tokenizer.decode, length,
                                             max_new_tokens=tokens, **inputs) != ""


def test_a_model_without_a_chat_template_is_refused(photo: Path, tmp_path: Path) -> None:
    with pytest.raises(ExpertGone, match="no chat template"):
        run("ocr", tiny.llava(tmp_path, template=None), photo, tmp_path)


_PROMPTED = {"florence-2": tiny_prompted.florence2, "paligemma": tiny_prompted.paligemma,
             "blip-2": tiny_prompted.blip2, "got-ocr": tiny_prompted.got_ocr}
_ARCHITECTURES = dict(zip(_PROMPTED, vision_prompted.PROMPTS, strict=True))


@pytest.mark.parametrize(("name", "task"), [(name, task) for name, kind in _ARCHITECTURES.items()
                                            for task in vision_prompted.PROMPTS[kind]])
def test_a_model_obeys_its_prompts(name: str, task: str, photo: Path, tmp_path: Path) -> None:
    found, loaded = run(task, _PROMPTED[name](tmp_path), photo, tmp_path, text=QUESTION)
    prompt, tokens = vision_prompted.PROMPTS[_ARCHITECTURES[name]][task]
    text = {} if prompt is None else {"text": prompt.replace("{text}", QUESTION)}
    with Image.open(photo) as image:
        inputs = loaded.processor(images=image.convert("RGB"), **text, return_tensors="pt")
    repeated = 0 if name == "florence-2" else inputs["input_ids"].shape[1]
    theirs = generated(loaded.model, loaded.processor.tokenizer.decode, repeated, **inputs, max_new_tokens=tokens)
    assert found.output["text"] == theirs != ""


@pytest.mark.parametrize(("reply", "task", "text"), [
    ("none.", "ocr", ""), ("NONE", "image-to-text", "NONE"), ("<think>a red</think> A house", "ocr", "A house"),
    ("<think>without an end", "ocr", "")], ids=["no text", "only for ocr", "thought", "cut thought"])
def test_what_a_chat_model_says_is_cleaned(reply: str, task: str, text: str) -> None:
    assert vision_chat.cleaned(reply, task) == text


@pytest.mark.parametrize("maker", [tiny.layoutlm, tiny.layoutlmv3], ids=["v1", "v3"])
def test_a_document_is_asked(maker: Any, page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    words = [(word, [40 * at, 100, 40 * at + 35, 160]) for at, word in enumerate(" ".join(LINES).split())]
    monkeypatch.setattr(vision_documents, "_words", lambda image, store: words)
    found, loaded = run("document-question-answering", maker(tmp_path), page, tmp_path, text=QUESTION)
    asker = loaded.model
    with Image.open(page) as image, torch.no_grad():
        (inputs,) = asker.preprocess({"image": image.convert("RGB"), "question": QUESTION, "word_boxes": words})
        names = {"input_ids", "bbox", "attention_mask", "token_type_ids"}
        known = {name: value for name, value in inputs.items() if name in names}
        if "image" in inputs:
            known["pixel_values"] = inputs["image"]
        output = asker.model(**known)
    length = len(inputs["word_ids"])
    logits = {name: output[name][:, :length] for name in ("start_logits", "end_logits")}
    theirs = asker.postprocess([{**inputs, **logits}])[0]
    assert (found.output["text"], found.confidence) == (theirs["answer"], pytest.approx(theirs["score"]))
    assert set(theirs["answer"].split()) <= {word for word, _ in words}


def test_words_of_a_document_with_their_places() -> None:
    tsv = "\n".join(["level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext",
                     "4\t1\t1\t1\t1\t0\t0\t0\t200\t20\t-1\t", "5\t1\t1\t1\t1\t1\t20\t10\t60\t20\t96.1\tInvoice",
                     "5\t1\t1\t1\t1\t2\t100\t10\t300\t20\t91\t17", "5\t1\t1\t1\t1\t3\t0\t0\t2\t90\t4\t|", "5\tbroken"])
    assert vision_documents.words_of(tsv, (200, 100)) == [
        ("Invoice", [100, 100, 400, 300]), ("17", [500, 100, 1000, 300])]


def test_tesseract_reads_the_document(page: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "out")
    with Image.open(page) as image:
        words = vision_documents._words(image.convert("RGB"), store)
    assert [word for word, _ in words] == " ".join(LINES).split()
    assert not any(path.exists() for path in store.made)


@pytest.mark.parametrize(("marked", "text"), [("<s_answer> acme </s_answer>", "acme"), ("acme", "")],
                         ids=["marked", "unmarked"])
def test_donut_marks_its_answer(marked: str, text: str, page: Path, tmp_path: Path,
                                monkeypatch: pytest.MonkeyPatch) -> None:
    (row,) = [row for row in vision.RUNNERS if row.load is vision_documents.load_donut]
    loaded = row.load(tiny.donut(tmp_path), "cpu")
    prompts: list[str] = []

    def decode(tokens: Any) -> list[str]:
        prompts.append(loaded.model.tokenizer.decode(tokens[0]))
        return ["<s_docvqa>" + marked]

    monkeypatch.setattr(loaded.model.tokenizer, "batch_decode", decode)
    found = row.run(loaded, {"image": str(page), "text": QUESTION}, Store(tmp_path / "out"))
    assert (found.output, found.empty) == ({"text": text}, not text)
    assert "who works at acme" in prompts[0]


def test_donut_is_told_by_its_name() -> None:
    config = {"encoder": {"model_type": "donut-swin"}, "decoder": {"model_type": "mbart"}}
    named = Checkpoint("naver/donut-base-finetuned-docvqa", None, ("VisionEncoderDecoderModel",), config)
    other = Checkpoint("naver/donut-base-finetuned-cord", None, ("VisionEncoderDecoderModel",), config)
    assert [row.task for row in vision.RUNNERS if row.fits(named)] == ["document-question-answering"]
    assert not any(row.fits(other) for row in vision.RUNNERS)
