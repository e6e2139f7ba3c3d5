"""What visitors set for their own sessions: keys stay theirs, wrong values are told."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.pages import QUIET, Person, served
from tests.fakes import FakeSource, fake_parts, settings
from tests.loopback.openai import OpenAI
from tests.loopback.server import Server

pytestmark = QUIET


def test_keys_of_one_visitor_are_in_nobody_elses_calls(data_dir: Path, person: Callable[..., Person],
                                                       caplog: pytest.LogCaptureFixture) -> None:
    keys = {"ann": "sk-ann-0123456789abcdef", "bob": "sk-bob-0123456789abcdef"}
    with Server(OpenAI(lambda chat: "Nice to hear.")) as model, \
            served(fake_parts(settings(data_dir), FakeSource({}), [], reply="No model here.")) as server:
        people = {name: person(server.url).opens() for name in keys}
        for name, one in people.items():
            one.page.get_by_role("tab", name="Settings").first.click()
            one.page.get_by_label("OpenAI key").fill(keys[name])
            one.page.get_by_label("Language model").fill("openai:some-model")
            one.page.get_by_label("Endpoint").fill(f"{model.url}/v1")
            one.page.get_by_role("button", name="Use these settings").click()
            one.page.get_by_text("In use from your next request on.").wait_for()
            assert one.page.get_by_label("OpenAI key").input_value() == ""
            one.shot(f"settings-of-{name}")
            one.page.get_by_role("tab", name="Chat").first.click()
            one.says(f"I am {name}, hello!").reads("Answered.")
        calls = {name: [ask.headers["authorization"] for ask in model.requests if f"I am {name}".encode() in ask.body]
                 for name in keys}
        assert {name: set(found) for name, found in calls.items()} == {
            name: {f"Bearer {key}"} for name, key in keys.items()}
        carl = person(server.url).opens().says("I am carl, hello!").reads("Answered.")
        assert "No model here." in carl.chat or "nothing planned" in carl.chat
        assert not any(b"I am carl" in ask.body for ask in model.requests)
        ann = people["ann"]
        ann.page.get_by_role("tab", name="Settings").first.click()
        ann.page.get_by_role("button", name="Forget my keys").click()
        ann.page.get_by_text("Your keys are forgotten.").wait_for()
        for one in people.values():
            assert not any(key in one.page.content() + one.page.evaluate("JSON.stringify(localStorage)")
                           for key in keys.values())
    assert not any(key in str(path.read_bytes()) for path in data_dir.rglob("*") if path.is_file()
                   for key in keys.values())
    assert not any(key in caplog.text or key in str(os.environ) for key in keys.values())


@pytest.mark.parametrize(("label", "value", "says"), [
    ("Experts per task", "many", "'Experts per task' must be a number from 1 to 20."),
    ("OpenAI key", "two words", "The OpenAI key must be one word"),
    ("Language model", "nobody:knows", "Not used:"),
])
def test_a_setting_that_cannot_be_used_is_told(label: str, value: str, says: str, data_dir: Path,
                                               person: Callable[..., Person]) -> None:
    with served(fake_parts(settings(data_dir), FakeSource({}), [])) as server:
        ann = person(server.url).opens()
        ann.page.get_by_role("tab", name="Settings").first.click()
        ann.page.get_by_label(label).fill(value)
        ann.page.get_by_role("button", name="Use these settings").click()
        ann.page.get_by_role("alert").get_by_text(says).wait_for()
        ann.shot("a-wrong-setting")
        assert "two words" not in ann.page.locator("#cgp-own").inner_text()
