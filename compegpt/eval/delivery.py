"""What the field's evaluations share: their flags, and how results are handed over."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from compegpt.console import Console
from compegpt.errors import UsageError
from compegpt.eval.report import Table, as_json, written

OFF, ON = "off", "on"
WAYS: dict[str, tuple[str, ...]] = {"on": (ON,), "off": (OFF,), "both": (OFF, ON)}
"""Without and with a competition."""


def add_flags(parser: ArgumentParser, folder: Path) -> None:
    parser.add_argument("--competition", choices=list(WAYS), default="both",
                        help="whether several compete; both shows them side by side (both)")
    parser.add_argument("--output-dir", type=Path, default=folder, metavar="DIR", help=f"for results ({folder})")
    parser.add_argument("--limit", type=_count, metavar="N", help="only the first N (of each subtask where there are)")


def output_folder(options: Namespace) -> Path:
    """Where results go. Raises UsageError where that is a file."""
    folder = Path(options.output_dir).expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--output-dir is '{folder}', which is a file; name a folder.")
    return folder


def delivered(folder: Path, options: Namespace, console: Console, tables: Sequence[Table], data: dict[str, Any],
              notes: Sequence[str] = ()) -> None:
    """Write results.json and results.md, and tell them on standard output. Raises InputError."""
    text = "\n".join([*(table.markdown() for table in tables), *(f"{note}\n" for note in notes)])
    plain = _plain({**data, "notes": list(notes)})
    written(folder / "results.md", text)
    written(folder / "results.json", as_json(plain))
    console.answer((as_json(plain) if options.json else text).rstrip())
    console.say(f"results: {folder}")


def _plain(value: Any) -> Any:
    """Data without numbers that JSON has not."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and value != value else value


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"'{text[:40]}' is no whole number above 0")
    return int(text)
