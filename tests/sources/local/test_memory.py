"""Models in memory by fake loaders and calls that wait for events: who is in, who goes, who waits."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field

import pytest

from compegpt.errors import ExpertGone
from compegpt.sources.local.memory import Models


@dataclass
class Bench:
    """Models whose loads and calls are counted; a call of a name in `gates` waits until its gate is opened."""

    models: Models
    loads: list[str] = field(default_factory=list)
    begun: dict[str, asyncio.Event] = field(default_factory=dict)
    gates: dict[str, threading.Event] = field(default_factory=dict)
    failures: list[Exception] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    def start(self, name: str, size: int = 10, held: bool = False) -> asyncio.Task[str]:
        """A call of the model; with `held` it computes until `finish(name)`."""
        loop = asyncio.get_running_loop()
        begun = self.begun[name] = asyncio.Event()
        if held:
            self.gates[name] = threading.Event()

        def load() -> str:
            self.loads.append(name)
            if self.failures:
                raise self.failures.pop()
            return name

        def call(model: str) -> str:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            loop.call_soon_threadsafe(begun.set)
            if name in self.gates:
                self.gates[name].wait()
            self.at_once -= 1
            return f"by {model}"

        return asyncio.ensure_future(self.models.use(name, size, load, call))

    def finish(self, name: str) -> None:
        self.gates.pop(name).set()

    async def holding(self, *names: str) -> dict[str, asyncio.Task[str]]:
        """Calls that compute now."""
        tasks = {name: self.start(name, held=True) for name in names}
        for name in names:
            await self.begun[name].wait()
        return tasks


def bench(budget: int = 30) -> Bench:
    return Bench(Models(budget))


async def settled() -> None:
    """Everything that can go on without a thread has."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_model_is_loaded_on_first_use_and_kept() -> None:
    made = bench()
    assert [await made.start("a"), await made.start("a")] == ["by a", "by a"]
    assert made.loads == ["a"]


async def test_callers_at_once_share_one_load() -> None:
    made = bench()
    assert await asyncio.gather(*(made.start("a") for _ in range(5))) == ["by a"] * 5
    assert made.loads == ["a"]


async def test_the_least_recently_used_goes_first() -> None:
    made = bench(30)
    for name in "abcad":
        await made.start(name)
    assert made.models.held == ["c", "a", "d"]


async def test_no_more_goes_than_must() -> None:
    made = bench(30)
    for name, size in (("a", 5), ("b", 15), ("c", 10), ("d", 20)):
        await made.start(name, size)
    assert made.models.held == ["c", "d"]


async def test_a_model_in_use_is_never_put_out() -> None:
    made = bench(20)
    calls = await made.holding("a", "b")
    waiting = made.start("c")
    await settled()
    assert made.models.held == ["a", "b"]
    assert made.loads == ["a", "b"]
    made.finish("b")
    assert await waiting == "by c"
    assert made.models.held == ["a", "c"]
    made.finish("a")
    await asyncio.gather(*calls.values())


async def test_nothing_goes_in_vain() -> None:
    made = bench(30)
    await made.start("idle")
    calls = await made.holding("busy")
    waiting = made.start("large", 25)
    await settled()
    assert made.models.held == ["idle", "busy"]
    made.finish("busy")
    assert await waiting == "by large"
    await calls["busy"]


async def test_a_small_model_does_not_wait_behind_a_large_one() -> None:
    made = bench(30)
    calls = await made.holding("a")
    large = made.start("large", 25)
    await settled()
    assert await made.start("small", 10) == "by small"
    made.finish("a")
    assert await large == "by large"
    await calls["a"]


async def test_a_cancelled_waiter_leaves_no_trace() -> None:
    made = bench(10)
    calls = await made.holding("a")
    waiting = made.start("b")
    await settled()
    waiting.cancel()
    await settled()
    assert waiting.cancelled()
    made.finish("a")
    await calls["a"]
    assert made.loads == ["a"]
    assert await made.start("c") == "by c"


async def test_a_cancelled_call_keeps_its_model_until_its_thread_ends() -> None:
    made = bench(10)
    calls = await made.holding("a")
    calls["a"].cancel()
    await settled()
    assert calls["a"].cancelled()
    waiting = made.start("b")
    await settled()
    assert made.models.held == ["a"]
    made.finish("a")
    assert await waiting == "by b"
    assert made.models.held == ["b"]


async def test_a_cancelled_call_keeps_its_turn_until_its_thread_ends() -> None:
    made = bench()
    calls = await made.holding("a")
    calls["a"].cancel()
    second = made.start("a")
    await settled()
    assert not made.begun["a"].is_set()
    made.finish("a")
    assert await second == "by a"
    assert made.most_at_once == 1


async def test_a_call_that_was_cancelled_before_its_turn_gives_its_lease_back() -> None:
    made = bench(10)
    calls = await made.holding("a")
    second = made.start("a")
    await settled()
    second.cancel()
    made.finish("a")
    await calls["a"]
    assert await made.start("b") == "by b"
    assert made.models.held == ["b"]


async def test_calls_of_one_model_take_turns() -> None:
    made = bench()
    await asyncio.gather(*(made.start("a") for _ in range(6)))
    assert made.most_at_once == 1


async def test_different_models_run_side_by_side() -> None:
    made = bench(30)
    calls = await made.holding("a", "b", "c")
    assert made.at_once == 3
    for name in "abc":
        made.finish(name)
    assert await asyncio.gather(*calls.values()) == ["by a", "by b", "by c"]


async def test_a_failed_load_reaches_all_that_wait_and_is_tried_again() -> None:
    made = bench()
    made.failures.append(OSError("no such file"))
    outcomes = await asyncio.gather(made.start("a"), made.start("a"), return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["no such file"] * 2
    assert made.models.held == []
    assert await made.start("a") == "by a"


async def test_a_failed_load_makes_room_for_those_that_wait() -> None:
    made = bench(10)
    made.failures.append(OSError("no such file"))
    outcomes = await asyncio.gather(made.start("a"), made.start("b"), return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["no such file", "by b"]


async def test_a_failed_call_gives_its_lease_back() -> None:
    models = Models(10)

    def broken(model: str) -> str:
        raise ValueError(f"{model} broke")

    with pytest.raises(ValueError, match="a broke"):
        await models.use("a", 10, lambda: "a", broken)
    assert await models.use("b", 10, lambda: "b", str) == "b"


async def test_a_load_whose_callers_left_is_kept_for_the_next() -> None:
    models = Models(10)
    gate, loaded = threading.Event(), []

    def load() -> str:
        gate.wait()
        loaded.append("a")
        return "a"

    first = asyncio.ensure_future(models.use("a", 10, load, str))
    await settled()
    first.cancel()
    await settled()
    gate.set()
    assert await models.use("a", 10, load, str) == "a"
    assert loaded == ["a"]


async def test_a_model_larger_than_all_there_is_is_refused() -> None:
    made = bench(2 * 10**9)
    with pytest.raises(ExpertGone, match=r"takes 9 GB of memory, but local models may take 2 GB together: set COMPE"):
        await made.start("a", 9 * 10**9)
    assert made.loads == []
