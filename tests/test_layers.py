"""Imports run one way: faces -> session -> graphs -> stages -> sources, media -> ground floor."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent
STAGES = ("plan", "select", "execute", "judge", "respond")
FLOORS: dict[str, int] = {
    **dict.fromkeys(("errors", "schema", "state", "tasks", "settings", "events", "embed", "threads", "programs",
                     "printable", "prompts", "redaction", "languages", "learned", "pending"), 0),
    "media": 1, "board": 1, "breaker": 1, "league": 1, "llm": 1, "context": 2, "sources": 3, "inputs": 3, "history": 3,
    **dict.fromkeys(STAGES, 4), "checkpoints": 4, "postgres": 4, "conversations": 5, "wiring": 5, "graphs": 6,
    "session": 7,
}
FACES = 8
"""Also `plan.train`, a program that lives in its stage's folder."""


def room(module: str) -> str:
    parts = module.split(".")
    if parts[1:3] == ["plan", "train"]:
        return "train"
    return "graphs" if parts[0] == "graphs" else parts[1] if len(parts) > 1 else ""


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        found |= {room(name) for name in names if name.split(".")[0] in ("compegpt", "graphs") and room(name)}
    return found


def test_imports_run_downwards_only_and_no_stage_imports_another() -> None:
    wrong = []
    for path in [*ROOT.glob("compegpt/**/*.py"), *ROOT.glob("graphs/*.py")]:
        here = room(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for there in imports(path) - {here}:
            up = FLOORS.get(there, FACES) > FLOORS.get(here, FACES)
            if up or (here in STAGES and there in STAGES):
                wrong.append(f"{path.relative_to(ROOT)} imports {there}")
    assert wrong == []
