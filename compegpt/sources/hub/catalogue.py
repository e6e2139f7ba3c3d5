"""Which models the Hub has for a query: three rankings, asked once, kept in the process and on disk.

1. each ranking is one request in a thread of its own; whoever wants it meanwhile waits for the same one
2. a page on disk younger than a day is taken instead of asking
3. a Hub that fails is not asked again for RETRY seconds; its last page is used however old it is
4. nobody waits longer than `seconds`; a late answer still counts for the next one who asks
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

from compegpt.settings import Settings
from compegpt.sources.hub.faults import plainly
from compegpt.sources.hub.model import Model
from compegpt.sources.hub.queries import SORTS, Query
from compegpt.sources.hub.reading import EXPAND, model_of, with_founders
from compegpt.sources.hub.shelf import Page, Shelf, reader

FRESH, EMPTY, RETRY = 24 * 3600.0, 600.0, 30.0
"""Seconds for which a listing, an empty one and a failure count."""
HUNG = 300.0
"""Seconds after which a request that got no answer at all is made again; its thread is left behind."""
LAGGARD = 1.0
"""Seconds that the last ranking may take longer than the others."""

OFFLINE = "HF_HUB_OFFLINE is on"

_MALFORMED = (OSError, ValueError, LookupError, AttributeError, TypeError, RecursionError)
"""What the client raises for no connection, and for answers that are not the Hub's."""


@dataclass(frozen=True)
class Told:
    """What came of asking for one ranking."""

    page: Page | None
    problem: str | None = None
    """Why the Hub itself did not tell it, or could not now."""


@dataclass(frozen=True)
class Listing:
    models: tuple[Model, ...]
    """Of all rankings, without doubles."""
    problems: tuple[str, ...] = ()
    """Why it is old, or why there is none."""


@dataclass(eq=False)
class _Flight:
    """One ranking that is being asked for, or was."""

    since: float
    told: Future[Told] = field(default_factory=Future)
    until: float = float("inf")
    """When what was told no longer counts."""
    old: Page | None = None
    """What is known from before, in case no answer comes."""


@dataclass
class Catalogue:
    """Serves any number of event loops and threads; times are `clock()` seconds since the epoch."""

    settings: Settings
    seconds: float = 10.0
    """The longest anybody waits for a listing."""
    clock: Callable[[], float] = time.time
    _flights: dict[tuple[Query | str, str], _Flight] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, query: Query) -> Mapping[str, _Flight]:
        """The rankings of a query, asked for in the background where they are not known; returns at once."""
        return {sort: self._flight((query, sort), partial(self._ranking, query, sort)) for sort in SORTS}

    async def listing(self, query: Query) -> Listing:
        """The models of a query, from memory, disk or the Hub. A Hub that fails or hangs is a problem, not an error."""
        told = [flight.told.result() if flight.told.done() else self._late(flight)
                for flight in await self._waited(self.start(query).values())]
        pages = [one.page for one in told if one.page]
        models: dict[str, Model] = {}
        for page in pages:
            for model in page.models:
                models.setdefault(model.id, model)
        problems = [one.problem for one in told if one.problem and (one.page or not pages)]
        return Listing(with_founders(tuple(models.values())), tuple(dict.fromkeys(problems)))

    async def model(self, name: str) -> Told:
        """One model by its id, asked for by itself; an empty page where the Hub does not have it."""
        if self.settings.hf_hub_offline:
            return self._instead(None, OFFLINE)
        flight = self._flight((name, ""), lambda flight: self._asked(partial(self._single, name), flight.old))
        await self._waited([flight])
        return flight.told.result() if flight.told.done() else self._late(flight)

    def _flight(self, key: tuple[Query | str, str], ask: Callable[[_Flight], Told]) -> _Flight:
        with self._lock:
            now, known = self.clock(), self._flights.get(key)
            if known and now < (known.until if known.told.done() else known.since + HUNG):
                return known
            flight = self._flights[key] = _Flight(now, old=_last(known))
        flight.told.set_running_or_notify_cancel()
        threading.Thread(target=self._fly, args=(flight, ask), daemon=True, name="hub").start()
        return flight

    def _fly(self, flight: _Flight, ask: Callable[[_Flight], Told]) -> None:
        try:
            told = ask(flight)
        except BaseException as error:  # carried to whoever waits, whatever it is
            flight.until = self.clock()
            flight.told.set_exception(error)
            return
        counts = RETRY if told.problem else FRESH if told.page and told.page.models else EMPTY
        flight.until = counts + (self.clock() if told.problem or not told.page else told.page.at)
        flight.told.set_result(told)

    async def _waited(self, flights: Collection[_Flight]) -> Collection[_Flight]:
        """The flights, landed or given up: none is waited for longer than `seconds` from its start."""
        now, loop = self.clock(), asyncio.get_running_loop()
        left = {flight: self.seconds - (now - flight.since) for flight in flights if not flight.told.done()}
        pending = {asyncio.wrap_future(flight.told) for flight, seconds in left.items() if seconds > 0}
        end = loop.time() + max(left.values(), default=0.0)
        try:
            while pending and loop.time() < end:
                if len(pending) == 1 < len(flights):
                    end = min(end, loop.time() + LAGGARD)
                _, pending = await asyncio.wait(pending, timeout=end - loop.time(),
                                                return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in pending:
                one.cancel()  # this wait, not the request itself
        return flights

    def _late(self, flight: _Flight) -> Told:
        return self._instead(flight.old, f"no answer in {self.seconds:g} s")

    def _ranking(self, query: Query, sort: str, flight: _Flight) -> Told:
        """Runs in a thread: the page of the disk where it is young enough, else the Hub's."""
        shelf = Shelf(self.settings)
        flight.old = shelf.read(query, sort) or flight.old
        if flight.old and 0 <= self.clock() - flight.old.at < FRESH:
            return Told(flight.old)
        if self.settings.hf_hub_offline:
            return self._instead(flight.old, OFFLINE)
        told = self._asked(partial(self._fetched, query, sort), flight.old)
        if told.page and told.page.models and not told.problem:
            shelf.keep(query, sort, told.page.models, told.page.at)
        return told

    def _asked(self, ask: Callable[[], tuple[Model, ...]], old: Page | None) -> Told:
        import httpx

        try:
            return Told(Page(ask(), self.clock()))
        except (*_MALFORMED, httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            return self._instead(old, _cause(error))

    def _instead(self, old: Page | None, cause: str) -> Told:
        """What is used in place of an answer: the last one, if any."""
        problem = f"{self._hub(cause)} could not be asked ({cause})"
        return Told(None, problem) if old is None else Told(
            old, f"{problem}, so its listing of {self._age(old)} is used")

    def _hub(self, cause: str) -> str:
        """The Hub by its host, where it has one and was to be asked."""
        from huggingface_hub import constants

        try:
            parts = urlsplit(Shelf(self.settings).endpoint or constants.ENDPOINT)
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            return "the Hub"
        return f"the Hub at {parts.hostname}{port}" if parts.hostname and cause != OFFLINE else "the Hub"

    def _age(self, page: Page) -> str:
        hours = max(self.clock() - page.at, 0.0) / 3600
        return f"{hours / 24:.0f} days ago" if hours >= 36 else f"{max(hours, 1):.0f} h ago"

    def _fetched(self, query: Query, sort: str) -> tuple[Model, ...]:
        from huggingface_hub import HfApi

        api = HfApi(endpoint=Shelf(self.settings).endpoint or None, token=self.settings.hf_token or False)
        found = api.list_models(pipeline_tag=query.tag, search=query.search, sort=sort, limit=query.limit,
                                inference_provider="all", expand=EXPAND)
        return tuple(model_of(info) for info in found)

    def _single(self, name: str) -> tuple[Model, ...]:
        from huggingface_hub import HfApi
        from huggingface_hub.errors import RepositoryNotFoundError

        api = HfApi(endpoint=Shelf(self.settings).endpoint or None, token=self.settings.hf_token or False)
        try:
            return (model_of(api.model_info(name, expand=EXPAND, timeout=self.seconds)),)  # type: ignore[arg-type]
        except RepositoryNotFoundError:
            return ()


def load() -> None:
    """What the first listing would wait for: the client, its connections, the reader of kept pages."""
    from huggingface_hub import HfApi, get_session

    HfApi(token=False)
    get_session()
    reader()


def _last(flight: _Flight | None) -> Page | None:
    """What was told last, where it is of any use."""
    if flight is None:
        return None
    if not flight.told.done() or flight.told.exception():
        return flight.old
    page = flight.told.result().page
    return page if page and page.models else None


def _cause(error: BaseException) -> str:
    """Never its text: servers like to quote the token they refuse."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status == 401:
        return "it refuses HF_TOKEN: set a valid one"
    if status:
        return f"it answered with status {status}"
    if isinstance(error, json.JSONDecodeError):
        page = error.doc.lstrip().startswith("<")
        return f"it answered with {'a web page' if page else 'text that is no JSON'}, not with a listing"
    return plainly(error)
