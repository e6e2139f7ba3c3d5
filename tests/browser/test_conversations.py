"""A conversation over time: its end is in view, others leave nothing in the box, what broke off can be finished."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.pages import BOX, QUIET, Gate, Person, served
from tests.browser.test_people import TELL, experts, gated
from tests.fakes import FakeWriter, fake_parts, settings

pytestmark = QUIET
LONG = "\n\n".join(f"Paragraph {number} of a long answer." for number in range(40))
AT_END = "one => one.scrollHeight > one.clientHeight && one.scrollTop + one.clientHeight > one.scrollHeight - 40"


def ends_in_view(ann: Person) -> None:
    ann.page.wait_for_function(f"({AT_END})(document.querySelector('#cgp-chat .panel-wrap'))")


def top(ann: Person) -> float:
    return float(ann.page.locator("#cgp-chat .panel-wrap").evaluate("one => one.scrollTop"))


def logged_in(ann: Person, url: str, key: str) -> Person:
    ann.page.goto(f"{url}/login")
    ann.page.get_by_label("Key").fill(key)
    ann.page.keyboard.press("Enter")
    return ann.sees()


def test_who_logs_in_with_another_key_sees_nothing_of_the_first(data_dir: Path, person: Callable[..., Person]) -> None:
    parts = fake_parts(settings(data_dir, api_keys="first-key,second-key"), experts(), [], [], reply="Hello!")
    with served(parts, local=False) as server:
        ann = logged_in(person(server.url), server.url, "first-key").says("A secret of the first").reads("Answered.")
        ann.page.get_by_role("link", name="Log out").click()
        ann.page.get_by_label("Key").wait_for()
        logged_in(ann, server.url, "second-key").page.locator("button.example").last.wait_for()
        assert "A secret" not in ann.page.inner_text("body")
        ann.says("Of the second").reads("Answered.")
        ann.page.get_by_label("Conversation", exact=True).first.click()
        listed = ann.page.get_by_role("option")
        assert [one.lstrip("✓\n") for one in listed.all_inner_texts()] == ["Of the second"]
        ann.page.keyboard.press("Escape")
        owners = [request["thread"].partition("/")[0] for request, _ in parts.planner.asked]  # type: ignore[attr-defined]
        assert [owner.partition(".")[0][:4] for owner in owners] == ["key-", "key-"]
        assert owners[0][:20] != owners[1][:20]
        ann.page.get_by_role("link", name="Log out").click()
        ann.page.get_by_label("Key").wait_for()
        logged_in(ann, server.url, "first-key").page.locator(".cgp-asked", has_text="A secret").wait_for()
        assert "Of the second" not in ann.page.inner_text("body")


def test_the_end_comes_into_view_and_stays_unless_somebody_scrolls_up(data_dir: Path,
                                                                      person: Callable[..., Person]) -> None:
    gates = [Gate(), Gate()]
    gates[0].open()
    source = experts(("slow", "a", [gated(gates[0]), gated(gates[1])]))
    with served(fake_parts(settings(data_dir), source, [TELL], [TELL], [], 
                           writer=FakeWriter(LONG, LONG, LONG))) as server:
        ann = person(server.url, viewport={"width": 900, "height": 640}).opens().says("The first").reads("Answered.")
        ends_in_view(ann)
        ann.reloads().page.get_by_text("Paragraph 39").wait_for()
        ends_in_view(ann)
        before = top(ann)
        ann.says("The second")
        ann.page.locator(".cgp-asked", has_text="The second").wait_for()
        assert gates[1].entered.wait(10)
        ends_in_view(ann)
        assert top(ann) > before
        ann.page.locator("#cgp-chat .panel-wrap").hover()
        ann.page.mouse.wheel(0, -600)
        ann.page.wait_for_function("old => document.querySelector('#cgp-chat .panel-wrap').scrollTop < old - 300",
                                   arg=before)
        ann.page.wait_for_timeout(300)
        read = top(ann)
        gates[1].open()
        ann.reads("Answered.")
        ann.page.get_by_text("Paragraph 39").nth(1).wait_for()
        ann.page.wait_for_timeout(300)
        assert top(ann) == pytest.approx(read, abs=2)
        ann.shot("scrolled-up-while-it-ran")
        ann.says("The third").reads("Answered.")
        ends_in_view(ann)
        ann.page.locator("#cgp-chat .cgp-asked", has_text="The third").wait_for()


def test_what_is_opened_at_the_end_stays_where_it_is(data_dir: Path, person: Callable[..., Person]) -> None:
    gate = Gate()
    gate.open()
    with served(fake_parts(settings(data_dir), experts(("quick", "a", gated(gate))), [TELL],
                           writer=FakeWriter(LONG))) as server:
        ann = person(server.url, viewport={"width": 900, "height": 640}).opens().says("Do it").reads("Answered.")
        ends_in_view(ann)
        before = top(ann)
        ann.page.locator("details.cgp-competition summary").last.click()
        ann.page.wait_for_timeout(300)
        assert top(ann) == before


def test_another_conversation_begins_with_an_empty_box(data_dir: Path, person: Callable[..., Person],
                                                       examples: Path) -> None:
    def attached(text: str) -> None:
        with ann.page.expect_file_chooser() as chooser:
            ann.page.get_by_role("button", name="Upload a file").click()
        chooser.value.set_files([str(examples / "sign.png")])
        ann.page.locator("#cgp-box .thumbnail-item").wait_for()
        ann.page.fill(BOX, text)

    def emptied() -> None:
        ann.page.locator("#cgp-box .thumbnail-item").wait_for(state="detached")
        ann.page.wait_for_function("document.querySelector('#cgp-box textarea').value === ''")

    gate = Gate()
    gate.open()
    with served(fake_parts(settings(data_dir), experts(("quick", "a", gated(gate))), [TELL])) as server:
        ann = person(server.url).opens().says("The first one").reads("Answered.")
        attached("not sent")
        ann.page.get_by_role("button", name="New conversation").click()
        emptied()
        attached("not sent either")
        ann.page.get_by_label("Conversation", exact=True).first.click()
        ann.page.get_by_role("option", name="The first one").click()
        ann.page.locator(".cgp-asked", has_text="The first one").wait_for()
        emptied()


def test_a_turn_that_was_cut_off_is_shown_with_its_files_and_finished(
        data_dir: Path, person: Callable[..., Person], examples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compegpt.web.server.LAST", 0.0)
    gate, again = Gate(), Gate()
    with served(fake_parts(settings(data_dir), experts(("slow", "a", gated(gate))), [TELL])) as server:
        ann = person(server.url).opens().says("Sum it up", examples / "sign.png")
        assert gate.entered.wait(10)
        kept: Any = ann.page.context.storage_state()
    source = experts(("slow", "a", gated(again)))
    with served(fake_parts(settings(data_dir), source)) as server:
        kept["origins"][0]["origin"] = server.url
        ann = person(server.url, storage_state=kept).opens()
        ann.page.get_by_text("This was interrupted.").wait_for()
        assert ann.page.locator(".cgp-asked").all_inner_texts() == ["Sum it up"]
        assert ann.page.locator(".cgp-request img").evaluate("one => one.naturalWidth") > 50
        ann.shot("interrupted")
        ann.page.get_by_role("button", name="Finish it").click()
        assert again.entered.wait(10)
        ann.page.get_by_role("button", name="Stop").wait_for()
        again.open()
        ann.reads("Answered.").page.get_by_text("summarization: ok").wait_for()
        assert not ann.page.get_by_role("button", name="Finish it").is_visible()
        assert ann.page.locator(".cgp-asked").all_inner_texts() == ["Sum it up"]
        ann.reloads().page.get_by_text("summarization: ok").wait_for()
        assert "interrupted" not in ann.chat


def test_on_a_narrow_page_titles_end_before_the_arrow_and_times_stay_whole(data_dir: Path,
                                                                           person: Callable[..., Person]) -> None:
    gate = Gate()
    gate.open()
    with served(fake_parts(settings(data_dir), experts(("quick", "a", gated(gate))), [TELL])) as server:
        ann = person(server.url, viewport={"width": 360, "height": 740}).opens()
        ann.says("A request whose title is longer than such a narrow page is wide").reads("Answered.")
        picker = ann.page.locator("#cgp-conversations")
        arrow = picker.locator(".icon-wrap").bounding_box()
        box = picker.locator("input").bounding_box()
        padding = picker.locator("input").evaluate("one => parseFloat(getComputedStyle(one).paddingRight)")
        assert arrow
        assert box
        assert box["x"] + box["width"] - padding <= arrow["x"]
        ann.shot("narrow")
        took = ann.page.locator("#cgp-chat .duration").first
        assert took.evaluate("one => one.getClientRects().length") == 1
