"""The catalogue against a server that speaks the Hub's API, through the real client."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from compegpt.settings import Settings
from compegpt.sources.hub.catalogue import EMPTY, FRESH, HUNG, RETRY, Catalogue
from compegpt.sources.hub.queries import SORTS, Query
from tests.fakes import settings
from tests.loopback.hub import Hub, model
from tests.loopback.server import Answer, Asked, Server

TOKEN = "hf_canary_5f2a91c07d"
QUERY = Query("summarization")
MODELS = [model("org/a", "summarization", downloads=900, likes=1, trending=5),
          model("org/b", "summarization", downloads=10, likes=70, trending=1),
          model("org/c", "summarization", downloads=500, likes=3, trending=9)]
DAY = 24 * 3600.0


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def online(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    from huggingface_hub import close_session, constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    yield
    close_session()


@pytest.fixture
def hub() -> Hub:
    return Hub(MODELS)


@pytest.fixture
def server(hub: Hub) -> Iterator[Server]:
    with Server(hub) as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


def of(server: Server, folder: Path, **flags: Any) -> Settings:
    return settings(folder, hf_endpoint=server.url, hf_token=TOKEN, **flags)


def failing(server: Server, answer: Answer, *sorts: str) -> None:
    """From now on the server gives this answer, to all rankings or to those named."""
    def fault(asked: Asked) -> Answer | None:
        return answer if not sorts or asked.query.get("sort", [""])[0] in sorts else None

    server.handlers.insert(0, fault)


def the_hub(server: Server) -> str:
    return f"the Hub at {server.url.removeprefix('http://')}"


def files(folder: Path) -> list[Path]:
    return sorted((folder / "catalogue").glob("*"))


async def test_a_cold_listing_costs_one_request_per_ranking_and_a_warm_one_none(
        server: Server, hub: Hub, tmp_path: Path) -> None:
    catalogue = Catalogue(of(server, tmp_path))
    cold = await catalogue.listing(QUERY)
    assert [request.path for request in server.requests] == ["/api/models"] * 3
    assert sorted(query["sort"][0] for query in hub.seen) == ["downloads", "likes", "trendingScore"]
    assert all(query["inference_provider"] == ["all"] and query["limit"] == ["30"] for query in hub.seen)
    assert await catalogue.listing(QUERY) == cold
    assert len(server.requests) == 3


async def test_models_carry_what_the_listing_tells(server: Server, hub: Hub, tmp_path: Path) -> None:
    hub.models = [model("org/x", "summarization", downloads=7, likes=2, trending=3, languages=["en", "de"],
                        licence="mit", base="google/base", gated="auto",
                        providers={"together": "live", "hf-inference": "error"})]
    (found,) = (await Catalogue(of(server, tmp_path)).listing(QUERY)).models
    assert (found.id, found.tag, found.downloads, found.likes, found.trending) == ("org/x", "summarization", 7, 2, 3)
    assert (found.languages, found.licence, found.family, found.gated) == (
        frozenset({"en", "de"}), "mit", "google/base", True)
    assert found.providers is not None
    assert [(one.name, one.model, one.task) for one in found.providers] == [("together", "org/x", "summarization")]


async def test_a_mapping_that_is_not_told_is_unknown_and_an_empty_one_is_nobody(
        server: Server, hub: Hub, tmp_path: Path) -> None:
    hub.filters_providers = False
    hub.models = [model("org/unsaid", "summarization", listed=False), model("org/dead", "summarization", providers={})]
    listing = await Catalogue(of(server, tmp_path)).listing(QUERY)
    assert {one.id: one.providers for one in listing.models} == {"org/unsaid": None, "org/dead": ()}


@pytest.mark.parametrize(("bases", "family"), [
    ({"org/m": None}, "org/m"), ({"org/m": "base/x"}, "base/x"), ({"org/m": "org/mid", "org/mid": "base/x"}, "base/x"),
    ({"org/m": "org/n", "org/n": "org/m"}, "org/m"),
], ids=["its own", "its base", "the base of its base", "a circle"])
async def test_a_family_is_led_back_to_the_first_base(server: Server, hub: Hub, tmp_path: Path,
                                                      bases: dict[str, str | None], family: str) -> None:
    hub.models = [model(name, "summarization", base=base, relation="quantized") for name, base in bases.items()]
    listing = await Catalogue(of(server, tmp_path)).listing(QUERY)
    assert {one.id: one.family for one in listing.models}["org/m"] == family


async def test_a_ranking_longer_than_the_limit_is_not_followed_to_its_next_page(
        server: Server, hub: Hub, tmp_path: Path) -> None:
    hub.models = [model(f"org/m{number}", "summarization", downloads=number) for number in range(80)]
    listing = await Catalogue(of(server, tmp_path)).listing(QUERY)
    assert len(server.requests) == 3
    assert listing.models[0].id == "org/m79"


async def test_many_at_once_share_one_request_per_ranking(server: Server, hub: Hub, tmp_path: Path) -> None:
    hub.delay = 0.05
    catalogue = Catalogue(of(server, tmp_path))
    listings = await asyncio.gather(*(catalogue.listing(QUERY) for _ in range(20)))
    assert len(server.requests) == 3
    assert all(one == listings[0] for one in listings)


async def test_a_listing_that_was_started_is_not_asked_for_again(server: Server, tmp_path: Path) -> None:
    catalogue = Catalogue(of(server, tmp_path))
    catalogue.start(QUERY)
    assert len((await catalogue.listing(QUERY)).models) == 3
    assert len(server.requests) == 3


def test_a_listing_started_in_a_loop_that_closed_serves_the_next_loop(server: Server, tmp_path: Path) -> None:
    catalogue = Catalogue(of(server, tmp_path))

    async def only_start() -> None:
        catalogue.start(QUERY)

    asyncio.run(only_start())
    assert len(asyncio.run(catalogue.listing(QUERY)).models) == 3
    assert len(server.requests) == 3


async def test_the_next_process_reads_the_disk_and_asks_nobody(server: Server, tmp_path: Path) -> None:
    told = await Catalogue(of(server, tmp_path)).listing(QUERY)
    assert await Catalogue(of(server, tmp_path)).listing(QUERY) == told
    assert len(server.requests) == 3


async def test_after_a_day_the_hub_is_asked_again(server: Server, hub: Hub, tmp_path: Path, clock: Clock) -> None:
    catalogue = Catalogue(of(server, tmp_path), clock=clock)
    await catalogue.listing(QUERY)
    hub.models, clock.now = [model("org/new", "summarization", downloads=1)], clock.now + FRESH + 1
    assert [one.id for one in (await catalogue.listing(QUERY)).models] == ["org/new"]
    assert len(server.requests) == 6


@pytest.mark.parametrize("change", [{"hf_endpoint": "http://127.0.0.1:9"}, {"query": Query("translation")}],
                         ids=["another endpoint", "another query"])
async def test_pages_of_others_are_not_taken(server: Server, tmp_path: Path, change: dict[str, Any]) -> None:
    await Catalogue(of(server, tmp_path)).listing(QUERY)
    chosen = settings(tmp_path, hf_endpoint=change.get("hf_endpoint", server.url))
    assert (await Catalogue(chosen).listing(change.get("query", QUERY))).models == ()


async def test_another_token_takes_the_same_pages(server: Server, tmp_path: Path) -> None:
    await Catalogue(of(server, tmp_path)).listing(QUERY)
    other = settings(tmp_path, hf_endpoint=server.url, hf_token="hf_other_token")
    assert len((await Catalogue(other).listing(QUERY)).models) == 3
    assert len(server.requests) == 3


@pytest.mark.parametrize("spoil", [
    lambda text: "", lambda text: text[: len(text) // 2], lambda text: "[" * 100_000, lambda text: "\0\xff",
    lambda text: text.replace('"format":1', '"format":0'), lambda text: text.replace('"org/a"', "7"),
    lambda text: json.dumps({**json.loads(text), "endpoint": "https://elsewhere"}),
], ids=["empty", "half", "nested", "binary", "another format", "another type", "another endpoint"])
async def test_a_spoilt_file_is_as_good_as_none(server: Server, tmp_path: Path, spoil: Any) -> None:
    await Catalogue(of(server, tmp_path)).listing(QUERY)
    for path in files(tmp_path):
        path.write_text(spoil(path.read_text()))
    assert len((await Catalogue(of(server, tmp_path)).listing(QUERY)).models) == 3
    assert len(server.requests) == 6


async def test_nothing_half_written_is_left_and_the_token_is_nowhere(server: Server, hub: Hub, tmp_path: Path) -> None:
    hub.models = [*MODELS, model("org/echo", "summarization", tags=[f"seen-{TOKEN}"])]
    await Catalogue(of(server, tmp_path)).listing(QUERY)
    assert all(request.headers["authorization"] == f"Bearer {TOKEN}" for request in server.requests)
    assert [path.suffix for path in files(tmp_path)] == [".json"] * 3
    assert not any(TOKEN in path.read_text() for path in files(tmp_path))


async def test_without_a_token_none_is_looked_for_on_this_machine(
        server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    await Catalogue(settings(tmp_path, hf_endpoint=server.url)).listing(QUERY)
    assert not any("authorization" in request.headers for request in server.requests)


async def test_a_folder_that_cannot_be_written_costs_only_the_disk_cache(server: Server, tmp_path: Path) -> None:
    (tmp_path / "catalogue").write_text("in the way")
    catalogue = Catalogue(of(server, tmp_path))
    assert len((await catalogue.listing(QUERY)).models) == 3
    await catalogue.listing(QUERY)
    assert len(server.requests) == 3


MEANINGLESS = "its answer makes no sense"
BROKEN = "the connection broke off"
FAULTS = [
    ("503", "it answered with status 503", Answer({"error": "down"}, 503)),
    ("429", "it answered with status 429", Answer("slow down", 429, {"Retry-After": "9"})),
    ("401", "it refuses HF_TOKEN: set a valid one", Answer({"error": f"bad token {TOKEN}"}, 401)),
    ("reset", BROKEN, Answer(fault="reset")), ("cut", BROKEN, Answer([{"id": "org/x"}] * 9, fault="cut")),
    ("page", "it answered with a web page, not with a listing", Answer("<html>login</html>")),
    ("text", "it answered with text that is no JSON, not with a listing", Answer("hello")),
    ("bytes", MEANINGLESS, Answer(b"\x81\xff\x81")), ("error", MEANINGLESS, Answer({"error": f"bad token {TOKEN}"})),
    ("no id", MEANINGLESS, Answer([{"name": "no id"}])), ("null id", MEANINGLESS, Answer([{"id": None}])),
    ("nested", MEANINGLESS, Answer("[" * 100_000)),
]


@pytest.mark.parametrize(("cause", "answer"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
async def test_a_hub_that_fails_is_a_reason_and_not_an_error(server: Server, tmp_path: Path, cause: str,
                                                            answer: Answer) -> None:
    failing(server, answer)
    listing = await Catalogue(of(server, tmp_path)).listing(QUERY)
    assert (listing.models, listing.problems) == ((), (f"{the_hub(server)} could not be asked ({cause})",))
    assert files(tmp_path) == []


@pytest.mark.parametrize(("address", "problem"), [
    ("http://127.0.0.1:9", "the Hub at 127.0.0.1:9 could not be asked (nobody answers there)"),
    ("nonsense", "the Hub could not be asked (its address is not a valid one)"),
    ("http://[", "the Hub could not be asked (nobody knows its address)"),
    ("ftp://me:secret@127.0.0.1", "the Hub at 127.0.0.1 could not be asked (its address is not a valid one)"),
])
async def test_an_endpoint_that_is_none_is_a_reason_and_not_an_error(tmp_path: Path, address: str,
                                                                     problem: str) -> None:
    assert (await Catalogue(settings(tmp_path, hf_endpoint=address)).listing(QUERY)).problems == (problem,)


async def test_a_host_that_nobody_knows_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: Any, **more: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", unknown)
    listing = await Catalogue(settings(tmp_path, hf_endpoint="http://hub.example")).listing(QUERY)
    assert listing.problems == ("the Hub at hub.example could not be asked (nobody knows its address)",)


async def test_a_failure_is_remembered_for_a_while(server: Server, tmp_path: Path, clock: Clock) -> None:
    failing(server, Answer(status=503))
    catalogue = Catalogue(of(server, tmp_path), clock=clock)
    first = await catalogue.listing(QUERY)
    clock.now += RETRY - 1
    assert await catalogue.listing(QUERY) == first
    assert len(server.requests) == 3
    del server.handlers[0]
    clock.now += 2
    assert len((await catalogue.listing(QUERY)).models) == 3


async def test_an_empty_listing_is_soon_asked_for_again_and_never_kept(server: Server, hub: Hub, tmp_path: Path,
                                                                       clock: Clock) -> None:
    hub.models = []
    catalogue = Catalogue(of(server, tmp_path), clock=clock)
    assert (await catalogue.listing(QUERY)).models == ()
    assert files(tmp_path) == []
    hub.models, clock.now = MODELS, clock.now + EMPTY + 1
    assert len((await catalogue.listing(QUERY)).models) == 3


@pytest.mark.parametrize("sort", ["downloads", "likes", "trendingScore"])
@pytest.mark.parametrize("fault", [Answer(status=500), Answer("<html>")], ids=["500", "garbage"])
async def test_one_failing_ranking_of_three_is_no_failure(server: Server, tmp_path: Path, sort: str,
                                                          fault: Answer) -> None:
    failing(server, fault, sort)
    listing = await Catalogue(of(server, tmp_path)).listing(QUERY)
    assert ({one.id for one in listing.models}, listing.problems) == ({"org/a", "org/b", "org/c"}, ())


async def test_one_hanging_ranking_of_three_is_left_behind(server: Server, tmp_path: Path,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compegpt.sources.hub.catalogue.LAGGARD", 0.05)
    failing(server, Answer(fault="hang"), "likes")
    listing = await Catalogue(of(server, tmp_path), seconds=600).listing(QUERY)
    assert (len(listing.models), listing.problems) == (3, ())


@pytest.mark.parametrize("fault", ["hang", "drip"])
async def test_a_hub_that_hangs_is_waited_for_once(server: Server, tmp_path: Path, clock: Clock, fault: Any) -> None:
    failing(server, Answer(["x" * 5_000], fault=fault))
    catalogue = Catalogue(of(server, tmp_path), seconds=0.2, clock=clock)
    listing = await catalogue.listing(QUERY)
    assert (listing.models, listing.problems) == ((), (
        f"{the_hub(server)} could not be asked (no answer in 0.2 s)",))
    clock.now += HUNG - 1
    await catalogue.listing(QUERY)
    assert len(server.requests) == 3
    del server.handlers[0]
    clock.now += 2
    assert len((await catalogue.listing(QUERY)).models) == 3


async def test_an_answer_that_comes_too_late_counts_for_the_next_one_who_asks(server: Server, tmp_path: Path) -> None:
    may_answer = threading.Event()

    async def late(asked: Asked) -> None:
        await asyncio.to_thread(may_answer.wait)

    server.handlers.insert(0, late)
    catalogue = Catalogue(of(server, tmp_path), seconds=0.1)
    assert (await catalogue.listing(QUERY)).models == ()
    may_answer.set()
    flights = catalogue.start(QUERY).values()
    await asyncio.gather(*(asyncio.wrap_future(flight.told) for flight in flights))
    assert len((await catalogue.listing(QUERY)).models) == 3
    assert len(server.requests) == 3


@pytest.mark.parametrize(("days", "age"), [(1.01, "24 h ago"), (3, "3 days ago"), (400, "400 days ago")])
async def test_an_old_page_is_better_than_none_when_the_hub_fails(server: Server, tmp_path: Path, clock: Clock,
                                                                  days: float, age: str) -> None:
    await Catalogue(of(server, tmp_path), clock=clock).listing(QUERY)
    failing(server, Answer(status=502))
    clock.now += days * DAY
    listing = await Catalogue(of(server, tmp_path), clock=clock).listing(QUERY)
    assert len(listing.models) == 3
    assert listing.problems == (
        f"{the_hub(server)} could not be asked (it answered with status 502), so its listing of {age} is used",)


async def test_an_old_page_is_used_when_the_hub_hangs(server: Server, tmp_path: Path, clock: Clock) -> None:
    await Catalogue(of(server, tmp_path), clock=clock).listing(QUERY)
    failing(server, Answer(fault="hang"))
    clock.now += 2 * DAY
    listing = await Catalogue(of(server, tmp_path), seconds=0.2, clock=clock).listing(QUERY)
    assert len(listing.models) == 3
    assert listing.problems == (
        f"{the_hub(server)} could not be asked (no answer in 0.2 s), so its listing of 2 days ago is used",)


async def test_what_the_process_knows_outlives_its_day_without_a_disk(server: Server, tmp_path: Path,
                                                                      clock: Clock) -> None:
    (tmp_path / "catalogue").write_text("in the way")
    catalogue = Catalogue(of(server, tmp_path), clock=clock)
    await catalogue.listing(QUERY)
    failing(server, Answer(status=502))
    for _ in range(2):
        clock.now += 2 * DAY
        assert len((await catalogue.listing(QUERY)).models) == 3


@pytest.mark.parametrize("kept", [True, False])
async def test_offline_only_the_disk_is_asked(server: Server, tmp_path: Path, clock: Clock, kept: bool) -> None:
    if kept:
        await Catalogue(of(server, tmp_path), clock=clock).listing(QUERY)
    asked, clock.now = len(server.requests), clock.now + 9 * DAY
    listing = await Catalogue(of(server, tmp_path, hf_hub_offline="1"), clock=clock).listing(QUERY)
    assert len(server.requests) == asked
    assert len(listing.models) == (3 if kept else 0)
    assert listing.problems[0].startswith("the Hub could not be asked (HF_HUB_OFFLINE is on)")


async def test_one_model_is_asked_for_once(server: Server, tmp_path: Path) -> None:
    catalogue = Catalogue(of(server, tmp_path))
    for _ in range(2):
        told = await catalogue.model("org/b")
        assert told.page is not None
        assert [(one.id, one.providers[0].name if one.providers else None) for one in told.page.models] == [
            ("org/b", "hf-inference")]
    assert [request.path for request in server.requests] == ["/api/models/org/b"]


async def test_a_model_the_hub_does_not_have_is_no_problem_of_the_hub(server: Server, tmp_path: Path) -> None:
    told = await Catalogue(of(server, tmp_path)).model("org/nobody")
    assert told.page is not None
    assert (told.page.models, told.problem) == ((), None)


async def test_offline_one_model_is_not_asked_for(server: Server, tmp_path: Path) -> None:
    told = await Catalogue(of(server, tmp_path, hf_hub_offline="1")).model("org/b")
    assert (told.page, told.problem) == (None, "the Hub could not be asked (HF_HUB_OFFLINE is on)")
    assert server.requests == []


def test_rankings_are_three() -> None:
    assert SORTS == ("downloads", "likes", "trending_score")
