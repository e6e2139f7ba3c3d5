from __future__ import annotations

import pytest

from compegpt.errors import UsageError
from compegpt.eval.case import KINDS, WITHOUT_TRUTH, kind
from compegpt.sources.embedded.source import MODULES, engines
from compegpt.tasks import TASKS


@pytest.mark.parametrize("task", [task for task in MODULES if sum(not each.missing() for each in engines(task)) >= 3])
def test_a_task_that_three_engines_do_is_measured_or_says_why_not(task: str) -> None:
    assert (task in KINDS) != (task in WITHOUT_TRUTH)


@pytest.mark.parametrize("task", WITHOUT_TRUTH)
def test_what_has_no_truth_is_refused_with_the_reason(task: str) -> None:
    assert task in TASKS
    with pytest.raises(UsageError, match=WITHOUT_TRUTH[task]):
        kind(task)


@pytest.mark.parametrize("task", KINDS)
def test_a_kind_is_of_the_task_it_is_listed_for_and_says_what_it_measures(task: str) -> None:
    found = kind(task)
    assert found.task == task
    assert found.measures
    assert len(found.about) > 40
    assert not found.right or found.right in found.measures
