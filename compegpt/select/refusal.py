"""How a task that no expert can do is refused: by name, with what to install or set."""

from __future__ import annotations

from collections.abc import Sequence

from compegpt.settings import Settings
from compegpt.sources.chat.asks import ASKS
from compegpt.tasks import TASKS


def refusal(task: str, reasons: Sequence[str], settings: Settings) -> str:
    """One sentence or two. `reasons`: why the experts that do exist were passed over."""
    title = TASKS[task].title
    if reasons:
        return f"No expert here can do {task} ({title}) now: {'; '.join(reasons)}."
    ways = ([] if settings.hf_token else ["set HF_TOKEN for models of the Hugging Face Hub"])
    if task in ASKS and not settings.openai_api_key:
        ways.append("OPENAI_API_KEY for a language model" if ways else "set OPENAI_API_KEY for a language model")
    if settings.experts != "auto":
        ways.append(f"name more sources than '{settings.experts}' in COMPEGPT_EXPERTS")
    ways.append("run a model here with COMPEGPT_EXPERTS=local,embedded (docs/experts.md tells how)")
    return f"No engine on this machine can do {task} ({title}): {', or '.join(ways)}."
