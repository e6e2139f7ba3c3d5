"""The sentence for a task that nobody managed."""

from __future__ import annotations

import pytest

from compegpt.judge.node import why_nobody
from compegpt.schema import Candidate
from tests.fakes import candidate

IT = "ocr (reading the text in a picture)"
SEE = "; try another input, or see `python main.py doctor`."
MORE = "; give it more seconds by --deadline."


def late(name: str) -> Candidate:
    return candidate(name, status="timeout", error="no answer within 8.0 s", code="deadline")


def broken(name: str, error: str, code: str = "expert") -> Candidate:
    return candidate(name, status="failed", error=error, code=code)


FULL = ("No file can be written below '/d' (No space left on device); "
        "free some space or set COMPEGPT_DATA_DIR to another folder.")


@pytest.mark.parametrize(("candidates", "sentence"), [
    ([late("a"), late("b"), late("c")], f"None of the 3 engines managed {IT}: a, b and c ran out of time{MORE}"),
    ([late("a"), broken("b", "b was killed by signal 11")],
     f"Neither of the 2 engines managed {IT}: a ran out of time; b was killed by signal 11{MORE}"),
    ([broken("b", "ValueError: odd")], f"The only engine did not manage {IT}: ValueError: odd{SEE}"),
    ([broken("b", "b broke"), broken("b-slow", "b broke"), broken("c", "c tripped.")],
     f"None of the 3 engines managed {IT}: b and b-slow failed (b broke); c tripped{SEE}"),
    ([broken("b", FULL, "storage"), broken("c", FULL, "storage")],
     f"Neither of the 2 engines managed {IT}: {FULL}"),
    ([late("a"), broken("b", "No file can be written: No space left on device", "storage")],
     f"Neither of the 2 engines managed {IT}: a ran out of time; b failed (No file can be written: No space left on "
     f"device){MORE}"),
    ([candidate("a", {"text": ""}, status="empty"), candidate("b", {"text": ""}, status="empty")],
     f"Neither of the 2 engines managed {IT}: nothing was found."),
    ([candidate("a", status="abstained"), candidate("b", {"text": ""})],
     f"Neither of the 2 engines managed {IT}: a could not tell; b gave an empty answer{SEE}"),
], ids=["late", "mixed", "alone", "shared error", "one error of all", "late and full", "nothing found", "no answers"])
def test_each_reason_is_told_once_and_what_to_do_last(candidates: list[Candidate], sentence: str) -> None:
    assert why_nobody("ocr", candidates) == sentence
