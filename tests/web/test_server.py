"""What the server logs: bugs with where they were, and no key, whoever quotes it."""

from __future__ import annotations

import logging
from pathlib import Path

import httpx
import pytest

from compegpt.redaction import Redactor
from compegpt.web.server import Redacting
from tests.fakes import FakeSource
from tests.web.serving import serving
from tests.web.test_api import ended

KEY = "sk-canary-1234567890"


def test_no_key_stands_in_a_line_or_a_traceback() -> None:
    try:
        raise RuntimeError(f"refused: Bearer {KEY}")
    except RuntimeError as error:
        record = logging.LogRecord("uvicorn.error", logging.ERROR, "x.py", 1, "asked with %s", (KEY,),
                                   (type(error), error, error.__traceback__))
    line = Redacting(Redactor([KEY])).format(record)
    assert KEY not in line
    assert "test_server.py" in line
    assert "refused: Bearer ****" in line


def test_a_bug_of_a_run_is_logged_with_its_place_and_without_the_key(
        data_dir: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(data_dir, FakeSource({}), RuntimeError(f"quoted {KEY}"), openai_api_key=KEY) as served:
        done = ended(served, {"text": "go"})
        whole = httpx.get(f"{served.address}/metrics").text + str(done)
    assert done["error"]["code"] == "internal"
    logged = "".join(record.getMessage() for record in caplog.records if record.name.startswith("compegpt"))
    assert "fakes.py" in logged
    assert "quoted ****" in logged
    assert KEY not in logged + whole
