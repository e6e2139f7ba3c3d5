"""Where local models run: the device, the type of their numbers, the memory they may take together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from compegpt.errors import ConfigurationError
from compegpt.settings import Settings

GB = 10**9
_NAMES = ("auto", "cpu", "cuda", "mps")
_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
_UNKNOWN_MEMORY = 8 * GB


def check(settings: Settings) -> None:
    """Raises ConfigurationError where COMPEGPT_DEVICE names no device; imports nothing."""
    if settings.device not in _NAMES:
        raise ConfigurationError(f"COMPEGPT_DEVICE is '{settings.device[:40]}', but must be auto, cpu, cuda or mps.")


def chosen(settings: Settings) -> str:
    """`cuda`, `mps` or `cpu`: the one that is set, else the fastest there is. Raises ConfigurationError."""
    import torch

    check(settings)
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if settings.device == "auto":
        return next(name for name, present in there.items() if present)
    if not there[settings.device]:
        raise ConfigurationError(f"COMPEGPT_DEVICE is '{settings.device}', but torch finds no such device here; "
                                 "set it to auto or cpu.")
    return settings.device


def number_type(device: str, config: Mapping[str, Any]) -> Any:
    """The torch dtype a model is loaded in: float16 on CUDA, or bfloat16 for weights that were made in it and overflow
    in float16; float32 elsewhere."""
    import torch

    if device != "cuda":
        return torch.float32
    made_in = str(config.get("dtype") or config.get("torch_dtype"))
    return torch.bfloat16 if made_in == "bfloat16" and torch.cuda.is_bf16_supported() else torch.float16


def expected_bytes(stored: int, device: str, config: Mapping[str, Any]) -> int:
    """What weights of so many bytes on disk will take in memory, as far as config.json tells their type."""
    made_in = str(config.get("dtype") or config.get("torch_dtype"))
    before = {"float32": 4, "float16": 2, "bfloat16": 2}.get(made_in)
    return stored * number_type(device, config).itemsize // before if before else stored


def budget(settings: Settings, device: str) -> int:
    """Bytes that loaded models may take together: COMPEGPT_LOCAL_MEMORY, else half of the device's memory."""
    if settings.local_memory is not None:
        return int(settings.local_memory * GB)
    import torch

    if device == "cuda":
        return int(torch.cuda.mem_get_info(device)[1]) // 2
    if device == "mps":
        return int(torch.mps.recommended_max_memory()) // 2
    return _system_memory() // 2


def _system_memory() -> int:
    """Bytes of this machine's memory, or of the container's where that is less."""
    found = [_UNKNOWN_MEMORY]
    if "SC_PHYS_PAGES" in getattr(os, "sysconf_names", {}):
        found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in _LIMITS:
        text = path.read_text().strip() if path.is_file() else ""
        found += [int(text)] if text.isdigit() else []
    return min(found)
