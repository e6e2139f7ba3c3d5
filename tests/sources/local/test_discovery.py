"""What is told of checkpoints by their files alone."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest

from compegpt.sources.local import cards
from compegpt.sources.local.discovery import Shelf, described, family, hub_cache, snapshot, unsound
from compegpt.sources.local.runner import Checkpoint
from tests.fakes import settings

BERT = {"architectures": ["BertForMaskedLM"], "model_type": "bert"}


def folder(place: Path, files: dict[str, Any]) -> Path:
    """Files of a model: JSON for objects, else bytes."""
    for name, content in files.items():
        file = place / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return place


def cached(cache: Path, name: str, files: dict[str, Any], commit: str = "1" * 40, ref: str | None = "main") -> Path:
    repo = cache / f"models--{name.replace('/', '--')}"
    if ref:
        (repo / "refs").mkdir(parents=True, exist_ok=True)
        (repo / "refs" / ref).write_text(commit)
    return folder(repo / "snapshots" / commit, files)


def of(place: Path, name: str = "org/model") -> Checkpoint:
    return described(Checkpoint(name, place))


def test_models_of_the_cache_are_told_by_their_files(tmp_path: Path) -> None:
    cached(tmp_path, "org/bert-tiny", {"config.json": BERT, "model.safetensors": bytes(7)})
    cached(tmp_path, "org/no-config", {"model.safetensors": bytes(7)})
    (tmp_path / "datasets--org--data").mkdir()
    found = Shelf(tmp_path).checkpoints()
    assert [(one.name, one.architectures, one.bytes) for one in found] == [("org/bert-tiny", ("BertForMaskedLM",), 7)]


def test_no_cache_holds_nothing(tmp_path: Path) -> None:
    assert Shelf(tmp_path / "none").checkpoints() == []


def test_a_model_is_read_again_only_when_its_files_change(tmp_path: Path) -> None:
    place = cached(tmp_path, "org/model", {"config.json": BERT, "model.safetensors": bytes(7)})
    shelf = Shelf(tmp_path)
    first = shelf.checkpoints()[0]
    assert shelf.checkpoints()[0] is first
    folder(place, {"README.md": b"---\npipeline_tag: fill-mask\n---\n"})
    assert shelf.checkpoints()[0].tags == ("fill-mask",)


def test_the_main_snapshot_counts_else_the_newest(tmp_path: Path) -> None:
    new, old = "a" * 40, "b" * 40
    place = cached(tmp_path, "org/model", {"config.json": BERT}, old, ref=None)
    assert snapshot(tmp_path, "org/model") == place
    cached(tmp_path, "org/model", {"config.json": BERT}, new)
    assert snapshot(tmp_path, "org/model") == place.parent / new
    assert snapshot(tmp_path, "org/model", old) == place
    assert snapshot(tmp_path, "org/model", "v2") is None


@pytest.mark.parametrize(("variables", "flags", "expected"), [
    ({"HF_HUB_CACHE": "/cache"}, {"hf_home": "/home"}, "/cache"), ({}, {"hf_home": "/home"}, "/home/hub")],
    ids=["HF_HUB_CACHE", "HF_HOME"])
def test_the_cache_is_where_the_hubs_tools_have_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                   variables: dict[str, str], flags: dict[str, str],
                                                   expected: str) -> None:
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert hub_cache(settings(tmp_path, **flags)) == Path(expected)


INDEX = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
PIPELINE = {"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.42", "unet": ["diffusers", "U"],
            "vae": ["diffusers", "V"]}


@pytest.mark.parametrize(("files", "size"), [
    ({"config.json": BERT, "model.safetensors": bytes(5), "model.fp16.safetensors": bytes(2)}, 5),
    ({"config.json": BERT, "model.fp16.safetensors": bytes(2)}, 2),
    ({"config.json": BERT, "model.safetensors.index.json": INDEX, "model-00001-of-00002.safetensors": bytes(3),
      "model-00002-of-00002.safetensors": bytes(4), "other.safetensors": bytes(9)}, 7),
    ({"model_index.json": PIPELINE, "unet/diffusion_pytorch_model.safetensors": bytes(6),
      "vae/diffusion_pytorch_model.safetensors": bytes(2), "v1-5.safetensors": bytes(99)}, 8),
    ({"config.json": BERT, "pytorch_model.bin": bytes(5)}, 0),
], ids=["plain", "half only", "shards", "pipeline", "pickle"])
def test_the_size_is_that_of_the_weights_that_are_loaded(tmp_path: Path, files: dict[str, Any], size: int) -> None:
    assert of(folder(tmp_path, files)).bytes == size


SOUND = {"model.safetensors": bytes(5)}


@pytest.mark.parametrize(("files", "why"), [
    ({"config.json": BERT, **SOUND}, None),
    (SOUND, "it has no config.json or model_index.json"),
    ({"config.json": b"[[[", **SOUND}, "it has no config.json or model_index.json"),
    ({"config.json": {**BERT, "auto_map": {"AutoModel": "x.Y"}}, **SOUND}, "it needs code of its own"),
    ({"config.json": {**BERT, "quantization_config": {}}, **SOUND}, "its weights are quantized"),
    ({"config.json": BERT, "pytorch_model.bin": b"x"}, "it has no safetensors weights: pickles are not loaded"),
    ({"config.json": BERT}, "its weights are not here"),
    ({"config.json": BERT, "model.safetensors.index.json": INDEX, "model-00001-of-00002.safetensors": bytes(3)},
     "it is not here in full"),
], ids=["sound", "no config", "broken config", "own code", "quantized", "pickle", "no weights", "a shard is missing"])
def test_what_must_not_be_loaded_says_why(tmp_path: Path, files: dict[str, Any], why: str | None) -> None:
    told = unsound(of(folder(tmp_path, files)))
    assert told == why or (why is not None and told is not None and told.startswith(why))


def test_a_download_that_was_broken_off_is_not_there_in_full(tmp_path: Path) -> None:
    cached(tmp_path, "org/model", {"config.json": BERT, **SOUND})
    folder(tmp_path / "models--org--model", {"blobs/123.incomplete": b"x"})
    shelf = Shelf(tmp_path)
    assert unsound(shelf.checkpoints()[0]) == "it is not here in full"
    assert shelf.read(Checkpoint("org/model", None)).folder is None


@pytest.mark.parametrize(("name", "model_type", "tags", "expected"), [
    ("openai/whisper-tiny", "whisper", (), "whisper/whisper"),
    ("openai/whisper-large-v3", "whisper", (), "whisper/whisper"),
    ("google-t5/t5-small", "t5", (), "t5/t5"),
    ("google/flan-t5-base", "t5", (), "t5/flan-t5"),
    ("Qwen/Qwen3-0.6B", "qwen3", (), "qwen3/qwen3"),
    ("me/finetuned", "whisper", ("base_model:openai/whisper-small",), "whisper/whisper"),
    ("me/quantized", "bert", ("base_model:quantized:google/bert-base-uncased",), "bert/bert"),
    ("me/base", "bert", (), "bert/base"),
], ids=lambda value: value if isinstance(value, str) and "/" in value else "")
def test_siblings_are_of_one_family(name: str, model_type: str, tags: tuple[str, ...], expected: str) -> None:
    assert family(Checkpoint(name, None, config={"model_type": model_type}, tags=tags)) == expected


@pytest.mark.parametrize(("card", "expected"), [
    ("pipeline_tag: summarization\ntags: [news]\nlanguage: [en, no]\nlicense: mit\nbase_model: org/base",
     ("summarization", "license:mit", "base_model:org/base", "en", "no", "news")),
    ("language: de", ("de",)),
    ("tags: [[[", ()),
    ("- a\n- b", ()),
    ("pipeline_tag: !!python/object/apply:os.system ['false']", ()),
], ids=["whole", "one language", "broken", "a list", "code"])
def test_a_card_gives_the_tags_that_the_hub_makes_of_it(tmp_path: Path, card: str, expected: tuple[str, ...]) -> None:
    (tmp_path / "README.md").write_text(f"---\n{card}\n---\n# Model\npipeline_tag: other")
    assert cards.tags(tmp_path) == expected


LONG = "n" * 300


@pytest.mark.parametrize("config", [
    {**BERT, "architectures": 5}, {**BERT, "architectures": {"a": 1}}, {**BERT, "architectures": [5, None]},
], ids=["a number", "an object", "a list of others"])
def test_architectures_that_are_no_list_of_names_are_none(tmp_path: Path, config: dict[str, Any]) -> None:
    assert of(folder(tmp_path, {"config.json": config, **SOUND})).architectures == ()


def test_weights_whose_link_leads_nowhere_are_not_there(tmp_path: Path) -> None:
    place = folder(tmp_path, {"config.json": BERT})
    (place / "model.safetensors").symlink_to(place / "gone")
    assert unsound(of(place)) == "its weights are not here"


@pytest.mark.parametrize("files", [
    {"config.json": BERT, "model.safetensors.index.json": {"weight_map": {"a": LONG}}},
    {"model_index.json": {**PIPELINE, LONG: ["diffusers", "V"]}, **SOUND},
], ids=["a shard", "a part"])
def test_a_name_too_long_for_a_file_makes_only_its_model_unsound(tmp_path: Path, files: dict[str, Any]) -> None:
    cached(tmp_path, "org/good", {"config.json": BERT, **SOUND})
    place = cached(tmp_path, "org/odd", files)
    assert [one.name for one in Shelf(tmp_path).checkpoints()] == ["org/good"]
    assert unsound(of(place)) == "its files cannot be read (File name too long)"


@pytest.mark.parametrize("file", ["config.json", "README.md"])
def test_a_file_nobody_may_read_makes_only_its_model_unsound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                             file: str) -> None:
    cached(tmp_path, "org/good", {"config.json": BERT, **SOUND})
    place = cached(tmp_path, "org/odd", {"config.json": BERT, "README.md": b"---\n", **SOUND})
    opened = Path.open

    def refusing(path: Path, *args: Any, **options: Any) -> Any:
        if path == place / file:
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(path, *args, **options)

    monkeypatch.setattr(Path, "open", refusing)  # who runs the tests may be one who may read everything
    assert [one.name for one in Shelf(tmp_path).checkpoints()] == ["org/good"]
    assert unsound(of(place)) == "its files cannot be read (Permission denied)"


def test_a_branch_that_is_no_text_has_no_folder(tmp_path: Path) -> None:
    cached(tmp_path, "org/model", {"config.json": BERT})
    (tmp_path / "models--org--model" / "refs" / "main").write_bytes(b"\xff\xfe")
    assert snapshot(tmp_path, "org/model") is None
    assert Shelf(tmp_path).checkpoints() == []
