"""What the Hub is asked for each task type.

To add a task type whose models do not stand under its pipeline tag: add a row to `_SPECIAL`, and where the tag holds
other models too, one to `fitting.DOMAINS`.
"""

from __future__ import annotations

from dataclasses import dataclass

from compegpt.tasks import TASKS

SORTS = ("downloads", "likes", "trending_score")
"""The rankings, in the order in which their best are taken."""


@dataclass(frozen=True)
class Query:
    """One listing of the Hub; task types with equal queries share it."""

    tag: str | None
    """Pipeline tag; None for any."""
    search: str | None = None
    """What model ids hold."""
    limit: int = 30
    """Models per ranking; more where many are passed over by what fits."""


_SPECIAL: dict[str, Query] = {
    "text-classification": Query("text-classification", limit=100),
    "language-identification": Query("text-classification", search="language"),
    "keyword-extraction": Query("token-classification", search="key"),
    "translation": Query("translation", limit=100),
    "image-classification": Query("image-classification", limit=100),
    "face-detection": Query("object-detection", search="face"),
    "ocr": Query(None, search="ocr", limit=100),
    "image-to-image": Query("image-to-image", limit=100),
    "image-editing": Query("image-to-image", limit=100),
    "image-upscaling": Query("image-to-image", limit=100),
    "visual-question-answering": Query("image-text-to-text"),
    "document-question-answering": Query("image-text-to-text"),
    "depth-control": Query("depth-estimation"),
    **{name: Query(None, search="controlnet", limit=100) for name in TASKS if name.endswith("-text-to-image")},
}
"""Where models of a task type stand among others, or under another tag than its own."""


def query(task: str) -> Query:
    """The listing that holds the models of a task type. Raises KeyError for an unknown one."""
    row = TASKS[task]
    return _SPECIAL.get(task) or Query(row.pipeline_tag or row.name)
