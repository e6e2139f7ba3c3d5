"""`python main.py eval NAME ...`: the evaluations, each a module with `add_arguments` and `run`."""

from __future__ import annotations

import importlib
from argparse import Namespace
from collections.abc import Callable, Sequence
from typing import Any

from compegpt.console import Console
from compegpt.errors import UsageError
from compegpt.options import Parser, add_setting_flags

EVALUATIONS = {
    "competition": "whether the judge's winner beats every single expert, on inputs whose truth is known",
    "selection": "what the league table and adaptive k cost and gain, on simulated and recorded competitions",
    "planning": "a file of requests with gold plans (TaskBench's form): node, edge and parameter F1",
    "mme": "a folder of the MME benchmark: accuracy and accuracy+ by subtask",
    "mmvet": "a file of the MM-Vet benchmark: scores by capability, with a language model as grader",
}


def run(argv: Sequence[str], console: Console, quieten: Callable[[Console, bool], None]) -> int:
    """The exit status of `eval` with these arguments; `quieten` keeps libraries from the console.

    Raises UsageError for an unknown evaluation or flag.
    """
    name = next((word for word in argv if not word.startswith("-")), None)
    if name is None and not {"-h", "--help"} & {*argv}:
        raise UsageError(f"eval needs to know what to evaluate: {', '.join(EVALUATIONS)} (eval --help tells more).")
    if name is not None and name not in EVALUATIONS:
        raise UsageError(f"There is no evaluation '{name[:60]}'; there are {', '.join(EVALUATIONS)}.")
    if name is None:
        lines = "\n".join(f"  {each:<14}{about}" for each, about in EVALUATIONS.items())
        console.answer(f"usage: main.py eval NAME ... (eval NAME --help shows the flags)\n\n{lines}")
        return 0
    module = importlib.import_module(f"compegpt.eval.{name}")
    options = _options(name, module, [word for place, word in enumerate(argv) if place != list(argv).index(name)])
    console.verbosity = options.verbosity
    quieten(console, False)
    status: int = module.run(options, console)
    return status


def _options(name: str, module: Any, argv: Sequence[str]) -> Namespace:
    parser = Parser(prog=f"main.py eval {name}", allow_abbrev=False, description=f"Measures {EVALUATIONS[name]}.")
    module.add_arguments(parser)
    add_setting_flags(parser)
    parser.add_argument("--json", action="store_true", help="print the results as one JSON object")
    parser.add_argument("-v", dest="verbosity", action="count", default=0, help="tell each step; -vv: also tracebacks")
    return parser.parse_args(argv)
