"""Who sits before a page: what a browser says of itself is believed only where it has the form."""

from __future__ import annotations

from typing import Any

import pytest

from compegpt.web.ui.visitor import MOST, Visitor

TOKEN, THREAD = "0123456789abcdef" * 2, "t-" + "ab" * 12
MINE = {"visitor": TOKEN, "thread": THREAD, "titles": [[THREAD, "Sum it up"]]}
A, B = "key-" + "a" * 16, "key-" + "b" * 16
KEPT = {"local": MINE}


def test_what_a_browser_kept_comes_back_as_it_was() -> None:
    visitor = Visitor.of(KEPT)
    assert visitor.kept == KEPT
    assert visitor.full == f"visitor-{TOKEN}/{THREAD}"


@pytest.mark.parametrize("kept", [
    None, {}, "x", [], {"visitor": 5}, {**MINE, "visitor": "short"}, {**MINE, "visitor": TOKEN + "/../x"},
    {**MINE, "visitor": TOKEN.upper()}, {**MINE, "visitor": TOKEN + "\n"}, {**MINE, "visitor": [TOKEN]},
], ids=repr)
def test_a_token_that_is_none_makes_a_new_visitor(kept: Any) -> None:
    visitor = Visitor.of({"local": kept})
    assert visitor.token != TOKEN
    assert (len(visitor.token), visitor.titles) == (32, ())


@pytest.mark.parametrize("thread", ["../../other", f"{THREAD}/x", f"visitor-{TOKEN}/{THREAD}", 7, None, "\0"], ids=repr)
def test_a_thread_that_is_none_is_a_new_one_of_his(thread: Any) -> None:
    visitor = Visitor.of({"local": {**MINE, "thread": thread}})
    assert visitor.token == TOKEN
    assert visitor.thread not in (thread, THREAD)
    assert "/" not in visitor.thread


def test_titles_without_the_form_are_dropped() -> None:
    kept = {**MINE, "titles": [[THREAD, "ok"], ["../x", "no"], [THREAD], "x", [THREAD, 5], None]}
    assert Visitor.of({"local": kept}).titles == ((THREAD, "ok"),)
    assert Visitor.of({"local": {**MINE, "titles": "x"}}).titles == ()


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


@pytest.mark.parametrize("kept", [None, "x", [], MINE], ids=repr)
def test_a_browser_that_keeps_nothing_of_the_form_is_a_new_visitor(kept: Any) -> None:
    assert Visitor.of(kept).token != TOKEN


def test_a_conversation_belongs_to_the_key_that_it_was_had_with() -> None:
    first = Visitor.of({}, A).named("a secret")
    second = Visitor.of(first.kept, B)
    assert (second.token != first.token, second.titles) == (True, ())
    assert Visitor.of({B: first.kept[A]}, B).full == f"{B}.visitor-{first.token}/{first.thread}"
    assert first.full == f"{A}.visitor-{first.token}/{first.thread}"
    back = Visitor.of(second.named("another").kept, A)
    assert (back.full, back.titles) == (first.full, first.titles)


def test_what_a_browser_keeps_is_never_an_order_to_the_page() -> None:
    assert Visitor.of({**KEPT, "__type__": "update", "key-x": {}, 5: {}}).kept == KEPT
