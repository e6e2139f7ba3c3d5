"""Conversations: clients send all that was said, again and again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from compegpt.schema import Request, Turn
from tests.fakes import FakeSource, task
from tests.web.openai.test_routes import PNG, paints, picture, source
from tests.web.serving import Served, bearer, serving

SUMMARY, PAINT = [task("summarization", text="A long text.")], [task("text-to-image", text="A sheep")]


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def say(served: Served, *messages: dict[str, Any], key: str = "any", stream: bool = False,
        **rest: Any) -> dict[str, Any]:
    """The assistant's message."""
    answer = httpx.post(f"{served.address}/v1/chat/completions", headers=bearer(key), timeout=30, json={
        "model": "compegpt", "messages": list(messages), "stream": stream, **rest})
    assert answer.status_code == 200, answer.text
    if not stream:
        return {"role": "assistant", "content": answer.json()["choices"][0]["message"]["content"]}
    lines = [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line.startswith("data: {")]
    return {"role": "assistant", "content": "".join(json.loads(line)["choices"][0]["delta"].get("content") or ""
                                                    for line in lines)}


def asked(served: Served, number: int = -1) -> tuple[Request, list[Turn]]:
    return served.planner.asked[number]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_conversation_goes_on_with_what_was_made_in_it(stream: bool, data_dir: Path) -> None:
    with serving(data_dir, source(), PAINT, SUMMARY) as served:
        first = user("Paint a sheep.")
        answer = say(served, first, stream=stream)
        say(served, first, answer, user("Now say what it shows."), stream=stream)
        request, history = asked(served)
    assert request["thread"] == asked(served, 0)[0]["thread"]
    assert [turn["request"]["text"] for turn in history] == ["Paint a sheep."]
    assert Path(history[0]["results"][0]["output"]["image"]).is_file()


def test_a_conversation_goes_on_however_the_client_writes_its_texts(data_dir: Path) -> None:
    with serving(data_dir, source(), SUMMARY) as served:
        answer = say(served, user("Shorten it."))
        parted = {"role": "assistant", "content": [{"type": "text", "text": f"{answer['content']}\n"}]}
        say(served, user([{"type": "text", "text": " Shorten it."}]), parted, user("Again."))
        assert asked(served)[0]["thread"] == asked(served, 0)[0]["thread"]


def test_three_turns_stand_in_one_thread(data_dir: Path) -> None:
    with serving(data_dir, source(), SUMMARY) as served:
        said: list[dict[str, Any]] = []
        for text in ("One.", "Two.", "Three."):
            said.append(user(text))
            said.append(say(served, *said))
        assert len({request["thread"] for request, _ in served.planner.asked}) == 1
        assert [turn["request"]["text"] for turn in asked(served)[1]] == ["One.", "Two."]


def test_a_client_that_goes_back_gets_a_thread_with_the_turns_up_to_there(data_dir: Path) -> None:
    with serving(data_dir, source(), PAINT, SUMMARY) as served:
        first = user("Paint a sheep.")
        answer = say(served, first)
        say(served, first, answer, user("Shorten it."))
        say(served, first, answer, user("Describe it."))
        request, history = asked(served)
        assert request["thread"] != asked(served, 0)[0]["thread"]
        assert [turn["request"]["text"] for turn in history] == ["Paint a sheep."]
        assert history[0]["results"][0]["output"]["image"]


def test_what_was_said_elsewhere_is_told_without_results(data_dir: Path) -> None:
    with serving(data_dir, source(), SUMMARY) as served:
        say(served, {"role": "system", "content": "Be kind."}, {"role": "developer", "content": "Be brief."},
            {"role": "assistant", "content": "Welcome!"}, user("One."), {"role": "assistant", "content": "Uno."},
            user("Two."), user("Three."), {"role": "tool", "content": "42"}, {"role": "assistant", "content": None},
            user("Four."))
        request, history = asked(served)
    assert request["text"] == "Four."
    assert [(turn["request"]["text"], turn["answer"]) for turn in history[1:]] == [
        ("One.", "Uno."), ("Two.", ""), ("Three.", "")]
    assert history[0]["request"]["text"] == "Be kind.\nBe brief."
    assert all(turn["plan"] == [] and turn["results"] == [] for turn in history)


def test_files_of_earlier_messages_and_answers_stay_usable(data_dir: Path) -> None:
    with serving(data_dir, source(), PAINT, SUMMARY) as served:
        answer = say(served, user("Paint a sheep."))
        served.app.state.talks.__init__()  # as after a restart
        say(served, user([{"type": "text", "text": "Paint a sheep."}, picture(f"data:image/png;base64,{PNG}")]), answer,
            user("Describe it."))
        request, history = asked(served)
    assert request["files"] == []
    given, made = history[0]["request"]["files"]
    assert given.endswith("picture.png")
    assert Path(made).is_file()
    assert len({Path(one).parents[1] for one in (given, made)}) == 1


def test_a_file_of_an_earlier_message_that_is_gone_is_told_and_stops_nothing(data_dir: Path) -> None:
    with serving(data_dir, source(), SUMMARY) as served:
        gone = picture(f"/files/{'0' * 68}")
        say(served, user([{"type": "text", "text": "Look."}, gone]), {"role": "assistant", "content": "A sheep."},
            user("Shorten it."))
        text = asked(served)[1][0]["request"]["text"]
    assert text.startswith("Look.\n(There is no such file")


def test_the_thread_can_be_named(data_dir: Path) -> None:
    with serving(data_dir, source(), SUMMARY) as served:
        say(served, user("One."), metadata={"thread": "farm"})
        say(served, user("Two."), metadata={"thread": "farm"})
        assert len(httpx.get(f"{served.address}/threads/farm").json()["turns"]) == 2


def test_two_keys_never_see_each_others_threads_and_files(data_dir: Path) -> None:
    with serving(data_dir, source(), PAINT, SUMMARY, keys="alice,bob") as served:
        first = user("Paint a sheep.")
        answer = say(served, first, key="alice")
        say(served, first, answer, user("Describe it."), key="bob")
        request, history = asked(served)
        assert request["thread"] != asked(served, 0)[0]["thread"]
        assert [(turn["results"], turn["request"]["files"]) for turn in history] == [([], [])]
        address = answer["content"].partition("](")[2].rstrip(")")
        stolen = httpx.post(f"{served.address}/v1/chat/completions", headers=bearer("bob"), json={
            "model": "compegpt", "messages": [user([{"type": "text", "text": "Describe it."}, picture(address)])]})
        assert httpx.get(address, headers=bearer("bob")).status_code == 404
        assert httpx.get(address, headers=bearer("alice")).status_code == 200
    assert stolen.status_code == 404


def test_a_named_thread_of_another_key_is_another_thread(data_dir: Path) -> None:
    with serving(data_dir, FakeSource({"text-to-image": [("brush", "a", paints)]}), PAINT, keys="alice,bob") as served:
        say(served, user("Paint a sheep."), key="alice", metadata={"thread": "farm"})
        say(served, user("Paint it again."), key="bob", metadata={"thread": "farm"})
        assert asked(served)[1] == []
