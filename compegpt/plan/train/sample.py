"""What the generator makes: a request in pieces that know which step called for them, and the steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Piece:
    text: str
    step: int = -1
    """The step these words call for; -1 where they call for none."""
    words_of: int = -1
    """The step whose own words (what to draw, the question) these are."""
    value: bool = False
    """A file, a quoted text or the user's own words: written as it is, with no slips of the keyboard."""


Line = tuple[Piece, ...]


@dataclass(frozen=True)
class Step:
    task: str
    takes: tuple[int, ...] = ()
    """Earlier steps whose results it takes."""
    brings: tuple[str, ...] = ()
    """Files and quoted texts it takes, as they stand in the request."""
    past: tuple[int, ...] = ()
    """Things of earlier turns it takes."""


@dataclass(frozen=True)
class Sample:
    line: Line
    steps: tuple[Step, ...]
    files: tuple[str, ...] = ()
    """Attachments."""
    past: tuple[str, ...] = ()
    """Kinds of what earlier turns left."""

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.line)


@dataclass
class Draft:
    """A request in the making."""

    steps: list[Step] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    past: list[str] = field(default_factory=list)

    def add(self, step: Step) -> int:
        self.steps.append(step)
        return len(self.steps) - 1

    def bring(self, number: int, *values: str) -> None:
        self.steps[number] = replace(self.steps[number], brings=(*self.steps[number].brings, *values))

    def take(self, number: int, *producers: int) -> None:
        self.steps[number] = replace(self.steps[number], takes=(*self.steps[number].takes, *producers))

    def finished(self, line: Line) -> Sample:
        return Sample(line, tuple(self.steps), tuple(self.files), tuple(self.past))


def plain(text: str, step: int = -1) -> Line:
    return (Piece(text, step),) if text else ()


def joined(lines: Iterable[Line], between: str = " ") -> Line:
    made: list[Piece] = []
    for line in lines:
        if line and made:
            made.append(Piece(between))
        made += line
    return tuple(made)


def filled(template: str, step: int, slots: dict[str, Line]) -> Line:
    """A template with its {slots} filled; its own words call for `step`."""
    made: list[Piece] = []
    rest = template
    while "{" in rest:
        before, _, after = rest.partition("{")
        name, _, rest = after.partition("}")
        made += [Piece(before, step)] if before else []
        made += slots[name]
    return (*made, *([Piece(rest, step)] if rest else []))


def edged(line: Line, capital: bool, end: str) -> Line:
    """A sentence: perhaps with a capital letter first, and ended where it has no end yet."""
    pieces = list(line)
    if capital and pieces and not pieces[0].value and pieces[0].text[:1].islower():
        pieces[0] = replace(pieces[0], text=pieces[0].text[0].upper() + pieces[0].text[1:])
    if end and pieces and pieces[-1].text.rstrip()[-1:] not in (".", "!", "?", ":", '"', "…"):
        pieces.append(Piece(end))
    return tuple(pieces)


def lowered(line: Line) -> Line:
    return tuple(piece if piece.value else replace(piece, text=piece.text.lower()) for piece in line)


def ending(line: Line, tails: Sequence[str]) -> str | None:
    """The first of `tails` that a line of one piece ends with."""
    text = "".join(piece.text for piece in line)
    return next((tail for tail in tails if text.endswith(tail)), None)
