"""A table argument in any of its forms, as the hub's client takes it: {column: [cells as texts]}."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

from compegpt.errors import InputError

MOST_CELLS = 100_000
_ADVICE = "give rows of cells below a row of column names, as CSV"


def columns(given: Any) -> dict[str, list[str]]:
    """From {column: cells}, a list of {column: cell}, a list of rows, CSV or JSON text, or the path of such a file.

    Raises InputError where it is none of these, or is empty.
    """
    if isinstance(given, str):
        given = _parsed(given)
    if isinstance(given, Mapping):
        made = {str(name): [str(cell) for cell in cells] for name, cells in given.items() if isinstance(cells, list)}
    elif isinstance(given, list) and given and all(isinstance(row, Mapping) for row in given):
        names = list(dict.fromkeys(str(name) for row in given for name in row))
        made = {name: [str(row.get(name, "")) for row in given] for name in names}
    elif isinstance(given, list) and len(given) > 1 and all(isinstance(row, list) for row in given):
        made = {str(name): [str(row[place]) if place < len(row) else "" for row in given[1:]]
                for place, name in enumerate(given[0])}
    else:
        made = {}
    lengths = {len(cells) for cells in made.values()}
    if not made or lengths == {0} or len(lengths) > 1:
        raise InputError(f"The table has no rows, or rows of unequal length; {_ADVICE}.")
    if len(made) * max(lengths) > MOST_CELLS:
        raise InputError(f"The table has more than {MOST_CELLS:,} cells; give a part of it.")
    return made


def _parsed(text: str) -> Any:
    if text.lstrip()[:1] in ("[", "{"):
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InputError(f"The table is not valid JSON; mend it, or {_ADVICE}.") from error
    lines = [line for line in text.strip().splitlines() if line.strip()]
    if lines and lines[0].count("|") > 1:
        return [[cell.strip() for cell in line.strip().strip("|").split("|")]
                for line in lines if set(line) - set("|-: ")]
    try:
        divider = csv.Sniffer().sniff("\n".join(lines[:20]), ",;\t").delimiter
    except csv.Error:
        divider = ","
    return [[cell.strip() for cell in row] for row in csv.reader(io.StringIO("\n".join(lines)), delimiter=divider)]
