"""How a task that no expert can do is refused: by name, with what to install or set."""

from __future__ import annotations

from collections.abc import Sequence

from compegpt.tasks import TASKS

_CHAT_CAN = {"text-generation", "text2text-generation", "conversational", "fill-mask", "token-classification",
             "translation", "table-question-answering", "tabular-classification", "image-to-text",
             "visual-question-answering"}
"""What a language model reached by OPENAI_API_KEY can do as well as a model of the hub."""


def refusal(task: str, reasons: Sequence[str]) -> str:
    """One sentence or two. `reasons`: why the experts that do exist were passed over."""
    title = TASKS[task].title
    if reasons:
        return f"No expert here can do {task} ({title}) now: {'; '.join(reasons)}."
    names = "HF_TOKEN or OPENAI_API_KEY" if task in _CHAT_CAN else "HF_TOKEN"
    return (f"No engine on this machine can do {task} ({title}). It needs a hosted model: the setting for that is "
            f"{names}, from the next version on.")
