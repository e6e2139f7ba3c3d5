"""The command line's flags: what they are and which go together. Imports nothing heavy, `--help` must be instant."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from compegpt import version
from compegpt.errors import InputError, UsageError

MAX_PROMPT = 50_000
"""Characters of a request; longer text belongs in a file."""
MAX_THREAD = 100
COMMANDS = ("serve", "mcp", "experts", "league", "database", "doctor")
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_EPILOG = """\
commands:
  serve                 the page and the HTTP API at --host and --port (127.0.0.1:8004)
  mcp                   the tools of an MCP server, over standard input and output
  experts [TASK]        the engines of a task, or of all, and how to get those that are missing
  league [TASK]         who competed, who won how often, how strong, how fast
  eval NAME ...         measure the judge, the planner, the league (eval --help tells more)
  database              make or update the tables of COMPEGPT_DATABASE_URL
  doctor                what is installed, what is set, which tasks can be done

With neither --prompt nor a command: a conversation, `exit` ends it. Settings: see .env.example."""


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        hint = "; write --prompt=TEXT where the text begins with a dash" if "--prompt: expected" in message else ""
        raise UsageError(f"{message[:1].upper()}{message[1:]}{hint} (--help shows the usage).")


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        with contextlib.suppress(OSError):
            print(f"compegpt {version()}", flush=True)  # noqa: T201 (argparse prints --help in the same way)
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """Every flag of the command line."""
    made = Parser(prog="main.py", allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter,
                  description="Answer multi-modal requests by letting models compete.", epilog=_EPILOG)
    made.add_argument("command", nargs="*", metavar="COMMAND",
                      help="serve, mcp, experts [TASK], league [TASK], database or doctor")
    made.add_argument("--prompt", metavar="TEXT", help="answer one request; - reads it from standard input")
    made.add_argument("--file", metavar="PATH", nargs="+", action="extend", default=[], help="attach files")
    shape = made.add_mutually_exclusive_group()
    shape.add_argument("--plan-only", action="store_true", help="print the plan as JSON and run nothing")
    shape.add_argument("--results-only", action="store_true", help="print the JSON object without the answer")
    made.add_argument("--json", action="store_true", help="print one JSON object, also when it fails")
    made.add_argument("--thread", metavar="NAME", help="start or go on with a conversation of that name")
    made.add_argument("--resume", action="store_true", help="finish the interrupted turn of --thread")
    add_setting_flags(made)
    made.add_argument("--output-dir", metavar="DIR", type=Path, help="copy the files that were made there")
    made.add_argument("--host", metavar="H", help="serve: address to listen at (127.0.0.1: this machine only)")
    made.add_argument("--port", metavar="N", type=_port, help="serve: port to listen at (8004; 0 for a free one)")
    made.add_argument("--insecure", action="store_true", help="serve: a public address though no key is set")
    made.add_argument("-v", dest="verbosity", action="count", default=0, help="tell each step; -vv: also tracebacks")
    made.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    return made


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is not a port: a number from 0 to 65535")
    return int(text)


def add_setting_flags(made: argparse.ArgumentParser) -> None:
    """The flags that stand above settings of the same meaning (`turns.FLAGS`)."""
    made.add_argument("--llm", metavar="P:M", help="provider:model of the language model, or 'embedded'")
    made.add_argument("--experts", metavar="LIST", help="sources of experts, comma-separated, in order")
    made.add_argument("--top-k", metavar="N|all", help="how many experts compete for a task (3)")
    made.add_argument("--deadline", metavar="S", help="seconds for the whole request (180)")


def parsed(argv: Sequence[str]) -> argparse.Namespace:
    """The flags, checked alone and together. Raises UsageError; exits with 0 after --help and --version."""
    options = parser().parse_intermixed_args(argv)
    for wrong, sentence in _conflicts(options):
        if wrong:
            raise UsageError(sentence)
    for flag in ("llm", "experts", "top_k", "deadline"):
        value = getattr(options, flag)
        if value is not None and not value.strip():
            raise UsageError(f"--{flag.replace('_', '-')} needs a value.")
    if options.thread is not None:
        check_thread(options.thread)
    return options


def _conflicts(options: argparse.Namespace) -> list[tuple[bool, str]]:
    command, has_prompt = options.command, options.prompt is not None
    first = command[0] if command else None
    return [
        (first is not None and first not in COMMANDS,
         f"'{str(first)[:60]}' is not a command; a request goes in quotes after --prompt."),
        (len(command) > (2 if first in ("experts", "league") else 1),
         f"'{' '.join(command)[:80]}' has too many words."),
        (bool(first) and (has_prompt or options.resume), f"{first} takes no --prompt and no --resume."),
        (options.resume and options.thread is None, "--resume needs --thread NAME to know what to resume."),
        (options.resume and has_prompt, "--resume finishes the interrupted turn, so it takes no --prompt."),
        (options.resume and bool(options.file), "--resume finishes the interrupted turn, so it takes no --file."),
        (options.plan_only and not has_prompt, "--plan-only needs --prompt."),
        (not first and (options.json or options.results_only) and not (has_prompt or options.resume),
         "--json and --results-only need --prompt or --resume."),
        (bool(first) and (options.plan_only or options.results_only), f"{first} takes --json only."),
        (first in ("serve", "mcp") and options.json, f"{first} takes no --json."),
        (first != "serve" and (options.host is not None or options.port is not None or options.insecure),
         "--host, --port and --insecure are for serve."),
    ]


def check_thread(name: str) -> None:
    """Raises UsageError where a thread cannot have this name."""
    if not 0 < len(name) <= MAX_THREAD or not name.isprintable() or not name.strip():
        raise UsageError(f"A thread's name has 1 to {MAX_THREAD} printable characters.")


def check_prompt(text: str) -> str:
    """The request without blanks around it. Raises UsageError where it is empty, too long or not text."""
    if not text.strip():
        raise UsageError("The prompt is empty; say what to do, for example \"Read the text in a.png\".")
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise UsageError("The prompt holds bytes that are not text in UTF-8; put data in a file and name it by --file.")
    if len(text) > MAX_PROMPT:
        raise UsageError(f"The prompt has {len(text):,} characters, at most {MAX_PROMPT:,} fit; "
                         "put long text in a file and name it by --file.")
    return text.strip()


def check_files(paths: Sequence[str]) -> list[str]:
    """Absolute paths of files that are there, and addresses. Raises InputError with a sentence for each that is not."""
    wrong = [problem for path in paths if (problem := _problem(path))]
    if wrong:
        raise InputError("\n".join(wrong))
    return list(dict.fromkeys(path if _ADDRESS.match(path) else str(Path(path).expanduser().absolute())
                              for path in paths))


def _problem(given: str) -> str | None:
    if _ADDRESS.match(given):
        return None  # what it gives is checked when a task fetches it
    try:
        path = Path(given).expanduser()
        if not given or not path.exists():
            return f"There is no file '{given[:200]}'; check the name and the folder."
        if not path.is_file():
            what = "directory" if path.is_dir() else "special file"
            return f"'{given[:200]}' is not a file but a {what}; name a file."
        if path.stat().st_size == 0:
            return f"'{given[:200]}' is empty (0 bytes); give a file with content."
        if not os.access(path, os.R_OK):
            return f"'{given[:200]}' cannot be read; check its permissions."
    except (OSError, ValueError, RuntimeError) as error:  # a name too long, a NUL in it, a home that is unknown
        return f"'{given[:100]}' cannot be read: {getattr(error, 'strerror', None) or error}."
    return None
