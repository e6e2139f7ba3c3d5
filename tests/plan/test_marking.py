"""A masked request as word pieces with markers."""

from __future__ import annotations

from compegpt.embed import shared_encoder
from compegpt.plan.marking import LONGEST, MARKERS, Marked, marked
from compegpt.plan.mentions import masked

TOKENIZER = shared_encoder().tokenizer


def read(text: str, files: tuple[str, ...] = (), past: tuple[str, ...] = ()) -> Marked:
    return marked(masked(text, files), TOKENIZER, past)


def test_a_file_is_a_marker_of_its_kind_and_the_beginning_of_its_name() -> None:
    ready = read("transcribe my/voice_memo7.mp3 please")
    position, number = ready.sources[0]
    assert (ready.ids[position], number) == (MARKERS["file:audio"], 0)
    assert TOKENIZER.decode(ready.ids[position + 1 : position + 3]) == "voice memo"


def test_a_quoted_text_is_its_first_and_last_words_between_markers() -> None:
    ready = read("translate 'one " + "word " * 80 + "last' to French")
    first = ready.ids.index(MARKERS["quote"])
    inside = TOKENIZER.decode(ready.ids[first + 1 : ready.ids.index(MARKERS["quoted"])])
    assert inside.startswith("one word")
    assert inside.endswith("last")
    assert len(inside.split()) < 20


def test_attachments_and_earlier_things_follow_after_the_request() -> None:
    ready = read("what is it?", ("/t/a.png",), ("audio", "text"))
    kinds = [ready.ids[position] for position, _ in ready.sources]
    assert kinds == [MARKERS["file:image"], MARKERS["past:audio"], MARKERS["past:text"]]
    assert [number for _, number in ready.sources] == [0, -1, -2]


def test_pieces_know_where_they_stand() -> None:
    found = masked("Draw me a sheep", ())
    ready = marked(found, TOKENIZER)
    assert [found.text[start:end] for start, end in ready.places if start >= 0] == ["Draw", "me", "a", "sheep"]


def test_a_long_request_is_read_from_both_ends_with_its_sources_in_place() -> None:
    ready = read("describe a.png " + "and so on " * 20_000 + "then read b.wav", tuple(f"/t/{n}.png" for n in range(50)))
    assert len(ready.ids) == len(ready.places) <= LONGEST
    known = {*MARKERS.values()}
    assert all(ready.ids[position] in known for position, _ in ready.sources)
    assert {MARKERS["file:image"], MARKERS["file:audio"]} <= {ready.ids[position] for position, _ in ready.sources}
