"""Requests in telegraphic style: a file and what to do with it, in a few verbs."""

from __future__ import annotations

import random

from compegpt.plan.train.bank import phrases
from compegpt.plan.train.clauses import file_name, input_kind
from compegpt.plan.train.compatible import any_task, followers, heads, works_on
from compegpt.plan.train.sample import Draft, Piece, Sample, Step, joined, plain
from compegpt.plan.train.voice import spoken
from compegpt.tasks import TASKS

_FINDINGS = ("boxes", "masks", "labels", "spans", "scores", "vectors")
"""Outputs that nobody means to work on further, where nothing else is said."""


def telegram(rng: random.Random) -> Sample:
    """"tape4.wav: denoise, transcribe, summarise": verbs without objects, each on the result of the one before."""
    draft = Draft()
    number = draft.add(Step(any_task(rng, [name for name in phrases() if heads(name) and followers(name)])))
    kind = input_kind(draft.steps[number].task, rng)
    name = file_name(rng, kind)
    draft.bring(number, name)
    verbs = [plain(_verb(rng, draft.steps[number].task), number)]
    for _ in range(rng.choices([1, 2, 3], [4, 4, 1])[0]):
        last = draft.steps[-1].task
        if TASKS[last].output in _FINDINGS or last.endswith(("-control", "-estimation")):
            arg = {"image" if kind == "document" else kind}
            names = [task for task in phrases() if works_on(task) == arg and heads(task)]
            if not names or rng.random() < 0.2:
                break
            number = draft.add(Step(any_task(rng, names), brings=(name,)))
        else:
            names = [task for task in followers(last) if heads(task)]
            if not names:
                break
            number = draft.add(Step(any_task(rng, names), takes=(number,)))
        verbs.append(plain(_verb(rng, draft.steps[number].task), number))
    between = rng.choice([", ", " -> ", ", then ", " then ", ", ", " and ", " > ", ", and ", "; "])
    listed = joined(verbs, between)
    file = (Piece(name, value=True),)
    line = (*file, Piece(rng.choice([": ", " - ", ", ", " needs: "])), *listed) if rng.random() < 0.7 else (
        *listed, Piece(rng.choice([": ", " ", " - ", " for "])), *file)
    return spoken(rng, draft, [], [line], chatty=rng.random() < 0.3)


def _verb(rng: random.Random, task: str) -> str:
    """"Transcribe", at times "transcribing"."""
    chosen = rng.choice(heads(task))
    if rng.random() < 0.15:
        first, _, rest = chosen.partition(" ")
        chosen = (first.removesuffix("e") + "ing " + rest).strip()
    return chosen
