from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from compegpt.board import Race
from compegpt.errors import AuthenticationError, ExpertError, ExpertGone, ExpertUnavailable
from compegpt.execute.branch import Branch
from compegpt.execute.guard import Try, recorded
from compegpt.schema import Candidate, Expert, Finding

TURNS = 50
TEXT = Finding({"text": "Sheep"})
Step = Finding | Exception | Callable[[], Awaitable[Finding]]


def expert(name: str, source: str = "hub") -> Expert:
    return Expert(f"{source}:{name}", "ocr", name, source)


class Script:
    """What each expert does at each of its calls, in order."""

    def __init__(self, race: Race, **steps: list[Step]) -> None:
        self.race, self.steps, self.called, self.begun = race, steps, list[str](), asyncio.Event()

    async def attempt(self, one: Expert) -> Try:
        self.called.append(one.family)
        self.begun.set()
        step = self.steps[one.family].pop(0)

        async def call() -> Finding:
            if isinstance(step, Exception):
                raise step
            return step if isinstance(step, Finding) else await step()

        return await recorded(one, self.race, call)


async def run(script: Script, first: Expert, *reserves: Expert) -> tuple[list[Candidate], list[Candidate]]:
    """The branch's candidates, and all that were told on the way."""
    told: list[Candidate] = []
    script.race.reserves = deque(reserves)
    script.race.started = asyncio.get_running_loop().time()
    return await Branch(script.race, script.attempt, told.append).run(first), told


def statuses(candidates: list[Candidate]) -> dict[str, str]:
    return {one["family"]: one["status"] for one in candidates}


def soon(message: str = "busy", tries: int = 3) -> ExpertUnavailable:
    return ExpertUnavailable(message, retry_after=0.1, tries=tries)


async def forever() -> Finding:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.mark.parametrize("error", [ExpertError("no"), ExpertGone("gone"), RuntimeError("bug"), soon(tries=1)],
                         ids=["its own fault", "gone", "a library's bug", "a last try"])
async def test_the_next_in_rank_takes_a_failed_ones_place(error: Exception) -> None:
    script = Script(Race(), a=[error], b=[TEXT])
    candidates, _ = await run(script, expert("a"), expert("b"))
    assert statuses(candidates) == {"a": "failed", "b": "ok"}


async def test_the_reserve_does_not_wait_for_a_second_try() -> None:
    script = Script(Race(), a=[ExpertUnavailable("busy", retry_after=50.0)], b=[TEXT])
    candidates, _ = await run(script, expert("a"), expert("b"))
    assert statuses(candidates) == {"a": "failed", "b": "ok"}
    assert script.called == ["a", "b"]


async def test_with_nobody_else_it_is_tried_again_until_it_answers() -> None:
    script = Script(Race(), a=[soon(), soon(), TEXT])
    candidates, told = await run(script, expert("a"))
    assert [one["status"] for one in told] == ["failed", "failed", "ok"]
    assert statuses(candidates) == {"a": "ok"}
    assert candidates[0]["seconds"] >= 0.2  # the pauses count


async def test_it_is_not_tried_more_often_than_is_worth_it() -> None:
    script = Script(Race(), a=[soon(tries=2), soon(tries=2)])
    candidates, _ = await run(script, expert("a"))
    assert script.called == ["a", "a"]
    assert statuses(candidates) == {"a": "failed"}


async def test_a_pause_beyond_the_tasks_time_is_not_begun() -> None:
    script = Script(Race(seconds=5.0), a=[ExpertUnavailable("full", retry_after=60.0)])
    candidates, _ = await run(script, expert("a"))
    assert statuses(candidates) == {"a": "failed"}


async def test_once_the_quorum_has_answered_nobody_waits_for_another_try() -> None:
    race = Race(quorum=1)
    script = Script(race, a=[ExpertUnavailable("busy", retry_after=20.0)])
    branch = asyncio.ensure_future(run(script, expert("a")))
    await script.begun.wait()
    race.answered()
    candidates, _ = await branch
    assert statuses(candidates) == {"a": "failed"}


async def test_a_reserve_starts_beside_one_that_stays_silent() -> None:
    script = Script(Race(seconds=0.5), a=[forever], b=[TEXT])
    candidates, _ = await run(script, expert("a"), expert("b"))
    assert statuses(candidates) == {"a": "cancelled", "b": "ok"}


async def test_one_model_that_refuses_the_key_may_have_reasons_of_its_own() -> None:
    script = Script(Race(), a=[AuthenticationError("no")], b=[TEXT])
    candidates, _ = await run(script, expert("a"), expert("b"))
    assert statuses(candidates) == {"a": "failed", "b": "ok"}


async def test_reserves_of_a_source_whose_key_was_refused_twice_are_not_asked() -> None:
    script = Script(Race(), a=[AuthenticationError("no")], b=[AuthenticationError("no")], d=[TEXT])
    candidates, _ = await run(script, expert("a"), expert("b"), expert("c"), expert("d", "embedded"))
    assert statuses(candidates) == {"a": "failed", "b": "failed", "d": "ok"}


async def test_no_reserve_starts_beside_a_silent_one_when_the_quorum_has_answered_meanwhile() -> None:
    race = Race(quorum=1, seconds=0.5)
    script = Script(race, a=[forever])
    branch = asyncio.ensure_future(run(script, expert("a"), expert("b")))
    await script.begun.wait()
    race.answered()
    with race.lane() as limit, pytest.raises(TimeoutError):  # the task's time
        async with limit:
            await branch
    assert script.called == ["a"]


async def test_one_that_is_not_needed_any_more_is_on_the_record_with_its_time() -> None:
    script = Script(Race(seconds=0.5), a=[forever], b=[TEXT])
    candidates, _ = await run(script, expert("a"), expert("b"))
    good, silent = sorted(candidates, key=lambda one: one["status"], reverse=True)
    assert "silent for 0.2 s" in silent["error"]
    assert silent["seconds"] == pytest.approx(good["started"] - silent["started"], abs=0.15)


async def test_cancelling_the_branch_cancels_what_it_started() -> None:
    ended = asyncio.Event()

    async def slow() -> Finding:
        try:
            return await forever()
        finally:
            ended.set()

    script = Script(Race(), a=[slow])
    branch = asyncio.ensure_future(run(script, expert("a")))
    await script.begun.wait()
    branch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await branch
    assert ended.is_set()


async def test_keys_are_taken_out_of_errors() -> None:
    async def call() -> Any:
        raise ExpertError("bad key hf_canary")

    tried = await recorded(expert("a"), Race(), call, lambda text: text.replace("hf_canary", "****"))
    assert tried.candidate["error"] == "bad key ****"


async def test_a_short_deadline_does_not_start_reserves_at_once() -> None:
    race = Race(seconds=60.0, last=asyncio.get_running_loop().time() + 5.0)
    script = Script(race, a=[quickly], b=[TEXT])
    candidates, _ = await run(script, expert("a"), expert("b"))
    assert statuses(candidates) == {"a": "ok"}


async def quickly() -> Finding:
    for _ in range(TURNS):  # of the event loop: long enough for a reserve that starts at once
        await asyncio.sleep(0)
    return TEXT


@pytest.mark.parametrize(("counts", "called"), [(False, ["a", "b"]), (True, ["a"])], ids=["a failure", "an answer"])
async def test_who_found_nothing_is_replaced_where_that_is_no_answer(counts: bool, called: list[str]) -> None:
    script = Script(Race(), a=[Finding({"text": ""}, empty=True)], b=[TEXT])
    script.race.reserves = deque([expert("b")])
    await Branch(script.race, script.attempt, lambda one: None, empty_counts=counts).run(expert("a"))
    assert script.called == called


async def test_silence_of_a_model_that_loads_here_calls_for_nobody() -> None:
    script = Script(Race(seconds=0.3), a=[forever], b=[TEXT])
    script.race.reserves = deque([expert("b")])
    branch = Branch(script.race, script.attempt, lambda one: None, hedged=False)
    loading = asyncio.ensure_future(branch.run(expert("a")))
    await asyncio.wait([loading], timeout=0.2)
    loading.cancel()
    assert script.called == ["a"]
