"""The command line: flags in, an answer on standard output, everything else on standard error.

Nothing heavy is imported here: `--help` is instant, and a request loads only what it needs.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import sys
import warnings
from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from compegpt.console import Console
from compegpt.errors import CompeGPTError, UsageError
from compegpt.options import MAX_PROMPT, check_files, check_prompt, parsed

if TYPE_CHECKING:
    from compegpt.schema import Request, Turn

INTERRUPTED = 130


def main() -> NoReturn:
    """Run the process's arguments and leave with the exit status."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: small matrices run faster without its thread pool
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    status = INTERRUPTED
    with contextlib.suppress(KeyboardInterrupt):
        console = Console.of_process()
        status = run(sys.argv[1:], console)
    from compegpt.programs import end_all

    # Straight out: a thread that hangs in an engine's native code must not keep the process, and all was flushed.
    end_all()
    os._exit(status)


def run(argv: Sequence[str], console: Console) -> int:
    """The exit status of these arguments; answers and errors are written to the console."""
    as_json = "--json" in argv or "--results-only" in argv
    try:
        if argv[:1] == ["eval"]:
            from compegpt.eval.cli import run as evaluate

            return evaluate(argv[1:], console, _quieten)
        options = parsed(argv)
        console.verbosity = options.verbosity
        _quieten(console, typing=console.typed and options.prompt is None and not options.command,
                 serving=options.command[:1] == ["serve"])
        return _dispatch(options, console)
    except SystemExit as leave:  # argparse after --help and --version
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.flush()
        return int(leave.code or 0)
    except KeyboardInterrupt:
        from compegpt.record import Interrupted

        return _failed(Interrupted("Interrupted."), as_json, console)
    except CompeGPTError as error:
        return _failed(error, as_json, console)
    except Exception as error:  # the last line of defence: a bug ends in a sentence, not in a traceback
        from compegpt.turns import as_internal

        return _failed(as_internal(error, console), as_json, console)


def _dispatch(options: Namespace, console: Console) -> int:
    if options.command:
        return _COMMANDS[options.command[0]](options, console)
    options.file = check_files(options.file)
    if options.resume:
        return _one_turn(options, console, "")
    if options.prompt is None:
        from compegpt.turns import converse

        return converse(options, console)
    prompt = check_prompt(_from_stdin(console) if options.prompt == "-" else options.prompt)
    return _plan_only(options, console, prompt) if options.plan_only else _one_turn(options, console, prompt)


def _one_turn(options: Namespace, console: Console, prompt: str) -> int:
    from compegpt.record import failure, record
    from compegpt.turns import hand_over, new_thread, opened, settings_from, spoken, take_turn, warm_up

    settings_from(options)  # a wrong one is told before the thread's name
    thread = new_thread(console, options.thread)
    warming = warm_up()
    with opened(options, warming) as (runner, session):
        outcome = take_turn(runner, session, {"text": prompt, "files": options.file, "thread": thread}, console,
                            options.resume, spoken(options))
        hand_over(outcome, options)
        error = failure(outcome)
        if options.json or options.results_only:
            console.answer(_dumped(record(outcome, with_answer=not options.results_only)))
        elif outcome.answer is not None:
            console.answer(outcome.answer)
        if error is not None:
            console.say(f"error: {error}")
    return error.status if error else 0


def _plan_only(options: Namespace, console: Console, prompt: str) -> int:
    import asyncio

    from compegpt.plan.node import proposed
    from compegpt.progress import planner_told
    from compegpt.turns import opened, parts_of

    history: list[Turn] = []
    if options.thread is not None:
        with opened(options) as (runner, session):
            history = runner.run(session.history(options.thread))
    parts = parts_of(options)
    request: Request = {"text": prompt, "files": options.file, "thread": ""}
    planned = asyncio.run(proposed(parts.planner, request, history, parts.redacted))
    plan = planned.tasks
    if planned.note:
        console.say(f"note: {planned.note}")
    if options.json:
        console.answer(_dumped({"plan": plan, "planner": planned.planner, "confidence": planned.confidence}))
    else:
        console.answer(_dumped(plan))
        console.say(f"planner: {planner_told(planned.planner, planned.confidence)}")
    return 0


def _experts(options: Namespace, console: Console) -> int:
    import asyncio

    from compegpt.listing import others, rows, table
    from compegpt.tasks import canonical
    from compegpt.turns import parts_of

    task = options.command[1] if len(options.command) > 1 else None
    if task is None:
        listed = rows(None)
    else:
        sources = parts_of(options).sources
        listed = rows(task) if any(source.name == "embedded" for source in sources) else []
        listed += asyncio.run(others(task, sources))
        listed = listed or [{"task": canonical(task), "expert": None}]
    console.answer(_dumped(listed) if options.json else table(listed))
    return 0


def _league(options: Namespace, console: Console) -> int:
    from compegpt.standings import rows, table
    from compegpt.turns import settings_from

    settings = settings_from(options)
    listed = rows(settings, options.command[1] if len(options.command) > 1 else None)
    console.answer(_dumped(listed) if options.json else table(listed, settings))
    return 0


def _database(options: Namespace, console: Console) -> int:
    import asyncio

    from compegpt.conversations import set_up
    from compegpt.turns import settings_from

    told = asyncio.run(set_up(settings_from(options)))
    console.answer(_dumped(told) if options.json else told["did"])
    return 0


def _doctor(options: Namespace, console: Console) -> int:
    from compegpt.doctor import examined, report
    from compegpt.turns import settings_from

    found = examined(settings_from(options))
    console.answer(_dumped(found) if options.json else report(found))
    return 0 if found["ready"] else 1


def _serve(options: Namespace, console: Console) -> int:
    from compegpt.turns import parts_of, warm_up

    warm_up()
    parts = parts_of(options)
    from compegpt.web.server import application, checked_address, listen

    host = options.host or "127.0.0.1"
    local = checked_address(parts, host, options.insecure)
    app = application(parts, local)
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn passes a signal on once the server has ended in order
        listen(app, host, 8004 if options.port is None else options.port)
    return 0


def _mcp(options: Namespace, console: Console) -> int:
    from compegpt.web.mcp.tools import serve

    serve(options, console)
    return 0


_COMMANDS = {"serve": _serve, "mcp": _mcp, "experts": _experts, "league": _league, "database": _database,
             "doctor": _doctor}


def _from_stdin(console: Console) -> str:
    """All of standard input; what is not UTF-8 stays recognisable, so that the check of the prompt refuses it."""
    raw = console.given.read(4 * MAX_PROMPT + 16)
    if console.given.read(1):
        raise UsageError(f"The prompt from standard input has more than {MAX_PROMPT:,} characters; "
                         "put long text in a file and name it by --file.")
    return raw.decode("utf-8-sig", "surrogateescape")


def _quieten(console: Console, typing: bool, serving: bool = False) -> None:
    """What libraries print, warn and log is for -vv, and what a server logs is for its keeper; where the process is
    somebody else's, that is his business."""
    if not console.owned:
        return
    if serving:
        logging.basicConfig(level=logging.INFO if console.verbosity else logging.WARNING)
        warnings.simplefilter("ignore")
        return
    console.silence_libraries(typing)
    if console.verbosity > 1:
        logging.basicConfig(level=logging.INFO)
    else:
        warnings.simplefilter("ignore")
        logging.disable(logging.CRITICAL)


def _failed(error: CompeGPTError, as_json: bool, console: Console) -> int:
    if as_json and not console.answered:
        from compegpt.record import error_object

        with contextlib.suppress(CompeGPTError):
            console.answer(_dumped({"error": error_object(error)}))
    console.say(f"error: {error}")
    return error.status


def _dumped(value: Any) -> str:
    """Readable JSON; a file name that is not UTF-8 is escaped, so that the output is."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return json.dumps(value, indent=2) if any("\ud800" <= letter <= "\udfff" for letter in text) else text
