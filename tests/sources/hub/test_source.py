"""The hub source: what it offers for a task, which model a run gets, and what that costs in requests."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from compegpt.errors import ExpertGone, ExpertUnavailable, UsageError
from compegpt.media.artifacts import Store
from compegpt.schema import Expert, Finding
from compegpt.sources.hub.catalogue import Catalogue
from compegpt.sources.hub.model import Model, Own, Provider, Reach
from compegpt.sources.hub.source import OFFERED, RESERVES, Hub
from tests.fakes import settings
from tests.loopback import hub as api
from tests.loopback.hub import model
from tests.loopback.inference import Inference, Served
from tests.loopback.server import Answer, Server

TOKEN = "hf_canary_5f2a91c07d"
TASK = "summarization"
ENGLISH = {"text": "The cat and the dog were at the lake and they have seen it."}
MODELS = [
    model("org/most", TASK, downloads=1_204_331, likes=600, trending=1, languages=["en"], licence="mit"),
    model("org/liked", TASK, downloads=40, likes=512, trending=2),
    model("org/hot", TASK, downloads=30, likes=20, trending=90, base="google/pegasus"),
    model("org/german", TASK, downloads=9_000_000, likes=9_000, trending=900, languages=["de"]),
    model("org/gated", TASK, downloads=8_000_000, likes=8_000, trending=800, gated="manual"),
    model("org/dead", TASK, downloads=7_000_000, likes=7_000, trending=700, providers={"hf-inference": "error"}),
    model("org/elsewhere", TASK, downloads=6_000_000, providers={"together": "live"}, task="text-to-image"),
    model("org/dropped", TASK, downloads=5_000_000, providers={}),
]


class Called:
    """In place of the call: keeps what it was given."""

    def __init__(self) -> None:
        self.calls: list[tuple[Model, str, Reach]] = []

    async def __call__(self, called: Model, task: str, args: Mapping[str, Any], store: Store, reach: Reach) -> Finding:
        self.calls.append((called, task, reach))
        return Finding({"text": called.id})


@pytest.fixture(autouse=True)
def online(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    from huggingface_hub import close_session, constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    yield
    close_session()


@pytest.fixture
def hub() -> api.Hub:
    return api.Hub(MODELS)


@pytest.fixture
def server(hub: api.Hub) -> Iterator[Server]:
    with Server(hub) as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "artifacts")


def source(server: Server, folder: Path, own: tuple[Own, ...] = (), called: Called | None = None, *,
           token: str | None = TOKEN, seconds: float = 10.0, **flags: Any) -> Hub:
    chosen = settings(folder, hf_endpoint=server.url, **({"hf_token": token} if token else {}), **flags)
    return Hub(chosen, own, Catalogue(chosen, seconds=seconds), called or Called())


def expert(name: str, task: str = TASK) -> Expert:
    return Expert(id=f"hub:{name}", task=task, family="", source="hub")


def ids(experts: list[Expert]) -> list[str]:
    return [one.id.removeprefix("hub:") for one in experts]


async def test_the_best_of_each_ranking_is_offered_with_the_reason_for_each_choice(
        server: Server, tmp_path: Path) -> None:
    offers = await source(server, tmp_path).offers(TASK, ENGLISH)
    assert [(one.id, one.why) for one in offers.experts] == [
        ("hub:org/most", "1st by downloads (1,204,331)"), ("hub:org/liked", "2nd by likes (512)"),
        ("hub:org/hot", "1st by trending (90)")]


async def test_those_passed_over_are_told_why(server: Server, tmp_path: Path) -> None:
    offers = await source(server, tmp_path).offers(TASK, ENGLISH)
    assert sorted(offers.passed_over) == [
        "org/dead, org/elsewhere: no inference provider serves it for this",
        "org/gated: gated, its terms want to be accepted on the Hub", "org/german: not for English"]


async def test_an_expert_carries_what_the_hub_tells_of_its_model(server: Server, tmp_path: Path) -> None:
    experts = {one.id: one for one in (await source(server, tmp_path).offers(TASK, ENGLISH)).experts}
    most, hot = experts["hub:org/most"], experts["hub:org/hot"]
    assert (most.downloads, most.likes, most.trending, most.licence, most.languages) == (
        1_204_331, 600, 1.0, "mit", frozenset({"en"}))
    assert (most.family, hot.family, most.source, most.task) == ("org/most", "google/pegasus", "hub", TASK)


@pytest.mark.parametrize(("top_k", "offered"), [("3", OFFERED), ("20", 20 + RESERVES), ("all", OFFERED)])
async def test_no_more_are_offered_than_compete_and_stand_by(server: Server, hub: api.Hub, tmp_path: Path,
                                                             top_k: str, offered: int) -> None:
    hub.models = [model(f"org/m{number}", TASK, downloads=number) for number in range(1, 60)]
    assert len((await source(server, tmp_path, top_k=top_k).offers(TASK, {})).experts) == offered


@pytest.mark.parametrize(("flags", "reason"), [
    ({"token": None}, "models of the Hub need a token: set HF_TOKEN"),
    ({"hf_hub_offline": "1"}, "HF_HUB_OFFLINE is on, so no hosted model can be asked"),
], ids=["no token", "offline"])
async def test_without_a_way_to_call_them_nothing_is_asked(server: Server, tmp_path: Path, flags: dict[str, Any],
                                                           reason: str) -> None:
    shut = source(server, tmp_path, **flags)
    await shut.prepare([TASK])
    offers = await shut.offers(TASK, ENGLISH)
    assert (offers.experts, offers.passed_over, server.requests) == ([], [reason], [])


async def test_private_inference_needs_no_token_and_no_mapping(server: Server, hub: api.Hub, tmp_path: Path) -> None:
    hub.filters_providers = False
    hub.models = [model("org/private", TASK, downloads=1, listed=False)]
    private = source(server, tmp_path, token=None, inference_url="http://127.0.0.1:9/")
    assert ids((await private.offers(TASK, {})).experts) == ["org/private"]


async def test_a_task_that_cannot_be_called_is_not_asked_for(server: Server, tmp_path: Path) -> None:
    offers = await source(server, tmp_path).offers("video-dubbing", {})
    assert (offers.experts, offers.passed_over, server.requests) == ([], [], [])


async def test_a_task_costs_three_requests_when_cold_and_none_when_warm(
        server: Server, tmp_path: Path, store: Store) -> None:
    warm = source(server, tmp_path)
    await warm.prepare([TASK])
    offers = await asyncio.gather(*(warm.offers(TASK, ENGLISH) for _ in range(5)))
    await warm.run(offers[0].experts[0], ENGLISH, store)
    assert [request.path for request in server.requests] == ["/api/models"] * 3


async def test_preparing_for_no_task_yet_asks_nobody(server: Server, tmp_path: Path) -> None:
    await source(server, tmp_path).prepare([])
    assert server.requests == []


async def test_a_model_is_called_without_another_question_to_the_hub(hub: api.Hub, tmp_path: Path,
                                                                    store: Store) -> None:
    served = {"org/most": Served(TASK, [{"summary_text": "They have seen it."}])}
    with Server(hub, Inference(served)) as server:
        chosen = settings(tmp_path, hf_endpoint=server.url, hf_token=TOKEN, inference_url=server.url)
        real = Hub(chosen)
        first = (await real.offers(TASK, ENGLISH)).experts[0]
        finding = await real.run(first, ENGLISH, store)
        assert (first.id, finding.output) == ("hub:org/most", {"text": "They have seen it."})
        assert [request.method for request in server.requests] == ["GET", "GET", "GET", "POST"]


async def test_task_types_of_one_listing_share_its_requests(server: Server, tmp_path: Path) -> None:
    shared = source(server, tmp_path)
    await shared.prepare(["image-editing", "image-upscaling", "image-to-image"])
    await shared.offers("image-upscaling", {})
    assert len(server.requests) == 3


def test_a_listing_prepared_in_a_loop_that_closed_is_there_for_the_next(server: Server, tmp_path: Path) -> None:
    prepared = source(server, tmp_path)
    asyncio.run(prepared.prepare([TASK]))
    assert len(asyncio.run(prepared.offers(TASK, ENGLISH)).experts) == 3
    assert len(server.requests) == 3


@pytest.mark.parametrize("answer", [Answer(status=500), Answer(fault="hang"), Answer("<html>"), Answer(fault="reset")],
                         ids=["500", "hang", "garbage", "reset"])
async def test_a_hub_that_fails_leaves_a_reason_and_the_users_own_models(server: Server, tmp_path: Path,
                                                                        answer: Answer) -> None:
    server.handlers.insert(0, lambda asked: answer)
    mine = Own(Model("http://127.0.0.1:9/mine", TASK), frozenset({TASK}))
    offers = await source(server, tmp_path, (mine,), seconds=0.2).offers(TASK, ENGLISH)
    assert [one.why for one in offers.experts] == ["one of yours"]
    assert len(offers.passed_over) == 1
    assert re.match(r"the Hub at \S+ could not be asked \(", offers.passed_over[0])
    assert TOKEN not in offers.passed_over[0]


async def test_the_users_own_come_first_and_once(server: Server, tmp_path: Path) -> None:
    own = (Own(Model("org/liked", TASK), frozenset({TASK})), Own(Model("org/other", "x"), frozenset({"translation"})))
    offers = await source(server, tmp_path, own).offers(TASK, ENGLISH)
    assert ids(offers.experts) == ["org/liked", "org/most", "org/hot"]


async def test_the_name_of_an_endpoint_holds_no_key(server: Server, tmp_path: Path) -> None:
    mine = Own(Model("https://user:secret@example.org:8080/tgi/?key=secret", TASK), frozenset({TASK}))
    offers = await source(server, tmp_path, (mine,), token=None).offers(TASK, {})
    assert ids(offers.experts) == ["example.org:8080/tgi"]


async def test_a_run_gets_the_model_the_task_and_the_way_out(server: Server, tmp_path: Path, store: Store) -> None:
    called = Called()
    finding = await source(server, tmp_path, called=called, inference_url="http://127.0.0.1:9/").run(
        expert("org/most"), ENGLISH, store)
    ((used, task, reach),) = called.calls
    assert (finding.output, task, reach.base, reach.token) == ({"text": "org/most"}, TASK, "http://127.0.0.1:9", TOKEN)
    assert used.providers == (Provider("hf-inference", "org/most", TASK),)
    assert TOKEN not in repr(reach)


async def test_a_resumed_run_in_another_process_finds_its_model_on_disk(server: Server, tmp_path: Path,
                                                                       store: Store) -> None:
    await source(server, tmp_path).offers(TASK, ENGLISH)
    called = Called()
    await source(server, tmp_path, called=called).run(expert("org/hot"), ENGLISH, store)
    assert called.calls[0][0].family == "google/pegasus"
    assert len(server.requests) == 3


async def test_a_model_that_left_the_rankings_is_asked_for_by_itself(server: Server, hub: api.Hub, tmp_path: Path,
                                                                     store: Store) -> None:
    hub.models = [*MODELS, model("org/left", "another-tag", likes=3)]
    called = Called()
    running = source(server, tmp_path, called=called)
    for _ in range(2):
        await running.run(expert("org/left"), ENGLISH, store)
    assert [one.likes for one, _, _ in called.calls] == [3, 3]
    assert len(server.asked("/api/models/org/left")) == 1


async def test_a_model_that_left_the_hub_is_gone(server: Server, tmp_path: Path, store: Store) -> None:
    with pytest.raises(ExpertGone, match="has no model org/nobody any more"):
        await source(server, tmp_path).run(expert("org/nobody"), ENGLISH, store)


async def test_a_model_that_cannot_be_asked_for_may_come_back(server: Server, tmp_path: Path, store: Store) -> None:
    server.handlers.insert(0, lambda asked: Answer({"error": TOKEN}, 503))
    with pytest.raises(ExpertUnavailable, match=r"org/most: the Hub at \S+ could not be asked .*status 503"):
        await source(server, tmp_path).run(expert("org/most"), ENGLISH, store)


@pytest.mark.parametrize(("own", "requests"), [
    (Model("http://127.0.0.1:9/mine", TASK), 0),
    (Model("org/most", TASK, revision="abc", providers=(Provider("x", "y", TASK),)), 0),
    (Model("org/most", TASK, revision="abc"), 3),
], ids=["endpoint", "with providers", "by its id"])
async def test_an_own_model_is_run_as_the_user_named_it(server: Server, tmp_path: Path, store: Store, own: Model,
                                                        requests: int) -> None:
    called = Called()
    running = source(server, tmp_path, (Own(own, frozenset({TASK})),), called)
    ((mine),) = [one for one in (await running.offers(TASK, {})).experts if one.why == "one of yours"]
    before = len(server.requests)
    await source(server, tmp_path / "other", (Own(own, frozenset({TASK})),), called).run(mine, ENGLISH, store)
    assert (called.calls[0][0].id, called.calls[0][0].revision) == (own.id, own.revision)
    assert len(server.requests) - before == requests


async def test_the_models_of_a_task_are_listed_for_a_person(server: Server, tmp_path: Path) -> None:
    rows = await source(server, tmp_path, token=None).rows("summarisation")
    assert [(row["expert"], row["passed_over"]) for row in rows[:5]] == [
        ("hub:org/german", "models of the Hub need a token: set HF_TOKEN"),
        ("hub:org/most", "models of the Hub need a token: set HF_TOKEN"),
        ("hub:org/hot", "models of the Hub need a token: set HF_TOKEN"),
        ("hub:org/liked", "models of the Hub need a token: set HF_TOKEN"),
        ("hub:org/gated", "gated, its terms want to be accepted on the Hub")]
    assert (rows[1]["downloads"], rows[1]["licence"], rows[1]["languages"]) == (1_204_331, "mit", ["en"])


async def test_a_listing_that_fails_is_a_row(server: Server, tmp_path: Path) -> None:
    server.handlers.insert(0, lambda asked: Answer(status=503))
    problem = f"the Hub at {server.url.removeprefix('http://')} could not be asked (it answered with status 503)"
    assert await source(server, tmp_path).rows(TASK) == [{"task": TASK, "expert": None, "passed_over": problem}]


@pytest.mark.parametrize(("task", "tag", "name"), [
    ("keyword-extraction", "token-classification", "org/keyphrase-extraction"),
    ("language-identification", "text-classification", "org/language-detection"),
])
async def test_a_task_type_shares_the_listing_of_its_tag(server: Server, hub: api.Hub, tmp_path: Path, task: str,
                                                         tag: str, name: str) -> None:
    hub.models = [model("org/any", tag, downloads=900), model(name, tag, downloads=5)]
    asked = source(server, tmp_path)
    assert (await asked.offers(task, {"text": "x"})).experts[0].id == f"hub:{name}"
    await asked.offers(tag, {"text": "x"})
    assert len(server.requests) == 3


async def test_an_unknown_task_type_is_named(server: Server, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="summarization"):
        await source(server, tmp_path).rows("sumarization")


def test_the_token_is_in_no_file_and_no_reason(server: Server, tmp_path: Path) -> None:
    told = source(server, tmp_path)
    offers, rows = asyncio.run(told.offers(TASK, ENGLISH)), asyncio.run(told.rows(TASK))
    assert TOKEN not in repr((offers, rows))
    assert list(tmp_path.rglob("*.json"))
    assert not any(TOKEN in path.read_text() for path in tmp_path.rglob("*.json"))


@pytest.mark.parametrize(("task", "args", "told", "untold"), [
    ("text-classification", ENGLISH, model("o/x-sentiment", likes=1), model("o/y", likes=9)),
    ("translation", {**ENGLISH, "target": "fr", "source": "en"}, model("o/en-fr", "translation", likes=1),
     model("o/y", "translation", likes=9)),
], ids=["sentiment", "translation"])
async def test_who_says_nothing_of_the_job_comes_after_who_does(tmp_path: Path, task: str, args: dict[str, str],
                                                                told: Any, untold: Any) -> None:
    with Server(api.Hub([untold, told])) as server:
        offers = await source(server, tmp_path).offers(task, args)
    assert [expert.id for expert in offers.experts] == [f"hub:{told.id}", "hub:o/y"]
    assert "nothing tells" in offers.experts[1].why


async def test_another_tag_is_asked_for_only_where_the_first_has_nobody(tmp_path: Path) -> None:
    eyes = [model("o/old", "visual-question-answering", providers={}), model("o/eyes", "image-text-to-text")]
    args = {"image": "a.png", "text": "Who?"}
    with Server(api.Hub(eyes)) as server:
        offers = await source(server, tmp_path).offers("visual-question-answering", args)
        assert [expert.id for expert in offers.experts] == ["hub:o/eyes"]
        assert len(server.requests) == 6
    with Server(api.Hub([model("o/vilt", "visual-question-answering")])) as server:
        await source(server, tmp_path / "b").offers("visual-question-answering", args)
        assert len(server.requests) == 3
