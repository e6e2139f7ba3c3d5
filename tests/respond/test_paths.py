"""The guard over an answer that a language model writes: what it lets through, puts right and replaces."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from compegpt.respond.paths import Guard, known

MADE, PHOTO, CHINESE = "/data/a1b2.png", "/home/u/My Pictures/cat (1).png", "/home/u/图片.png"
KNOWN = known([MADE, PHOTO, CHINESE, "/x/twin.png", "/y/twin.png", "/data/gone.wav"],
              ["Read receipt.png and pics/dog.jpg; see https://ok.org/x(1)?a=b.", "/home/u/it's.mp4"],
              gone=["/data/gone.wav"])


def guarded(pieces: Iterable[str], chat: bool = False) -> str:
    said: list[str] = []
    guard = Guard(KNOWN, said.append, chat)
    for piece in pieces:
        guard.feed(piece)
    guard.end()
    assert guard.text == "".join(said)
    return guard.text


CASES = {
    "prose": ("Use and/or, 1/2, 24/7, km/h, e.g. node.js w/o image/png, a .wav file, </b>, /help, 5 $ /month: 3.",) * 2,
    "made": (f"It is in {MADE}.",) * 2,
    "with a space": (f"See {PHOTO}. My dog is not in it.",) * 2,
    "quote in a name": ("See /home/u/it's.mp4!",) * 2,
    "as the request names it": ("In receipt.png and pics/dog.jpg there is text.",) * 2,
    "folder": ("All is in /data, below /home/u/My Pictures/",) * 2,
    "two of that name": ("One of twin.png is yours.",) * 2,
    "bare": ("a1b2.png, (a1b2.png) `a1b2.png` **a1b2.png** _a1b2.png_ \"a1b2.png\" a1b2.png's ./a1b2.png:",
             f"{MADE}, ({MADE}) `{MADE}` **{MADE}** _{MADE}_ \"{MADE}\" {MADE}'s {MADE}:"),
    "link": ("![it](a1b2.png) [it](sandbox:/mnt/data/a1b2.png)", f"![it]({MADE}) [it]({MADE})"),
    "wrong folder": ("/tmp/a1b2.png file:///data/a1b2.png C:\\Temp\\a1b2.png", f"{MADE} {MADE} {MADE}"),
    "escaped": ("/home/u/My%20Pictures/cat%20(1).png cat (1).png", f"{PHOTO} {PHOTO}"),
    "after a colon": (f"Saved:{MADE}, image:new.webp", f"Saved:{MADE}, image:(no such file)"),
    "invented": ("/tmp/x/new.txt, new.JPG: `out/new.mp4`; /x/twin2.png ~/a/b", "(no such file), (no such file): "
                 "`(no such file)`; (no such file) (no such file)"),
    "ambiguous in a wrong folder": ("/z/twin.png", "(no such file)"),
    "gone": ("It is in /data/gone.wav.", "It is in (no such file)."),
    "encoded": ("![x](data:image/png;base64,iVBORw0KGgo=) data: none", "![x]((no such file)) data: none"),
    "without blanks": (f"结果在{MADE}中，图片.png好 /tmp/图.png完 a1b2.png를.",
                       f"结果在{MADE}中，{CHINESE}好 (no such file)完 {MADE}를."),
    "address": ("See https://ok.org/x(1)?a=b.", "See https://ok.org/x(1)?a=b."),
    "invented address": ("[a](https://no.org/x)[b](http://ok.org/x(1)?a=b) www.bad.com/x.png, ftp://a.b!",
                         "[a]((no such address))[b](http://ok.org/x(1)?a=b) (no such address), (no such address)!"),
    "controls": ("  A \x1b[31mred\r\none\x00\u202e \n", "A [31mred\none"),
}


@pytest.mark.parametrize(("answer", "said"), CASES.values(), ids=CASES.keys())
def test_only_known_files_and_addresses_get_through(answer: str, said: str) -> None:
    assert guarded([answer]) == said


@pytest.mark.parametrize("chat", [False, True], ids=["results", "chat"])
@pytest.mark.parametrize("answer", [case[0] for case in CASES.values()], ids=CASES.keys())
def test_however_an_answer_is_cut_the_same_is_said(answer: str, chat: bool) -> None:
    whole = guarded([answer], chat)
    assert guarded(answer, chat) == whole
    for first in range(len(answer) + 1):
        assert guarded([answer[:first], answer[first:]], chat) == whole
        for second in range(first, min(first + 6, len(answer))):
            assert guarded([answer[:first], answer[first:second], answer[second:]], chat) == whole


@pytest.mark.parametrize(("answer", "said"), [
    *((left, left) for left in ("Edit `/etc/hosts` or /etc/hosts, as in /usr/local/bin.", "`open('/path/to/x.png')`",
                                "Run `ffmpeg -i in.mp4 out.mp3`:\n```\ncurl https://a.b -o x.png\n```")),
    ("I saved /tmp/poem.txt, cat.png and `/mnt/data/cat.png`.", "I saved (no such file), (no such file) and "
     "`(no such file)`."),
    ("It is at https://a.b", "It is at (no such address)"),
], ids=["system files", "placeholder", "examples", "claims", "address"])
def test_in_plain_chat_examples_in_code_are_left_and_claims_are_not(answer: str, said: str) -> None:
    assert guarded([answer], chat=True) == said


def test_no_more_is_held_back_than_the_word_in_hand() -> None:
    said: list[str] = []
    guard = Guard(KNOWN, said.append)
    answer = "The picture, which you asked for, is in /data/a1b2.png now, and 图片 is a word."
    for place, sign in enumerate(answer):
        guard.feed(sign)
        behind = answer[len(guard.text) : place + 1]
        assert " " not in behind.strip()
    guard.end()
    assert guard.text == answer


def test_a_word_that_breaks_off_is_not_said() -> None:
    said: list[str] = []
    guard = Guard(KNOWN, said.append)
    guard.feed("It is in /data/a1b")
    guard.break_off()
    guard.end()
    assert "".join(said) == "It is in"
