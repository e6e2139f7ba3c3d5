"""One expert does one task: what it makes and says, what is kept of that, who waits for whom."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from compegpt.context import Context
from compegpt.execute.node import _one
from compegpt.media.artifacts import Store
from compegpt.schema import Candidate, Expert, Finding
from tests.fakes import Behaviour, FakeSource, fake_parts, settings, task

TEXT = Finding({"text": "A sheep."})


def context(folder: Path, source: FakeSource, **flags: Any) -> Context:
    return fake_parts(settings(folder, **flags), source).context()


def source(behaviour: Behaviour, *names: str, of: str = "text-to-image") -> FakeSource:
    return FakeSource({of: [(name, name, behaviour) for name in names or ("a",)]})


async def called(on: Context, name: str = "a", of: str = "text-to-image", **args: Any) -> Candidate:
    return (await _one(on, task(of), Expert(f"fake:{name}", of, name, "fake"), args)).candidate


async def draws(args: Mapping[str, Any], store: Store) -> Finding:
    path = store.new(".png")
    path.write_bytes(b"picture")
    store.new(".tmp").write_bytes(b"scratch")
    return Finding({"image": str(path), "text": f"key canary-key, file {path}"})


async def test_a_file_stays_where_its_path_holds_what_is_taken_for_a_key(tmp_path: Path) -> None:
    on = context(tmp_path / "canary-key", source(draws), openai_api_key="canary-key")
    candidate = await called(on, text="a sheep")
    assert candidate["output"] is not None
    assert candidate["output"]["text"].startswith("key ****, file ")
    assert "canary-key" not in candidate["output"]["text"]
    assert [str(file) for file in on.store.folder.iterdir()] == [candidate["output"]["image"]]


async def test_the_path_of_a_file_that_was_given_stays_as_it_is(tmp_path: Path) -> None:
    given = str(tmp_path / "canary-key.png")
    on = context(tmp_path, source(Finding({"image": given, "text": "canary-key"}), of="object-detection"),
                 openai_api_key="canary-key")
    candidate = await called(on, of="object-detection", image=given)
    assert candidate["output"] == {"image": given, "text": "****"}


async def test_a_text_that_was_given_is_redacted_where_it_comes_back(tmp_path: Path) -> None:
    on = context(tmp_path, source(Finding({"text": "canary-key"}), of="summarization"), openai_api_key="canary-key")
    assert (await called(on, of="summarization", text="canary-key"))["output"] == {"text": "****"}


async def test_an_expert_whose_source_is_not_set_any_more_has_gone(tmp_path: Path) -> None:
    on = replace(context(tmp_path, source(TEXT)), sources=[])
    candidate = await called(on, text="a sheep")
    assert (candidate["status"], candidate["code"]) == ("failed", "gone")
    assert candidate["error"] == "'fake' is not among the sources any more; add it to COMPEGPT_EXPERTS, or ask again."


async def test_a_call_that_is_cancelled_leaves_no_files(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def draws_on(args: Mapping[str, Any], store: Store) -> Finding:
        store.new(".png").write_bytes(b"half a pic")
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    on = context(tmp_path, source(draws_on))
    call = asyncio.ensure_future(called(on, text="a sheep"))
    await begun.wait()
    assert len(list(on.store.folder.iterdir())) == 1
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert list(on.store.folder.iterdir()) == []


async def test_who_loads_holds_no_slot(tmp_path: Path) -> None:
    both = source(TEXT, "loads", "quick")
    both.loading["fake:loads"] = asyncio.Event()
    on = context(tmp_path, both, concurrency=1)
    slow = asyncio.ensure_future(called(on, "loads", text="a sheep"))
    await asyncio.sleep(0)
    assert (await called(on, "quick", text="a sheep"))["status"] == "ok"
    assert not slow.done()
    both.loading["fake:loads"].set()
    assert (await slow)["status"] == "ok"
