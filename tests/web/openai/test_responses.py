from __future__ import annotations

from pathlib import Path
from typing import Any

import openai
import pytest

from tests.fakes import task
from tests.web.openai.test_routes import PNG, client, source
from tests.web.serving import serving

SUMMARY, PAINT = [task("summarization", text="A long text.")], [task("text-to-image", text="A sheep")]


def test_a_response_has_openais_shape_and_the_record(data_dir: Path) -> None:
    with serving(data_dir, source(), SUMMARY) as served, client(served) as sdk:
        made = sdk.responses.create(model="compegpt", input="Shorten it.", temperature=0.5)
    assert made.output_text == "summarization: ok"
    assert made.status == "completed"
    assert made.usage is not None
    assert made.usage.total_tokens == 0
    assert made.model_extra["compegpt"]["results"][0]["winner"] == "fake:s"


def test_a_stream_is_put_together_by_the_sdk(data_dir: Path) -> None:
    with (serving(data_dir, source(), PAINT) as served, client(served) as sdk,
          sdk.responses.stream(model="compegpt", input="Paint a sheep.") as stream):
        events = list(stream)
        made = stream.get_final_response()
    assert [event.sequence_number for event in events if event.type != "response.output_text.delta"][:2] == [0, 1]
    assert events[0].type == "response.created"
    assert events[-1].type == "response.completed"
    said = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert made.output_text == said
    assert said.startswith("text-to-image: ok\n\n![")


def test_pictures_and_instructions_reach_the_request(data_dir: Path) -> None:
    content: list[Any] = [{"type": "input_text", "text": "Read it."},
                          {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "auto"},
                          {"type": "input_file", "filename": "a.png", "file_data": f"data:image/png;base64,{PNG}"}]
    with serving(data_dir, source(), SUMMARY) as served, client(served) as sdk:
        sdk.responses.create(model="compegpt", instructions="Be kind.", input=[{"role": "user", "content": content}])
        request, history = served.planner.asked[0]
    assert request["text"] == "Read it."
    assert [Path(file).name for file in request["files"]] == ["picture.png", "a.png"]
    assert [turn["request"]["text"] for turn in history] == ["Be kind."]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_conversation_goes_on_by_the_id_and_by_the_items(stream: bool, data_dir: Path) -> None:
    with serving(data_dir, source(), PAINT, SUMMARY) as served, client(served) as sdk:
        def ask(**rest: Any) -> Any:
            if not stream:
                return sdk.responses.create(model="compegpt", **rest)
            with sdk.responses.stream(model="compegpt", **rest) as events:
                return events.get_final_response()

        first = ask(input="Paint a sheep.")
        ask(input="Describe it.", previous_response_id=first.id)
        ask(input=[{"role": "user", "content": "Paint a sheep."}, *(one.model_dump() for one in first.output),
                   {"role": "user", "content": "Describe it again."}])
        (_, none), (_, by_id), (_, by_items) = served.planner.asked
    assert none == []
    for history in (by_id, by_items):
        assert history[0]["results"][0]["output"]["image"]


@pytest.mark.parametrize(("change", "status"), [
    ({"model": "gpt-5"}, 404), ({"previous_response_id": "resp_1"}, 404), ({"background": True}, 400),
    ({"conversation": "c"}, 400), ({"input": []}, 400), ({"input": ""}, 400), ({"input": 5}, 400),
    ({"tool_choice": "required"}, 400), ({"text": {"format": {"type": "json_object"}}}, 400),
], ids=str)
def test_what_cannot_be_honoured_is_an_error_in_openais_form(change: dict[str, Any], status: int,
                                                             data_dir: Path) -> None:
    with serving(data_dir, source(), SUMMARY) as served, client(served) as sdk:
        with pytest.raises(openai.APIStatusError) as caught:
            sdk.responses.create(**{"model": "compegpt", "input": "Shorten it.", **change})
        assert served.planner.asked == []
    assert caught.value.status_code == status
    assert caught.value.type == "invalid_request_error"


def test_a_response_of_another_key_is_not_known(data_dir: Path) -> None:
    with serving(data_dir, source(), SUMMARY, keys="alice,bob") as served:
        with client(served, "alice") as alice:
            first = alice.responses.create(model="compegpt", input="Shorten it.")
        with client(served, "bob") as bob, pytest.raises(openai.NotFoundError):
            bob.responses.create(model="compegpt", input="Again.", previous_response_id=first.id)


def test_a_run_without_an_answer_fails(data_dir: Path) -> None:
    with serving(data_dir, source(), RuntimeError("a bug")) as served, client(served) as sdk:
        with pytest.raises(openai.InternalServerError):
            sdk.responses.create(model="compegpt", input="Shorten it.")
        events = list(sdk.responses.create(model="compegpt", input="Shorten it.", stream=True))
    assert events[-1].type == "response.failed"
    assert "internal error" in events[-1].response.error.message
