"""What the generator makes: a request in pieces that know which step called for them, and the steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Piece:
    """Some words of a request."""

    text: str
    step: int = -1
    """The step these words call for; -1 where they call for none."""
    words_of: int = -1
    """The step whose own words (what to draw, the question) these are."""
    value: bool = False
    """A file, a quoted text or the user's own words: written as it is, with no slips of the keyboard."""


Line = tuple[Piece, ...]
SHARED = "\0shared"
"""Stands, in what a step brings, for own words that it shares with another step."""


@dataclass(frozen=True)
class Step:
    """One step of a request's plan."""

    task: str
    takes: tuple[int, ...] = ()
    """Earlier steps whose results it takes."""
    brings: tuple[str, ...] = ()
    """Files and quoted texts it takes, as they stand in the request."""
    past: tuple[int, ...] = ()
    """Things of earlier turns it takes."""


@dataclass(frozen=True)
class Sample:
    """A request with its plan."""

    line: Line
    steps: tuple[Step, ...]
    files: tuple[str, ...] = ()
    """Attachments."""
    past: tuple[str, ...] = ()
    """Kinds of what earlier turns left."""

    @property
    def text(self) -> str:
        """The request as it is written."""
        return "".join(piece.text for piece in self.line)


@dataclass
class Draft:
    """A request in the making."""

    steps: list[Step] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    past: list[str] = field(default_factory=list)

    def add(self, step: Step) -> int:
        """Add a step; its number."""
        self.steps.append(step)
        return len(self.steps) - 1

    def bring(self, number: int, *values: str) -> None:
        """Let a step take these files and texts too."""
        self.steps[number] = replace(self.steps[number], brings=(*self.steps[number].brings, *values))

    def take(self, number: int, *producers: int) -> None:
        """Let a step take the results of these too."""
        self.steps[number] = replace(self.steps[number], takes=(*self.steps[number].takes, *producers))

    def finished(self, line: Line) -> Sample:
        """The request that is put in these words."""
        return Sample(line, tuple(self.steps), tuple(self.files), tuple(self.past))


def plain(text: str, step: int = -1) -> Line:
    """Words of one step, or of none."""
    return (Piece(text, step),) if text else ()


def joined(lines: Iterable[Line], between: str = " ") -> Line:
    """The lines that are not empty, one after the other."""
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
    """The line in small letters, values apart."""
    return tuple(piece if piece.value else replace(piece, text=piece.text.lower()) for piece in line)
