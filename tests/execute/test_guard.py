from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

import pytest

from compegpt.board import Race
from compegpt.execute.guard import once_ready, within_race
from compegpt.schema import Finding

TEXT, NOTHING = Finding({"text": "Sheep"}), Finding({"text": ""}, empty=True)


@asynccontextmanager
async def waiting(event: asyncio.Event) -> AsyncIterator[None]:
    """What takes until the event to load."""
    await event.wait()
    yield


@pytest.mark.parametrize(("finding", "empty_counts", "hurries"), [
    (TEXT, False, True), (NOTHING, False, False), (NOTHING, True, True),
], ids=["an answer", "nothing, where that is no answer", "nothing, where that is an answer"])
async def test_only_answers_hurry_the_others(finding: Finding, empty_counts: bool, hurries: bool) -> None:
    async def call() -> Finding:
        return finding

    race = Race(quorum=1)
    assert await within_race(race, call, empty_counts) is finding
    assert race.hurried is hurries


async def test_who_must_load_first_is_not_cut_short_by_faster_ones() -> None:
    loaded, race = asyncio.Event(), Race(quorum=1, patience=1.0)

    async def call() -> Finding:
        return TEXT

    slow = asyncio.ensure_future(once_ready(race, waiting(loaded), lambda: within_race(race, call, False)))
    assert await within_race(race, call, False) is TEXT
    assert race.hurried
    race._hurry_until = 0.0  # the others' time is long over
    loaded.set()
    assert await slow is TEXT


async def test_loading_ends_with_the_tasks_time() -> None:
    race = Race(seconds=0.05)

    async def call() -> Finding:
        raise AssertionError

    with pytest.raises(TimeoutError):
        await once_ready(race, waiting(asyncio.Event()), call)


async def test_what_was_loaded_is_held_until_the_call_ends() -> None:
    order = list[str]()

    @asynccontextmanager
    async def loaded() -> AsyncIterator[None]:
        order.append("loaded")
        yield
        order.append("let go")

    async def call() -> Finding:
        order.append("called")
        return TEXT

    assert await once_ready(Race(), loaded(), call) is TEXT
    assert order == ["loaded", "called", "let go"]


async def test_with_nothing_to_load_the_tasks_time_begins_with_the_call() -> None:
    race = Race()

    async def call() -> Finding:
        assert race.started is None
        return TEXT

    assert await once_ready(race, nullcontext(), call) is TEXT
