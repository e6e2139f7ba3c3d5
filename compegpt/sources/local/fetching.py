"""Checkpoints from the Hub onto this machine: only what is loaded, into the cache that the Hub's own tools use too."""

from __future__ import annotations

import asyncio
import errno
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from compegpt.errors import CompeGPTError, ExpertGone, ExpertUnavailable
from compegpt.settings import Settings
from compegpt.sources.hub import faults
from compegpt.sources.local.discovery import described, hub_cache, snapshot, whole
from compegpt.sources.local.runner import Checkpoint
from compegpt.threads import in_thread

_TEXTS = re.compile(r"(?:.*/)?[^/]+\.(?:json|txt|model|spm|jinja|tiktoken|md)")
_WEIGHTS = re.compile(r"(?:.*/)?(?:model|diffusion_pytorch_model|adapter_model)(?:-\d+-of-\d+)?\.safetensors")
_ELSEWHERE = re.compile(r"(?:onnx|openvino|coreml|original|flax|tensorrt|gguf|assets|examples)/")
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)
_VARIANT = re.compile(r"\.(?:fp16|bf16)(?=\.|-)")


class Fetching:
    """Downloads, each once however many ask for it."""

    def __init__(self, settings: Settings, most: int) -> None:
        self._settings = settings
        self._most = most
        """Bytes of weights beyond which nothing is fetched, since it could not be loaded."""
        self._running: dict[tuple[str, str | None], asyncio.Task[Path]] = {}

    async def folder(self, name: str, revision: str | None) -> Path:
        """Where `org/name`, or a folder, lies on this machine, fetched first where it is not there.

        A cancelled caller leaves at once; the download goes on for the next one. Raises ExpertGone, ExpertUnavailable,
        AuthenticationError.
        """
        key = (name, revision)
        if key not in self._running:
            self._running[key] = asyncio.ensure_future(in_thread(self._fetched, name, revision))
            self._running[key].add_done_callback(lambda _: self._running.pop(key, None))
        return await asyncio.shield(self._running[key])

    def _fetched(self, name: str, revision: str | None) -> Path:
        from huggingface_hub import constants

        if (folder := Path(name)).is_dir():
            return folder
        there = snapshot(hub_cache(self._settings), name, revision)
        if there is not None and whole(described(Checkpoint(name, there))):
            return there
        if self._settings.hf_hub_offline or constants.HF_HUB_OFFLINE:
            if there is not None:
                return there
            raise ExpertGone(f"{name} is not on this machine and HF_HUB_OFFLINE is on: fetch it by "
                             f"`hf download {name}` while it is off.")
        try:
            return self._download(name, revision)
        except Exception as error:  # whatever the Hub's client raises is the Hub's failure, with the token taken out
            if getattr(error, "errno", None) in _DISK:
                raise
            if there is not None:
                return there
            raise self._mended(error, name) from None

    def _download(self, name: str, revision: str | None) -> Path:
        from huggingface_hub import HfApi, snapshot_download
        from huggingface_hub.utils.tqdm import disable_progress_bars

        disable_progress_bars()
        ask: dict[str, Any] = {"endpoint": self._settings.hf_endpoint, "token": self._settings.hf_token or False}
        told = HfApi(**ask).model_info(name, revision=revision, files_metadata=True)
        sizes = {file.rfilename: file.size or 0 for file in told.siblings or ()}
        chosen = files(list(sizes))
        if not any(file.endswith(".safetensors") for file in chosen):
            raise ExpertGone(f"{name} has no safetensors weights: pickles are not loaded.")
        if sum(sizes[file] for file in chosen) > self._most:
            raise ExpertGone(f"{name} has {sum(sizes[file] for file in chosen) / 1e9:.2g} GB of weights, but local "
                             f"models may take {self._most / 1e9:.2g} GB together: set COMPEGPT_LOCAL_MEMORY to more.")
        return Path(snapshot_download(name, revision=revision, cache_dir=hub_cache(self._settings),
                                      allow_patterns=chosen, max_workers=4, **ask))

    def _mended(self, error: Exception, name: str) -> CompeGPTError:
        if isinstance(error, CompeGPTError):
            return error
        answer = getattr(error, "response", None)
        if answer is not None and answer.status_code == 404:
            return ExpertGone(f"The Hub has no model {name}, or not at this revision; check the name.")
        if answer is not None:
            return faults.by_status(answer.status_code, answer.headers, str(error), name, self._settings.hf_token)
        said = self._settings.redacted(" ".join(str(error).split())[:200])
        return ExpertUnavailable(f"{name} could not be fetched from the Hub ({type(error).__name__}: {said}); "
                                 "try again later.")


def files(names: Sequence[str]) -> list[str]:
    """Those of a repository that are loaded: configs, tokenizers and safetensors, of several variants the plain one."""
    wanted = [name for name in names if not _ELSEWHERE.match(name)
              and (_TEXTS.fullmatch(name) or _WEIGHTS.fullmatch(_VARIANT.sub("", name)))]
    return [name for name in wanted if not _VARIANT.search(name) or _VARIANT.sub("", name) not in wanted]
