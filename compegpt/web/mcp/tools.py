"""CompeGPT as an MCP server: its tools over standard input and output, or over HTTP behind the server's door.

    mcp (cli) -> serve -> Tools -> runs            a client -> Door -> Endpoint -> Tools -> runs
"""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import io
import logging
import os
from argparse import Namespace
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import anyio
import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError

from compegpt import version
from compegpt.console import Console
from compegpt.errors import CompeGPTError, InternalError, NoExpert, UsageError
from compegpt.threads import in_thread
from compegpt.turns import parts_of, settings_from, warm_up

if TYPE_CHECKING:
    from compegpt.web.desk import Desk
    from compegpt.web.mcp.entries import Entry
    from compegpt.web.mcp.sides import Side

INSTRUCTIONS = ("CompeGPT does multi-modal tasks by letting several models compete and judging their outputs. Give "
                "`ask` a whole request in plain words with its files; the other tools do one task each. Files that a "
                "result links to can be given to the next call.")
MAX_STRAY = 60
"""Characters of an unknown tool's name that are repeated."""
Call = ServerRequestContext[Any, Any]
log = logging.getLogger(__name__)


class Tools:
    """The handlers of one server. `desk` is awaited by whoever needs it first, `side` says who calls."""

    def __init__(self, desk: Callable[[], Awaitable[Desk]], side: Callable[[Desk, Call], Side], confined: bool) -> None:
        self._desk, self._side, self._confined = desk, side, confined
        self._listing: asyncio.Task[dict[str, Entry]] | None = None

    def server(self) -> Server[Any]:
        return Server("compegpt", version=version(), title="CompeGPT",
                      instructions=INSTRUCTIONS, on_list_tools=self.listed, on_call_tool=self.called,
                      get_tool_input_schema=self._schema)

    async def entries(self) -> dict[str, Entry]:
        """All tools by name; what can be done here is found out once."""
        if self._listing is None or (self._listing.done() and self._listing.exception() is not None):
            self._listing = asyncio.create_task(self._found())
        return await asyncio.shield(self._listing)

    async def _found(self) -> dict[str, Entry]:
        from compegpt.web.mcp.entries import entries

        return await entries((await self._desk()).parts, self._confined)

    async def listed(self, call: Call, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        try:
            return types.ListToolsResult(tools=[entry.tool for entry in (await self.entries()).values()])
        except CompeGPTError as error:
            raise MCPError(types.INTERNAL_ERROR, str(error)) from error

    async def called(self, call: Call, params: types.CallToolRequestParams) -> types.CallToolResult:
        from compegpt.web.mcp.results import refused

        try:
            return await self._run(call, params)
        except CompeGPTError as error:
            return refused(error)
        except Exception as bug:  # a client is told a sentence, not what the inside looks like
            log.error("tool %s", params.name[:MAX_STRAY], exc_info=bug)
            return refused(InternalError("An internal error stopped it; the server's log says more."))

    async def _run(self, call: Call, params: types.CallToolRequestParams) -> types.CallToolResult:
        from compegpt.respond.embedded import EmbeddedWriter
        from compegpt.web.mcp.results import progress_of, result_of
        from compegpt.web.mcp.sides import request_of

        desk = await self._desk()
        side, entry = self._side(desk, call), await self._entry(params.name)
        request = await request_of(side, desk.files.places, entry.task, entry.checked(params.arguments))
        # nobody reads the answer of a single task: no language model need write it
        parts = replace(desk.parts, writer=EmbeddedWriter()).beside(desk.parts) if entry.task else None
        run = desk.runs.start(side.owner, request, parts=parts)
        run.outcome.thread = request["thread"].removeprefix(f"{side.owner}/" if side.owner else "")
        try:
            async for number, event in run.follow():
                if told := progress_of(event):
                    await call.session.report_progress(number, message=told)
        finally:  # also where the client cancels, or is gone
            with anyio.CancelScope(shield=True):
                await desk.runs.stop(run)
        return await result_of(run, side, entry.task)

    async def _entry(self, name: str) -> Entry:
        """Raises NoExpert for a task type that nobody here can do, UsageError for any other name."""
        from compegpt.tasks import TASKS

        known = await self.entries()
        if name in known:
            return known[name]
        if name in TASKS:
            raise NoExpert(f"No expert here can do {name}; `python main.py experts {name}` says what to install or "
                           "set.")
        near = difflib.get_close_matches(name[:MAX_STRAY], known, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else "list the tools to see what there is."
        raise UsageError(f"There is no tool '{name[:MAX_STRAY]}'; {hint}")

    def _schema(self, name: str) -> dict[str, Any] | None:
        """A tool's input schema, once the tools are known."""
        done = self._listing is not None and self._listing.done() and self._listing.exception() is None
        entry = self._listing.result().get(name) if self._listing is not None and done else None
        return entry.tool.input_schema if entry else None


def serve(options: Namespace, console: Console) -> None:
    """Serve this machine's user over the console's streams until its input ends; nothing else is written there.

    The handshake is answered while the rest is still being loaded. Raises UsageError, ConfigurationError for settings
    that have no meaning; whatever else is wrong with them is told when a tool is called.
    """
    settings_from(options)
    asyncio.run(_served(options, console))


async def _served(options: Namespace, console: Console) -> None:
    async with contextlib.AsyncExitStack() as stack:
        opening = asyncio.create_task(_opened(options, console, stack))
        stack.callback(opening.cancel)
        tools = Tools(lambda: asyncio.shield(opening), lambda desk, call: _machine(desk), confined=False)
        given = _own_input(console.given) if console.owned else console.given
        streams = stdio_server(cast("anyio.AsyncFile[str]", _lines(given)),
                               cast("anyio.AsyncFile[str]", _Wire(console.out)))
        async with streams as (read, write):
            server = tools.server()
            await server.run(read, write, server.create_initialization_options())


async def _opened(options: Namespace, console: Console, stack: contextlib.AsyncExitStack) -> Desk:
    """The desk of a process that serves its own user. Raises CompeGPTError, which is told at once."""
    try:
        parts, session_type = await in_thread(_loaded, options)
        from compegpt.web.desk import Desk
        from compegpt.web.files import Files
        from compegpt.web.runs import Runs

        session = await stack.enter_async_context(session_type(parts))
        return Desk(parts, session, Runs(session), Files(parts.settings.data_dir), local=True)
    except CompeGPTError as error:
        console.say(f"error: {error}")
        raise


def _loaded(options: Namespace) -> Any:
    """The parts and the session's class: all that takes long to import."""
    from compegpt.session import Session
    from compegpt.web import desk  # noqa: F401 (the first call need not wait)
    from compegpt.web.mcp import entries, results, sides  # noqa: F401

    parts = parts_of(options)
    warm_up()
    return parts, Session


def _machine(desk: Desk) -> Side:
    from compegpt.web.mcp.sides import Machine

    return Machine(desk)


def _own_input(given: BinaryIO) -> BinaryIO:
    """Standard input for this server alone: programs that it starts read nothing there."""
    if isinstance(given, io.BytesIO):  # it is closed
        return given
    given = os.fdopen(os.dup(given.fileno()), "rb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return given


async def _lines(given: BinaryIO) -> AsyncIterator[str]:
    """Lines as they come; waiting for one holds up nobody who wants to leave."""
    while line := await in_thread(given.readline):
        yield line.decode("utf-8", "replace")


class _Wire:
    """Standard output for messages; where nobody reads any more, they go nowhere."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out

    async def write(self, text: str) -> None:
        with contextlib.suppress(BrokenPipeError):
            await in_thread(self._out.write, text.encode())

    async def flush(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            await in_thread(self._out.flush)
