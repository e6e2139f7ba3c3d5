"""The MME benchmark as it is published (Fu et al. 2023, arXiv:2306.13394).

A folder per subtask; in it pictures and a `.txt` of the same stem each, or these in `images/` and
`questions_answers_YN/`. A `.txt` holds two lines `question<TAB>Yes` and `question<TAB>No`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from compegpt.errors import InputError
from compegpt.eval.answering import Question

PERCEPTION = ("existence", "count", "position", "color", "posters", "celebrity", "scene", "landmark", "artwork", "OCR")
COGNITION = ("commonsense_reasoning", "numerical_calculation", "text_translation", "code_reasoning")
TOTALS = {"perception": PERCEPTION, "cognition": COGNITION}
_PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
_PARTS = ("images", "questions_answers_YN")
_ANSWERS = {"yes": True, "no": False}


@dataclass(frozen=True)
class Asked:
    """One question with its answer."""

    subtask: str
    picture: str
    """Its stem; two questions share it."""
    question: Question
    truth: bool
    """Whether Yes is right."""


def benchmark(folder: Path, most: int | None = None) -> list[Asked]:
    """The questions of all subtasks that are there, of the first `most` pictures of each.

    Raises InputError naming the file, and the line, for a folder without subtasks, questions whose picture is missing,
    and a line that is no question with Yes or No.
    """
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise InputError(f"'{folder}' {what}; name the folder that holds MME's subtasks.")
    found: list[Asked] = []
    for name in (*PERCEPTION, *COGNITION):
        if (folder / name).is_dir():
            found += _subtask(folder / name, name, most)
    if not found:
        raise InputError(f"'{folder}' holds none of MME's subtasks ({', '.join(PERCEPTION[:3])} ...); name the folder "
                         "that holds them.")
    return found


def passed_over(folder: Path) -> list[str]:
    """Names of the folders that are no subtasks."""
    known = {*PERCEPTION, *COGNITION}
    return sorted(one.name for one in folder.iterdir() if one.is_dir() and one.name not in known)


def _subtask(folder: Path, name: str, most: int | None) -> list[Asked]:
    images, texts = (folder / part for part in _PARTS)
    if images.is_dir() != texts.is_dir():
        there, missing = (images, texts) if images.is_dir() else (texts, images)
        raise InputError(f"'{folder}' holds '{there.name}' but no '{missing.name}'; unpack the benchmark again.")
    if not images.is_dir():
        images = texts = folder
    pictures = _pictures(images)
    written = {path.stem: path for path in texts.iterdir() if path.suffix.lower() == ".txt"}
    if lost := sorted(written.keys() - pictures.keys()):
        names = ", ".join(lost[:5]) + (f" and {len(lost) - 5} more" if len(lost) > 5 else "")
        raise InputError(f"The picture of '{written[lost[0]]}' is missing from '{images}', so nothing was run; "
                         f"missing there: {names}.")
    if not written:
        raise InputError(f"'{folder}' holds no questions; unpack the benchmark again, or remove the folder.")
    found = [one for stem in sorted(written) for one in _asked(name, pictures[stem], written[stem])]
    return found if most is None else found[: 2 * most]


def _pictures(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(one for one in folder.iterdir() if one.suffix.lower() in _PICTURES):
        if path.stem in found:
            raise InputError(f"'{folder}' holds two pictures '{path.stem}' ({found[path.stem].suffix} and "
                             f"{path.suffix}); remove one.")
        found[path.stem] = path.absolute()
    return found


def _asked(name: str, picture: Path, text: Path) -> list[Asked]:
    try:
        lines = [line for line in text.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise InputError(f"'{text}' cannot be read: {reason}.") from error
    if len(lines) != 2:
        raise InputError(f"'{text}' has {len(lines)} questions; MME asks two about each picture.")
    found = []
    for number, line in enumerate(lines, 1):
        question, tab, answer = line.rpartition("\t")
        truth = _ANSWERS.get(answer.strip().lower())
        if not tab or not question.strip() or truth is None:
            raise InputError(f"'{text}' line {number}: it must be a question, a tab and Yes or No, but is "
                             f"'{line[:80]}'.")
        key = f"{name}/{picture.stem}/{number}"
        found.append(Asked(name, picture.stem, Question(key, picture, question.strip()), truth))
    return found
