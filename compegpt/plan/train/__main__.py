"""`python -m compegpt.plan.train`: train the embedded planner's network, print its figures, write its weights.

1. Made-up requests teach a first network.
2. It gives its opinion of the requests without plans (`--unlabelled`); made-up and these teach it further.
3. The requests with plans (`--gold`, and those of the project) finish it: once on all for the weights that are written,
   and once for each of five parts on the other four, for figures on requests that the network has not seen.
4. The confidence is fitted on what those five said of their own parts.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from compegpt.errors import InputError
from compegpt.plan.network import WEIGHTS
from compegpt.plan.train.course import Course, Given
from compegpt.plan.train.known import known, unlabelled

OUT = Path("trained/weights.safetensors")
LEAST = 100
"""Made-up requests without which nothing is learned."""


def main() -> None:
    """Read the options and train."""
    parser = argparse.ArgumentParser(prog="python -m compegpt.plan.train", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--unlabelled", type=Path,
                        help="requests without plans, JSON Lines with `request`, perhaps `type`")
    parser.add_argument("--gold", type=Path, action="append", default=[],
                        help="requests with plans, as `eval planning` takes")
    parser.add_argument("--samples", type=int, default=66_000, help="made-up requests of the first stage")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=OUT,
                        help=f"where the weights go, the card beside them ({OUT}; what is used is {WEIGHTS})")
    parser.add_argument("--work", type=Path,
                        help="a folder that keeps what each stage ends with, so that a stopped run goes on")
    options = parser.parse_args()
    try:
        known(options.gold)
        if options.unlabelled is not None:
            unlabelled(options.unlabelled)
    except InputError as error:
        parser.error(str(error))
    if options.samples < LEAST:
        parser.error(f"--samples is {options.samples}; give {LEAST} or more.")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    Course(Given(options.unlabelled, tuple(options.gold), options.samples, options.seed), options.work).run(options.out)


if __name__ == "__main__":
    main()
