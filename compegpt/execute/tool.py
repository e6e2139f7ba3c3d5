"""Each expert as a LangChain tool: name, description and argument schema from the task table."""

from __future__ import annotations

import functools
import re
from typing import Any

from langchain_core.tools import StructuredTool
from pydantic import BaseModel, ConfigDict, create_model

from compegpt.context import Source
from compegpt.inputs import as_text
from compegpt.media.artifacts import Store
from compegpt.schema import Expert, Finding
from compegpt.tasks import TASKS


def as_tool(expert: Expert, source: Source, store: Store) -> StructuredTool:
    """The expert as a tool whose artifact is the Finding; files go into `store`.

    Invoke it with a ToolCall dict: LangChain drops the artifact of any other form.
    """

    async def call(**args: Any) -> tuple[str, Finding]:
        given = {name: value for name, value in args.items() if value is not None}
        finding = await source.run(expert, given, store)
        return as_text(finding.output)[:200], finding

    call.__annotations__.clear()  # LangChain would evaluate them anew at every call
    return StructuredTool.from_function(
        coroutine=call, name=re.sub(r"[^a-zA-Z0-9_-]", "_", f"{expert.task}_{expert.id}")[:64],
        description=f"{TASKS[expert.task].title.capitalize()}: {expert.about or expert.id}.",
        args_schema=_schema(expert.task), response_format="content_and_artifact")


@functools.cache
def _schema(task: str) -> type[BaseModel]:
    """Argument schema of a task type: required args first, optional ones default to None."""
    row = TASKS[task]
    fields: dict[str, Any] = dict.fromkeys(row.needs, (Any, ...)) | dict.fromkeys(row.accepts, (Any, None))
    return create_model(f"{task}-args", __config__=ConfigDict(extra="allow"), **fields)
