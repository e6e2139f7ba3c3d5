"""The table and the schema of tasks that a language model gets."""

from __future__ import annotations

from compegpt.llm.rungs import strict
from compegpt.plan.instructions import schema, table
from compegpt.tasks import TASKS


def test_table_and_schema_hold_every_task_once_and_strict_servers_take_the_schema() -> None:
    made = schema(list(TASKS))
    variants = made["properties"]["tasks"]["items"]["anyOf"]
    assert sorted(name for one in variants for name in one["properties"]["task"]["enum"]) == sorted(TASKS)
    assert strict(made)
    assert table(["translation"]) == "- translation (text, target, source?): translating a text; gives text"
    assert len(table(list(TASKS)).splitlines()) == len(TASKS)
