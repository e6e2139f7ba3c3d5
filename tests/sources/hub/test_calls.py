from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from compegpt.errors import ExpertError
from compegpt.media.artifacts import Store, media_type
from compegpt.schema import Finding
from compegpt.sources.hub import calls, connection, jobs
from compegpt.sources.hub.model import Model, Provider, Reach
from compegpt.tasks import TASKS
from tests.loopback.canned import CANNED, picture, tone
from tests.loopback.inference import Inference, Served
from tests.loopback.server import Answer, Asked, Server

TOKEN = "hf_canary0123456789"
TEXTS = {"text": "Ada wrote it.", "other": "She did.", "question": "When?", "context": "It was in 1843.",
         "target": "de", "labels": ["cat", "dog"], "table": "name,n\na,3\nb,4"}
Hub = Callable[..., Server]
Call = Callable[..., Any]


@pytest.fixture
def hub() -> Iterator[Hub]:
    """Serves what it is given, `{model: Served}`; its requests are checked for the token at the end."""
    servers: list[Server] = []

    def serve(models: dict[str, Served], **more: Any) -> Server:
        servers.append(Server(Inference(models, **more)).__enter__())
        return servers[-1]

    yield serve
    for server in servers:
        server.__exit__(None, None, None)


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_layouts", {})
    monkeypatch.setattr(jobs, "INTERVAL", 0.0)


@pytest.fixture
def args(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "p.png").write_bytes(picture())
    (tmp_path / "t.wav").write_bytes(tone())
    return {**TEXTS, "image": str(tmp_path / "p.png"), "audio": str(tmp_path / "t.wav")}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "made")


def reach(server: Server, token: str | None = TOKEN, seconds: float = 10.0) -> Reach:
    return Reach(token, server.url, seconds)


def model(tag: str, name: str = "m/one", provider: str | None = "hf-inference", **more: Any) -> Model:
    providers = (Provider(provider, name, tag),) if provider else None
    return Model(name, tag, providers=providers, **more)


def of(task: str, args: dict[str, Any]) -> dict[str, Any]:
    return {name: args[name] for name in TASKS[task].args if name in args}


WAYS = [(task, served) for task, ways in calls.WAYS.items() for way in ways for served in way.serves]
OWN = {"language-identification", "face-detection"}
"""Tasks with a canned answer of their own."""


@pytest.mark.parametrize(("task", "served"), WAYS)
async def test_each_task_type_gives_a_normalised_output(task: str, served: str, hub: Hub, args: dict[str, Any],
                                                        store: Store) -> None:
    kept = task if task in OWN else "conversational" if served == "image-text-to-text" else served
    server = hub({"m/one": Served(kept)})

    finding = await calls.call(model(served), task, of(task, args), store, reach(server))

    check_shape(task, finding)
    assert [asked.headers["authorization"] for asked in server.requests] == [f"Bearer {TOKEN}"]


def size(path: str) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def check_shape(task: str, finding: Finding) -> None:
    output, kind = finding.output, TASKS[task].output
    if kind in ("image", "audio", "video"):
        assert media_type(Path(output[kind])).startswith(f"{kind}/")
    elif kind == "labels":
        scores = [label["score"] for label in output["labels"]]
        assert scores == sorted(scores, reverse=True)
        assert 0 <= scores[-1] <= scores[0] <= 1
        assert finding.confidence in (None, scores[0])
    elif kind in ("boxes", "masks"):
        assert size(output["image"]) == (96, 64)
        for box in output.get("boxes", []):
            x0, y0, x1, y1 = box["box"]
            assert 0 <= x0 < x1 <= 96
            assert 0 <= y0 < y1 <= 64
        for mask in output.get("data", []):
            assert size(mask["image"]) == (96, 64)
    elif kind == "spans":
        assert all(TEXTS["text"][span["start"] : span["end"]] == span["text"] for span in output["data"])
    elif kind == "scores":
        assert 0 <= output["scores"][0] <= 1
    else:
        assert output["data" if kind == "vectors" else "text"]


def test_every_hub_task_has_a_canned_answer_and_a_name_of_ours() -> None:
    assert {"conversational" if served == "image-text-to-text" else served for _, served in WAYS} <= CANNED.keys()
    assert {task for task, _ in WAYS} <= TASKS.keys()
    assert [calls.can(task) for task in ("ocr", "video-dubbing")] == [True, False]


@pytest.mark.parametrize(("task", "tag", "asked"), [
    ("translation", "translation", {"inputs": "Ada wrote it."}),
    ("question-answering", "question-answering", {"inputs": {"question": "When?", "context": "It was in 1843."}}),
    ("zero-shot-classification", "zero-shot-classification",
     {"inputs": "Ada wrote it.", "parameters": {"candidate_labels": ["cat", "dog"], "multi_label": False}}),
    ("table-question-answering", "table-question-answering",
     {"inputs": {"query": "When?", "table": {"name": ["a", "b"], "n": ["3", "4"]}}}),
    ("tabular-classification", "tabular-classification", {"table": {"name": ["a", "b"], "n": ["3", "4"]}}),
    ("sentence-similarity", "sentence-similarity",
     {"inputs": {"source_sentence": "Ada wrote it.", "sentences": ["She did."]}}),
])
async def test_args_reach_the_model(task: str, tag: str, asked: dict[str, Any], hub: Hub, args: dict[str, Any],
                                    store: Store) -> None:
    server = hub({"m/one": Served(tag)})
    await calls.call(model(tag), task, of(task, args), store, reach(server))
    sent = server.requests[0].json()
    assert {name: value for name, value in sent.items() if value not in ({}, None)} == asked


@pytest.mark.parametrize(("name", "source", "told"), [
    ("Helsinki-NLP/opus-mt-en-de", "en", None), ("facebook/nllb-200", "en", ("eng_Latn", "deu_Latn")),
    ("facebook/mbart-large-50", "en", ("en_XX", "de_DE")), ("facebook/m2m100_418M", None, ("en", "de")),
])
async def test_translators_are_told_languages_in_their_own_codes(
        name: str, source: str | None, told: tuple[str, str] | None, hub: Hub, store: Store) -> None:
    server = hub({name: Served("translation")})
    given = {"text": "The cat is on the mat.", "target": "de", **({"source": source} if source else {})}
    await calls.call(model("translation", name), "translation", given, store, reach(server))
    parameters = server.requests[0].json().get("parameters", {})
    assert (parameters.get("src_lang"), parameters.get("tgt_lang")) == (told or (None, None))


async def test_a_text_with_another_mask_is_asked_again_with_the_models_own(hub: Hub, store: Store) -> None:
    def answer(asked: Asked) -> Answer:
        wrong = "[MASK]" in asked.json()["inputs"]
        return Answer({"error": "No mask_token (<mask>) found on the input"}, 400) if wrong else \
            Answer(CANNED["fill-mask"])

    server = hub({"m/one": Served("fill-mask", answer)})
    finding = await calls.call(model("fill-mask"), "fill-mask", {"text": "It is [MASK]."}, store, reach(server))
    assert finding.output["labels"][0]["label"] == "Paris"
    assert [asked.json()["inputs"] for asked in server.requests] == ["It is [MASK].", "It is <mask>."]


async def test_a_chat_model_is_shown_the_picture_and_its_tokens_are_counted(hub: Hub, args: dict[str, Any],
                                                                            store: Store) -> None:
    server = hub({"m/one": Served("conversational")})
    finding = await calls.call(model("conversational"), "visual-question-answering",
                               {"image": args["image"], "text": "How many?"}, store, reach(server))
    sent = server.requests[0].json()
    assert (server.requests[0].path, sent["model"]) == ("/hf-inference/models/m/one/v1/chat/completions", "m/one")
    parts = [part for message in sent["messages"] if isinstance(message["content"], list)
             for part in message["content"]]
    assert any("How many?" in str(message["content"]) for message in sent["messages"])
    (shown,) = (part for part in parts if part["type"] == "image_url")
    data = base64.b64decode(shown["image_url"]["url"].partition("base64,")[2])
    assert Image.open(io.BytesIO(data)).size == (96, 64)
    assert finding.tokens == 18


async def test_a_turned_photo_is_sent_upright_so_that_boxes_fit(hub: Hub, tmp_path: Path, store: Store) -> None:
    photo = Image.open(io.BytesIO(picture()))
    exif = photo.getexif()
    exif[0x0112] = 6
    photo.convert("RGB").save(tmp_path / "turned.jpg", exif=exif)
    server = hub({"m/one": Served("object-detection")})
    finding = await calls.call(model("object-detection"), "object-detection", {"image": str(tmp_path / "turned.jpg")},
                               store, reach(server))
    assert Image.open(io.BytesIO(server.requests[0].body)).size == (64, 96)
    assert size(finding.output["image"]) == (64, 96)
    assert server.requests[0].headers["content-type"] == "image/png"


async def test_recordings_are_sent_with_the_type_of_their_bytes(hub: Hub, tmp_path: Path, store: Store) -> None:
    (tmp_path / "speech.mp3").write_bytes(tone())
    server = hub({"m/one": Served("automatic-speech-recognition")})
    await calls.call(model("automatic-speech-recognition"), "automatic-speech-recognition",
                     {"audio": str(tmp_path / "speech.mp3")}, store, reach(server))
    assert server.requests[0].headers["content-type"] == "audio/wav"
    assert server.requests[0].body == tone()


async def test_a_redirect_to_another_host_takes_no_token_along(hub: Hub, store: Store) -> None:
    other = hub({"m/one": Served("summarization")})
    moved = Answer("", 307, {"location": f"{other.url}/hf-inference/models/m/one"})
    server = hub({"m/one": Served("summarization", moved)})
    await calls.call(model("summarization"), "summarization", TEXTS, store, reach(server))
    assert "authorization" not in other.requests[0].headers


async def test_without_a_token_none_is_looked_for_on_the_machine(hub: Hub, store: Store,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    server = hub({"m/one": Served("summarization"), "their/one": Served("conversational")})
    await calls.call(model("summarization"), "summarization", TEXTS, store, reach(server, None))
    asked = Model("m/two", "conversational", providers=(Provider("groq", "their/one", "conversational"),))
    await calls.call(asked, "conversational", TEXTS, store, reach(server, None))
    assert all("authorization" not in asked.headers for asked in server.requests)


async def test_connections_are_kept_between_calls(store: Store) -> None:
    peers: set[Any] = set()

    class Counting(Server):
        async def _accept(self, reader: Any, writer: Any) -> None:
            peers.add(writer.get_extra_info("peername"))
            await super()._accept(reader, writer)

    with Counting(Inference({"m/one": Served("summarization")})) as server:
        await connection.warm(reach(server))
        for _ in range(3):
            await calls.call(model("summarization"), "summarization", TEXTS, store, reach(server))
    assert len(peers) == 1


async def test_an_answer_without_end_is_cut_off(hub: Hub, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MOST_BYTES", 1000)
    server = hub({"m/one": Served("summarization", Answer(chunks=[b" " * 600] * 3))})
    with pytest.raises(ExpertError, match="more than"):
        await calls.call(model("summarization"), "summarization", TEXTS, store, reach(server))


async def test_a_text_reaches_the_model_unharmed(hub: Hub, store: Store) -> None:
    text = 'quotes " \\ {{context}} {text} $name \t ü 😀'
    server = hub({"m/one": Served("conversational")})
    await calls.call(model("conversational"), "summarization", {"text": text}, store, reach(server))
    told = server.requests[0].json()["messages"]
    assert any(f"<text>\n{text}\n</text>" in message["content"] for message in told)
