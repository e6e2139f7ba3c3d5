"""Where models run, in which numbers, within how much memory."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from compegpt.sources.local import devices
from tests.fakes import settings


@pytest.mark.parametrize(("cuda", "mps", "device", "chosen"), [
    (True, True, "auto", "cuda"), (False, True, "auto", "mps"), (False, False, "auto", "cpu"),
    (True, True, "cpu", "cpu"), (True, True, "mps", "mps")])
def test_the_device_is_the_one_that_is_set_else_the_fastest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cuda: bool,
                                                            mps: bool, device: str, chosen: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert devices.chosen(settings(tmp_path, device=device)) == chosen


@pytest.mark.parametrize(("device", "made_in", "expected"), [
    ("cpu", "float16", torch.float32), ("mps", "float16", torch.float32), ("cuda", "float32", torch.float16),
    ("cuda", "bfloat16", torch.bfloat16)])
def test_numbers_are_halved_on_cuda_only(monkeypatch: pytest.MonkeyPatch, device: str, made_in: str,
                                         expected: torch.dtype) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    assert devices.number_type(device, {"dtype": made_in}) is expected


@pytest.mark.parametrize(("device", "config", "expected"), [
    ("cpu", {"dtype": "float16"}, 200), ("cpu", {"torch_dtype": "float32"}, 100), ("cuda", {"dtype": "float32"}, 50),
    ("cuda", {"dtype": "float16"}, 100), ("cpu", {}, 100)])
def test_what_weights_will_take_depends_on_the_device(monkeypatch: pytest.MonkeyPatch, device: str,
                                                      config: dict[str, str], expected: int) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    assert devices.expected_bytes(100, device, config) == expected


def test_the_budget_is_what_is_set(tmp_path: Path) -> None:
    assert devices.budget(settings(tmp_path, local_memory=1.5), "cpu") == 1_500_000_000


def test_the_budget_is_half_of_an_accelerators_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1, 24 * 10**9))
    monkeypatch.setattr(torch, "mps", SimpleNamespace(recommended_max_memory=lambda: 10 * 10**9))
    assert devices.budget(settings(tmp_path), "cuda") == 12 * 10**9
    assert devices.budget(settings(tmp_path), "mps") == 5 * 10**9


@pytest.mark.parametrize(("limit", "most"), [("1000000000", 500_000_000), ("max", 10**15)])
def test_a_container_has_no_more_than_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str,
                                                most: int) -> None:
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    monkeypatch.setattr(devices, "_LIMITS", (tmp_path / "memory.max", tmp_path / "none"))
    assert 0 < devices.budget(settings(tmp_path), "cpu") <= most
