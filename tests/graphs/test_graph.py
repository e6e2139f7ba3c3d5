from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from compegpt.events import Executed, Judged, Planned, Responded, Selected
from compegpt.schema import Finding, Result, Task
from compegpt.session import Session
from graphs.compegpt import builder, graph
from tests.conftest import ROOT
from tests.fakes import FakeSource, fake_parts, settings, task

SHEEP = Finding({"text": "Sheep are nice animals."}, confidence=0.9)
EWES = Finding({"text": "Sheep are nice animal"}, confidence=0.6)
NOISE = Finding({"text": "xq zzv 17 ||"}, confidence=0.2)


async def hang(args: Mapping[str, Any], store: Any) -> Finding:
    await asyncio.Event().wait()
    raise AssertionError("nobody sets it")


async def play(folder: Path, experts: Any, *plans: list[Task] | Exception, turns: int = 1,
               **flags: Any) -> tuple[list[Any], FakeSource]:
    source = FakeSource(experts)
    events: list[Any] = []
    async with Session(fake_parts(settings(folder, **flags), source, *plans)) as session:
        for _ in range(turns):
            async for event in session.stream({"text": "go", "files": [], "thread": "t"}):
                events.append(event)
    return events, source


def results(events: list[Any]) -> dict[int, Result]:
    return {result["id"]: result for result in events[-1].turn["results"]}


def summary(task_id: int = 0, dep: tuple[int, ...] = (), text: str = "A text.") -> Task:
    return task("summarization", task_id, dep or (-1,), text=" ".join([text, *(f"<resource>-{one}" for one in dep)]))


async def test_the_events_tell_the_turn_in_order(data_dir: Path) -> None:
    experts = {"summarization": [("a", "a", SHEEP), ("b", "b", EWES), ("c", "c", NOISE)]}
    events, _ = await play(data_dir, experts, [summary()])
    assert [type(event) for event in events] == [Planned, Selected, Executed, Executed, Executed, Judged, Responded]


async def test_the_winner_is_one_of_those_that_agree(data_dir: Path) -> None:
    experts = {"summarization": [("c", "c", NOISE), ("a", "a", SHEEP), ("b", "b", EWES)]}
    events, _ = await play(data_dir, experts, [summary()])
    assert results(events)[0]["winner"] == "fake:a"
    assert len(results(events)[0]["similarity"]) == 3


async def test_a_dependent_gets_the_winners_output(data_dir: Path) -> None:
    _, source = await play(data_dir, {"summarization": [("a", "a", SHEEP)], "translation": [("t", "t", SHEEP)]},
                           [summary(0), task("translation", 1, (0,), text="<resource>-0", target="es")])
    assert source.calls[-1] == ("fake:t", {"text": "Sheep are nice animals.", "target": "es"})


async def test_no_task_waits_for_what_it_does_not_need(data_dir: Path) -> None:
    finished = asyncio.Event()

    async def wait_for_the_chain(args: Mapping[str, Any], store: Any) -> Finding:
        await finished.wait()
        return SHEEP

    async def last(args: Mapping[str, Any], store: Any) -> Finding:
        finished.set()
        return SHEEP

    experts = {"summarization": [("slow", "slow", wait_for_the_chain)], "translation": [("a", "a", SHEEP)],
               "text-generation": [("z", "z", last)]}
    plan = [summary(0), task("translation", 1, text="x", target="es"),
            task("text-generation", 2, (1,), text="<resource>-1")]
    events, _ = await play(data_dir, experts, plan)
    assert [results(events)[one]["status"] for one in (0, 1, 2)] == ["ok", "ok", "ok"]


@pytest.mark.parametrize("fault", [RuntimeError("crash"), OSError(28, "No space left on device"), MemoryError()],
                         ids=lambda fault: type(fault).__name__)
async def test_a_fault_is_a_recorded_candidate_and_the_others_compete(data_dir: Path, fault: Exception) -> None:
    events, _ = await play(data_dir, {"summarization": [("bad", "bad", fault), ("a", "a", SHEEP)]}, [summary()])
    result = results(events)[0]
    assert result["winner"] == "fake:a"
    assert {one["expert"]: one["status"] for one in result["candidates"]} == {"fake:bad": "failed", "fake:a": "ok"}


async def test_the_next_in_rank_takes_a_failed_ones_place(data_dir: Path) -> None:
    called = asyncio.Event()

    async def after_the_reserve(args: Any, store: Any) -> Finding:
        await called.wait()
        return SHEEP

    async def reserve(args: Any, store: Any) -> Finding:
        called.set()
        return EWES

    experts = {"summarization": [("bad", "bad", RuntimeError("crash")), ("a", "a", after_the_reserve),
                                 ("reserve", "r", reserve)]}
    events, _ = await play(data_dir, experts, [summary()], top_k=2)
    assert {one["expert"] for one in results(events)[0]["candidates"]} == {"fake:bad", "fake:a", "fake:reserve"}


async def test_a_failed_task_fails_alone_and_its_dependents_are_skipped(data_dir: Path) -> None:
    experts = {"summarization": [("bad", "bad", RuntimeError("crash"))], "translation": [("t", "t", SHEEP)]}
    plan = [summary(0), task("translation", 1, (0,), text="<resource>-0", target="es"),
            task("translation", 2, text="x", target="es"),
            task("translation", 3, (1,), text="<resource>-1", target="es")]
    events, _ = await play(data_dir, experts, plan)
    assert [results(events)[one]["status"] for one in range(4)] == ["failed", "skipped", "ok", "skipped"]


async def test_a_hanging_expert_ends_with_its_task_deadline(data_dir: Path) -> None:
    events, _ = await play(data_dir, {"summarization": [("hang", "h", hang)]}, [summary()], task_deadline=0.2)
    result = results(events)[0]
    assert (result["status"], result["code"], result["candidates"][0]["status"]) == ("failed", "deadline", "timeout")


async def test_a_straggler_is_cut_off_once_the_quorum_has_answered(data_dir: Path) -> None:
    experts = {"summarization": [("a", "a", SHEEP), ("b", "b", EWES), ("hang", "h", hang)]}
    events, _ = await play(data_dir, experts, [summary()], patience=1.0)
    result = results(events)[0]
    assert result["status"] == "ok"
    assert {one["expert"]: one["status"] for one in result["candidates"]}["fake:hang"] == "cancelled"


async def test_the_request_deadline_bounds_everything(data_dir: Path) -> None:
    plan = [summary(0), summary(1, (0,)), task("translation", 2, text="x", target="es")]
    experts = {"summarization": [("hang", "h", hang)], "translation": [("t", "t", SHEEP)]}
    events, _ = await play(data_dir, experts, plan, deadline=0.3)
    assert [results(events)[one]["status"] for one in range(3)] == ["failed", "skipped", "ok"]
    assert results(events)[0]["code"] == "deadline"


async def test_a_task_without_experts_is_refused_by_name_with_what_to_set(data_dir: Path) -> None:
    events, _ = await play(data_dir, {}, [task("text-to-image", text="a sheep")])
    assert "text-to-image" in str(results(events)[0]["error"])
    assert "HF_TOKEN" in str(results(events)[0]["error"])


async def test_an_empty_plan_goes_straight_to_the_answer(data_dir: Path) -> None:
    events, _ = await play(data_dir, {}, [])
    assert [type(event) for event in events] == [Planned, Responded]


async def test_a_second_turn_starts_clean_and_knows_the_first(data_dir: Path) -> None:
    source = FakeSource({"summarization": [("a", "a", SHEEP)], "translation": [("t", "t", SHEEP)]})
    parts = fake_parts(settings(data_dir), source, [summary()], [task("translation", text="x", target="es")])
    async with Session(parts) as session:
        for text in ("first", "second"):
            events = [event async for event in session.stream({"text": text, "files": [], "thread": "t"})]
        assert [one["task"] for one in events[-1].turn["results"]] == ["translation"]
        assert [turn["request"]["text"] for turn in await session.history("t")] == ["first", "second"]
    history = parts.planner.asked[1][1]  # type: ignore[attr-defined]
    assert [turn["results"][0]["output"] for turn in history] == [SHEEP.output]


async def test_turns_on_one_thread_at_once_lose_nothing(data_dir: Path) -> None:
    source = FakeSource({"summarization": [("a", "a", SHEEP)]})
    async with (Session(fake_parts(settings(data_dir), source, [summary()])) as one,
                Session(fake_parts(settings(data_dir), source, [summary()])) as other):
        async def turn(session: Session, text: str) -> None:
            async for _ in session.stream({"text": text, "files": [], "thread": "t"}):
                pass

        await asyncio.gather(*(turn(session, f"{number}") for number, session in enumerate([one, other, one, other])))
        assert sorted(turn["request"]["text"] for turn in await one.history("t")) == ["0", "1", "2", "3"]


async def test_closing_the_stream_leaves_no_task_behind(data_dir: Path) -> None:
    started = asyncio.Event()

    async def begin(args: Mapping[str, Any], store: Any) -> Finding:
        started.set()
        return await hang(args, store)

    source = FakeSource({"summarization": [("h", "h", begin)]})
    async with Session(fake_parts(settings(data_dir), source, [summary()])) as session:
        before = asyncio.all_tasks()

        async def consume() -> None:
            async for _ in session.stream({"text": "go", "files": [], "thread": "t"}):
                pass

        running = asyncio.create_task(consume())
        await started.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        left = asyncio.all_tasks() - before
        assert not any("execute" in str(one.get_coro()) for one in left)
        if left:  # a checkpoint on its way to the disk, and nothing else
            await asyncio.wait(left, timeout=10)
        assert all(one.done() for one in left)


async def test_a_data_directory_that_cannot_be_written_still_answers(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in its place")
    events, _ = await play(tmp_path / "data", {"summarization": [("a", "a", SHEEP)]}, [summary()])
    assert "COMPEGPT_DATA_DIR" in events[0].text
    assert results(events)[0]["status"] == "ok"


async def test_given_no_context_the_graph_builds_its_own() -> None:
    state = await graph.ainvoke({"request": {"text": "Which language is this text in: 'Das ist ein schöner Tag.'",
                                             "files": [], "thread": ""}})
    assert "German" in state["answer"]


def test_the_drawing_shows_every_stage() -> None:
    drawing = builder.compile().get_graph(xray=True).draw_mermaid()
    assert all(stage in drawing for stage in ("plan", "select", "execute", "judge", "respond"))


def test_studio_finds_the_graph() -> None:
    path, name = json.loads((ROOT / "langgraph.json").read_text())["graphs"]["compegpt"].split(":")
    assert (ROOT / path).is_file()
    assert name == "graph"


@pytest.mark.parametrize(("number", "code"), [(28, "storage"), (30, "storage"), (2, "expert")])
async def test_a_disk_that_takes_no_more_is_no_fault_of_the_engine(number: int, code: str, data_dir: Path) -> None:
    experts = {"summarization": [("a", "a", OSError(number, "It says so"))]}
    events, _ = await play(data_dir, experts, [summary()])
    assert results(events)[0]["code"] == code
    assert "It says so" in str(results(events)[0]["error"])
