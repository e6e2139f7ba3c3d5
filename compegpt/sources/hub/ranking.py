"""In which order the models of the Hub are offered: the best of each ranking in turn, without doubles."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from compegpt.sources.hub.model import Model

_RANKINGS: dict[str, Callable[[Model], float]] = {
    "downloads": lambda model: model.downloads, "likes": lambda model: model.likes,
    "trending": lambda model: model.trending}
"""In the order in which they take turns."""


def in_turn(models: Sequence[Model]) -> list[tuple[Model, str]]:
    """All models with why each stands where it does ("2nd by likes: 512"), the most promising first.

    Each ranking in turn gives its best that no other has given yet, and so on until all are given; any first k are
    the top k. Ranks count among these models; equals stay in the order given. A model without a number is in no
    ranking and comes last.
    """
    rankings = {name: sorted((model for model in models if value(model) > 0), key=lambda model: -value(model))
                for name, value in _RANKINGS.items()}
    order: list[tuple[Model, str]] = []
    seen: set[str] = set()
    heads = dict.fromkeys(rankings, 0)
    while any(heads[name] < len(ranking) for name, ranking in rankings.items()):
        for name, ranking in rankings.items():
            while heads[name] < len(ranking) and ranking[heads[name]].id in seen:
                heads[name] += 1
            if heads[name] < len(ranking):
                model = ranking[heads[name]]
                seen.add(model.id)
                order.append((model, f"{_ordinal(heads[name] + 1)} by {name} ({_RANKINGS[name](model):,.0f})"))
    return order + [(model, "on the Hub, in no ranking") for model in models if model.id not in seen]


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
