"""A turn as messages of the chat: the plan and what each competitor does as thoughts, then the answer, then the files.

Whatever comes from elsewhere is escaped here or in `shown`; nothing in a message may run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from compegpt.errors import CompeGPTError
from compegpt.events import Event, Executed, Judged, Noticed, Planned, Responded, Selected, Wrote
from compegpt.record import Interrupted
from compegpt.schema import Request, Result, Task, Turn
from compegpt.web.files import Files
from compegpt.web.runs import Run
from compegpt.web.shown import competition, plan
from compegpt.web.shown.layout import needs
from compegpt.web.shown.text import line, number, short, told
from compegpt.web.ui.pieces import (
    HOW,
    Message,
    Rival,
    asked,
    in_words,
    literal,
    markdown,
    medium,
    names_of,
    plain,
    rival_line,
    said,
    shown,
)


@dataclass
class Step:
    """One task as far as it has come."""

    task: Task
    rivals: dict[str, Rival] = field(default_factory=dict)
    result: Result | None = None

    @property
    def state(self) -> plan.State:
        if self.result is not None:
            return plan.state_of(self.result)
        return plan.State("running") if self.rivals else plan.State()

    def settle(self, result: Result) -> None:
        self.result = result
        for one in result["candidates"]:
            fate = "won" if one["expert"] == result["winner"] else "lost" if one["status"] == "ok" else one["status"]
            score = f"score {number(one['score'])}" if one["score"] is not None else ""
            self.rivals[one["expert"]] = Rival(fate, one["seconds"], one["error"] or score)


class View:
    """One turn as it is seen while it runs and afterwards."""

    def __init__(self, key: str, request: Request, files: Files) -> None:
        """`key` tells the turn's thoughts from those of others."""
        self.key, self.request, self.files, self.link = key, request, files, files.shown
        self.steps: dict[int, Step] | None = None
        self.notices: list[str] = []
        self.written, self.answer = "", ""
        self.seconds: float | None = None
        self.error: CompeGPTError | None = None
        self.done = False

    def take(self, event: Event) -> None:
        if isinstance(event, Noticed):
            self.notices.append(event.text)
        elif isinstance(event, Planned):
            self.steps = {task["id"]: Step(task) for task in event.plan}
        elif isinstance(event, Wrote):
            self.written += event.text
        elif isinstance(event, Responded):
            self.answer = event.turn["answer"]
            for result in event.turn["results"]:
                self._settle(result)
        elif isinstance(event, Selected) and (step := self._step(event.task["id"])):
            step.rivals = {expert: Rival() for expert in event.experts} | step.rivals
        elif isinstance(event, Executed) and (step := self._step(event.task["id"])):
            one = event.candidate
            step.rivals[one["expert"]] = Rival(one["status"], one["seconds"], one["error"] or "")
        elif isinstance(event, Judged):
            self._settle(event.result)

    def end(self, run: Run) -> None:
        self.done, self.error, self.seconds = True, run.outcome.error, run.outcome.seconds

    def messages(self) -> list[Message]:
        """The whole turn as it stands."""
        made = [asked(self.request, self.files), *self._thoughts()]
        names = names_of([step.result for step in (self.steps or {}).values() if step.result])
        answer, how, account = (self.answer or self.written).partition(HOW)
        if how:
            made.append(shown(f'<div class="cg cgp-answer" dir="auto">{literal(answer, self.files, names)}</div>'))
        elif answer.strip():
            made.append(said(markdown(answer, self.files, names)))
        if self.error is not None:
            kind = 'cgp-notice"' if isinstance(self.error, Interrupted) else 'cgp-error" role="alert"'
            made.append(shown(f'<p class="cg {kind}>{told(str(self.error), 1_000)}</p>'))
        if self.done and names:
            made.append(shown("".join(medium(path, self.files, name) for path, name in names.items())))
        if self.done and (compared := self._competitions()):
            made.append(shown(compared + (in_words(account, self.files, names) if how else "")))
        return made

    def _step(self, task: int) -> Step | None:
        return (self.steps or {}).get(task)

    def _settle(self, result: Result) -> None:
        if step := self._step(result["id"]):
            step.settle(result)

    def _thoughts(self) -> list[Message]:
        notes = "".join(f'<p class="cg cgp-notice">{told(text)}</p>' for text in self.notices)
        if not self.steps:
            if self.done and not notes:
                return []
            title = "Planned: nothing to run" if self.steps is not None else "Planning"
            return [shown(notes or '<p class="cg cgp-notice">Reading the request.</p>', title=title,
                          id=f"{self.key}-plan", status=self._status(self.done))]
        steps = list(self.steps.values())
        graph = plan.drawn([step.task for step in steps], {step.task["id"]: step.state for step in steps})
        made = [shown(notes + graph, title=plain(self._title(steps)), id=f"{self.key}-plan", **self._took(self.seconds),
                      status=self._status(self.done))]
        return made + [self._thought(step) for step in steps if step.rivals or step.result]

    def _title(self, steps: Sequence[Step]) -> str:
        experts = sum(len(step.rivals) for step in steps)
        count = f" · {experts} expert{'s' * (experts != 1)}" if experts else ""
        return f"Plan: {_named([step.task for step in steps])}{count}"

    def _thought(self, step: Step) -> Message:
        result, name = step.result, f"{step.task['id']} {step.task['task']}"
        if result is None:
            title = f"{name}: {len(step.rivals)} compete"
        else:
            title = f"{name}: {short(result['winner'])} won" if result["winner"] else f"{name}: {result['status']}"
        settled = result["settled"] - result["started"] if result and result["started"] and result["settled"] else None
        why = f'<p class="cg cgp-notice">{told(result["error"])}</p>' if result and result["error"] else ""
        lines = "".join(rival_line(expert, rival) for expert, rival in step.rivals.items())
        body = f'<ul class="cg cgp-rivals">{lines}</ul>' if lines else ""
        return shown(why + body, title=plain(title), id=f"{self.key}-{step.task['id']}",
                     parent_id=f"{self.key}-plan", **self._took(settled),
                     status=self._status(self.done or result is not None))

    def _competitions(self) -> str:
        return "".join(self._competition(step.result) for step in (self.steps or {}).values() if step.result)

    def _competition(self, result: Result) -> str:
        won = f"<strong>{line(short(result['winner']))}</strong> won" if result["winner"] else line(result["status"])
        count = len(result["candidates"])
        if not count and result["status"] == "ok":  # an older turn: its losers are not kept
            return (f'<p class="cg cgp-brief">{line(result["task"])}: {won}. '
                    f'<span class="cg-meta">{told(result["reason"])}</span></p>')
        of = f" of {count}" if count > 1 and result["winner"] else ""
        agreement = f" · agreement {number(result['agreement'])}" if result["agreement"] is not None else ""
        return (f'<details class="cg cgp-competition"><summary><span class="cgp-label">The competition</span> '
                f"{line(result['task'])}: {won}{of}{agreement}</summary>"
                f"{competition.shown(result, self.link)}</details>")

    @staticmethod
    def _status(done: bool) -> str:
        return "done" if done else "pending"

    @staticmethod
    def _took(seconds: float | None) -> dict[str, float]:
        return {} if seconds is None else {"duration": round(max(seconds, 0.0), 2)}


def _named(tasks: Sequence[Task]) -> str:
    """Up to four types of a plan's tasks; an arrow stands before what needs the type before it."""
    types, waits = {task["id"]: task["task"] for task in tasks}, needs(tasks)
    follows = {(types[dep], task["task"]) for task in tasks for dep in waits[task["id"]]}
    counts = Counter(types.values())
    said, before = "", ""
    for name in list(counts)[:4]:
        joint = "" if not before else " → " if (before, name) in follows else ", "
        said += joint + (f"{counts[name]} × {name}" if counts[name] > 1 else name)
        before = name
    return said + (", …" if len(counts) > 4 else "")


def of_run(run: Run, files: Files) -> View:
    """A run as it stands."""
    view = View(run.id, run.request, files)
    for event in run.events:
        view.take(event)
    if run.ended is not None:
        view.end(run)
    return view


def of_turn(key: str, turn: Turn, files: Files) -> View:
    """A turn of a thread that has ended."""
    view = View(key, turn["request"], files)
    view.take(Planned(turn["plan"], "", None))
    view.take(Responded(turn, "", None, 0))
    view.done = True
    return view


def of_interrupted(key: str, request: Request, files: Files) -> View:
    """A turn that was broken off, of which no run is left."""
    view = View(key, request, files)
    view.done, view.error = True, Interrupted("This was interrupted.")
    return view
