"""What the card of a model (README.md) says of it, as the tags that the Hub makes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_LONGEST = 100_000
"""Characters of front matter that are read."""
_PREFIXES = {"license": "license:", "base_model": "base_model:", "datasets": "dataset:", "library_name": "",
             "language": "", "tags": ""}


def tags(folder: Path) -> tuple[str, ...]:
    """Pipeline tag first, then tags, languages, `license:`, `base_model:`, `dataset:`; empty without a card."""
    card = _front_matter(folder / "README.md")
    found = [str(card["pipeline_tag"])] if card.get("pipeline_tag") else []
    return tuple(dict.fromkeys([*found, *_listed(card)]))


def _listed(card: Mapping[str, Any]) -> Iterator[str]:
    for key, prefix in _PREFIXES.items():
        values = card.get(key) or ()
        for value in values if isinstance(values, list) else (values,):
            if isinstance(value, bool):
                value = "no"  # YAML reads the code of Norwegian as a falsehood
            if isinstance(value, str):
                yield prefix + value


def _front_matter(readme: Path) -> Mapping[str, Any]:
    import yaml  # type: ignore[import-untyped]

    if not readme.is_file():
        return {}
    with readme.open(encoding="utf-8", errors="replace") as file:
        text = file.read(_LONGEST)
    if not text.startswith("---"):
        return {}
    try:
        card = yaml.safe_load(text[3:].partition("\n---")[0])
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return card if isinstance(card, dict) else {}
