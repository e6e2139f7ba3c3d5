"""The command line in this process, on fakes: what is printed where, and with which status it ends."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from compegpt.cli import run
from compegpt.console import Console
from compegpt.errors import ExpertUnavailable
from compegpt.options import MAX_PROMPT
from compegpt.schema import Finding
from compegpt.settings import Settings
from tests.fakes import Behaviour, FakeSource, fake_parts, task

SUMMARIZE = task("summarization", 0, text="A long text.")
READ = task("ocr", 1, image="/nowhere/a.png")


class Ran:
    """One run of the command line and what it left."""

    def __init__(self, *argv: str, given: bytes = b"") -> None:
        out, err = io.BytesIO(), io.StringIO()
        self.console = Console(io.BytesIO(given), out, err)
        self.status = run(argv, self.console)
        self.out, self.err = out.getvalue().decode(), err.getvalue()

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def wired(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Call it with plans (and a behaviour of the only expert) to set what the next run is made of."""
    monkeypatch.setattr("compegpt.turns.warm_up", lambda: None)

    def wire(*plans: Any, behaviour: Behaviour | None = None, reply: str | None = None) -> list[Any]:
        source = FakeSource({"summarization": [("one", "a", behaviour or Finding({"text": "Short and clear."}))]})
        made: list[Any] = []

        def parts_from(settings: Settings) -> Any:
            made.append(fake_parts(settings, source, *plans, reply=reply))
            return made[-1]

        monkeypatch.setattr("compegpt.wiring.parts_from", parts_from)
        return made

    return wire


USAGE = {
    "unknown flag": ["--frob"], "abbreviated flag": ["--pro", "x"], "no such command": ["frob"],
    "port for another": ["doctor", "--port", "1"], "no port": ["serve", "--port", "x"],
    "public without a key": ["serve", "--host", "0.0.0.0"], "too many words": ["experts", "ocr", "asr"],
    "prompt beside a command": ["doctor", "--prompt", "x"], "unknown task type": ["experts", "optical"],
    "empty prompt": ["--prompt", ""], "blank prompt": ["--prompt", " \n\t"], "prompt without value": ["--prompt"],
    "undecodable prompt": ["--prompt", "a\udcffb"], "long prompt": ["--prompt", "a" * (MAX_PROMPT + 1)],
    "top-k 0": ["--prompt", "x", "--top-k", "0"], "top-k word": ["--prompt", "x", "--top-k", "few"],
    "top-k empty": ["--prompt", "x", "--top-k", ""], "deadline below 0": ["--prompt", "x", "--deadline", "-1"],
    "deadline nan": ["--prompt", "x", "--deadline", "nan"], "deadline word": ["--prompt", "x", "--deadline", "soon"],
    "resume without thread": ["--resume"], "resume with prompt": ["--resume", "--thread", "a", "--prompt", "x"],
    "plan-only without prompt": ["--plan-only"],
    "thread empty": ["--prompt", "x", "--thread", ""], "thread long": ["--prompt", "x", "--thread", "a" * 101],
    "thread with control characters": ["--prompt", "x", "--thread", "a\nb"],
    "nothing to resume": ["--resume", "--thread", "never-seen"],
}


@pytest.mark.parametrize("argv", USAGE.values(), ids=USAGE)
def test_wrong_usage_ends_with_2_and_one_sentence(argv: list[str], wired: Any) -> None:
    wired([SUMMARIZE])
    ran = Ran(*argv)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("error: ")
    assert ran.err.count("\n") == 1
    assert len(ran.err) < 400


@pytest.mark.parametrize("argv", [
    ["--json", "--prompt", ""], ["--json"], ["--results-only"], ["--json", "--frob"], ["--json", "frob"],
    ["--plan-only", "--results-only", "--prompt", "x"]], ids=" ".join)
def test_wrong_usage_with_json_is_an_object_all_the_same(argv: list[str]) -> None:
    ran = Ran(*argv)
    assert ran.status == 2
    assert ran.json["error"]["code"] == "usage"
    assert ran.json["error"]["retryable"] is False


@pytest.mark.parametrize("given", [b"", b" \n", b"a\0b", b"\xff\xfe\x00", b"a" * (5 * MAX_PROMPT)],
                         ids=["empty", "blank", "NUL", "not UTF-8", "too long"])
def test_a_prompt_from_standard_input_is_checked(given: bytes) -> None:
    ran = Ran("--prompt", "-", given=given)
    assert (ran.status, ran.out) == (2, "")


def test_a_prompt_from_standard_input_is_answered(wired: Any) -> None:
    made = wired([SUMMARIZE])
    assert Ran("--prompt", "-", given="\ufeffGrüße\n".encode()).status == 0
    assert made[0].planner.asked[0][0]["text"] == "Grüße"


@pytest.mark.parametrize(("make", "said"), [
    (lambda path: None, "There is no file"), (lambda path: path.mkdir(), "is not a file but a directory"),
    (lambda path: path.touch(), "is empty"),
], ids=["missing", "directory", "empty"])
def test_an_unusable_file_ends_with_1_before_anything_runs(make: Any, said: str, tmp_path: Path, wired: Any) -> None:
    made = wired([SUMMARIZE])
    make(tmp_path / "a.png")
    ran = Ran("--prompt", "Read it", "--file", str(tmp_path / "a.png"))
    assert (ran.status, ran.out, made) == (1, "", [])
    assert said in ran.err


def test_the_answer_is_all_of_standard_output_and_a_made_up_thread_is_told(wired: Any) -> None:
    wired([SUMMARIZE])
    ran = Ran("--prompt", "Sum up")
    assert (ran.status, ran.out) == (0, "summarization: ok\n")
    assert ran.err.startswith("--thread t-")
    assert ran.err.count("\n") == 1
    assert Ran("--prompt", "Sum up", "--thread", "mine").err == ""


def test_json_is_one_object_with_plan_results_and_usage(wired: Any) -> None:
    wired([SUMMARIZE])
    ran = Ran("--prompt", "Sum up", "--json", "--thread", "mine")
    assert ran.status == 0
    assert (ran.json["thread"], ran.json["planner"], ran.json["plan"]) == ("mine", "fake", [SUMMARIZE])
    assert ran.json["results"][0]["winner"] == "fake:one"
    assert ran.json["results"][0]["output"] == {"text": "Short and clear."}
    assert ran.json["usage"]["expert_calls"] == 1
    assert "error" not in ran.json
    without = Ran("--prompt", "Sum up", "--results-only")
    assert "answer" not in without.json


def test_an_empty_plan_is_an_answer(wired: Any) -> None:
    wired([], reply="Hello!")
    ran = Ran("--prompt", "Hi")
    assert (ran.status, ran.out) == (0, "Hello!\n")


def test_a_part_that_fails_leaves_status_0(wired: Any) -> None:
    wired([SUMMARIZE, READ])
    ran = Ran("--prompt", "Do both", "--json")
    assert ran.status == 0
    assert [one["status"] for one in ran.json["results"]] == ["ok", "failed"]


@pytest.mark.parametrize(("plan", "behaviour", "status", "code"), [
    ([READ], None, 1, "input"),
    ([SUMMARIZE], ExpertUnavailable("The server is busy."), 5, "transient"),
    ([SUMMARIZE], ValueError("odd"), 1, "expert"),
    ([task("text-to-image", text="a cat")], None, 1, "no_expert"),
], ids=["missing input", "transient", "broken engine", "no expert"])
def test_when_all_fails_the_status_tells_why(plan: Any, behaviour: Any, status: int, code: str, wired: Any) -> None:
    wired(plan, behaviour=behaviour)
    ran = Ran("--prompt", "Do it", "--json")
    assert (ran.status, ran.json["error"]["code"]) == (status, code)
    assert ran.json["results"][0]["status"] == "failed"
    assert f"error: {ran.json['error']['message']}" in ran.err


def test_plan_only_prints_the_plan_and_runs_nothing(wired: Any) -> None:
    made = wired([SUMMARIZE])
    ran = Ran("--prompt", "Sum up", "--plan-only")
    assert (ran.status, ran.json) == (0, [SUMMARIZE])
    assert "planner: fake, confidence 0.90" in ran.err
    assert Ran("--prompt", "Sum up", "--plan-only", "--json").json == {
        "plan": [SUMMARIZE], "planner": "fake", "confidence": 0.9}
    assert made[0].sources[0].calls == []


@pytest.mark.parametrize(("flags", "traceback"), [([], False), (["-v"], False), (["-vv"], True)])
def test_a_bug_is_one_sentence_and_a_traceback_only_with_vv(flags: list[str], traceback: bool, wired: Any) -> None:
    wired(ZeroDivisionError("oh"))
    ran = Ran("--prompt", "x", "--json", *flags)
    assert (ran.status, ran.json["error"]["code"]) == (1, "internal")
    assert ("Traceback" in ran.err) == traceback


def test_a_package_that_is_missing_is_a_matter_of_installing(wired: Any) -> None:
    wired(ModuleNotFoundError("No module named 'numpy'", name="numpy"))
    ran = Ran("--prompt", "x")
    assert ran.status == 2
    assert "'numpy' is not installed" in ran.err


def test_v_tells_the_steps_on_standard_error(wired: Any) -> None:
    wired([SUMMARIZE])
    err = Ran("--prompt", "x", "-v").err
    assert "plan (fake, confidence 0.90): summarization" in err
    assert "0 summarization: fake:one won" in err


def test_copies_go_to_the_output_folder_and_the_answer_stands_where_they_cannot(tmp_path: Path, wired: Any) -> None:
    async def draws(args: Any, store: Any) -> Finding:
        path = store.new(".png")
        path.write_bytes(b"\x89PNG\r\n\x1a\n0000")
        return Finding({"text": "drawn", "image": str(path)})

    wired([SUMMARIZE], behaviour=draws)
    good = Ran("--prompt", "x", "--json", "--output-dir", str(tmp_path / "out"))
    assert good.json["artifacts"][0]["path"] == str(tmp_path / "out" / "summarization.png")
    assert good.json["artifacts"][0]["type"] == "image/png"
    (tmp_path / "file").write_text("x")
    bad = Ran("--prompt", "x", "--output-dir", str(tmp_path / "file"))
    assert (bad.status, bad.out) == (1, "summarization: ok\n")
    assert "Cannot write to the output folder" in bad.err
    assert f"stay in '{tmp_path / 'data'}" in bad.err


def test_a_piped_conversation_is_one_thread_and_survives_a_failing_turn(wired: Any) -> None:
    made = wired([SUMMARIZE], ZeroDivisionError("oh"), [SUMMARIZE])
    ran = Ran(given=b"first\n\nsecond\n\xff\nthird\nexit\nnever\n")
    assert (ran.status, ran.out) == (0, "summarization: ok\n" * 2)
    assert ran.err.count("error: ") == 2
    requests = [request for request, _ in made[0].planner.asked]
    assert [one["text"] for one in requests] == ["first", "second", "third"]
    assert len({one["thread"] for one in requests}) == 1


def test_the_output_is_utf_8_whatever_an_answer_holds(wired: Any) -> None:
    wired([], reply="Grüße \udcff")
    assert Ran("--prompt", "Hi").out == "Grüße ?\n"
    assert "Grüße" in json.loads(Ran("--prompt", "Hi", "--json").out)["answer"]


class Gone(io.BytesIO):
    def __init__(self, error: OSError) -> None:
        super().__init__()
        self._error = error

    def write(self, data: Any) -> int:
        raise self._error


@pytest.mark.parametrize(("error", "status"), [(BrokenPipeError(), 0), (OSError(28, "No space left on device"), 1)],
                         ids=["reader gone", "disk full"])
def test_an_output_that_takes_nothing_is_no_traceback(error: OSError, status: int, wired: Any) -> None:
    wired([SUMMARIZE])
    console = Console(io.BytesIO(), Gone(error), io.StringIO())
    assert run(["--prompt", "x"], console) == status


def test_experts_lists_what_there_is_and_what_is_missing() -> None:
    ran = Ran("experts", "ocr", "--json")
    assert ran.status == 0
    assert {"task", "expert", "family", "installed", "licence", "languages"} <= ran.json[0].keys()
    assert "embedded:" in Ran("experts", "ocr").out
    assert "hosted model" in Ran("experts", "text-to-image").out


def test_near_names_are_offered_for_an_unknown_task_type() -> None:
    assert "summarization" in Ran("experts", "sumarization").err


@pytest.mark.parametrize(("argv", "begin"), [
    (["--llm", "acme:best"], "--llm is 'acme:best'"), (["--experts", "moon"], "--experts names 'moon'"),
    (["--top-k", "none"], "--top-k is 'none'")], ids=" ".join)
def test_a_wrong_value_is_told_of_the_flag_that_gave_it(argv: list[str], begin: str) -> None:
    ran = Ran("--prompt", "x", "--plan-only", "--json", *argv)
    assert (ran.status, ran.json["error"]["code"]) == (2, "usage")
    assert ran.json["error"]["message"].startswith(begin)


def test_a_wrong_value_of_the_environment_is_told_of_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPEGPT_LLM", "acme:best")
    ran = Ran("--prompt", "x", "--plan-only", "--json")
    assert (ran.status, ran.json["error"]["code"]) == (2, "configuration")
    assert ran.json["error"]["message"].startswith("COMPEGPT_LLM is")


def test_the_version_is_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert Ran("--version").status == 0
    said = capsys.readouterr()
    assert (said.out.split()[0], said.err) == ("compegpt", "")


def test_ctrl_c_at_the_prompt_leaves_the_line_to_what_is_said_next(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", interrupted)
    console = Console(io.BytesIO(), io.BytesIO(), err := io.StringIO(), typed=True)
    with pytest.raises(KeyboardInterrupt):
        console.typed_line("you> ")
    assert err.getvalue() == "you> \n"


def test_settings_are_shown_as_they_are_written() -> None:
    shown = Ran("doctor", "--json").json["settings"]
    assert (shown["COMPEGPT_LEAGUE"], shown["COMPEGPT_DEADLINE"]) == ("on", "180")
