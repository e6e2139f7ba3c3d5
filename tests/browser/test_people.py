"""What people do to the page: they stop, reload, come back, send what is wrong, and see nothing of each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from compegpt.errors import ConfigurationError, ExpertUnavailable
from compegpt.schema import Finding
from tests.browser.pages import QUIET, Gate, Person, served
from tests.fakes import FakePlanner, FakeSource, FakeWriter, fake_parts, settings, task

pytestmark = QUIET
TELL = task("summarization", text="A long text.")
EVIL = "<img src=x onerror=\"alert('ran')\"><script>alert('ran')</script> [a](javascript:alert(1)) ![p](http://evil/p.png)"


def experts(*rows: tuple[str, str, Any], name: str = "summarization") -> FakeSource:
    return FakeSource({name: list(rows)})


def gated(gate: Gate, text: str = "The short of it.") -> Callable[..., Any]:
    async def tells(args: Any, store: Any) -> Finding:
        await gate.wait()
        return Finding({"text": text}, confidence=0.9)

    return tells


def test_a_run_that_is_stopped_ends_with_its_experts(data_dir: Path, person: Callable[..., Person]) -> None:
    gate = Gate()
    with served(fake_parts(settings(data_dir), experts(("slow", "a", gated(gate))), [TELL])) as server:
        ann = person(server.url).opens().says("Sum it up")
        ann.page.get_by_text("slow").wait_for()
        assert gate.entered.wait(10)
        ann.shot("running-one-expert")
        ann.page.get_by_role("button", name="Stop").click()
        ann.reads("Stopped; what was finished stays.")
        assert gate.cancelled.wait(10)
        assert server.app.state.desk.runs.active == []
        ann.shot("stopped")
        assert ann.page.get_by_role("button", name="Submit").is_visible()


def test_a_reload_in_the_middle_follows_the_run_and_a_restart_keeps_the_conversation(
        data_dir: Path, person: Callable[..., Person]) -> None:
    gate = Gate()
    parts = fake_parts(settings(data_dir), experts(("slow", "a", gated(gate)), ("other", "b", gated(gate))), [TELL])
    with served(parts) as server:
        ann = person(server.url).opens().says("Sum it up")
        assert gate.entered.wait(10)
        ann.reloads()
        ann.page.get_by_text("slow").wait_for()
        ann.shot("reloaded-while-it-runs")
        gate.open()
        ann.reads("Answered.")
        ann.reloads()
        ann.page.get_by_text("summarization: ok").wait_for()
        ann.page.get_by_text("The competition").wait_for()
        ann.shot("reloaded-afterwards")
        kept = ann.page.context.storage_state()
    again = fake_parts(settings(data_dir), experts(("slow", "a", gated(gate))), [TELL])
    with served(again) as server:
        kept["origins"][0]["origin"] = server.url
        ann = person(server.url, storage_state=kept).opens()
        ann.page.get_by_text("summarization: ok").wait_for()
        assert "Sum it up" in ann.chat
        ann.shot("after-a-restart")


def test_a_conversation_is_left_found_again_and_deleted_with_its_files(
        data_dir: Path, person: Callable[..., Person], examples: Path) -> None:
    gate = Gate()
    gate.open()
    with served(fake_parts(settings(data_dir), experts(("quick", "a", gated(gate))), [TELL])) as server:
        ann = person(server.url).opens().says("The first one", examples / "sign.png").reads("Answered.")
        shown = ann.page.locator(".cgp-request img").get_attribute("src")
        assert ann.page.request.get(f"{server.url}{shown}").status == 200
        ann.page.get_by_role("button", name="New conversation").click()
        ann.page.locator("button.example").last.wait_for()
        ann.says("The second one").reads("Answered.")
        assert "The first one" not in ann.chat
        ann.page.get_by_label("Conversation", exact=True).first.click()
        ann.page.get_by_role("option", name="The first one").click()
        ann.page.locator(".cgp-asked", has_text="The first one").wait_for()
        ann.page.get_by_role("button", name="Delete", exact=True).click()
        ann.shot("asked-before-deleting")
        ann.page.get_by_role("button", name="Delete it").click()
        ann.reads("The conversation is deleted.")
        assert ann.page.request.get(f"{server.url}{shown}").status == 404
        assert "The first one" not in ann.reloads().page.inner_text("body")


def test_two_visitors_see_nothing_of_each_other(data_dir: Path, person: Callable[..., Person]) -> None:
    gate = Gate()
    parts = fake_parts(settings(data_dir), experts(("quick", "a", gated(gate))), [TELL])
    with served(parts) as server:
        ann, bob = person(server.url).opens(), person(server.url).opens()
        ann.says("A question of Ann's")
        assert gate.entered.wait(10)
        bob.reloads().page.locator("button.example").last.wait_for()
        gate.open()
        ann.reads("Answered.")
        bob.says("A question of Bob's").reads("Answered.")
        bob.reloads().page.get_by_text("A question of Bob's").first.wait_for()
        assert "Ann" not in bob.page.inner_text("body")
        assert bob.page.locator(".cgp-asked").count() == 1
        ann.reloads().page.get_by_text("A question of Ann's").first.wait_for()
        assert "Bob" not in ann.page.inner_text("body")
        threads = [request["thread"].partition("/")[0] for request, _ in parts.planner.asked]  # type: ignore[attr-defined]
        assert len(set(threads)) == 2
        assert all(owner.startswith("visitor-") for owner in threads)


def test_a_picture_that_is_sent_is_shown_and_reaches_the_expert(data_dir: Path, person: Callable[..., Person],
                                                                examples: Path) -> None:
    class Looks(FakePlanner):
        async def plan(self, request: Any, *rest: Any) -> Any:
            self._plans = [[task("ocr", image=request["files"][0])]]
            return await super().plan(request, *rest)

    source = experts(("eye", "a", Finding({"text": "PLEASE CLOSE"}, confidence=0.9)), name="ocr")
    parts = replace(fake_parts(settings(data_dir), source), planner=Looks())
    with served(parts) as server:
        ann = person(server.url).opens().says("Read it", examples / "sign.png").reads("Answered.")
        picture = ann.page.locator(".cgp-request img")
        assert picture.evaluate("one => one.naturalWidth") > 50
        given = Path(source.calls[0][1]["image"])
        assert given.name == "sign.png"
        assert given.is_relative_to(data_dir / "artifacts")
        sent = ann.page.request.get(f"{server.url}{picture.get_attribute('src')}")
        assert sent.headers["content-type"] == "image/png"


def test_a_failing_expert_is_told_with_its_reason(data_dir: Path, person: Callable[..., Person]) -> None:
    source = experts(("good", "a", Finding({"text": "Short."}, confidence=0.9)),
                     ("broken", "b", ExpertUnavailable("The model is asleep.", tries=1)))
    with served(fake_parts(settings(data_dir), source, [TELL])) as server:
        ann = person(server.url).opens().says("Sum it up").reads("Answered.")
        ann.page.locator(".thought-group .title").first.click()
        ann.page.locator(".thought-group .title").nth(1).click()
        line = ann.page.locator(".cgp-rivals li", has_text="broken")
        line.wait_for()
        assert "failed" in line.inner_text()
        assert "The model is asleep." in line.inner_text()
        ann.shot("a-failing-expert")


@pytest.mark.parametrize(("plans", "says"), [
    ([[task("text-to-image", text="a cat")]], "Nobody here can do all of it"),
    ([ConfigurationError("COMPEGPT_PLANNER is wrong; set it to auto.")], "It could not be done."),
], ids=["no expert", "a wrong setting"])
def test_an_error_is_told_in_the_page(plans: Any, says: str, data_dir: Path, person: Callable[..., Person]) -> None:
    with served(fake_parts(settings(data_dir), experts(), *plans)) as server:
        ann = person(server.url).opens().says("Do it").reads(says)
        ann.shot(f"error-{says.split()[0].lower()}")
        ann.says("").says("   ")
        assert ann.page.locator("#cgp-box textarea").is_enabled()


def test_a_request_of_files_alone_is_asked_for_words(data_dir: Path, person: Callable[..., Person],
                                                     examples: Path) -> None:
    with served(fake_parts(settings(data_dir), experts(), [])) as server:
        ann = person(server.url).opens().says("", examples / "sign.png").reads("Say what to do with it")
        assert ann.page.locator("#cgp-box img").count() == 1


def test_nothing_that_is_sent_or_made_runs(data_dir: Path, tmp_path: Path, person: Callable[..., Person]) -> None:
    evil = tmp_path / "<img src=x onerror=alert('ran')>.txt"
    evil.write_text("text")
    source = experts(("good", "a", Finding({"text": EVIL}, confidence=0.9)),
                     ("bad", "b", ExpertUnavailable(EVIL, tries=1)))
    writer = FakeWriter(EVIL, f"It says: {EVIL}\n\nHow:\n\n- {EVIL}")
    with served(fake_parts(settings(data_dir), source, [TELL], writer=writer)) as server:
        ann = person(server.url).opens()
        for times in (1, 2):
            ann.says(EVIL, evil)
            ann.page.locator("details.cgp-competition").nth(times - 1).wait_for()
            ann.reads("Answered.")
            ann.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        ann.page.locator(".thought-group .title").first.click()
        ann.page.wait_for_timeout(300)
        ann.shot("script-in-everything")
        ann.reloads().page.get_by_text("The competition").first.wait_for()
        assert ann.dialogs == []
        assert ann.elsewhere == []
        assert "<script>alert('ran')</script>" in ann.chat
        assert ann.page.locator("#cgp-chat script, #cgp-chat [onerror], #cgp-chat a[href^='javascript']").count() == 0


def test_the_log_in_lets_in_who_has_a_key(data_dir: Path, person: Callable[..., Person]) -> None:
    parts = fake_parts(settings(data_dir, api_keys="right-key"), experts(), [], reply="Hello!")
    with served(parts, local=False) as server:
        ann = person(server.url)
        ann.page.goto(server.url)
        ann.page.get_by_label("Key").fill("wrong")
        ann.page.keyboard.press("Enter")
        ann.page.get_by_text("does not know this key").wait_for()
        ann.shot("log-in")
        ann.page.get_by_label("Key").fill("right-key")
        ann.page.keyboard.press("Enter")
        ann.sees().says("Hi").reads("Answered.")
        cookie = next(one for one in ann.page.context.cookies() if one["name"] == "compegpt_key")
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
        assert "right-key" not in str(cookie)
        ann.page.get_by_role("link", name="Log out").click()
        ann.page.get_by_label("Key").wait_for()
        ann.page.goto(server.url)
        assert ann.page.url.endswith("/login")
