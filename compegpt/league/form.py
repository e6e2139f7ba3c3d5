"""What the recent competitions of a task amount to: counts that fade, so that an expert that changed is learned anew.

Each competition of the task makes all earlier ones count a little less: half as much after HALF_LIFE of them.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from compegpt.league.match import Entry, Match
from compegpt.tasks import TASKS, Comparison

HALF_LIFE = 200.0
"""Competitions of a task after which an earlier one counts half."""
FADE = 0.5 ** (1 / HALF_LIFE)
TIMES, TOLD, RECENT, FIRSTS = 25, 300, 600, 200
"""Latest durations and confidences per expert that are kept; confidences from so many competitions at most."""
SURE = 0.85
"""A verdict leaves no doubt from this confidence on."""
AGREED: dict[Comparison, float] = {"edit": 0.8, "labels": 0.8, "spans": 0.8, "boxes": 0.8, "masks": 0.8, "scores": 0.8,
                                   "meaning": 0.7}
"""Outputs at least this similar say the same, by how they are compared. Pictures, sound and vectors are missing: good
ones need not be alike, so that their agreement says nothing of it."""
MOST = 0.5
"""The part of the other families that has to agree with a winner, where nothing else is known of it."""


def doubt(task: str, confidence: float | None, agreement: float | None, families: int) -> bool | None:
    """Whether a verdict over so many families is in doubt; None where it cannot be told.

    confidence, agreement: the verdict's. Where it gives no confidence, it is in no doubt if one other family gives the
    winner's answer and MOST of them agree with it; so one alone is in doubt.
    """
    if confidence is not None:
        return confidence < SURE
    agreed = AGREED.get(TASKS[task].compare)
    if agreed is None:
        return None
    return agreement is None or families < 2 or agreement < max(MOST, agreed / (families - 1))


@dataclass(frozen=True)
class Trust:
    """From where on a competition needs nobody more."""

    sure: float = SURE
    """Confidence of its verdict."""
    alone: float | None = None
    """Own confidence of the one that began, where the league goes by that; None where it does not."""


@dataclass(frozen=True)
class Record:
    """One expert in one task; all counts are faded."""

    family: str
    calls: float = 0.0
    """Calls that ended by themselves: who was cancelled because others were faster is not counted."""
    failed: float = 0.0
    """Of these, those that gave nothing that could be judged."""
    played: float = 0.0
    """Competitions in which it stood beside at least one other."""
    won: float = 0.0
    backed: float = 0.0
    """Competitions of `played` in which it gave the winning answer, whether or not it was the one that won by it."""
    beside: float = 0.0
    """Competitions in which it stood beside one of its family."""
    added: float = 0.0
    """Of these, those in which it gave the winning answer and no other of its family did."""
    times: tuple[float, ...] = ()
    """Seconds of its latest calls that stood."""
    told: tuple[tuple[int, float, bool], ...] = ()
    """Of the latest competitions of `played`: number, its own confidence, whether it gave the winning answer."""

    @property
    def seconds(self) -> float | None:
        """Median seconds of its latest calls."""
        return statistics.median(self.times) if self.times else None


@dataclass(frozen=True)
class Form:
    """The state of one task's league."""

    number: int = 0
    """Competitions so far, without fading."""
    competitions: float = 0.0
    """Faded count; all of them, whoever took part."""
    easy: float = 0.0
    """Of these, those whose first round left no doubt, or was of one that was left alone."""
    compared: float = 0.0
    """Of these, those with more than one that stood: only they tell who is stronger."""
    records: Mapping[str, Record] = field(default_factory=dict)
    beats: Mapping[tuple[str, str], float] = field(default_factory=dict)
    """How often the first of the pair gave the winning answer and the second another; half where both gave it."""
    told: float = 0.0
    """Competitions whose verdict gave a confidence."""
    firsts: tuple[float, ...] = ()
    """Confidences of the latest verdicts over one expert that began alone, before others were sent out."""

    def after(self, match: Match) -> Form:
        """The form once this competition is over. O(experts known + entries squared)."""
        number = self.number + 1
        records = {expert: _faded(record, number) for expert, record in self.records.items()}
        stood = [one for one in match.entries if one.stood]
        for one in match.entries:
            if one.stood or one.failed:
                records[one.expert] = _with(records.get(one.expert, Record(one.family)), one, stood, number)
        beats = {pair: count * FADE for pair, count in self.beats.items()}
        for pair, share in _pairs(stood):
            beats[pair] = beats.get(pair, 0.0) + share
        families = len({one.family for one in stood})
        doubted = match.k > 1 and doubt(match.task, match.confidence, match.agreement, families) is not False
        easy = match.rounds == 1 and not doubted
        firsts = self.firsts if match.first is None else (*self.firsts, match.first)[-FIRSTS:]
        return Form(number, self.competitions * FADE + 1, self.easy * FADE + easy,
                    self.compared * FADE + (len(stood) > 1), records, beats,
                    self.told * FADE + (match.confidence is not None), firsts)


def _faded(record: Record, number: int) -> Record:
    old = bool(record.told) and record.told[0][0] <= number - RECENT
    return Record(record.family, record.calls * FADE, record.failed * FADE, record.played * FADE, record.won * FADE,
                  record.backed * FADE, record.beside * FADE, record.added * FADE, record.times,
                  record.told[1:] if old else record.told)


def _with(record: Record, one: Entry, stood: list[Entry], number: int) -> Record:
    played = one.stood and len(stood) > 1
    kin = [other for other in stood if other.family == one.family and other.expert != one.expert]
    beside = bool(kin) and one.stood
    alone = beside and _backed(one) and not any(_backed(other) for other in kin)
    told = (*record.told, (number, one.confidence, _backed(one)))[-TOLD:] if (
        played and one.confidence is not None) else record.told
    return replace(record, family=one.family, calls=record.calls + 1, failed=record.failed + one.failed,
                   played=record.played + played, won=record.won + (played and one.won),
                   backed=record.backed + (played and _backed(one)), beside=record.beside + beside,
                   added=record.added + alone, told=told,
                   times=(*record.times, one.seconds)[-TIMES:] if one.stood else record.times)


def _backed(one: Entry) -> bool:
    return one.won or one.tied


def _pairs(stood: list[Entry]) -> list[tuple[tuple[str, str], float]]:
    """Who beat whom: each that gave the winning answer beats each that did not; those that share it tie."""
    backed = [one.expert for one in stood if _backed(one)]
    beaten = [one.expert for one in stood if not _backed(one)]
    won = [((one, other), 1.0) for one in backed for other in beaten]
    return won + [((one, other), 0.5) for one in backed for other in backed if one != other]
