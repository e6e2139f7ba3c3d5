"""What the Hub is asked for each task type.

To add a task type whose models do not stand under its pipeline tag: add a row to `_SPECIAL`, and where the tag holds
other models too, one to `domains.DOMAINS`.
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


_PICTURES = Query("image-to-image", limit=100)
_SIGHTED = Query("image-text-to-text")

_SPECIAL: dict[str, tuple[Query, ...]] = {
    **dict.fromkeys(("text-classification", "language-identification"), (Query("text-classification", limit=100),)),
    **dict.fromkeys(("token-classification", "keyword-extraction"), (Query("token-classification", limit=100),)),
    "translation": (Query("translation", limit=100),),
    "image-classification": (Query("image-classification", limit=100),),
    "face-detection": (Query("object-detection", search="face"),),
    "image-to-text": (Query("image-to-text", limit=100), _SIGHTED),
    "ocr": (Query("image-to-text", limit=100), Query(None, search="ocr", limit=100)),
    "visual-question-answering": (Query("visual-question-answering"), _SIGHTED),
    "document-question-answering": (Query("document-question-answering"), _SIGHTED),
    **dict.fromkeys(("image-to-image", "image-editing", "image-upscaling"), (_PICTURES,)),
    **dict.fromkeys((name for name in TASKS if name.endswith("-control")), (_PICTURES,)),
    "depth-control": (Query("depth-estimation"),),
    **dict.fromkeys((name for name in TASKS if name.endswith("-text-to-image")),
                    (Query(None, search="controlnet", limit=100),)),
}
"""Where models of a task type stand among others, or under another tag than its own; each is asked for only where
nobody of those before it can be called."""


def queries(task: str) -> tuple[Query, ...]:
    """The listings that hold the models of a task type, the likeliest first. Raises KeyError for an unknown one."""
    row = TASKS[task]
    return _SPECIAL.get(task) or (Query(row.pipeline_tag or row.name),)
