from __future__ import annotations

import pytest

from compegpt.errors import UsageError
from compegpt.plan.node import checked
from compegpt.redaction import Redactor
from compegpt.schema import Proposal
from tests.fakes import task

KEY = "sk-canary-1234567890"


def test_no_key_that_a_server_quotes_stays_in_a_plan() -> None:
    said = Proposal([task("summarization", text=f"you sent Bearer {KEY}")], None, "llm", f"your key is {KEY}", (), KEY)
    assert KEY not in repr(checked(said, Redactor([KEY])))


def test_a_plan_that_cannot_be_run_is_refused() -> None:
    with pytest.raises(UsageError, match="lacks 'text'"):
        checked(Proposal([task("summarization")], 1.0, "x"), Redactor([]))
