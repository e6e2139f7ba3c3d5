"""How a task that no expert can do is refused: by name, with what to install or set."""

from __future__ import annotations

from collections.abc import Sequence

from compegpt.settings import Settings
from compegpt.tasks import TASKS

_CHAT_CAN = {"text-generation", "text2text-generation", "conversational", "fill-mask", "token-classification",
             "translation", "table-question-answering", "tabular-classification", "image-to-text",
             "visual-question-answering"}
"""What a language model reached by OPENAI_API_KEY can do as well as a model of the hub."""


def refusal(task: str, reasons: Sequence[str], settings: Settings) -> str:
    """One sentence or two. `reasons`: why the experts that do exist were passed over."""
    title = TASKS[task].title
    if reasons:
        return f"No expert here can do {task} ({title}) now: {'; '.join(reasons)}."
    keys = {"HF_TOKEN": settings.hf_token is not None}
    if task in _CHAT_CAN:
        keys["OPENAI_API_KEY"] = settings.openai_api_key is not None
    names = " or ".join(keys)
    if any(keys.values()):
        return (f"No expert here can do {task} ({title}): it needs a hosted model, and this version runs only the "
                f"engines on this machine; {names} will enable it once hosted models compete.")
    return (f"No engine on this machine can do {task} ({title}); it needs a hosted model, which {names} in the "
            "environment or in .env enables.")
