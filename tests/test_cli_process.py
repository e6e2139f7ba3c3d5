"""The command line as a process of its own: start-up, signals, streams, and what it must not import."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT

HEAVY = ("langgraph", "numpy", "pydantic", "torch", "rich")
FORBIDDEN = ("torch", "transformers", "gradio", "diffusers", "sentence_transformers")

SCRIPT = """
import sys, threading
from compegpt import wiring
from compegpt.schema import Finding
from compegpt.threads import in_thread
from tests.fakes import FakeSource, fake_parts, task

async def hang(args, store):
    await in_thread(threading.Event().wait)

async def loud(args, store):
    print("noise on stdout"), print("noise on stderr", file=sys.stderr)
    __import__("os").write(1, b"native noise"), __import__("os").write(2, b"native noise")
    return Finding({"text": "Short."})

experts = {"summarization": [("slow", "a", hang)], "translation": [("loud", "b", loud)]}
plan = [task("NAME", 0, text="x", target="de")]
wiring.parts_from = lambda settings: fake_parts(settings, FakeSource(experts), plan)
from compegpt.cli import main
main()
"""
LOUD = SCRIPT.replace("NAME", "translation")
HUNG = SCRIPT.replace("NAME", "summarization").replace(', target="de"', "")
"""The command line on one fake expert."""


def started(*argv: str, script: str | None = None, **environ: str) -> subprocess.Popen[bytes]:
    code = ["main.py"] if script is None else ["-c", script]
    return subprocess.Popen([sys.executable, *code, *argv], cwd=ROOT, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **environ})


def test_help_is_instant_and_loads_nothing_heavy() -> None:
    begun = time.monotonic()
    out, _ = started("--help").communicate(timeout=10)
    assert time.monotonic() - begun < 1.0  # 0.05 s on an idle machine
    assert b"--plan-only" in out
    code = f"import sys, compegpt.cli; sys.exit(any(name in sys.modules for name in {HEAVY!r}))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_of_a_run_ends_it_with_130_though_an_engine_hangs(number: signal.Signals) -> None:
    process = started("--prompt", "x", "-v", "--json", "--thread", "cut", script=HUNG)
    assert process.stderr is not None
    while b"compete" not in process.stderr.readline():
        pass
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert json.loads(out)["error"]["code"] == "interrupted"
    assert b"--thread cut --resume" in err
    assert b"Traceback" not in err


def test_a_deadline_ends_with_6_though_an_engine_hangs() -> None:
    process = started("--prompt", "x", "--json", "--deadline", "0.5", script=HUNG)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 6
    assert json.loads(out)["results"][0]["candidates"][0]["status"] == "timeout"


def test_what_libraries_print_reaches_neither_stream() -> None:
    out, err = started("--prompt", "x", "--json", "--thread", "t", script=LOUD).communicate(timeout=20)
    assert json.loads(out)["results"][0]["status"] == "ok"
    assert err == b""


def test_a_reader_that_leaves_is_no_traceback() -> None:
    with started("--prompt", "x", "--thread", "t", script=LOUD) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=20) == 0


@pytest.mark.parametrize("environ", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "latin-1"}], ids=str)
def test_the_output_is_utf_8_in_any_locale(environ: dict[str, str]) -> None:
    out, err = started("--prompt", "x", "--thread", "ö" * 101, script=LOUD, **environ).communicate(timeout=20)
    assert (out, err.count(b"\n")) == (b"", 1)
    out, _ = started("--prompt", "x", "--json", "--thread", "größe", script=LOUD, **environ).communicate(timeout=20)
    assert json.loads(out.decode("utf-8"))["thread"] == "größe"


def test_closed_streams_are_survived() -> None:
    code = 'exec "$0" main.py --prompt " " <&- >&- 2>&-'
    assert subprocess.run(["sh", "-c", code, sys.executable], cwd=ROOT, check=False).returncode == 2


def test_the_embedded_path_loads_no_deep_learning_framework() -> None:
    code = (f"import os, sys; from compegpt import cli; leave = os._exit\n"
            f"os._exit = lambda status: leave(9 if any(name in sys.modules for name in {FORBIDDEN!r}) else status)\n"
            "cli.main()")
    process = started("--prompt", "Which language is this: 'Guten Morgen, wie geht es dir?'", script=code)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err.decode()
    assert "German (de)" in out.decode().split("\n")[0]


def test_nothing_is_written_outside_the_data_directory(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    environ = {"HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache"), "TMPDIR": str(home)}
    process = started("--prompt", "When does somebody speak in examples/speech.wav?", **environ)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err.decode()
    assert b"There is speech" in out
    assert [path for path in home.rglob("*") if path.is_file()] == []
