"""What messages of the chat are made of: text that cannot run, files to see and hear, lines of competitors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from compegpt.media.artifacts import media_type
from compegpt.printable import printable
from compegpt.respond.report import files as files_of
from compegpt.schema import Request, Result
from compegpt.web.files import Files
from compegpt.web.shown.text import line, safe, short, told

Message = dict[str, Any]
"""Role, content (Markdown, or a component that shows HTML), metadata of a thought (title, id, parent_id, status)."""

FATES = {"running": ("…", "running"), "won": ("✓", "won"), "ok": ("·", "answered"), "lost": ("·", "lost"),
         "failed": ("✕", "failed"), "timeout": ("✕", "too slow"), "empty": ("–", "found nothing"),
         "abstained": ("–", "could not tell"), "cancelled": ("–", "not waited for")}
"""Sign and word for how a competitor stands."""
HOW = "\n\nHow:\n\n"
"""What stands in an answer made from a template before the account of how it came about."""
_CODE = re.compile(r"(```.*?(?:```|\Z)|`[^`\n]*`)", re.DOTALL)


@dataclass
class Rival:
    """One competitor of a task as its line shows it."""

    fate: str = "running"
    seconds: float | None = None
    why: str = ""


def rival_line(expert: str, rival: Rival) -> str:
    sign, word = FATES.get(rival.fate, ("·", rival.fate))
    seconds = "" if rival.seconds is None else f'<span class="cgp-seconds">{rival.seconds:.1f} s</span>'
    why = f'<span class="cgp-why">{told(rival.why, 300)}</span>' if rival.why else ""
    return (f'<li class="cgp-{safe(rival.fate)}"><span class="cgp-sign" aria-hidden="true">{sign}</span>'
            f'<span class="cgp-name">{line(short(expert))}</span><span class="cgp-word">{word}</span>{seconds}'
            f"{why}</li>")


def asked(request: Request, files: Files) -> Message:
    """What the user said, as he typed it, with his files."""
    given = "".join(medium(path, files, Path(path).name, small=True) for path in request["files"])
    text = f'<div class="cgp-asked" dir="auto">{safe(request["text"])}</div>' if request["text"] else ""
    return {**shown(f'<div class="cg cgp-request">{text}{given}</div>'), "role": "user"}


def medium(path: str, files: Files, named: str, small: bool = False) -> str:
    """A file to see, hear or fetch, under a name."""
    address, name = files.shown(path, named), line(named, 80)
    if address is None or not Path(path).is_file():
        return f'<p class="cg cg-note">{name} is not there any more.</p>'
    source, kind = safe(address), media_type(Path(path)).partition("/")[0]
    fetch = f'<figcaption><a href="{source}" download="{name}">{name}</a></figcaption>'
    inner = {"image": f'<a href="{source}" target="_blank" rel="noopener"><img src="{source}" alt="{name}"></a>',
             "audio": f'<audio controls preload="metadata" src="{source}" aria-label="Sound {name}"></audio>',
             "video": f'<video controls preload="metadata" src="{source}" aria-label="Film {name}"></video>'}
    return f'<figure class="cg cgp-medium{" cgp-small" if small else ""}">{inner.get(kind, "")}{fetch}</figure>'


def names_of(results: Sequence[Result]) -> dict[str, str]:
    """A name for each file that the winners made, by its path: what it is from, in place of a number."""
    names: dict[str, str] = {}
    for result in results:
        for path in files_of([result]):
            name = f"{result['task']}{Path(path).suffix}"
            taken = name in names.values()
            names.setdefault(path, f"{result['task']}-{len(names)}{Path(path).suffix}" if taken else name)
    return names


def markdown(text: str, files: Files, names: Mapping[str, str]) -> str:
    """An answer as Markdown in which no HTML stands, no picture is fetched, and files are links by their names."""
    made = []
    for one in files.pieces(printable(text)):
        if isinstance(one, Path):
            name = names.get(str(one), one.name)
            made.append(f"[{plain(name)}]({files.shown(str(one), name)})")
        else:
            made += [piece if place % 2 else piece.replace("&", "&amp;").replace("<", "&lt;").replace("![", "\\![")
                     for place, piece in enumerate(_CODE.split(one))]
    return "".join(made)


def literal(text: str, files: Files, names: Mapping[str, str]) -> str:
    """A text as it is, as HTML, with files as links by their names."""
    made = []
    for one in files.pieces(printable(text)):
        if isinstance(one, Path):
            name = names.get(str(one), one.name)
            address = safe(files.shown(str(one), name))
            made.append(f'<a href="{address}" target="_blank" rel="noopener">{safe(name)}</a>')
        else:
            made.append(safe(one))
    return "".join(made)


def in_words(account: str, files: Files, names: Mapping[str, str]) -> str:
    """How it came about, as the answer tells it; the files are shown elsewhere."""
    told = account.partition("\n\nFiles:\n\n")[0]
    return (f'<details class="cg cgp-competition"><summary>In words</summary>'
            f'<div class="cgp-answer" dir="auto">{literal(told, files, names)}</div></details>')


def plain(text: str) -> str:
    """Text that Markdown leaves as it is, for the titles of thoughts."""
    return re.sub(r"([\\`*_{}\[\]()#+!|~$<>&-])", r"\\\1", printable(text))


def said(text: str) -> Message:
    return {"role": "assistant", "content": text, "metadata": {}}


def shown(html: str, **metadata: Any) -> Message:
    return {"role": "assistant", "content": gr.HTML(html, js_on_load=None, render=False), "metadata": metadata}
