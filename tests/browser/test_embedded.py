"""The page over the engines of this machine: the first visit, and an example to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from compegpt.wiring import parts_from
from tests.browser.pages import BOX, QUIET, Person, Served, served
from tests.fakes import settings

pytestmark = QUIET


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, browser: object) -> Iterator[Served]:
    with served(parts_from(settings(tmp_path_factory.mktemp("data")))) as running:
        yield running


def test_an_example_runs_by_one_click_to_an_answer_with_sound_to_play(
        server: Served, person: Callable[..., Person]) -> None:
    ann = person(server.url).opens()
    assert ann.page.title() == "CompeGPT"
    assert ann.page.evaluate("document.documentElement.lang") == "en"
    ann.page.locator("button.example").last.wait_for()
    ann.shot("first-visit")
    ann.page.get_by_role("button", name="read it aloud").click()
    ann.page.locator("svg.cg-graph").wait_for()
    ann.shot("running")
    ann.reads("Answered.")
    assert "CLOSE THE GATE" in ann.chat.upper()
    assert ann.page.locator("#cgp-chat .cgp-answer").first.is_visible()
    sound = ann.page.locator("#cgp-chat > * audio").last
    sound.evaluate("one => new Promise(done => one.readyState ? done() : one.addEventListener('loadedmetadata', done))")
    assert sound.evaluate("one => one.duration") > 0.5
    picture = ann.page.locator("figure img[alt='image-upscaling.png']")
    assert picture.evaluate("one => one.naturalWidth") > 100
    ann.shot("finished-with-picture-and-sound")
    ann.page.locator(".cgp-competition summary").first.click()
    assert ann.page.get_by_text("How alike they are").first.is_visible()
    ann.page.locator(".cgp-competition").first.scroll_into_view_if_needed()
    ann.shot("competition")
    assert ann.elsewhere == []


def test_the_other_tabs_tell_the_league_and_the_experts(server: Served, person: Callable[..., Person]) -> None:
    ann = person(server.url).opens()
    for name, says in (("League", "Strength"), ("Experts", "rapidocr"), ("Settings", "Forget my keys")):
        ann.page.get_by_role("tab", name=name).first.click()
        ann.page.get_by_text(says).first.wait_for(state="attached")
        ann.shot(name.lower())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_without_scrolling_sideways(server: Served, person: Callable[..., Person],
                                                     scheme: str) -> None:
    ann = person(server.url, viewport={"width": 360, "height": 740}, color_scheme=scheme).opens()
    ann.shot(f"phone-{scheme}-first-visit")
    ann.says("Which language is this: 'Guten Morgen, wie geht es dir?'").reads("Answered.")
    ann.page.locator(".cgp-competition summary").first.click()
    ann.shot(f"phone-{scheme}-answer")
    assert ann.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for name in ("League", "Experts", "Settings"):
        ann.page.get_by_role("tab", name=name).first.click()
        ann.page.wait_for_timeout(300)
        assert ann.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        ann.shot(f"phone-{scheme}-{name.lower()}")


def test_enter_sends_shift_enter_breaks_the_line_and_every_control_has_a_name(
        server: Served, person: Callable[..., Person]) -> None:
    ann = person(server.url).opens()
    ann.page.locator("button.example").last.wait_for()
    ann.page.focus(BOX)
    ann.page.keyboard.type("Which language is this:")
    ann.page.keyboard.press("Shift+Enter")
    ann.page.keyboard.type("Buenos dias, amigo")
    assert ann.page.input_value(BOX) == "Which language is this:\nBuenos dias, amigo"
    nameless = ann.page.evaluate("""() => [...document.querySelectorAll('button, input, textarea, select')]
        .filter(one => one.offsetParent && !(one.ariaLabel || one.title || one.innerText || one.labels?.length
                                             || one.getAttribute('aria-labelledby')))
        .map(one => one.outerHTML.slice(0, 200))""")
    assert nameless == []
    ann.page.keyboard.press("Enter")
    ann.reads("Answered.")


def test_what_a_visitor_sends_lies_in_no_place_that_another_can_ask_for(
        server: Served, person: Callable[..., Person], examples: Path) -> None:
    ann = person(server.url).opens()
    for path in ("/etc/passwd", str(examples.parent / "pyproject.toml")):
        assert ann.page.request.get(f"{server.url}/gradio_api/file={path}").status == 403
    folder = server.app.state.parts.settings.data_dir
    assert ann.page.request.get(f"{server.url}/gradio_api/file={folder}/checkpoints.sqlite").status == 403
    assert ann.page.request.get(f"{server.url}/shown/{'0' * 92}/x.png").status == 404
