"""Progress on standard error: a live list at a terminal, plain lines with -v, otherwise only what must be known."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Protocol

from compegpt.console import Console
from compegpt.events import Event, Executed, Judged, Noticed, Planned, Selected, Wrote
from compegpt.printable import printable
from compegpt.schema import Candidate


class Progress(Protocol):
    def show(self, event: Event) -> None: ...
    def __enter__(self) -> Progress: ...
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None: ...


def progress_on(console: Console) -> Progress:
    """The progress that fits this console."""
    if console.verbosity:
        return Lines(console)
    return Live(console) if console.err.isatty() else Quiet(console)


def told(event: Event) -> str | None:
    """An event as one line; None where there is nothing to tell."""
    if isinstance(event, Planned):
        steps = ", ".join(task["task"] for task in event.plan) or "nothing to run"
        return f"plan ({planner_told(event.planner, event.confidence)}): {steps}"
    if isinstance(event, Selected):
        compete = f"{_task(event.task)}: {', '.join(map(_short, event.experts))} compete"
        return "\n".join([compete, *(f"  {_short(reason)}" for reason in event.reasons)])
    if isinstance(event, Executed):
        one = event.candidate
        error = f": {one['error']}" if one["error"] else ""
        return f"{_task(event.task)}: {_short(one['expert'])} {one['status']} in {one['seconds']:.1f} s{error}"
    if isinstance(event, Judged):
        result = event.result
        if not result["winner"]:
            return f"{_task(result)}: {result['status']}: {result['error']}"
        sure = result.get("confidence")
        won = f"{_task(result)}: {_short(result['winner'])} won{'' if sure is None else f', confidence {sure:.2f}'}"
        return "\n".join([won, *map(_signals, result["candidates"])])
    return None


def _signals(candidate: Candidate) -> str:
    """What the judge saw in a candidate."""
    if candidate["score"] is None:
        return f"  {_short(candidate['expert'])}: {candidate['status']}, not compared"
    told = ", ".join(f"{name} {value:.2f}" for name, value in candidate["signals"].items())
    return f"  {_short(candidate['expert'])}: score {candidate['score']:.2f} ({told})"


def planner_told(planner: str, confidence: float | None) -> str:
    """Who planned and how sure it is, where it can tell."""
    return planner if confidence is None else f"{planner}, confidence {confidence:.2f}"


class Quiet:
    """Only notices."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, event: Event) -> None:
        if isinstance(event, Noticed):
            self._console.say(f"note: {event.text}")


class Lines(Quiet):
    """A line per event."""

    def show(self, event: Event) -> None:
        super().show(event)
        line = told(event)
        if line:
            self._console.say(line)


class Live(Quiet):
    """A spinner and a row per task that goes away when the turn is over."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        from rich.console import Console as RichConsole
        from rich.progress import Progress as Rows
        from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

        self._rows = Rows(SpinnerColumn(finished_text="·"), TextColumn("{task.description}", markup=False),
                          TimeElapsedColumn(), console=RichConsole(file=console.err), transient=True,
                          redirect_stdout=False, redirect_stderr=False)
        self._row_of: dict[int, Any] = {}

    def __enter__(self) -> Progress:
        self._rows.start()
        self._thinking = self._rows.add_task("planning", total=None)
        return self

    def __exit__(self, *_: object) -> None:
        self._rows.stop()

    def show(self, event: Event) -> None:
        if isinstance(event, Noticed):
            self._rows.console.print(printable(f"note: {event.text}"), markup=False)
        elif isinstance(event, Wrote):
            self._rows.stop()  # the answer goes to the same terminal
        elif isinstance(event, Planned):
            self._rows.remove_task(self._thinking)
            self._row_of = {task["id"]: self._rows.add_task(_task(task), total=None) for task in event.plan}
        line = (told(event) or "").partition("\n")[0]
        number = event.result["id"] if isinstance(event, Judged) else (
            event.task["id"] if isinstance(event, Selected | Executed) else None)
        if line and number in self._row_of:
            done = 1 if isinstance(event, Judged) else None
            self._rows.update(self._row_of[number], description=printable(line), total=done, completed=done)


def _task(task: Any) -> str:
    return f"{task['id']} {task['task']}"


def _short(expert: str) -> str:
    return expert.removeprefix("embedded:")
