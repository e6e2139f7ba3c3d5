from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import pytest

from compegpt.board import Board, Race
from compegpt.schema import Expert


def result(task_id: int, status: str = "ok") -> Any:
    return {"id": task_id, "status": status}


async def test_a_dependent_gets_a_result_published_before_or_after_it_asks() -> None:
    board = Board()
    waiting = asyncio.create_task(board.result(1))
    await asyncio.sleep(0)
    board.publish(result(1))
    assert (await waiting)["id"] == 1
    assert (await board.result(1))["id"] == 1


async def test_a_cancelled_waiter_does_not_take_the_result_from_the_others() -> None:
    board = Board()
    first, second = asyncio.create_task(board.result(0)), asyncio.create_task(board.result(0))
    await asyncio.sleep(0)
    first.cancel()
    board.publish(result(0))
    assert (await second)["id"] == 0


async def test_the_first_result_of_a_task_stands() -> None:
    board = Board()
    board.publish(result(0, "ok"))
    board.publish(result(0, "failed"))
    assert (await board.result(0))["status"] == "ok"


async def test_stragglers_are_hurried_only_once_the_quorum_has_answered() -> None:
    race = Race(quorum=2, patience=2.0, seconds=60)
    with race.lane() as limit:
        async with limit:
            full = limit.when()
            race.answered()
            assert limit.when() == full
            race.answered()
            assert race.hurried
            assert race.started is not None
            assert limit.when() == pytest.approx(asyncio.get_running_loop().time() + 1.0, abs=0.2)


async def test_a_race_never_outlasts_the_request() -> None:
    now = asyncio.get_running_loop().time()
    race = Race(seconds=60, last=now + 5)
    with race.lane() as limit:
        assert limit.when() == now + 5
    race.quorum = 1
    race.last = now + 0.5
    race.answered()
    assert not race.hurried


def experts(*names: str, source: str = "hub") -> list[Expert]:
    return [Expert(f"{source}:{name}", "ocr", name, source) for name in names]


async def test_another_round_gets_its_own_quorum_and_time_inside_the_tasks_deadline() -> None:
    race = Race(quorum=1, patience=2.0, seconds=60.0, reserves=deque(experts("a", "b", "c")))
    end = race.end()
    race.answered()
    assert race.hurried
    assert [one.family for one in race.again(2, None)] == ["a", "b"]
    assert (race.quorum, race.rounds, race.hurried, race.settled.is_set()) == (1, 2, False, False)
    assert race.end() == end
    with race.lane() as limit:
        assert limit.when() == end
    race.answered()
    assert race.settled.is_set()


async def test_without_reserves_there_is_no_other_round() -> None:
    race = Race(quorum=1)
    race.end()
    race.answered()
    assert race.again(2, None) == []
    assert (race.rounds, race.settled.is_set()) == (1, True)


async def test_a_source_that_refuses_its_key_sends_nobody_more() -> None:
    race = Race(reserves=deque([*experts("a", "b"), *experts("c", source="embedded")]))
    race.refused["hub"] = 2
    assert [one.family for one in race.again(2, None)] == ["c"]
