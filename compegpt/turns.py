"""Turns from the command line: one request, or a conversation of them, over the front door's stream of events."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sys
import threading
import time
import traceback
from argparse import Namespace
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from compegpt.console import Console
from compegpt.errors import CompeGPTError, ConfigurationError, InternalError, UsageError
from compegpt.options import check_prompt
from compegpt.printable import printable
from compegpt.record import Interrupted, Outcome, artifacts_of, copied, failure
from compegpt.schema import Request
from compegpt.settings import Settings

if TYPE_CHECKING:
    from compegpt.progress import Progress
    from compegpt.session import Session
    from compegpt.wiring import Parts

FLAGS = {"llm": "COMPEGPT_LLM", "experts": "COMPEGPT_EXPERTS", "top_k": "COMPEGPT_TOP_K",
         "deadline": "COMPEGPT_DEADLINE"}
LEAVE = {"exit", "quit"}


def settings_from(options: Namespace) -> Settings:
    """Settings with the flags on top. Raises UsageError where a flag's value cannot be used, ConfigurationError
    where one of the environment cannot."""
    with _flags_named(options):
        return Settings.load({name: getattr(options, name) for name in FLAGS})


def parts_of(options: Namespace) -> Parts:
    """What the settings put together. Raises as `settings_from` does."""
    from compegpt.wiring import parts_from

    settings = settings_from(options)
    with _flags_named(options):
        return parts_from(settings)


@contextlib.contextmanager
def _flags_named(options: Namespace) -> Iterator[None]:
    """What is wrong with a setting is told of the flag where it came by one."""
    try:
        yield
    except ConfigurationError as error:
        for name, variable in FLAGS.items():
            if getattr(options, name) is not None and str(error).startswith(f"{variable} "):
                raise UsageError(str(error).replace(variable, f"--{name.replace('_', '-')}", 1)) from error
        raise


def warm_up() -> threading.Thread:
    """Load planner and encoder weights beside everything else that has to be imported."""

    def load() -> None:
        from compegpt.embed import shared_encoder
        from compegpt.plan.network import shared_network

        shared_encoder().encode(["warm"])
        shared_network().warm()

    thread = threading.Thread(target=load, daemon=True, name="warm-up")
    thread.start()
    return thread


@contextlib.contextmanager
def opened(options: Namespace, warming: threading.Thread | None = None) -> Iterator[tuple[asyncio.Runner, Session]]:
    """A session and the loop it lives on, once what is warming up is warm; between turns the loop stands still."""
    from compegpt.session import Session

    parts = parts_of(options)
    with asyncio.Runner() as runner:
        session = runner.run(_entered(Session(parts)))
        if warming is not None:
            warming.join()
        try:
            yield runner, session
        finally:
            runner.run(session.__aexit__(None, None, None))


async def _entered(session: Session) -> Session:
    return await session.__aenter__()


def new_thread(console: Console, given: str | None) -> str:
    """The thread's name; a made-up one is told at once, so that the turn can be resumed."""
    if given is not None:
        return given
    name = f"t-{secrets.token_hex(4)}"
    console.say(f"--thread {name}")
    return name


def take_turn(runner: asyncio.Runner, session: Session, request: Request, console: Console,
              resume: bool = False, aloud: bool = False) -> Outcome:
    """Run one turn and show its progress; whatever stops it stands in the outcome.

    `aloud`: the answer is written out while it is being made.
    """
    from compegpt.progress import progress_on

    outcome = Outcome(thread=request["thread"], began=time.time())
    begun = time.monotonic()
    try:
        with progress_on(console) as progress:
            runner.run(_followed(session, request, resume, progress, outcome, console.piece if aloud else None))
    except CompeGPTError as error:
        outcome.error = error
    except (KeyboardInterrupt, asyncio.CancelledError):
        outcome.error = Interrupted(f"Interrupted; --thread {request['thread']} --resume goes on with it.")
    except Exception as error:  # the last line of defence: a bug ends this turn with a sentence, not a traceback
        outcome.error = as_internal(error, console, session.parts.redacted)
    outcome.seconds = time.monotonic() - begun
    outcome.artifacts = artifacts_of(outcome.results)
    return outcome


def as_internal(error: Exception, console: Console, redacted: Callable[[str], str] = str) -> CompeGPTError:
    """A bug, or a package that is not installed, in one sentence; with -vv its traceback is told."""
    if console.verbosity > 1:
        console.say(redacted("".join(traceback.format_exception(error)).rstrip()))
    if isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith(("compegpt", "graphs")):
        return ConfigurationError(f"The Python package '{error.name}' is not installed here ({sys.executable}); "
                                  "install CompeGPT with its dependencies, `pip install .`, or use that Python.")
    what = redacted(" ".join(f"{type(error).__name__}: {error}".split()))[:300]
    return InternalError(f"An internal error stopped it ({what}); run it again with -vv and report what it says.")


async def _followed(session: Session, request: Request, resume: bool, progress: Progress, outcome: Outcome,
                    piece: Callable[[str], None] | None) -> None:
    from compegpt.events import Wrote

    async with contextlib.aclosing(session.stream(request, resume)) as events:
        async for event in events:
            progress.show(event)
            outcome.take(event)
            if isinstance(event, Wrote) and piece is not None:
                piece(printable(event.text))


def spoken(options: Namespace) -> bool:
    """Whether answers are written out piece by piece: not as JSON, and not where paths in them are still to change."""
    return not (options.json or options.results_only or options.output_dir is not None)


def hand_over(outcome: Outcome, options: Namespace) -> None:
    """Copy the files to --output-dir; where that fails, the answer still stands."""
    if options.output_dir is None:
        return
    try:
        outcome.artifacts = copied(outcome.artifacts, outcome.results, options.output_dir)
    except CompeGPTError as error:
        outcome.error = outcome.error or error


def converse(options: Namespace, console: Console) -> int:
    """Turns of one thread until `exit`, `quit` or the end of input. Returns the exit status."""
    settings_from(options)  # a wrong one is told before anything is asked
    warm_up()
    threading.Thread(target=_import_session, daemon=True, name="import").start()
    thread, files = new_thread(console, options.thread), list(options.file)
    with contextlib.ExitStack() as stack:
        runner = session = None
        for line in _lines(console):
            if line.strip().lower() in LEAVE:
                return 0
            if not line.strip():
                continue
            if session is None:
                runner, session = stack.enter_context(opened(options))
            assert runner is not None
            outcome = _said(runner, session, line, files, thread, options, console)
            if outcome is not None and outcome.error is not None and outcome.error.status == Interrupted.status:
                return Interrupted.status
            files = []
    return 0


def _said(runner: asyncio.Runner, session: Session, line: str, files: list[str], thread: str, options: Namespace,
          console: Console) -> Outcome | None:
    """One line of a conversation: its answer, or the sentence that says what is wrong with it."""
    try:
        text = check_prompt(line)
    except UsageError as error:
        console.say(f"error: {error}")
        return None
    outcome = take_turn(runner, session, {"text": text, "files": files, "thread": thread}, console,
                        aloud=spoken(options))
    hand_over(outcome, options)
    if outcome.answer is not None:
        console.answer(outcome.answer + "\n" if console.typed else outcome.answer)
    stopped = failure(outcome)
    if stopped is not None:
        console.say(f"error: {stopped}")
    return outcome


def _import_session() -> None:
    import compegpt.session  # noqa: F401 (loaded while the user types)


def _lines(console: Console) -> Iterator[str]:
    """What is typed or piped in, line by line."""
    if not console.typed:
        for raw in console.given:
            yield raw.decode("utf-8", "surrogateescape")
        return
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401 (gives input() a history)
    while True:
        try:
            yield console.typed_line("you> ")
        except EOFError:
            console.say("")
            return
