"""The embedded writer: an answer from the results alone, by phrases and a template, with no language model.

It cannot make anything up: every sentence is made from a result, and every path is looked for on the disk.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from compegpt.context import Account, Say
from compegpt.printable import listed, printable, shortened
from compegpt.prompts import render
from compegpt.respond.phrases import BRIEF, COUNTS, Told, counted, percent, sentence
from compegpt.respond.report import files, how
from compegpt.respond.subjects import root_file, subject
from compegpt.schema import Request, Result, Task, Written
from compegpt.tasks import TASKS

_ASKED: dict[str, str] = {
    "ocr": r"\bread|\bsays?\b|written|extract|\bocr\b|transcri|what (?:is|does) .*\btext\b|\bthe words\b",
    "automatic-speech-recognition": r"transcri|write (?:it |them )?down|\bsays?\b|\bsaid\b|\bspoken\b|speech.to.text",
    "image-upscaling": r"enlarge|upscal|sharpen|bigger|resolution|enhance",
    "audio-to-audio": r"clean|noise|denois|enhance",
    "translation": r"translat|\b(?:in|into|to) [A-Z][a-z]+", "summarization": r"summar|short|gist|\bsum up\b",
    "barcode-detection": r"\bcodes?\b|\bqr\b|barcode"}
"""How a request asks for a task whose result also feeds another; without it, the step is told briefly, at the end."""


UNSURE, CERTAIN = 0.35, 0.9
"""Own confidences below which an engine's text is told with a warning: always, and where it stood alone."""


class EmbeddedWriter:
    """Writes from phrases; the same results give the same words."""

    async def write(self, account: Account, say: Say) -> Written:
        """The question's answer first, then how it came about, then the files with their full paths; at once."""
        request, plan, results = account.request, account.plan, account.results
        if not plan:
            return Written(printable((account.reply or "").strip() or _not_understood(request)))
        made = files(results)
        answer = render("respond_embedded", lead=lead(request, plan, results), texts=_texts(request, plan, results),
                        how=how(plan, results), files=_section("Files", "\n".join(f"- {path}" for path in made)))
        return Written(re.sub(r"\n{3,}", "\n\n", printable(answer)).strip())


def lead(request: Request, plan: Sequence[Task], results: Sequence[Result]) -> str:
    """The sentences that answer the request: what was asked for in plan order, then in brief what only fed it."""
    told = _told(request, plan, results)
    first = [one for one in told if one.length > BRIEF]
    only_fed = [one for one in told if one.length <= BRIEF]
    sentences: list[str] = []
    for one in [*first, *only_fed]:
        group = [other for other in first if other.name == one.name and other.result["status"] == "ok"]
        in_group = one.name in COUNTS and any(one is other for other in group)
        sentences.append(counted(group) if in_group else sentence(one))
        if doubt := _doubt(one):
            sentences.append(doubt)
    return " ".join(dict.fromkeys(sentences))


def _doubt(told: Told) -> str:
    """What a reader must know before believing a text: that its engine is unsure, or stood alone and is not certain."""
    result = told.result
    sure_of_it = result.get("confidence")
    if result.get("unsure") and sure_of_it is not None and told.length > BRIEF:
        return f"Do not rely on it: of answers that look like this one, about {percent(sure_of_it)} are right."
    winner = next((one for one in result["candidates"] if one["expert"] == result["winner"]), None)
    if winner is None or winner["confidence"] is None or winner["status"] != "ok" or told.length <= BRIEF \
            or TASKS[told.name].output != "text":
        return ""
    name, sure = winner["expert"].partition(":")[2], winner["confidence"]
    if sure < UNSURE:
        return f"Do not rely on it: {name} itself is hardly sure of it ({sure:.2f} of 1)."
    if len(result["candidates"]) == 1 and sure < CERTAIN:
        return f"One engine alone, {name}, did this, and it is not certain ({sure:.2f} of 1): check it."
    return ""


def _not_understood(request: Request) -> str:
    """What can be done here, for a greeting as for what was not understood; files that came along are named first."""
    files = [shortened(printable(Path(path).name), 60) for path in request["files"]]
    begin = f"I could not tell what to do with {listed(files)}.\n\n" if files else ""
    return begin + render("capabilities").strip()


def _told(request: Request, plan: Sequence[Task], results: Sequence[Result]) -> list[Told]:
    by_id = {result["id"]: result for result in results}
    steps = [task for task in plan if task["id"] in by_id]
    brief = {task["id"] for task in steps if by_id[task["id"]]["status"] == "ok" and not _wanted(task, plan, request)}
    told = []
    for task in steps:
        about = subject(task, plan)
        if about == "it" and brief & set(task["dep"]):  # what it refers to is told only afterwards
            about = subject(task, plan, brief=False)
        length = {"length": BRIEF} if task["id"] in brief else {}
        told.append(Told(task, by_id[task["id"]], about, **length))
    return told


def _wanted(task: Task, plan: Sequence[Task], request: Request) -> bool:
    """Whether the request asks for this result itself: nothing else uses it, or the request names it."""
    if not any(task["id"] in other["dep"] for other in plan):
        return True
    pattern = _ASKED.get(task["task"])
    return pattern is None or re.search(pattern, request["text"], re.IGNORECASE) is not None


def _texts(request: Request, plan: Sequence[Task], results: Sequence[Result]) -> str:
    """The whole of each text that a sentence could only quote in part or without its lines."""
    sections = []
    for told in _told(request, plan, results):
        text = printable(told.output.get("text", "")).strip()
        whole = TASKS[told.name].output == "text" and told.length > BRIEF and told.result["status"] == "ok"
        if whole and text != shortened(text, told.length):
            origin = [name for name in (told.name, root_file(told.task, plan)) if name]
            sections.append(_section(f"Full text ({', '.join(origin)})", text))
    return "\n\n".join(sections)


def _section(title: str, body: str) -> str:
    return f"{title}:\n\n{body}" if body else ""
