"""Who sits before a page: what a browser says of itself is believed only where it has the form."""

from __future__ import annotations

from typing import Any

import pytest

from compegpt.web.ui.visitor import MOST, Visitor

TOKEN, THREAD = "0123456789abcdef" * 2, "t-" + "ab" * 12
KEPT = {"visitor": TOKEN, "thread": THREAD, "titles": [[THREAD, "Sum it up"]]}


def test_what_a_browser_kept_comes_back_as_it_was() -> None:
    visitor = Visitor.of(KEPT)
    assert visitor.kept == KEPT
    assert visitor.full == f"visitor-{TOKEN}/{THREAD}"


@pytest.mark.parametrize("kept", [
    None, {}, "x", [], {"visitor": 5}, {**KEPT, "visitor": "short"}, {**KEPT, "visitor": TOKEN + "/../x"},
    {**KEPT, "visitor": TOKEN.upper()}, {**KEPT, "visitor": TOKEN + "\n"}, {**KEPT, "visitor": [TOKEN]},
], ids=repr)
def test_a_token_that_is_none_makes_a_new_visitor(kept: Any) -> None:
    visitor = Visitor.of(kept)
    assert visitor.token != TOKEN
    assert (len(visitor.token), visitor.titles) == (32, ())


@pytest.mark.parametrize("thread", ["../../other", f"{THREAD}/x", f"visitor-{TOKEN}/{THREAD}", 7, None, "\0"], ids=repr)
def test_a_thread_that_is_none_is_a_new_one_of_his(thread: Any) -> None:
    visitor = Visitor.of({**KEPT, "thread": thread})
    assert visitor.token == TOKEN
    assert visitor.thread not in (thread, THREAD)
    assert "/" not in visitor.thread


def test_titles_without_the_form_are_dropped() -> None:
    kept = {**KEPT, "titles": [[THREAD, "ok"], ["../x", "no"], [THREAD], "x", [THREAD, 5], None]}
    assert Visitor.of(kept).titles == ((THREAD, "ok"),)
    assert Visitor.of({**KEPT, "titles": "x"}).titles == ()


def test_conversations_are_listed_the_newest_first_and_not_for_ever() -> None:
    visitor = Visitor.of({})
    for number in range(MOST + 5):
        visitor = visitor.fresh().named(f"request {number}")
    assert len(visitor.titles) == MOST
    assert visitor.titles[0][1] == f"request {MOST + 4}"
    assert visitor.named("another") == visitor
    assert Visitor.of(visitor.kept) == visitor


def test_a_deleted_conversation_is_listed_no_more_and_another_can_be_opened() -> None:
    first = Visitor.of({}).named("one")
    second = first.fresh().named("two")
    assert [title for _, title in second.without().titles] == ["one"]
    assert second.at(first.thread).thread == first.thread
    assert second.at("t-" + "0" * 24) == second
    assert second.at(["x"]) == second
