"""Which checkpoints are on this machine: folders and the Hub's cache, told by their files; nothing is loaded."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from compegpt.settings import Settings
from compegpt.sources.local import cards
from compegpt.sources.local.runner import Checkpoint

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.h5", "*.msgpack", "*.pkl", "*.onnx", "*.gguf")
_CONFIGS = ("config.json", "model_index.json")
_LARGEST_CONFIG = 20_000_000
_SIZES = re.compile(
    r"(?:^|[-_.])(?:tiny|mini|small|medium|base|large|huge|xxl|xl|x+large|turbo|lite|fast|v?\d+(?:\.\d+)*[bmk]?|fp16|bf16"
    r"|int[48]|[48]bit|un?cased|instruct|chat|it|hf|en|multilingual|distilled|distil|big|tc)(?=$|[-_.])")


def hub_cache(settings: Settings) -> Path:
    """The folder that `hf download` and transformers keep models in."""
    if cache := os.environ.get("HF_HUB_CACHE"):
        return Path(cache).expanduser()
    if settings.hf_home is not None:
        return settings.hf_home / "hub"
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


class Shelf:
    """The models of a Hub cache; each is read once until its folder changes."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self._known: dict[tuple[str, str | None, Path], tuple[int, Checkpoint]] = {}

    def checkpoints(self) -> list[Checkpoint]:
        """All models of the cache that have a config, those that came last first. Blocking."""
        found = [self.read(Checkpoint(name, folder)) for name in self._names()
                 if (folder := snapshot(self.cache, name))]
        return sorted((one for one in found if one.config), key=lambda one: -_changed(one.folder))

    def read(self, checkpoint: Checkpoint) -> Checkpoint:
        """The checkpoint as its files say; one without a folder gets that in the cache, if it is there in full."""
        folder = checkpoint.folder or snapshot(self.cache, checkpoint.name, checkpoint.revision)
        if folder is None:
            return checkpoint
        changed, key = _changed(folder), (checkpoint.name, checkpoint.revision, folder)
        if key not in self._known or self._known[key][0] != changed:
            self._known[key] = (changed, described(replace(checkpoint, folder=folder)))
        known = self._known[key][1]
        return known if checkpoint.folder or whole(known) else checkpoint

    def _names(self) -> list[str]:
        try:
            return [_name(repo) for repo in self.cache.glob("models--*")]
        except OSError:
            return []


def snapshot(cache: Path, name: str, revision: str | None = None) -> Path | None:
    """The folder of `org/name` in a cache at a branch, tag or commit (its main one, else the newest); None without."""
    repo = cache / f"models--{name.replace('/', '--')}"
    reference = repo / "refs" / (revision or "main")
    folders = repo / "snapshots"
    try:
        commit = reference.read_text().strip() if reference.is_file() else revision
        if commit:
            return folders / commit if (folders / commit).is_dir() else None
        every = [folder for folder in folders.glob("*") if folder.is_dir()]
        return max(every, key=lambda folder: folder.stat().st_mtime_ns, default=None)
    except (OSError, ValueError):  # a folder nobody may read, a name too long for a file, a ref that is no text
        return None


def whole(checkpoint: Checkpoint) -> bool:
    """Whether its folder holds all its weights."""
    return checkpoint.folder is not None and checkpoint.bytes > 0 and not _lacking(checkpoint.folder)


def described(checkpoint: Checkpoint) -> Checkpoint:
    """The checkpoint with what the files of its folder say: config, architectures, tags, size; or its fault."""
    if checkpoint.folder is None:
        return checkpoint
    try:
        config = _config(checkpoint.folder)
        return replace(checkpoint, config=config, architectures=_architectures(config),
                       tags=tuple(dict.fromkeys([*checkpoint.tags, *cards.tags(checkpoint.folder)])),
                       bytes=sum(file.stat().st_size for file in weights(checkpoint.folder, config)))
    except (OSError, TypeError, ValueError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        return replace(checkpoint, fault=f"its files cannot be read ({why})")


def _architectures(config: Mapping[str, Any]) -> tuple[str, ...]:
    named = config.get("architectures") or [config.get("_class_name")]
    return tuple(name for name in named if isinstance(name, str)) if isinstance(named, list) else ()


def weights(folder: Path, config: Mapping[str, Any]) -> list[Path]:
    """The safetensors files that are loaded: of a pipeline those of its parts, of shards those in the index."""
    parts = [folder / part for part in config if (folder / part).is_dir()] if "_diffusers_version" in config else []
    return [file for place in [folder, *parts] for file in _shards(place)]


def _shards(folder: Path) -> list[Path]:
    for stem in ("model", "diffusion_pytorch_model"):
        index = _json(folder / f"{stem}.safetensors.index.json").get("weight_map")
        if isinstance(index, dict):
            return sorted({folder / str(name) for name in index.values() if (folder / str(name)).is_file()})
        variants = sorted((file for file in folder.glob(f"{stem}*.safetensors") if file.is_file()),
                          key=lambda file: len(file.name))
        if variants:
            return variants[:1]
    return []


def unsound(checkpoint: Checkpoint) -> str | None:
    """Why a checkpoint must not or cannot be loaded, whatever the task; None where it can."""
    folder, config = checkpoint.folder, checkpoint.config
    if folder is None or checkpoint.fault:
        return checkpoint.fault
    if not config:
        return "it has no config.json or model_index.json"
    if "auto_map" in config:
        return "it needs code of its own, which is not run here"
    if "quantization_config" in config:
        return "its weights are quantized, which wants libraries that are not here"
    if checkpoint.bytes == 0:
        pickled = any(next(folder.rglob(pattern), None) for pattern in _PICKLES)
        return "it has no safetensors weights: pickles are not loaded" if pickled else "its weights are not here"
    return "it is not here in full" if _lacking(folder) else None


def _lacking(folder: Path) -> bool:
    """Whether shards that an index names are missing, or a download of the cache is not done."""
    if folder.parent.name == "snapshots" and next(folder.parent.parent.glob("blobs/*.incomplete"), None):
        return True
    try:
        index = _json(folder / "model.safetensors.index.json").get("weight_map")
        return isinstance(index, dict) and not all((folder / str(name)).is_file() for name in index.values())
    except OSError:
        return True


def family(checkpoint: Checkpoint) -> str:
    """What siblings share: the base model that the card names, else kind and name without size and version."""
    base = next((tag for tag in checkpoint.tags if tag.startswith("base_model:")), None)
    name = (base.rpartition(":")[2] if base else checkpoint.name).rpartition("/")[2].lower()
    kind = checkpoint.config.get("model_type") or checkpoint.config.get("_class_name") or "model"
    return f"{kind}/{_SIZES.sub('', name).strip('-_.') or name}".lower()


def _config(folder: Path) -> dict[str, Any]:
    return next((config for file in _CONFIGS if (config := _json(folder / file))), {})


def _json(file: Path) -> dict[str, Any]:
    if not file.is_file() or file.stat().st_size > _LARGEST_CONFIG:
        return {}
    try:
        content = json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _changed(folder: Path | None) -> int:
    """When files of a folder or of the folders in it came or went, in ns; 0 where it is not there."""
    try:
        if folder is None or not folder.is_dir():
            return 0
        watched = [place for place in folder.iterdir() if place.is_dir() or place.name in (*_CONFIGS, "README.md")]
        return max((place.stat().st_mtime_ns for place in (folder, *watched) if place.exists()), default=0)
    except OSError:
        return 0


def _name(repo: Path) -> str:
    return repo.name.removeprefix("models--").replace("--", "/", 1)
