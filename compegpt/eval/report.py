"""How an evaluation is told: Markdown tables, JSON and a plot, from the same rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compegpt.errors import InputError


@dataclass(frozen=True)
class Table:
    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    """Cells as they are shown; the first names the row."""
    note: str = ""
    """A sentence or two below the table."""

    def markdown(self) -> str:
        lines = [f"### {self.title}", "", f"| {' | '.join(self.columns)} |",
                 f"|---|{'--:|' * (len(self.columns) - 1)}", *(f"| {' | '.join(row)} |" for row in self.rows)]
        return "\n".join([*lines, "", self.note] if self.note else lines) + "\n"


def figure(value: float | None, digits: int = 3) -> str:
    return "-" if value is None or value != value else f"{value:.{digits}f}"


def between(interval: tuple[float, float], digits: int = 3, signed: bool = False) -> str:
    low, high = (f"{edge:{'+' if signed else ''}.{digits}f}" for edge in interval)
    return f"{low} to {high}"


def written(path: Path, content: str | bytes) -> Path:
    """Write a file whole or not at all. Raises InputError where it cannot be written."""
    data = content.encode() if isinstance(content, str) else content
    half = path.with_name(f".{path.name}.half")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(data)
        half.replace(path)
    except OSError as error:
        raise InputError(f"'{path}' cannot be written: {error.strerror}.") from error
    return path


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def bars(path: Path, title: str, names: Sequence[str], groups: Mapping[str, Sequence[float | None]],
         spread: Mapping[str, Sequence[tuple[float, float]]] | None = None) -> Path:
    """A horizontal bar chart as PNG: a bar per name and group, with intervals where `spread` has them."""
    from io import BytesIO

    from matplotlib.figure import Figure

    tall = 0.8 / max(len(groups), 1)
    figure = Figure(figsize=(8, 1 + 0.32 * len(names) * max(1.0, len(groups) * 0.7)), layout="constrained")
    axes = figure.subplots()
    for place, (group, values) in enumerate(groups.items()):
        heights = [index + (place - (len(groups) - 1) / 2) * tall for index in range(len(names))]
        lengths = [value or 0.0 for value in values]
        edges = (spread or {}).get(group)
        errors = [[max(length - low, 0.0) for length, (low, _) in zip(lengths, edges, strict=True)],
                  [max(high - length, 0.0) for length, (_, high) in zip(lengths, edges, strict=True)]] if edges else 0
        axes.barh(heights, lengths, tall, label=group, xerr=errors, error_kw={"elinewidth": 1})
    axes.set_yticks(range(len(names)), list(names))
    axes.invert_yaxis()
    axes.set_title(title)
    if len(groups) > 1:
        axes.legend()
    drawn = BytesIO()
    figure.savefig(drawn, format="png", dpi=120)
    return written(path, drawn.getvalue())
