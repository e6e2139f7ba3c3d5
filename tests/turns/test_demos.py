"""HuggingGPT's own demonstrations as whole turns: a scripted language model, hub models that compete, real files."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from compegpt.media.artifacts import media_type
from tests.loopback.canned import clip, picture, tone
from tests.turns.stage import Stage, Turned, models, plan, stage, step

ZEBRA = {"label": "zebra", "score": 0.98, "box": {"xmin": 10, "ymin": 10, "xmax": 40, "ymax": 50}}
OTHER = {"label": "zebra", "score": 0.91, "box": {"xmin": 55, "ymin": 12, "xmax": 90, "ymax": 52}}
POEM = "The tide comes in on silver feet,\nIt leaves its letters in the sand."


def pictures(folder: Path, *names: str) -> list[str]:
    for name in names:
        (folder / name).write_bytes(picture())
    return [str(folder / name) for name in names]


def check(turned: Turned, on: Stage, tasks: int) -> None:
    """Every task has a winner among three, its files exist, two calls of the language model, an answer in pieces."""
    assert [result["status"] for result in turned.results] == ["ok"] * tasks
    for result in turned.results:
        assert result["winner"] in {one["expert"] for one in result["candidates"]}
        assert result["output"] == next(one["output"] for one in result["candidates"]
                                        if one["expert"] == result["winner"])
        for kind in ("image", "audio", "video"):
            if path := (result["output"] or {}).get(kind):
                assert media_type(Path(path)).startswith(kind)
    assert len(on.llm.chats) == 2
    assert [call["purpose"] for call in turned.last.calls] == ["plan", "write"]
    assert len(turned.spoken) > 1
    assert "".join(turned.spoken) == turned.answer


def told(chat: dict[str, Any]) -> str:
    """What a language model was told last."""
    return str(chat["messages"][-1]["content"])


def path_told(chat: dict[str, Any], suffix: str) -> str:
    """The file of this kind that a writer was told of."""
    return re.findall(rf"/[^\s\"']+\{suffix}", told(chat))[-1]


async def test_objects_are_counted_in_three_pictures(tmp_path: Path) -> None:
    a, b, c = pictures(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    experts = models("object-detection", [ZEBRA, OTHER], [ZEBRA, OTHER], [ZEBRA], name="detr")
    steps = [step("object-detection", number, image=path) for number, path in enumerate((a, b, c))]
    async with stage(tmp_path, plan(*steps), "There are six zebras in the three pictures.", models=experts) as on:
        turned = await on.turn("How many zebras are in these pictures?", a, b, c)
        check(turned, on, tasks=3)
        assert [result["args"]["image"] for result in turned.results] == [a, b, c]
        for result in turned.results:
            assert len(result["candidates"]) == 3
            assert [box["label"] for box in result["output"]["boxes"]] == ["zebra", "zebra"]
        assert turned.answer.startswith("There are six zebras in the three pictures.")
        assert told(on.llm.chats[1]).count("zebra") >= 3


async def test_the_pose_of_one_picture_and_the_words_of_another_make_a_new_one(tmp_path: Path) -> None:
    e, f = pictures(tmp_path, "e1.jpg", "e2.jpg")
    experts = [*models("image-to-image", None, None, None, name="openpose-estimator"),
               *models("image-to-text", *[[{"generated_text": "a girl reading a book"}]] * 3, name="blip-captioning"),
               *models("image-to-image", None, None, None, name="controlnet-openpose")]
    steps = [step("openpose-control", 0, image=e), step("image-to-text", 1, image=f),
             step("openpose-text-to-image", 2, [0, 1], text="<resource>-1", image="<resource>-0")]
    async with stage(tmp_path, plan(*steps), lambda chat: f"Here it is: {path_told(chat, '.png')} for you.",
                     models=experts) as on:
        turned = await on.turn("Draw the girl of e2.jpg in the pose of e1.jpg", e, f)
        check(turned, on, tasks=3)
        pose, caption, made = turned.results
        assert pose["winner"].startswith("hub:org0/openpose-estimator")
        assert made["winner"].startswith("hub:org0/controlnet-openpose")
        assert made["args"] == {"image": pose["output"]["image"], "text": caption["output"]["text"]}
        assert caption["output"]["text"] == "a girl reading a book"
        assert made["output"]["image"] in turned.answer
        sent = [json.loads(one.body) for one in on.server.asked("controlnet-openpose") if one.method == "POST"]
        assert {one["parameters"]["prompt"] for one in sent} == {"a girl reading a book"}


@pytest.mark.skipif(not (shutil.which("ffmpeg") and shutil.which("ffprobe")), reason="needs ffmpeg and ffprobe")
async def test_a_video_with_a_title_is_made_and_dubbed(tmp_path: Path) -> None:
    experts = [*models("text-to-video", None, None, None, name="text-to-video-ms"),
               *models("text-to-speech", *[tone(2.0)] * 3, name="speecht5-tts")]
    steps = [step("text-to-video", 0, text="an astronaut walks in space"),
             step("text-to-speech", 1, text="An astronaut walks in space"),
             step("video-dubbing", 2, [0, 1], video="<resource>-0", audio="<resource>-1")]
    async with stage(tmp_path, plan(*steps), "The video is ready with its title read aloud.", models=experts,
                     experts="hub,embedded") as on:
        turned = await on.turn("Make a video of an astronaut who walks in space and dub it with its title")
        check(turned, on, tasks=3)
        video, speech, dubbed = turned.results
        assert dubbed["args"] == {"video": video["output"]["video"], "audio": speech["output"]["audio"]}
        assert dubbed["winner"] == "embedded:ffmpeg-replace"
        assert content(video["output"]["video"]) == clip()
        assert dubbed["output"]["video"] in turned.answer
        streams = probed(dubbed["output"]["video"])
        assert {stream["codec_type"] for stream in streams} == {"video", "audio"}
        assert all(float(stream["duration"]) == pytest.approx(2.0, abs=0.3) for stream in streams)
        assert loudness(dubbed["output"]["video"]) > -40


def content(path: str) -> bytes:
    return Path(path).read_bytes()


def probed(path: str) -> list[dict[str, Any]]:
    found = subprocess.run(["ffprobe", "-v", "error", "-show_streams", "-of", "json", path], capture_output=True,
                           check=True)
    streams: list[dict[str, Any]] = json.loads(found.stdout)["streams"]
    return streams


def loudness(path: str) -> float:
    """Mean volume of the sound in dB: silence is below -90."""
    found = subprocess.run(["ffmpeg", "-nostdin", "-i", path, "-af", "volumedetect", "-f", "null", "-"],
                           capture_output=True, text=True, check=True)
    return float(re.findall(r"mean_volume: (-?[\d.]+) dB", found.stderr)[0])


@pytest.mark.parametrize("writer", ["text-generation", "conversational"])
async def test_a_poem_is_written_and_the_winner_read_aloud(writer: str, tmp_path: Path) -> None:
    poem = {"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": POEM}}]}
    experts = [*models("text-generation", poem, poem, poem, name="instruct", task="conversational"),
               *models("text-to-speech", None, None, None, name="speecht5-tts")]
    steps = [step(writer, 0, text="Write a poem about the tide."), step("text-to-speech", 1, [0], text="<resource>-0")]
    async with stage(tmp_path, plan(*steps), "I wrote a poem and read it aloud.", models=experts) as on:
        turned = await on.turn("Write a poem about the tide and read it to me")
        check(turned, on, tasks=2)
        assert turned.results[0]["output"]["text"] == POEM
        assert turned.results[1]["args"]["text"] == POEM
        assert {json.loads(one.body)["inputs"] for one in on.server.asked("/models/org0/speecht5-tts")
                if one.method == "POST"} == {POEM}
        assert turned.results[1]["output"]["audio"] in turned.answer


async def test_a_follow_up_works_on_the_picture_of_the_turn_before(tmp_path: Path) -> None:
    experts = [*models("text-to-image", None, None, None, name="stable-diffusion"),
               *models("image-to-text", *[[{"generated_text": "a dog on a beach"}]] * 3, name="blip-captioning")]

    def follow_up(chat: dict[str, Any]) -> str:
        earlier = json.loads(told(chat))["conversation"][-1]["results"][0]["files"][0]
        return plan(step("image-to-text", 0, image=earlier))

    async with stage(tmp_path, plan(step("text-to-image", 0, text="a dog on a beach")), "Here is the picture.",
                     models=experts) as on:
        first = await on.turn("Draw a dog on a beach")
        check(first, on, tasks=1)
        made = first.results[0]["output"]["image"]
        on.llm.chats.clear()
        on.llm.replies[:] = [follow_up, "It shows a dog on a beach."]
        second = await on.turn("What does the above image show?")
        check(second, on, tasks=1)
        assert made in told(on.llm.chats[0])
        assert second.results[0]["args"]["image"] == made
        assert second.results[0]["output"]["text"] == "a dog on a beach"


async def test_the_hub_is_asked_for_its_rankings_once(tmp_path: Path) -> None:
    a, b = pictures(tmp_path, "a.jpg", "b.jpg")
    both = plan(step("object-detection", 0, image=a), step("object-detection", 1, image=b))
    async with stage(tmp_path, both, "Two.", both, "Two.", models=models("object-detection", *[[ZEBRA]] * 3)) as on:
        await on.turn("How many zebras?", a, b)
        assert len(on.server.asked("/api/")) == 3
        await on.turn("How many zebras?", a, b)
        assert len(on.server.asked("/api/")) == 3
