"""What models answer, in our form: numbers checked, labels sorted and cut, texts stripped.

Nothing here trusts an answer: what is not of the right shape is an ExpertError, never an output.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from compegpt.errors import ExpertError
from compegpt.schema import Finding, Label
from compegpt.sources.hub.labels import as_languages, as_sentiment

MOST_LABELS = 100
MOST_SPANS = 500
LONGEST_LABEL = 200
LONGEST_TEXT = 200_000
MOST_NUMBERS = 100_000
"""Of one vector."""

Json = Any


def unreadable(what: str, given: Json) -> ExpertError:
    """The error for an answer of the wrong shape."""
    return ExpertError(f"Its answer is not {what} but {_described(given)}.")


def _described(given: Json) -> str:
    for kind, empty, full in _FORMS:
        if isinstance(given, kind):
            return full if given else empty
    return "nothing" if given is None else "something else"


_FORMS: tuple[tuple[type, str, str], ...] = (
    (bool, "false", "true"), (int, "a number", "a number"), (float, "a number", "a number"),
    (str, "an empty text", "a text"), (bytes, "empty", "bytes"), (list, "an empty list", "a list of something else"),
    (Mapping, "an empty object", "an object without it"),
)


def items(given: Json, what: str) -> list[Mapping[str, Any]]:
    """The objects of a list; a single object counts as a list of one, and a list in a list is opened.

    Raises ExpertError where there is anything else.
    """
    if isinstance(given, Mapping) and given:
        given = [given]
    while isinstance(given, list) and len(given) == 1 and isinstance(given[0], list):
        given = given[0]
    if not isinstance(given, list) or not all(isinstance(item, Mapping) for item in given):
        raise unreadable(what, given)
    return given


def field(given: Json, *names: str) -> Any:
    """What stands under the first of these names in an object, or in the first object of a list. Raises ExpertError."""
    first = next(iter(items(given, f"a {names[0].replace('_', ' ')}")), {})
    found = next((first[name] for name in names if first.get(name) is not None), None)
    if found is None:
        raise unreadable(f"a {names[0].replace('_', ' ')}", given)
    return found


def number(given: Json) -> float | None:
    """The finite number it is, else None; a text of digits is none."""
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    try:
        value = float(given)
    except OverflowError:
        return None
    return value if math.isfinite(value) else None


def share(given: Json) -> float | None:
    """A score in [0, 1]."""
    value = number(given)
    return None if value is None else round(min(max(value, 0.0), 1.0), 6)


def label_text(given: Json) -> str:
    return " ".join(str(given)[: 4 * LONGEST_LABEL].split())[:LONGEST_LABEL] if isinstance(given, str | int) else ""


def labels(given: Json, name: str = "label") -> list[Label]:
    """Labels with scores in [0, 1], best first; raw logits go through a softmax. Raises ExpertError without any."""
    found = [(text, score) for item in _paired(items(given, "a list of labels with scores"))
             if (text := label_text(item.get(name))) and (score := number(item.get("score"))) is not None]
    if not found:
        raise unreadable("a list of labels with scores", given)
    scores = [score for _, score in found]
    if min(scores) < -0.01 or max(scores) > 1.01:
        weights = [math.exp(score - max(scores)) for score in scores]
        scores = [weight / sum(weights) for weight in weights]
    made: list[Label] = [{"label": text, "score": round(min(max(score, 0.0), 1.0), 6)}
                         for (text, _), score in zip(found, scores, strict=True)]
    return sorted(made, key=lambda label: -label["score"])[:MOST_LABELS]


def _paired(given: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """One object for each label, also of a single one with all `labels` and all their `scores`."""
    names, scores = (given[0].get(name) if len(given) == 1 else None for name in ("labels", "scores"))
    if not isinstance(names, list) or not isinstance(scores, list):
        return given
    return [{"label": name, "score": score} for name, score in zip(names, scores, strict=False)]


def ranked(found: list[Label], note: str | None = None) -> Finding:
    return Finding({"labels": found}, found[0]["score"], note=note)


def classes(given: Json) -> Finding:
    return ranked(labels(given))


def sentiment(given: Json, about_sentiment: bool) -> Finding:
    return ranked(as_sentiment(labels(given), about_sentiment))


def languages(given: Json) -> Finding:
    """Languages by their codes. Raises ExpertError where no label is a language."""
    found = labels(given)
    named = as_languages(found)
    if not named:
        raise ExpertError(f"Its labels are no languages: '{found[0]['label'][:40]}'.")
    return ranked(named)


def offered(given: Json, wanted: Sequence[str]) -> Finding:
    """Scores of labels that were asked for. Raises ExpertError where none of them is there."""
    found = [label for label in labels(given) if label["label"] in set(wanted)]
    if not found:
        raise ExpertError("It scored none of the labels it was given.")
    return ranked(found)


def masked(given: Json) -> Finding:
    """Words for a mask; with several masks those of the first, as the note says."""
    several = isinstance(given, list) and len(given) > 1 and all(isinstance(one, list) for one in given)
    found = labels(given[0] if several else given, "token_str")
    return ranked(found, f"Words for the first of {len(given)} masks." if several else None)


def rows(given: Json) -> Finding:
    """The class of each row of a table, `{row, label}` counted from 1, and the classes by their share of the rows."""
    if not isinstance(given, list) or not given or not all(label_text(one) for one in given):
        raise unreadable("a list with a class for each row", given)
    classes = [label_text(one) for one in given]
    found: list[Label] = [{"label": name, "score": round(count / len(given), 6)}
                          for name, count in Counter(classes).most_common(MOST_LABELS)]
    data = [{"row": row, "label": name} for row, name in enumerate(classes, 1)]
    note = f"Scores are shares of the {len(given)} rows." if len(given) > 1 else None
    return Finding({"labels": found, "data": data}, note=note)


def text(given: Json, echo: str = "") -> Finding:
    """A text that was written, without the prompt it may begin with. Raises ExpertError where nothing is left."""
    if not isinstance(given, str):
        raise unreadable("a text", given)
    left = stripped(given, echo)
    if not left:
        raise ExpertError("It gave an empty text.")
    cut = "Its answer was cut." if len(left) > LONGEST_TEXT else None
    return Finding({"text": left[:LONGEST_TEXT]}, note=cut)


def stripped(given: str, echo: str = "") -> str:
    """Without blanks around it and the prompt in front of it."""
    bare = given.lstrip()
    prompt = echo.strip()
    return (bare[len(prompt):] if prompt and bare.startswith(prompt) else bare).strip()


def found_text(given: Json) -> Finding:
    """A text that was read or heard; an empty one says that there is none. Raises ExpertError for anything else."""
    if not isinstance(given, str):
        raise unreadable("a text", given)
    return Finding({"text": given.strip()[:LONGEST_TEXT]}, empty=not given.strip())


def answer(given: Json) -> Finding:
    """The best of the answers to a question, `{answer, score}` or a list of them; none is "nothing found"."""
    if given == []:
        return Finding({"text": ""}, empty=True)
    found = [item for item in items(given, "an answer") if isinstance(item.get("answer"), str)]
    if not found:
        raise unreadable("an answer", given)
    best = max(found, key=lambda item: share(item.get("score")) or 0.0)
    said = best["answer"].strip()[:LONGEST_TEXT]
    return Finding({"text": said}, share(best.get("score")), empty=not said)


def table_answer(given: Json) -> Finding:
    """The answer of a table model; "SUM > 3, 4" is worked out where its cells are numbers."""
    finding = answer(given)
    said = finding.output["text"]
    name, arrow, cells = said.partition(" > ")
    if not arrow or name not in ("SUM", "AVERAGE", "COUNT", "NONE"):
        return finding
    parts = [part.strip() for part in cells.split(", ") if part.strip()]
    values = [float(part.replace(",", "")) for part in parts if re.fullmatch(r"-?[\d,]*\.?\d+", part)]
    if name == "NONE" or (name != "COUNT" and len(values) < max(1, len(parts))):
        return Finding({"text": cells.strip()}, finding.confidence, empty=not cells.strip())
    worked = {"SUM": sum(values), "AVERAGE": sum(values) / max(1, len(values)), "COUNT": len(parts)}[name]
    return Finding({"text": f"{worked:.10g}"}, finding.confidence, note=f"{name.capitalize()} of {cells.strip()}.")


def similarity(given: Json) -> Finding:
    """One cosine in a list, or in a list in a list; clipped to [0, 1]."""
    while isinstance(given, list) and len(given) == 1 and isinstance(given[0], list):
        given = given[0]
    value = number(given[0]) if isinstance(given, list) and len(given) == 1 else None
    if value is None:
        raise unreadable("one number", given)
    return Finding({"scores": [round(min(max(value, 0.0), 1.0), 6)]})


def vector(given: Any) -> Finding:
    """A vector of a text: an array of (d), (1, d), or one row per token, whose mean is taken. Raises ExpertError."""
    import numpy as np

    try:
        array = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise unreadable("a vector of numbers", given) from None
    while array.ndim > 1:
        array = array[0] if array.shape[0] == 1 or array.ndim > 2 else array.mean(axis=0)
    if array.ndim == 0 or not 0 < array.size <= MOST_NUMBERS or not np.isfinite(array).all():
        raise ExpertError("Its answer is not a vector of finite numbers.")
    return Finding({"data": [round(float(value), 6) for value in array]})


def mean(values: Iterable[float]) -> float | None:
    given = list(values)
    return sum(given) / len(given) if given else None
