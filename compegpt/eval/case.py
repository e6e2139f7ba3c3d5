"""What a kind of task is measured on: inputs made from a seed, the truth about each, and how good an output is.

To add a kind: a module in `eval/kinds/` with a KIND, a row in KINDS, a test. Kinds and levels are fixed before the
judge is tuned on `dev`; `test` differs from it in seed, texts and fonts, and is what figures are reported on. `fresh`
is `test` with another seed, to be scored once after the last change.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from compegpt.errors import UsageError
from compegpt.schema import Output

Part = Literal["dev", "test", "fresh"]
PARTS: tuple[Part, ...] = ("dev", "test", "fresh")
Measure = Callable[[Output, Any], float]
"""How good an output is, given the case's truth: in [0, 1], more is better. An output may be empty."""


@dataclass(frozen=True)
class Case:
    name: str
    """Unique in its set, and a file name."""
    category: str
    """What was done to the input ("blur"), for the table by category."""
    args: dict[str, Any]
    """As the task takes them; files as absolute paths below the folder that `cases` was given."""
    truth: Any
    """Plain data."""
    group: str = ""
    """A second way to divide the cases ("names and codes"); empty for none."""


@dataclass(frozen=True)
class Kind:
    """One kind of task with known truth."""

    task: str
    cases: Callable[[Part, Path], Iterator[Case]]
    """Makes the cases of one set below a folder, always the same: from seeds, nothing else."""
    measures: Mapping[str, Measure]
    """By what a table calls them; the first is what experts and judge are compared by."""
    about: str
    """One sentence: what is measured on what."""
    also: tuple[str, ...] = ()
    """Measures that are learned from beside the first."""
    right: str = ""
    """The measure that says right (1) or wrong (0), which the judge's confidence foretells; empty where an output can
    only be better or worse."""
    unjudged: frozenset[str] = field(default=frozenset())
    """Categories that are reported alone and kept out of the tables (pictures without text)."""

    @property
    def weighed(self) -> tuple[str, ...]:
        """The measures that are learned from."""
        return (next(iter(self.measures)), *self.also)


KINDS: dict[str, str] = {
    "ocr": "ocr",
    "barcode-detection": "codes", "image-upscaling": "upscaling", "image-to-image": "denoising",
    "face-detection": "faces", "image-segmentation": "regions", "canny-control": "edges",
    "lineart-control": "lineart",
    "language-identification": "languages", "text-classification": "sentiment", "zero-shot-classification": "topics",
    "question-answering": "reading", "summarization": "summarizing", "keyword-extraction": "keywords",
    "sentence-similarity": "similar",
    "voice-activity-detection": "activity", "audio-to-audio": "cleaning", "text-to-speech": "speaking",
    "document-question-answering": "documents",
}
"""Module of `compegpt.eval.kinds` that holds the KIND of a task type."""

WITHOUT_TRUTH: dict[str, str] = {
    "feature-extraction": "every expert's vectors lie in a space of their own, so none is right and none is wrong",
}
"""Task types that three or more embedded engines do and that no KIND measures: why not."""


def kind(task: str) -> Kind:
    """Raises UsageError for a task type that nothing is made for."""
    if task in WITHOUT_TRUTH:
        raise UsageError(f"No inputs are made for '{task}': {WITHOUT_TRUTH[task]}.")
    if task not in KINDS:
        raise UsageError(f"No inputs are made for '{task[:60]}'; there are inputs for {', '.join(KINDS)}.")
    found: Kind = importlib.import_module(f"compegpt.eval.kinds.{KINDS[task]}").KIND
    return found
