"""How much the judge gains over any single OCR engine: `python benchmarks/judge.py`.

288 degraded pictures of text, read by all OCR engines; then every way to pick one of their answers is scored by
character error (edit distance / length, at most 1) and by exact match. The first run reads the pictures (some five
minutes), later ones take seconds. Nothing was tuned on the pictures reported on: `--set dev` shows those that were.
`--fit` prints the calibration table of the engines' confidences, fitted on the `dev` pictures.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from text_candidates import collected
from text_images import NO_TEXT, SEEDS

from compegpt.embed import folded, shared_encoder
from compegpt.judge.similarity import is_empty, meaning
from compegpt.judge.verdict import judge
from compegpt.schema import Candidate

Row = Mapping[str, Any]
Pick = Callable[[Sequence[Candidate]], str]
Numbers = NDArray[np.float64]
RESAMPLES = 4000


def text_of(candidate: Candidate | None) -> str:
    return folded((candidate["output"] or {}).get("text", "")) if candidate else ""


def error(text: str, truth: str) -> float:
    return min(1.0, Levenshtein.distance(text, truth) / max(1, len(truth)))


# ways to pick one answer: candidates in order of selection in, text out


def first_answer(candidates: Sequence[Candidate]) -> str:
    return next((text_of(one) for one in candidates if text_of(one)), "")


def most_confident(candidates: Sequence[Candidate]) -> str:
    return text_of(max(candidates, key=lambda one: one["confidence"] or 0.0))


def majority(candidates: Sequence[Candidate]) -> str:
    return Counter(text_of(one) for one in candidates if text_of(one) or one["status"] == "empty").most_common(1)[0][0]


def cosine_medoid(candidates: Sequence[Candidate]) -> str:
    """The paper's way: the answer whose sentence embedding is nearest to all others'."""
    texts = [one["output"] for one in candidates if one["output"] and not is_empty(one["output"])]
    if not texts:
        return ""
    return folded(texts[int(meaning(texts, shared_encoder()).sum(axis=1).argmax())]["text"])


def judged(candidates: Sequence[Candidate]) -> str:
    verdict, _ = judge("ocr", {}, candidates, shared_encoder())
    return next((text_of(one) for one in candidates if one["expert"] == verdict["winner"]), "")


WAYS: dict[str, Pick] = {"majority vote": majority, "first that answers": first_answer,
                         "highest confidence": most_confident, "cosine medoid": cosine_medoid, "**judge**": judged}


def errors(rows: Sequence[Row], experts: Sequence[str]) -> dict[str, Numbers]:
    """Character error of each single expert, each way to pick and the oracle, on every picture."""
    table: dict[str, list[float]] = {}
    for row in rows:
        known = {one["expert"]: one for one in row["candidates"]}
        candidates, truth = [known[name] for name in experts], folded(row["text"])
        of_expert = {name.partition(":")[2]: error(text_of(known[name]), truth) for name in experts}
        of_way = {name: error(pick(candidates), truth) for name, pick in WAYS.items()}
        for name, value in {**of_expert, **of_way, "oracle": min(of_expert.values())}.items():
            table.setdefault(name, []).append(value)
    return {name: np.array(values) for name, values in table.items()}


METRICS: dict[str, Callable[[Numbers], Numbers]] = {
    "character error": lambda values: values, "exact match": lambda values: (values == 0).astype(float)}
BETTER = {"character error": -1, "exact match": 1}


def best_single(table: Mapping[str, Numbers], metric: str) -> str:
    singles = [name for name in table if name not in WAYS and name != "oracle"]
    return max(singles, key=lambda name: BETTER[metric] * METRICS[metric](table[name]).mean())


def interval(one: Numbers, other: Numbers) -> tuple[float, float]:
    """95 % paired bootstrap interval of mean(one) - mean(other)."""
    difference = one - other
    drawn = np.random.default_rng(0).integers(0, len(difference), size=(RESAMPLES, len(difference)))
    low, high = np.percentile(difference[drawn].mean(axis=1), (2.5, 97.5))
    return float(low), float(high)


def share_of_gain(table: Mapping[str, Numbers], metric: str, name: str = "**judge**") -> float:
    """Of what the oracle gains over the best single expert, the share that `name` gains."""
    of = {who: METRICS[metric](table[who]).mean() for who in (best_single(table, metric), name, "oracle")}
    single, way, oracle = of.values()
    return float((way - single) / (oracle - single)) if oracle != single else float("nan")


def report(title: str, rows: Sequence[Row], experts: Sequence[str]) -> None:
    table = errors(rows, experts)
    say(f"\n### {title}\n\n{len(rows)} pictures, {len(experts)} experts.\n")
    say("| | character error | to the best single | exact match | to the best single |\n|---|--:|--:|--:|--:|")
    for name, values in table.items():
        cells = [name]
        for metric, measure in METRICS.items():
            single = best_single(table, metric)
            low, high = interval(measure(values), measure(table[single]))
            cells += [f"{measure(values).mean():.3f}", "best" if name == single else f"{low:+.3f} to {high:+.3f}"]
        say(f"| {' | '.join(cells)} |")
    gains = " and ".join(f"{share_of_gain(table, metric):.0%} in {metric}" for metric in METRICS)
    say(f"\nOf what the oracle gains over the best single expert, the judge gains {gains}.")


def by_category(rows: Sequence[Row], experts: Sequence[str]) -> None:
    whole = errors(rows, experts)
    names = [best_single(whole, "character error"), *WAYS, "oracle"]
    say(f"\n### By damage and by text: character error / exact match\n\n| | {' | '.join(names)} |")
    say(f"|---|{'--:|' * len(names)}")
    for column in ("category", "kind"):
        for value in dict.fromkeys(row[column] for row in rows):
            table = errors([row for row in rows if row[column] == value], experts)
            cells = [f"{table[name].mean():.3f} / {(table[name] == 0).mean():.2f}" for name in names]
            say(f"| {value} | {' | '.join(cells)} |")


def fit(rows: Sequence[Row]) -> None:
    """Isotonic regression of 1 - character error on confidence, per family, read off at its deciles."""
    from sklearn.isotonic import IsotonicRegression

    for family in dict.fromkeys(one["family"] for one in rows[0]["candidates"]):
        pairs = [(one["confidence"], 1 - error(text_of(one), folded(row["text"]))) for row in rows
                 for one in row["candidates"] if one["family"] == family and one["confidence"] is not None]
        given, right = (np.array(column) for column in zip(*pairs, strict=True))
        curve = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(given, right)
        tenths = np.quantile(given, (0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9))
        knots = np.unique(np.round([0.0, *tenths, 1.0], 2))
        smooth = [float(curve.predict(np.linspace(max(0, k - 0.03), min(1, k + 0.03), 13)).mean()) for k in knots]
        points = ", ".join(f"({knot:.2f}, {worth:.3f})" for knot, worth in zip(knots, smooth, strict=True))
        say(f'    "{family}": ({points}),')


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", choices=tuple(SEEDS), default="test", help="which pictures (default: test)")
    parser.add_argument("--fit", action="store_true", help="print the calibration table, from the dev pictures")
    parser.add_argument("--again", nargs="+", default=[], metavar="ENGINE", help="let these engines read again")
    flags = parser.parse_args()
    rows = collected("dev" if flags.fit else flags.set, flags.again)
    if flags.fit:
        fit([row for row in rows if row["category"] != NO_TEXT])
        return
    experts = [one["expert"] for one in rows[0]["candidates"]]
    textless, rows = ([row for row in rows if (row["category"] == NO_TEXT) == without] for without in (True, False))
    family = {one["expert"]: one["family"] for one in rows[0]["candidates"]}
    report("All OCR experts", rows, experts)
    report("Without tesseract (what pip installs)", rows, [name for name in experts if family[name] != "tesseract"])
    first = {family[name]: name for name in reversed(experts)}
    three = [*sorted(first.values(), key=experts.index), *(name for name in experts if name not in first.values())][:3]
    report(f"The three that are chosen by default ({', '.join(name.partition(':')[2] for name in three)})", rows, three)
    by_category(rows, experts)
    say("\n### Pictures without text\n\n| | share in which, rightly, nothing is read |\n|---|--:|")
    for name, values in errors(textless, experts).items():
        say(f"| {name} | {(values == 0).mean():.2f} |")


if __name__ == "__main__":
    main()
