"""Tiny samples in the layouts of MME and MM-Vet, and experts that answer them."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from compegpt.cli import run
from compegpt.console import Console
from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.wiring import Parts
from tests.fakes import FakeEncoder, FakePlanner, FakeSource, FakeWriter, settings

VQA = "visual-question-answering"


def picture(path: Path, colour: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (24, 24), colour).save(path)
    return path


def mme(folder: Path) -> Path:
    """Two subtasks of perception, one of cognition; `scene` in the layout with sub-folders."""
    for subtask, stem, lines in (
            ("color", "boat", [("Is the boat red?", "Yes"), ("Is the boat green?", "No")]),
            ("color", "kite", [("Is the kite blue?", "Yes"), ("Is the kite pink?", "No")]),
            ("scene", "quay", [("Is this a harbour?", "Yes"), ("Is this a desert?", "No")]),
            ("code_reasoning", "loop", [("Does the loop end?", "Yes"), ("Does it print 7?", "No")])):
        images, texts = ("images", "questions_answers_YN") if subtask == "scene" else (".", ".")
        picture(folder / subtask / images / f"{stem}.png", "red")
        (folder / subtask / texts).mkdir(exist_ok=True)
        (folder / subtask / texts / f"{stem}.txt").write_text("".join(
            f"{question} Please answer yes or no.\t{answer}\n" for question, answer in lines))
    return folder


MMVET: dict[str, dict[str, Any]] = {
    "v1_0": {"imagename": "a.png", "question": "What is 3 + 4 on the slate?", "answer": "7",
             "capability": ["ocr", "math"], "imagesource": "home"},
    "v1_1": {"imagename": "b.png", "question": "Which fruits lie there?", "answer": "pear<AND>plum",
             "capability": ["rec"]},
    "v1_2": {"imagename": "a.png", "question": "What is written?", "answer": "3 + 4<OR>three plus four",
             "capability": ["ocr"]},
}


def mmvet(folder: Path, entries: Any = MMVET) -> Path:
    for name in ("a.png", "b.png"):
        picture(folder / "images" / name, "blue")
    path = folder / "mm-vet.json"
    path.write_text(entries if isinstance(entries, str) else json.dumps(entries))
    return path


def answering(answers: Mapping[str, str]) -> Any:
    """What an expert does that finds its answer by a word of the question; it has none for other questions."""
    async def behave(args: Mapping[str, Any], store: Store) -> Finding:
        for word, answer in answers.items():
            if word in args["text"]:
                return Finding({"text": answer})
        raise ValueError("it sees nothing")
    return behave


def experts(data_dir: Path, *behaviours: Any, **flags: Any) -> Parts:
    source = FakeSource({VQA: [(f"expert{place}", f"family{place}", behave)
                               for place, behave in enumerate(behaviours)]})
    return Parts(settings(data_dir, **flags), FakePlanner(), FakeWriter(), [source], FakeEncoder())


def ran(*argv: Any) -> tuple[str, str, int]:
    """Standard output, standard error and status of `eval` with these arguments."""
    out, err = io.BytesIO(), io.StringIO()
    status = run(["eval", *map(str, argv)], Console(io.BytesIO(), out, err))
    return out.getvalue().decode(), err.getvalue(), status
