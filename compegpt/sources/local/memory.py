"""Which models are in memory: loaded on first use, the least recently used out, none freed while it is in use."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from compegpt.errors import ExpertGone
from compegpt.sources.local.stopping import stoppable
from compegpt.threads import in_thread

T = TypeVar("T")
R = TypeVar("R")


@dataclass(eq=False)
class _Slot:
    """A model that is in memory or on its way there."""

    size: int
    """Bytes: of its weights on disk, then of what is held."""
    loading: asyncio.Task[Any]
    leases: int = 1
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One call at a time."""

    @property
    def idle(self) -> bool:
        return self.leases == 0 and self.loading.done()


class Models:
    """Models of one device within a budget of bytes; everything but loading and running is on the event loop.

    1. A call takes a lease on its model; the first one loads it, the others wait for that.
    2. To make room the least recently used models without a lease go; where that is not enough, a load waits.
    3. Calls of one model take turns, calls of different ones run side by side, each in a thread.
    4. The lease ends with the thread: a cancelled caller leaves at once, its model stays until the thread has stopped.

    Loads go one after the other: transformers patches torch for all threads while it builds a model.
    """

    def __init__(self, budget: int, device: str = "cpu") -> None:
        self.budget = budget
        self._device = device
        self._slots: OrderedDict[Hashable, _Slot] = OrderedDict()
        self._changed = asyncio.Event()
        self._one_load = asyncio.Lock()
        self._put_out = False
        """Whether memory of models that went may still be held."""

    @property
    def held(self) -> list[Hashable]:
        """Keys of the models in memory or on their way, least recently used first."""
        return list(self._slots)

    @property
    def used(self) -> int:
        """Bytes of them."""
        return sum(slot.size for slot in self._slots.values())

    @asynccontextmanager
    async def kept(self, key: Hashable, size: int, load: Callable[[], Any]) -> AsyncIterator[None]:
        """Inside it the model is in memory, loaded first where it is not. Raises as `use` does."""
        slot = await self._leased(key, size, load)
        try:
            await asyncio.shield(slot.loading)
            yield
        finally:
            self._returned(slot)

    async def use(self, key: Hashable, size: int, load: Callable[[], T], call: Callable[[T], R]) -> R:
        """What `call` gives for the model that `load` makes; both block, and run in threads.

        `size`: bytes it is expected to take. Raises ExpertGone where that is more than the whole budget, and whatever
        `load` or `call` raise; a load that failed is tried again by the next call.
        """
        slot = await self._leased(key, size, load)
        try:
            model = await asyncio.shield(slot.loading)
            await slot.turn.acquire()
        except BaseException:  # cancelled or failed, the lease goes back; the error goes on
            self._returned(slot)
            raise
        stop = threading.Event()
        work = asyncio.ensure_future(in_thread(_called, stop, call, model))
        work.add_done_callback(lambda _: self._finished(slot))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            stop.set()
            raise

    async def _leased(self, key: Hashable, size: int, load: Callable[[], Any]) -> _Slot:
        self._check(size)
        while True:
            if slot := self._slots.get(key):
                slot.leases += 1
                self._slots.move_to_end(key)
                return slot
            if self._make_room(size):
                slot = self._slots[key] = _Slot(size, asyncio.ensure_future(self._load(key, load)))
                slot.loading.add_done_callback(lambda _: self._wake())
                return slot
            await self._changed.wait()

    async def _load(self, key: Hashable, load: Callable[[], Any]) -> Any:
        try:
            async with self._one_load:
                model = await in_thread(_called, threading.Event(), self._loaded, load)
            slot = self._slots[key]
            slot.size = held_bytes(model) or slot.size
            self._check(slot.size)
        except BaseException:  # cancelled or failed, it is not kept, so that the next call tries again
            del self._slots[key]
            raise
        return model

    def _loaded(self, load: Callable[[], Any]) -> Any:
        if self._put_out:
            self._put_out = False
            self._empty()  # before more comes in
        return load()

    def _make_room(self, size: int) -> bool:
        """Put out the least recently used until `size` fits; none where all that are idle would not be enough."""
        idle = [key for key, slot in self._slots.items() if slot.idle]
        if self.used - sum(self._slots[key].size for key in idle) + size > self.budget:
            return False
        for key in idle:
            if self.used + size <= self.budget:
                break
            del self._slots[key]
            self._put_out = True
        return True

    def _finished(self, slot: _Slot) -> None:
        slot.turn.release()
        self._returned(slot)

    def _returned(self, slot: _Slot) -> None:
        slot.leases -= 1
        self._wake()

    def _wake(self) -> None:
        """Those that wait for room look again, the first to wait first."""
        self._make_room(0)  # a model may have turned out larger than was expected
        self._changed.set()
        self._changed = asyncio.Event()

    def _check(self, size: int) -> None:
        if size > self.budget:
            raise ExpertGone(f"It takes {size / 1e9:.2g} GB of memory, but local models may take "
                             f"{self.budget / 1e9:.2g} GB together: set COMPEGPT_LOCAL_MEMORY to more, or use a "
                             "smaller one.")

    def _empty(self) -> None:
        gc.collect()
        if self._device == "cuda":
            import torch

            torch.cuda.empty_cache()


def _called(stop: threading.Event, call: Callable[[T], R], model: T) -> R:
    with stoppable(stop):
        return call(model)


def held_bytes(loaded: Any) -> int:
    """Bytes of the parameters and buffers of a `Loaded`, a module or a diffusers pipeline; 0 where it has none."""
    model = getattr(loaded, "model", loaded)
    if not _is_module(model):
        return sum(held_bytes(part) for part in getattr(model, "components", {}).values() if _is_module(part))
    tensors = {tensor.data_ptr(): tensor for tensor in (*model.parameters(), *model.buffers())}
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())


def _is_module(part: Any) -> bool:
    return callable(getattr(part, "parameters", None)) and callable(getattr(part, "buffers", None))
