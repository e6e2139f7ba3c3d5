"""Checkpoints fetched from a Hub on loopback by the Hub's own client."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from compegpt.errors import CompeGPTError, ExpertGone, ExpertUnavailable
from compegpt.settings import Settings
from compegpt.sources.local.fetching import Fetching, files
from tests.fakes import settings
from tests.loopback.server import Answer, Asked, Server

NAME = "org/model"
COMMIT = "c" * 40
FILES = {"config.json": b"{}", "README.md": b"# Model", "model.safetensors": b"weights", "model.fp16.safetensors": b"w",
         "pytorch_model.bin": b"pickle", "tokenizer.json": b"[]", "onnx/model.onnx": b"onnx", "picture.png": b"png"}
TOKEN = "hf_canarycanary"


class Repository:
    """One model of the Hub: what is told of it, its list of files, the files."""

    def __init__(self, files: dict[str, bytes] | None = None, status: int = 200) -> None:
        self.files = FILES if files is None else files
        self.status = status

    def __call__(self, asked: Asked) -> Answer | None:
        if self.status != 200:
            return Answer({"error": f"refused {asked.headers.get('authorization')}"}, self.status)
        if asked.path.startswith(f"/api/models/{NAME}/tree/"):
            return Answer([{"type": "file", "path": name, "size": len(body), "oid": _etag(body)}
                           for name, body in self.files.items()])
        if asked.path.startswith(f"/api/models/{NAME}"):
            return Answer({"_id": "1", "id": NAME, "sha": COMMIT, "siblings": [
                {"rfilename": name, "size": len(body)} for name, body in self.files.items()]})
        if asked.path.startswith(f"/{NAME}/resolve/"):
            body = self.files[asked.path.split("/", 5)[5]]
            told = {"ETag": f'"{_etag(body)}"', "X-Repo-Commit": COMMIT, "X-Linked-Size": str(len(body)),
                    "X-Linked-ETag": f'"{_etag(body)}"'}
            return Answer(b"" if asked.method == "HEAD" else body, headers=told)
        return None


def _etag(body: bytes) -> str:
    return hashlib.sha1(body).hexdigest()


@pytest.fixture(autouse=True)
def online(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    from huggingface_hub import close_session, constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    yield
    close_session()


def set_for(server: Server, folder: Path, **flags: Any) -> Settings:
    return settings(folder / "data", hf_home=folder, hf_endpoint=server.url, hf_token=TOKEN, **flags)


async def test_only_what_is_loaded_is_fetched(tmp_path: Path) -> None:
    with Server(Repository()) as server:
        folder = await Fetching(set_for(server, tmp_path), 1000).folder(NAME, None)
        assert {file.name for file in folder.iterdir()} == {
            "config.json", "README.md", "model.safetensors", "tokenizer.json"}
    assert (folder / "model.safetensors").read_bytes() == b"weights"
    assert folder == tmp_path / "hub" / "models--org--model" / "snapshots" / COMMIT


async def test_many_that_ask_at_once_fetch_once(tmp_path: Path) -> None:
    with Server(Repository()) as server:
        fetching = Fetching(set_for(server, tmp_path), 1000)
        folders = await asyncio.gather(*(fetching.folder(NAME, None) for _ in range(4)))
        assert len(set(folders)) == 1
        assert len([one for one in server.asked("model.safetensors") if one.method == "GET"]) == 1


async def test_a_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    assert await Fetching(settings(tmp_path), 0).folder(str(tmp_path), None) == tmp_path


@pytest.mark.parametrize(("repository", "error", "says"), [
    (Repository({"pytorch_model.bin": b"x"}), ExpertGone, "no safetensors weights: pickles are not loaded"),
    (Repository({"model.safetensors": bytes(2000)}), ExpertGone, "set COMPEGPT_LOCAL_MEMORY to more"),
    (Repository(status=404), ExpertGone, "The Hub has no model org/model"),
    (Repository(status=503), ExpertUnavailable, "org/model"),
], ids=["pickles", "too large", "unknown", "down"])
async def test_what_cannot_be_fetched_says_why(tmp_path: Path, repository: Repository, error: type[CompeGPTError],
                                               says: str) -> None:
    with Server(repository) as server, pytest.raises(error, match=says) as raised:
        await Fetching(set_for(server, tmp_path), 1000).folder(NAME, None)
    assert TOKEN not in str(raised.value)


async def test_a_hub_that_cannot_be_reached_is_worth_another_try(tmp_path: Path) -> None:
    with Server() as server:
        pass
    with pytest.raises(ExpertUnavailable, match="could not be fetched from the Hub"):
        await Fetching(set_for(server, tmp_path), 1000).folder(NAME, None)


async def test_offline_nothing_is_asked_for(tmp_path: Path) -> None:
    with Server(Repository()) as server:
        with pytest.raises(ExpertGone, match="HF_HUB_OFFLINE is on: fetch it by `hf download org/model`"):
            await Fetching(set_for(server, tmp_path, hf_hub_offline="on"), 1000).folder(NAME, None)
        assert server.requests == []


@pytest.mark.parametrize(("there", "chosen"), [
    (["model-00001-of-00002.safetensors", "model.safetensors.index.json"],
     ["model-00001-of-00002.safetensors", "model.safetensors.index.json"]),
    (["unet/diffusion_pytorch_model.safetensors", "unet/diffusion_pytorch_model.fp16.safetensors", "v1-5.safetensors"],
     ["unet/diffusion_pytorch_model.safetensors"]),
    (["vae/diffusion_pytorch_model.fp16.safetensors"], ["vae/diffusion_pytorch_model.fp16.safetensors"]),
    (["1_Pooling/config.json", "openvino/config.json", "code.py", "a.gguf"], ["1_Pooling/config.json"]),
], ids=["shards", "variants", "half only", "folders"])
def test_files_are_chosen_by_their_names(there: list[str], chosen: list[str]) -> None:
    assert files(there) == chosen


async def test_what_is_there_in_full_is_not_asked_for_again(tmp_path: Path) -> None:
    with Server(Repository({**FILES, "config.json": b'{"model_type": "bert"}'})) as server:
        fetching = Fetching(set_for(server, tmp_path), 1000)
        folder = await fetching.folder(NAME, None)
        asked = len(server.requests)
        assert await fetching.folder(NAME, None) == folder
        assert len(server.requests) == asked


async def test_what_is_there_in_part_is_fetched_in_full(tmp_path: Path) -> None:
    with Server(Repository()) as server:
        fetching = Fetching(set_for(server, tmp_path), 1000)
        folder = await fetching.folder(NAME, None)
        (folder / "model.safetensors").unlink()
        await fetching.folder(NAME, None)
        assert (folder / "model.safetensors").read_bytes() == b"weights"
