"""Texts that are files: `prompts/NAME.md` with `{{name}}` where a value goes.

Substitution is strict and done in one pass, so that braces, dollars and `{{...}}` in a value stay as they are.
"""

from __future__ import annotations

import functools
import json
import re
import sys
from pathlib import Path
from typing import Any

_PLACES = (Path(__file__).parent.parent / "prompts", Path(sys.prefix) / "share/compegpt/prompts")
FOLDER = next((folder for folder in _PLACES if folder.is_dir()), Path("prompts"))
"""Beside the package in a checkout; where an installed wheel puts it else."""
_NAME = re.compile(r"\{\{(\w+)\}\}")


def render(name: str, **values: str) -> str:
    """The template `prompts/{name}.md` with its names filled in.

    Raises KeyError, naming them, where a name of the template has no value or a value no name.
    """
    template = _read(name)
    wanted = set(_NAME.findall(template))
    if wrong := wanted ^ values.keys():
        said = ", ".join(f"{one} is {'missing' if one in wanted else 'surplus'}" for one in sorted(wrong))
        raise KeyError(f"prompts/{name}.md: {said}")
    return _NAME.sub(lambda match: values[match[1]], template)


def data(name: str) -> Any:
    """The data file `prompts/{name}.json`."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


@functools.cache
def _read(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")
