from __future__ import annotations

from pathlib import Path

import pytest

from compegpt.errors import ConfigurationError
from compegpt.settings import Settings
from compegpt.sources.own import FILE, OwnExperts, own_experts
from tests.fakes import settings

KEY = "sk-canary-0123456789"
DOCS = Path(__file__).parent.parent.parent / "docs/experts.md"


@pytest.fixture
def chosen(data_dir: Path) -> Settings:
    data_dir.mkdir()
    return settings(data_dir)


def read(chosen: Settings, toml: str) -> OwnExperts:
    (chosen.data_dir / FILE).write_text(toml, encoding="utf-8")
    return own_experts(chosen, {"MY_KEY": f" {KEY}\n"})


def entry(kind: str, **fields: str) -> str:
    """One entry; values are TOML. A field that is empty is left out."""
    given = {"kind": f'"{kind}"', "name": '"mine"', **fields}
    return "[[expert]]\n" + "".join(f"{name} = {value}\n" for name, value in given.items() if value)


@pytest.mark.parametrize("toml", [None, "", "# nothing yet\n"], ids=["no file", "empty", "comment"])
def test_without_entries_there_are_none(chosen: Settings, toml: str | None) -> None:
    if toml is not None:
        (chosen.data_dir / FILE).write_text(toml)
    assert own_experts(chosen) == OwnExperts()


def test_a_folder_is_found_from_where_the_file_lies(chosen: Settings) -> None:
    (chosen.data_dir / "models" / "mine").mkdir(parents=True)
    (chosen.data_dir / "canny").mkdir()
    own, = read(chosen, entry("local", path='"models/mine"', tasks='["sentiment", "Text Classification"]',
                              languages='["EN"]', licence='"mit"', family='"org/base"',
                              beside='{ controlnet = "./canny", base = "org/base" }')).local
    assert own.folder == chosen.data_dir / "models" / "mine"
    assert (own.name, own.tasks) == ("mine", ("text-classification", "text-classification"))
    assert own.tags == ("en", "license:mit", "base_model:org/base")
    assert own.beside == {"controlnet": str(chosen.data_dir / "canny"), "base": "org/base"}


def test_a_model_of_the_hub_run_here_keeps_its_revision(chosen: Settings) -> None:
    own, = read(chosen, entry("local", model='"org/name"', revision='"abc123"', tasks='["ocr"]')).local
    assert (own.name, own.folder, own.revision, own.tasks) == ("org/name", None, "abc123", ("ocr",))


def test_a_model_of_the_hub_is_run_there(chosen: Settings) -> None:
    own, = read(chosen, entry("hub", model='"org/name"', revision='"v1"', tasks='["ner"]', languages='["de"]')).hub
    assert (own.model.id, own.model.revision, own.model.tag) == ("org/name", "v1", "token-classification")
    assert (own.tasks, own.model.languages, own.key) == ({"token-classification"}, {"de"}, None)


def test_an_inference_endpoint_has_its_own_key(chosen: Settings) -> None:
    own, = read(chosen, entry("endpoint", url='"http://localhost:8080/"', protocol='"hf-inference"',
                              tasks='["summarization"]', api_key_env='"MY_KEY"')).hub
    assert (own.model.id, own.key) == ("http://localhost:8080", KEY)
    assert KEY not in repr(own)


@pytest.mark.parametrize(("kind", "fields", "spec", "base_url"), [
    ("chat", {"model": '"gpt-x"'}, "openai:gpt-x", None),
    ("chat", {"model": '"llama3:8b"', "base_url": '"http://10.0.0.5:11434/v1/"'}, "openai:llama3:8b",
     "http://10.0.0.5:11434/v1"),
    ("chat", {"model": '"huggingface:org/name"'}, "huggingface:org/name", None),
    ("endpoint", {"url": '"https://h.example/v1"', "protocol": '"openai"', "model": '"qwen"'}, "openai:qwen",
     "https://h.example/v1"),
    ("endpoint", {"url": '"https://h.example"', "protocol": '"tgi"'}, "openai:tgi", "https://h.example/v1"),
])
def test_chat_models_and_endpoints_are_chat_experts(chosen: Settings, kind: str, fields: dict[str, str], spec: str,
                                                    base_url: str | None) -> None:
    own, = read(chosen, entry(kind, api_key_env='"MY_KEY"', vision="true", **fields)).chat
    assert (own.name, own.spec, own.base_url, own.key) == ("mine", spec, base_url, KEY)
    assert (own.vision, own.tasks) == (True, None)
    assert KEY not in repr(own)


URL = {"url": '"http://h:1"', "protocol": '"hf-inference"', "tasks": '["ocr"]'}


@pytest.mark.parametrize(("toml", "said"), [
    ("[[expert]", "is not TOML"), ("x = " + "[" * 5_000, "is not TOML"),
    ("[expert]\nname = 'x'", "double brackets"), ("models = 1", "'models'"),
    ("expert = [1]", "entry 1: it must be a table"),
    (entry("cloud"), "kind must be one of local, hub, endpoint, chat"), ("[[expert]]\nname='x'", "kind is missing"),
    (entry("chat"), "model is missing"), (entry("chat", name="", model='"m"'), "name is missing"),
    (entry("chat", name='"two words"', model='"m"'), "name may hold"),
    (entry("chat", model='"m"', colour='"red"'), "there is no colour for this kind"),
    (entry("chat", model='"m"', vision='"yes"'), "vision: "),
    (entry("chat", model='"m"', tasks='["ocrr"]'), "did you mean ocr"),
    (entry("chat", model='"m"', tasks='["text-to-image"]'), "a chat model cannot do text-to-image"),
    (entry("chat", model='"m"', languages='["english"]'), "no ISO 639-1 code"),
    (entry("chat", model='"m"', base_url='"ftp://h"'), "http:// or https://"),
    (entry("chat", model='"m"', base_url='"http://[::1"'), "base_url"),
    (entry("chat", model='"m"', api_key_env='"OTHER_KEY"'), "OTHER_KEY, which is not set"),
    (entry("chat", model='"m"') + entry("chat", model='"n"'), "entry 2 ('mine'): another entry has the same name"),
    (entry("local"), "either path, a folder, or model"),
    (entry("local", path='"x"', model='"a/b"'), "either path, a folder, or model"),
    (entry("local", path='"missing"'), "there is no folder"),
    (entry("local", path='"."', revision='"1"'), "a folder has no revision"),
    (entry("local", model='"a b"'), "org/name"),
    (entry("local", model='"a/b"', beside='{ controlnet = "./no" }'), "there is no folder"),
    (entry("hub", model='"a/b"'), "tasks is missing"),
    (entry("hub", model='"a/b"', tasks='["video-dubbing"]'), "no hosted model can be called for video-dubbing"),
    (entry("endpoint", **{**URL, "protocol": '"grpc"'}), "protocol"),
    (entry("endpoint", **URL, model='"m"'), "openai and tgi only"),
    (entry("endpoint", url='"http://h/v1"', protocol='"openai"'), "model is missing"),
])
def test_what_is_wrong_is_said(chosen: Settings, toml: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(chosen, toml)
    assert said in str(caught.value)
    assert str(chosen.data_dir / FILE) in str(caught.value)


def test_everything_that_is_wrong_is_said_at_once(chosen: Settings) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(chosen, entry("chat", name='"a"', colour="1") + entry("hub", name='"b"', model='"x y"', tasks='["no"]'))
    for part in ("entry 1 ('a'): model is missing, there is no colour", "entry 2 ('b'): tasks.0: there is no task type",
                 "model: it must be org/name"):
        assert part in str(caught.value)


@pytest.mark.parametrize("fields", [
    {"api_key": f'"{KEY}"'}, {"token": f'"{KEY}"'}, {"api_key_env": f'"{KEY}"'}, {"api_key_env": f'"{KEY.lower()}"'},
    {"base_url": f'"https://user:{KEY}@h/v1"'}, {"base_url": f'"https://h/v1?key={KEY}"'}, {"vision": f'"{KEY}"'},
], ids=lambda fields: next(iter(fields)))
def test_a_key_in_the_file_is_refused_and_not_repeated(chosen: Settings, fields: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(chosen, entry("chat", model='"m"', **fields))
    error: BaseException | None = caught.value
    while error is not None:
        assert KEY not in str(error)
        error = error.__cause__
    assert "api_key_env" in str(caught.value) or "vision" in fields


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", None], ids=["not UTF-8", "a directory"])
def test_a_file_that_cannot_be_read_stops_the_start(chosen: Settings, content: bytes | None) -> None:
    path = chosen.data_dir / FILE
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"experts\.toml"):
        own_experts(chosen)


def test_keys_come_from_the_environment(chosen: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    (chosen.data_dir / FILE).write_text(entry("chat", model='"m"', api_key_env='"MY_KEY"'))
    assert own_experts(chosen).chat[0].key == KEY


def test_the_examples_of_the_guide_are_right(chosen: Settings) -> None:
    blocks = [block.partition("```")[0] for block in DOCS.read_text(encoding="utf-8").split("```toml\n")[1:]]
    (chosen.data_dir / "models" / "my-sentiment").mkdir(parents=True)
    (chosen.data_dir / FILE).write_text("\n".join(blocks), encoding="utf-8")
    names = ("HOUSE_KEY", "SUMMARY_KEY", "VLLM_KEY")
    own = own_experts(chosen, dict.fromkeys(names, KEY))
    assert (len(own.local), len(own.hub), len(own.chat)) == (3, 2, 4)
