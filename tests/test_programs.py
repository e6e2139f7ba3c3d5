from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from compegpt.errors import ExpertError
from compegpt.programs import _groups, asked, decoded, end_all, run_program
from compegpt.threads import in_thread


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


async def test_a_program_is_fed_and_read() -> None:
    text = b"sheep " * 100_000
    assert await run_program(python("import sys; sys.stdout.write(sys.stdin.read())"), stdin=text) == text


@pytest.mark.parametrize(("code", "why"), [
    ("import sys; sys.exit('no such voice')", r"failed \(1\): no such voice"),
    ("import os; os.kill(os.getpid(), 11)", "killed by signal 11"),
    ("while True: print('garbage' * 1000)", "printed more than"),
], ids=["fails", "crashes", "prints without end"])
async def test_a_faulty_program_is_an_error_that_says_how(code: str, why: str) -> None:
    with pytest.raises(ExpertError, match=why):
        await run_program(python(code), limit=1_000_000)


async def test_a_program_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ExpertError, match="cannot be started"):
        await run_program(["/nowhere/engine"])


async def test_cancelling_kills_the_program_and_its_children(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    code = ("import subprocess; child = subprocess.Popen(['sleep', '600']); "
            f"open({str(note)!r}, 'w').write(f'{{child.pid}} '); child.wait()")
    running = asyncio.create_task(run_program(python(code)))
    child = await in_thread(written, note)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await in_thread(gone, Path(f"/proc/{child}/stat"))


def written(note: Path) -> str:
    until(lambda: note.exists() and note.read_text().endswith(" "))
    return note.read_text().strip()


def gone(stat: Path) -> None:
    until(lambda: not stat.exists() or stat.read_text().split()[2] == "Z")


def until(holds: Callable[[], bool]) -> None:
    """Look again and again for what another process does; half a minute is for ever."""
    for _ in range(3000):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("it never came true")


@pytest.mark.parametrize("script", ["sleep 600", "exit 3"], ids=["hangs", "fails"])
def test_a_program_that_does_not_tell_of_itself_tells_nothing(script: str) -> None:
    assert asked(["/bin/sh", "-c", script], seconds=0.2) == ""


async def test_leaving_ends_what_still_runs() -> None:
    running = asyncio.create_task(run_program(python("import time; time.sleep(600)")))
    await in_thread(until, lambda: bool(_groups))
    end_all()
    with pytest.raises(ExpertError, match="signal 9"):
        await running


def test_what_is_not_text_is_an_error() -> None:
    with pytest.raises(ExpertError, match="not text"):
        decoded(b"\xff\xfe\x00", "tesseract")


async def test_an_error_in_a_thread_reaches_the_waiter() -> None:
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 // 0)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_input_can_be_opened_again_whatever_the_loop(loop: str) -> None:
    run = pytest.importorskip(loop).run
    assert run(run_program(["sh", "-c", "cat /dev/stdin; cat /dev/stdin"], stdin=b"sheep ")) == b"sheep sheep "
