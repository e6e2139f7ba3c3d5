"""`eval selection`: what each way to choose who competes is worth and costs, on simulated and on recorded streams.

Quality is compared with that of k = 1 and k = 5 in the sources' order: the share of what 5 gain over 1, and of the
calls that 5 take.
"""

from __future__ import annotations

import statistics
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from compegpt.console import Console
from compegpt.embed import shared_encoder
from compegpt.eval.recorded import shuffled, streams_of
from compegpt.eval.replay import POLICIES, Bench, Played, oracle, played
from compegpt.eval.report import Table, as_json, bars, figure, written
from compegpt.eval.world import REQUESTS, Posed, stream

LEAST, MOST = "k = 1", "k = 5"
"""The policies that quality and calls are compared with."""
DEV, TEST = (0, 10), (100, 110)
"""First seed and the one after the last: of those the policy's constants were chosen on, and of those reported."""
Streams = Mapping[int, Sequence[Posed]]
Tell = Callable[[str], None]


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--seeds", type=_span, default=TEST, metavar="A-B",
                        help=f"simulated worlds ({TEST[0]}-{TEST[1] - 1}; {DEV[0]}-{DEV[1] - 1} are for development)")
    parser.add_argument("--requests", type=_count, default=REQUESTS, metavar="N",
                        help=f"requests per simulated world ({REQUESTS:,})")
    parser.add_argument("--recorded", type=Path, nargs="+", default=[], metavar="FILE",
                        help="replay competitions recorded by `eval competition` instead of simulated ones")
    parser.add_argument("--measure", metavar="NAME", help="which measure of a recorded file counts (its first)")
    parser.add_argument("--output-dir", type=Path, metavar="DIR", help="write selection.md, .json and .png there")


def run(options: Namespace, console: Console) -> int:
    """The exit status. Raises InputError for a recorded file that is broken, and where results cannot be written."""
    tell = console.say if console.verbosity else lambda _: None
    found: dict[str, dict[str, list[Played]]] = {}
    if options.recorded:
        for title, requests in streams_of(options.recorded, options.measure).items():
            bench = Bench(shared_encoder())
            found[title] = measured({seed: shuffled(requests, seed) for seed in range(*DEV)}, tell, bench)
    else:
        first, last = options.seeds
        title = f"{last - first} simulated worlds, {options.requests:,} requests each (seeds {first} to {last - 1})"
        found[title] = measured({seed: list(stream(seed, options.requests)) for seed in range(first, last)}, tell)
    tables = [table(title, rows) for title, rows in found.items()]
    plain = {title: {name: [asdict(one) for one in each] for name, each in rows.items()}
             for title, rows in found.items()}
    told = "\n".join(one.markdown() for one in tables)
    if options.output_dir is not None:
        _keep(options.output_dir, told, plain, found)
    console.answer(as_json(plain).rstrip() if options.json else told.rstrip())
    return 0


def measured(streams: Streams, tell: Tell, shared: Bench | None = None) -> dict[str, list[Played]]:
    """Every policy, and the oracle, on every stream: one result per stream. `shared`: where the streams are of the same
    requests."""
    found: dict[str, list[Played]] = {}
    for seed, requests in streams.items():
        bench = shared or Bench(shared_encoder())
        for policy in POLICIES:
            found.setdefault(policy.name, []).append(played(policy, requests, bench, seed))
        found.setdefault("oracle", []).append(oracle(requests))
        tell(f"seed {seed}: {figure(found[LEAST][-1].quality)} by {LEAST}, {figure(found[MOST][-1].quality)} by {MOST}")
    return found


def table(title: str, found: Mapping[str, Sequence[Played]]) -> Table:
    """Means over the streams, with their standard deviations; shares are of the means."""
    least, most = _mean(found[LEAST]), _mean(found[MOST])
    rows: list[tuple[str, ...]] = []
    for name, each in found.items():
        quality, calls, rounds = _mean(each)
        gain = (quality - least[0]) / (most[0] - least[0]) if most[0] != least[0] else None
        spread = statistics.stdev([one.quality for one in each]) if len(each) > 1 else 0.0
        rows.append((name, f"{figure(quality)} ± {figure(spread)}", figure(calls, 2), figure(rounds, 2),
                     "-" if gain is None else f"{gain:.0%}", f"{calls / most[1]:.0%}"))
    return Table(title, ("policy", "quality", "calls", "rounds", f"gain of {MOST}", f"calls of {MOST}"), rows,
                 f"Quality: mean and standard deviation over the streams. Gain: what it adds to {LEAST}, as a share of "
                 f"what {MOST} adds.")


def _mean(each: Sequence[Played]) -> tuple[float, float, float]:
    """Quality, calls and rounds."""
    return (statistics.fmean(one.quality for one in each), statistics.fmean(one.calls for one in each),
            statistics.fmean(one.rounds for one in each))


def _keep(folder: Path, told: str, plain: Mapping[str, Any], found: Mapping[str, Mapping[str, Sequence[Played]]]
          ) -> None:
    written(folder / "selection.md", told)
    written(folder / "selection.json", as_json(plain))
    title, rows = next(iter(found.items()))
    bars(folder / "selection.png", title, list(rows), {
        "quality": [_mean(each)[0] for each in rows.values()],
        f"calls, as a share of {MOST}": [_mean(each)[1] / _mean(rows[MOST])[1] for each in rows.values()]})


def _span(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    if not first.isdecimal() or (last and not last.isdecimal()) or int(last or first) < int(first):
        raise ArgumentTypeError(f"'{text[:40]}' is no span of seeds such as 100-109")
    return int(first), int(last or first) + 1


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"'{text[:40]}' is no whole number above 0")
    return int(text)
