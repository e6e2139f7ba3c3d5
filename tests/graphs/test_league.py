"""Whole turns with a league: what was recorded guides who competes, and doubt calls for more."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from compegpt.events import Event, Executed, Noticed, Responded, Selected
from compegpt.league.league import League
from compegpt.league.match import Match
from compegpt.schema import Finding, Result
from compegpt.session import Session
from compegpt.wiring import parts_from
from tests.fakes import FakeSource, fake_parts, settings, task
from tests.league.rows import match

SHEEP, GOATS, COWS, PIGS, HENS = (Finding({"text": word * 4}) for word in ("sheep", "goats", "cows ", "pigs ", "hens "))
FIELD = [("a", "a", SHEEP), ("b", "b", GOATS), ("c", "c", COWS), ("d", "d", PIGS), ("e", "e", HENS), ("f", "f", SHEEP)]
READ = task("table-question-answering", question="who?", table="x")
Field = Sequence[tuple[str, str, Any]]


def history(folder: Path, *entries: str, times: int = 60) -> League:
    league = League.at(folder / "league.db")
    named = [f"fake:{entry}" for entry in entries]
    made = match(*named, task=READ["task"])
    made = replace(made, entries=tuple(replace(one, family=one.expert[5:]) for one in made.entries))
    league.ledger.add([made] * times)
    return league


async def play(folder: Path, field: Field, league: League | None, **flags: Any) -> tuple[list[Event], FakeSource]:
    source = FakeSource({READ["task"]: field})
    parts = replace(fake_parts(settings(folder, **flags), source, [READ]), league=league, chance=random.Random(4))
    async with Session(parts) as session:
        events = [event async for event in session.stream({"text": "go", "files": [], "thread": "t"})]
    return events, source


def rounds(events: list[Event]) -> list[list[str]]:
    return [[one.removeprefix("fake:") for one in event.experts] for event in events if isinstance(event, Selected)]


def result(events: list[Event]) -> Result:
    assert isinstance(events[-1], Responded)
    return events[-1].turn["results"][0]


def recorded(league: League) -> list[Match]:
    return [one for _, one in league.ledger.matches(READ["task"])]


async def test_a_turn_is_recorded_without_its_content(data_dir: Path) -> None:
    league = League.at(data_dir / "league.db")
    await play(data_dir, [("a", "a", SHEEP), ("b", "b", RuntimeError("broke")), ("c", "c", SHEEP)], league)
    [found] = recorded(league)
    assert (found.winner, found.k, found.rounds) == ("fake:a", 3, 1)
    assert [(one.expert, one.won, one.tied, one.failed) for one in found.entries] == [
        ("fake:a", True, False, False), ("fake:b", False, False, True), ("fake:c", False, True, False)]
    data = (data_dir / "league.db").read_bytes()
    assert b"sheep" not in data
    assert b"broke" not in data


async def test_recorded_wins_change_the_order_and_are_told(data_dir: Path) -> None:
    events, _ = await play(data_dir, FIELD[:5], history(data_dir, "d", "a", "b"), adaptive="off")
    [[first, *_]] = rounds(events)
    assert first == "d"
    reasons = next(event.reasons for event in events if isinstance(event, Selected))
    assert any(reason.startswith("fake:d: won 5") and reason.endswith("lately") for reason in reasons)
    assert str(result(events)["candidates"][0].get("why")).startswith("won 5")


@pytest.mark.parametrize("league", ["off", "empty"])
async def test_without_a_record_the_order_is_the_sources_own(league: str, data_dir: Path) -> None:
    given = None if league == "off" else League.at(data_dir / "league.db")
    events, _ = await play(data_dir, FIELD, given)
    assert rounds(events)[0] == ["a", "b", "c"]


@pytest.mark.parametrize("given", ["on", "off"])
def test_the_setting_decides_whether_there_is_a_league(given: str, data_dir: Path) -> None:
    assert (parts_from(settings(data_dir, league=given)).league is not None) == (given == "on")


async def test_off_neither_reads_nor_writes_nor_widens(data_dir: Path) -> None:
    league = history(data_dir, "d", "a", "b")
    events, _ = await play(data_dir, FIELD, None)
    assert rounds(events) == [["a", "b", "c"]]
    assert len(recorded(league)) == 60


async def test_one_that_wins_nearly_always_begins_alone(data_dir: Path) -> None:
    league = history(data_dir, "f", "a", "b")
    events, source = await play(data_dir, FIELD, league)
    assert rounds(events) == [["f"]]
    assert [name for name, _ in source.calls] == ["fake:f"]
    assert result(events)["winner"] == "fake:f"


async def test_where_it_fails_the_next_takes_its_place(data_dir: Path) -> None:
    league = history(data_dir, "f", "a", "b")
    events, _ = await play(data_dir, [*FIELD[:5], ("f", "f", RuntimeError("broke"))], league)
    assert result(events)["status"] == "ok"
    assert [one["status"] for one in result(events)["candidates"]][:2] == ["failed", "ok"]


@pytest.mark.parametrize(("field", "called"), [
    ([("a", "a", SHEEP), ("b", "b", SHEEP), ("c", "c", GOATS), *FIELD[3:]], [["a", "b", "c"]]),
    (FIELD, [["a", "b", "c"], ["d", "e"]]),
    (FIELD[:4], [["a", "b", "c"], ["d"]]),
    (FIELD[:3], [["a", "b", "c"]]),
], ids=["two agree", "nobody agrees", "one in reserve", "none in reserve"])
async def test_where_nobody_agrees_more_compete_and_nobody_twice(field: Field, called: list[list[str]],
                                                                 data_dir: Path) -> None:
    league = League.at(data_dir / "league.db")
    events, source = await play(data_dir, field, league)
    assert rounds(events) == called
    flat = [name for names in called for name in names]
    assert [name.removeprefix("fake:") for name, _ in source.calls] == flat
    assert len(result(events)["candidates"]) == len(flat)
    assert recorded(league)[0].rounds == len(called)


@pytest.mark.parametrize("flags", [{"top_k": 3}, {"adaptive": "off"}, {"top_k": 3, "adaptive": "off"}],
                         ids=["a number", "off", "both"])
async def test_a_fixed_k_is_kept(flags: dict[str, Any], data_dir: Path) -> None:
    events, _ = await play(data_dir, FIELD, history(data_dir, "f", "a", "b"), **flags)
    assert [len(one) for one in rounds(events)] == [3]


async def test_with_adaptive_on_a_number_is_the_usual_width(data_dir: Path) -> None:
    events, _ = await play(data_dir, FIELD, League.at(data_dir / "league.db"), top_k=2, adaptive="on")
    assert rounds(events) == [["a", "b"], ["c", "d"]]


async def test_no_more_are_sent_out_than_there_is_time_for(data_dir: Path) -> None:
    async def slow(args: Mapping[str, Any], store: Any) -> Finding:
        await asyncio.sleep(0.5)
        return COWS

    field = [("a", "a", SHEEP), ("b", "b", GOATS), ("c", "c", slow), *FIELD[3:]]
    events, _ = await play(data_dir, field, League.at(data_dir / "league.db"), task_deadline=0.9)
    assert rounds(events) == [["a", "b", "c"]]
    assert result(events)["status"] == "ok"


async def test_the_second_round_ends_with_the_tasks_deadline(data_dir: Path) -> None:
    async def hang(args: Mapping[str, Any], store: Any) -> Finding:
        await asyncio.Event().wait()
        raise AssertionError

    field = [*FIELD[:3], ("d", "d", hang), ("e", "e", hang)]
    events, _ = await play(data_dir, field, League.at(data_dir / "league.db"), task_deadline=0.5)
    assert rounds(events) == [["a", "b", "c"], ["d", "e"]]
    assert [one["status"] for one in result(events)["candidates"]] == ["ok"] * 3 + ["timeout"] * 2
    assert result(events)["status"] == "ok"


async def test_a_straggler_of_the_second_round_is_hurried_by_that_round(data_dir: Path) -> None:
    async def hang(args: Mapping[str, Any], store: Any) -> Finding:
        await asyncio.Event().wait()
        raise AssertionError

    field = [*FIELD[:3], ("d", "d", SHEEP), ("e", "e", hang)]
    events, _ = await play(data_dir, field, League.at(data_dir / "league.db"), patience=1.0)
    assert {one["expert"]: one["status"] for one in result(events)["candidates"]}["fake:e"] == "cancelled"
    assert result(events)["winner"] in ("fake:a", "fake:d")


def broken(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no league " * 1000)


def other_version(path: Path) -> None:
    League.at(path).ledger.add([match("a", "b")])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 9")


@pytest.mark.parametrize("spoil", [broken, other_version])
async def test_a_league_that_cannot_be_used_is_told_once_and_the_turn_goes_on(spoil: Any, data_dir: Path) -> None:
    spoil(data_dir / "league.db")
    before = (data_dir / "league.db").read_bytes()
    events, _ = await play(data_dir, FIELD[:3], League.at(data_dir / "league.db"))
    assert result(events)["status"] == "ok"
    assert [str(data_dir / "league.db") in event.text for event in events if isinstance(event, Noticed)] == [True]
    assert (data_dir / "league.db").read_bytes() == before


async def test_a_turn_broken_off_in_its_second_round_goes_on_there(data_dir: Path) -> None:
    """Who had answered is not asked again, and who was running is."""
    stuck, calls = asyncio.Event(), list[str]()

    async def begin(args: Mapping[str, Any], store: Any) -> Finding:
        calls.append("e")
        if len(calls) == 1:
            stuck.set()
            await asyncio.Event().wait()
        return SHEEP

    field = [*FIELD[:4], ("e", "e", begin)]
    source = FakeSource({READ["task"]: field})
    parts = replace(fake_parts(settings(data_dir), source, [READ]), league=League.at(data_dir / "league.db"))
    async with Session(parts) as session:
        stream = session.stream({"text": "go", "files": [], "thread": "t"})
        async for event in stream:
            if isinstance(event, Executed) and event.candidate["expert"] == "fake:d":
                break
        await asyncio.wait_for(stuck.wait(), 10)
        await session._kept.settled()
        await stream.aclose()
        events = [event async for event in session.stream({"text": "", "files": [], "thread": "t"}, resume=True)]
    called = [name for name, _ in source.calls]
    assert sorted(called) == ["fake:a", "fake:b", "fake:c", "fake:d", "fake:e", "fake:e"]
    assert len(result(events)["candidates"]) == 5
    assert result(events)["winner"] == "fake:a"
