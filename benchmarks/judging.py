"""How long judging takes, warm, on one thread, per way of comparing: `python benchmarks/judging.py`.

Each round judges one task with 5 candidates that nobody has seen before (the encoder remembers vectors): texts of 1,000
characters, lists of 40 items, pictures of 1024 x 1024, recordings of 10 s. Then the encoder alone on the same kinds of
text, the exact forward pass in numpy beside it, and how far its vectors are from the exact ones on 500 texts.
Figures are the median (range) of the rounds, and the median of the processor's time, which says more on a busy machine.
--rounds N, default 15.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy, as the command line sets it
sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import soundfile
from PIL import Image
from pydoc_data.topics import topics
from scipy.stats import spearmanr

from compegpt.embed import MiniLM, shared_encoder
from compegpt.embed.forward import embedded, pooled
from compegpt.judge.verdict import judge
from compegpt.schema import Candidate, Output

CANDIDATES, CHARACTERS, ITEMS, TEXTS = 5, 1000, 40, 500
PROSE = [word for text in topics.values() for word in text.split() if word.isalpha()]
"""Python's own manual: English that is installed with it."""
GERMAN = [
    "während", "der", "Deichgraf", "über", "die", "Wiesen", "ging", "und", "niemand", "ihn", "erkannte", "standen",
    "im", "Regen", "Straßenbahnhaltestelle", "Rücksichtslosigkeit", "gewöhnlich", "zwischen", "Überschwemmungen",
]
Random = random.Random
Task = tuple[str, dict[str, Any], list[Candidate]]


def words(source: Sequence[str], rng: Random) -> str:
    """1,000 characters: a run of the source's words where it is long, else words at random."""
    start = rng.randrange(len(source))
    some = source[start:start + 400] if len(source) > 1000 else rng.choices(source, k=300)
    return " ".join([f"{rng.randrange(10**6)}", *some, *source])[:CHARACTERS]


def codes(rng: Random) -> str:
    return " ".join(f"{rng.choice('ABKLMRXZ')}{rng.randrange(10**5)}-{rng.randrange(16**4):04x}"
                    for _ in range(CHARACTERS))[:CHARACTERS]


KINDS: dict[str, Callable[[Random], str]] = {
    "English prose": lambda rng: words(PROSE, rng), "German": lambda rng: words(GERMAN, rng), "codes": codes,
}


def misread(text: str, rng: Random) -> str:
    return "".join(rng.choice("abcdefgh ") if rng.random() < 0.05 else letter for letter in text)


def candidates(outputs: Sequence[Output]) -> list[Candidate]:
    return [{"expert": f"embedded:{i}", "source": "embedded", "family": f"family{i}", "status": "ok", "output": output,
             "confidence": 0.9 - i / 10, "signals": {}, "score": None, "seconds": 1.0, "error": None}
            for i, output in enumerate(outputs)]


# one task per way of comparing


def summarization(rng: Random, kind: str) -> Task:
    source = KINDS[kind](rng)
    return "summarization", {"text": source}, candidates([{"text": KINDS[kind](rng)} for _ in range(CANDIDATES)])


def translation(rng: Random, kind: str) -> Task:
    return "translation", {"text": KINDS[kind](rng), "target": "de"}, candidates(
        [{"text": KINDS[kind](rng)} for _ in range(CANDIDATES)])


def ocr(rng: Random, kind: str) -> Task:
    text = KINDS[kind](rng)
    return "ocr", {}, candidates([{"text": misread(text, rng)} for _ in range(CANDIDATES)])


def labels(rng: Random) -> Task:
    names = [f"label{i}" for i in range(ITEMS)]
    return "zero-shot-classification", {"text": "sheep", "labels": names}, candidates(
        [{"labels": [{"label": name, "score": rng.random()} for name in rng.sample(names, ITEMS)]}
         for _ in range(CANDIDATES)])


def spans(rng: Random) -> Task:
    text = KINDS["English prose"](rng)
    return "keyword-extraction", {"text": text}, candidates(
        [{"data": [{"text": " ".join(rng.sample(text.split(), 2)), "score": rng.random()} for _ in range(ITEMS)]}
         for _ in range(CANDIDATES)])


def times(rng: Random) -> Task:
    return "voice-activity-detection", {}, candidates(
        [{"data": [{"label": "speech", "start": i + rng.random(), "end": i + 1 + rng.random()} for i in range(ITEMS)]}
         for _ in range(CANDIDATES)])


def boxes(rng: Random) -> Task:
    def box() -> list[float]:
        x, y = rng.random() * 900, rng.random() * 900
        return [x, y, x + 100 * rng.random(), y + 100 * rng.random()]

    return "object-detection", {}, candidates(
        [{"boxes": [{"label": "sheep", "score": rng.random(), "box": box()} for _ in range(ITEMS)]}
         for _ in range(CANDIDATES)])


def scores(rng: Random) -> Task:
    return "sentence-similarity", {}, candidates([{"scores": [rng.random()]} for _ in range(CANDIDATES)])


def vectors(rng: Random) -> Task:
    return "feature-extraction", {}, candidates(
        [{"data": [rng.random() for _ in range(768)]} for _ in range(CANDIDATES)])


def picture(rng: Random, path: Path) -> str:
    coarse = np.frombuffer(rng.randbytes(32 * 32 * 3), dtype=np.uint8).reshape(32, 32, 3)
    Image.fromarray(coarse).resize((1024, 1024)).save(path)
    return str(path)


def pictures(rng: Random, folder: Path, suffix: str) -> Task:
    return "image-to-image", {}, candidates([{"image": picture(rng, folder / f"{i}{suffix}")}
                                             for i in range(CANDIDATES)])


def masks(rng: Random, folder: Path) -> Task:
    def mask(path: Path) -> str:
        grey = np.frombuffer(rng.randbytes(64), dtype=np.uint8).reshape(8, 8) // 128 * 255
        Image.fromarray(grey).resize((1024, 1024), Image.Resampling.NEAREST).save(path)
        return str(path)

    return "image-segmentation", {}, candidates(
        [{"data": [{"label": "region", "score": 1.0, "image": mask(folder / f"{i}-{j}.png")} for j in range(5)]}
         for i in range(CANDIDATES)])


def sound(rng: Random, folder: Path) -> Task:
    paths = [folder / f"{i}.wav" for i in range(CANDIDATES)]
    for path in paths:
        soundfile.write(path, np.frombuffer(rng.randbytes(10 * 22050), dtype=np.int8) / 128.0, 22050)
    return "text-to-speech", {"text": "Sheep are nice."}, candidates([{"audio": str(path)} for path in paths])


# measuring


fresh = itertools.count(1)


def timed(make: Callable[[Random], Any], run: Callable[[Any], Any], rounds: int) -> str:
    """Median and range over the rounds, each on something new; a first one is not counted."""
    elapsed, worked = [], []
    for _ in range(rounds + 1):
        made = make(random.Random(next(fresh)))
        start, begun = time.perf_counter(), time.process_time()
        run(made)
        elapsed.append((time.perf_counter() - start) * 1000)
        worked.append((time.process_time() - begun) * 1000)
    return (f"{statistics.median(elapsed[1:]):7.1f} ms ({min(elapsed[1:]):.1f} to {max(elapsed[1:]):.1f}), "
            f"processor {statistics.median(worked[1:]):.1f} ms")


def judging(rounds: int) -> None:
    encoder = shared_encoder()

    def line(name: str, make: Callable[[Random], Task]) -> None:
        print(f"{name:50s}{timed(make, lambda task: judge(*task, encoder), rounds)}")

    for kind in KINDS:
        line(f"meaning: 5 translations, {kind}", lambda rng, kind=kind: translation(rng, kind))
        line(f"meaning: 5 summaries and the text, {kind}", lambda rng, kind=kind: summarization(rng, kind))
    for kind in KINDS:
        line(f"edit: {kind}", lambda rng, kind=kind: ocr(rng, kind))
    for make in (labels, spans, times, boxes, scores, vectors):
        line(make.__name__, make)
    with tempfile.TemporaryDirectory() as folder:
        for suffix in (".png", ".jpg"):
            line(f"pictures {suffix}", lambda rng, suffix=suffix: pictures(rng, Path(folder), suffix))
        line("masks (5 each)", lambda rng: masks(rng, Path(folder)))
        line("sound", lambda rng: sound(rng, Path(folder)))


def exact(encoder: MiniLM, texts: Sequence[str]) -> np.ndarray:
    """The same windows of the same texts, by numpy alone: shape (len(texts), 384)."""
    sums = np.stack([np.sum([len(ids) * pooled(embedded(ids, encoder._weights), encoder._weights, encoder._heads)
                             for ids in encoder._windows(text)], axis=0) for text in texts])
    return sums / np.linalg.norm(sums, axis=1, keepdims=True)


def encoding(rounds: int) -> None:
    encoder = shared_encoder()
    for kind, make in KINDS.items():
        rng = random.Random(7)
        tokens = [sum(map(len, encoder._windows(make(rng)))) for _ in range(20)]

        def texts(rng: Random, make: Callable[[Random], str] = make) -> list[str]:
            return [make(rng) for _ in range(CANDIDATES)]

        print(f"{'5 texts, ' + kind + f', {statistics.mean(tokens):.0f} tokens each':50s}"
              f"{timed(texts, encoder.encode, rounds)}")
        print(f"{'  by numpy alone':50s}{timed(texts, lambda some: exact(encoder, some), max(3, rounds // 5))}")


def deviation() -> None:
    """Cosines with the exact vectors, and how the similarities of all pairs are kept in order."""
    encoder, rng = shared_encoder(), random.Random(1)
    texts = [list(KINDS.values())[i % 3](rng)[rng.randrange(8):rng.randrange(40, CHARACTERS)] for i in range(TEXTS)]
    quick, slow = encoder.encode(texts), exact(encoder, texts)
    cosines = (quick * slow).sum(axis=1)
    pairs = np.triu_indices(TEXTS, 1)
    near, far = (quick @ quick.T)[pairs], (slow @ slow.T)[pairs]
    apart = np.abs(near - far)
    print(f"{TEXTS} texts of 32 to {CHARACTERS} characters: cosine with the exact vector {cosines.mean():.4f} on "
          f"average, {cosines.min():.4f} at least;\nsimilarities of all pairs differ by {apart.mean():.4f} on average, "
          f"{apart.max():.4f} at most; their rank correlation is {spearmanr(near, far).statistic:.5f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    judging(rounds)
    encoding(rounds)
    deviation()


if __name__ == "__main__":
    main()
