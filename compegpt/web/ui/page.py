"""The page: a Gradio application over the server's desk. Imported only to serve it: Gradio takes seconds."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read at import

import gradio as gr
from fastapi import FastAPI
from starlette.routing import Match, Mount
from starlette.types import Scope

from compegpt.doctor import examined
from compegpt.errors import CompeGPTError, StorageError
from compegpt.listing import rows as experts
from compegpt.settings import Settings
from compegpt.standings import rows as standings
from compegpt.threads import in_thread
from compegpt.web.access import API, Keys
from compegpt.web.desk import Desk, Own
from compegpt.web.files import MAX_UPLOAD
from compegpt.web.shown import experts as expert_list
from compegpt.web.shown import league
from compegpt.web.ui import routes as ui_routes
from compegpt.web.ui.chat import ChatTab, wrong
from compegpt.web.ui.settings import SettingsTab
from compegpt.web.ui.style import CSS, HEAD, HEADER, theme
from compegpt.web.ui.talk import Talk

SWEEP, KEPT = 3_600, 86_400
"""Seconds between two looks for old uploads, and that these are kept; what a request used lies in its thread."""


def mount(app: FastAPI) -> None:
    """Put the page at `/` of a server, behind its other routes. Raises StorageError."""
    async def mounting() -> None:
        _mount(app)

    try:
        asyncio.get_running_loop()
    except RuntimeError:  # Gradio then makes loops of its own and leaves them open
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            runner.run(mounting())
    else:
        _mount(app)


def _mount(app: FastAPI) -> None:
    settings: Settings = app.state.parts.settings
    uploads = settings.data_dir / "uploads"
    _make(uploads)
    os.environ["GRADIO_TEMP_DIR"] = str(uploads)
    app.state.tries = ui_routes.limiter()
    app.include_router(ui_routes.routes)
    app.add_middleware(ui_routes.Policy)
    gr.mount_gradio_app(
        app, page(lambda: app.state.desk, uploads, app.state.local, bool(Keys(settings.api_keys))), path="/",
        max_file_size=MAX_UPLOAD, show_error=False, ssr_mode=False, run_history=False, footer_links=[],
        theme=theme(), css=CSS, head=HEAD, enable_monitoring=False, mcp_server=False, pwa=False)
    mounted = app.router.routes.pop()
    assert isinstance(mounted, Mount)
    app.router.routes.append(_Behind(mounted.path, mounted.app))
    inner: Any = mounted.app
    app.state.pages_end = inner.stop_event  # until it is set an open page holds a connection


class _Behind(Mount):
    """The page's mount, which takes no path of the other routes: a wrong method there is theirs to refuse."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope.get("path", "").startswith(API):
            return Match.NONE, {}
        return super().matches(scope)


def page(desk: Callable[[], Desk], uploads: Path, local: bool, locked: bool) -> gr.Blocks:
    """The page. `local`: for this machine's user alone; `locked`: who comes in has logged in."""
    made: gr.Blocks = gr.Blocks(title="CompeGPT", analytics_enabled=False, delete_cache=(SWEEP, KEPT))
    with made:
        gr.HTML(HEADER.format(leave='<a href="/logout">Log out</a>' if locked else ""), js_on_load=None,
                elem_id="cgp-head")
        browser = gr.BrowserState({}, storage_key="compegpt", secret="compegpt")
        own = gr.State(Own())
        chat = ChatTab(Talk(desk, uploads), browser, own)
        options = SettingsTab(desk, own, local)
        with gr.Tabs(elem_id="cgp-tabs"):
            with gr.Tab("Chat", id="chat", elem_id="cgp-chat-tab"):
                chat.build()
            with gr.Tab("League", id="league") as league_tab:
                table = gr.HTML("", js_on_load=None, elem_id="cgp-league")
            with gr.Tab("Experts", id="experts") as experts_tab:
                listed = gr.HTML("", js_on_load=None, elem_id="cgp-experts")
            with gr.Tab("Settings", id="settings"):
                options.build()
        chat.wire(made)
        options.wire()

        async def ranked() -> str:
            return await in_thread(_league, desk().parts.settings)

        async def present() -> str:
            return await in_thread(_experts, desk().parts.settings)

        league_tab.select(ranked, None, [table], show_progress="hidden")
        experts_tab.select(present, None, [listed], show_progress="hidden")
        _private(made)
    made.queue(default_concurrency_limit=None, api_open=False)
    return made


def _league(settings: Settings) -> str:
    try:
        return league.shown(standings(settings, None))
    except CompeGPTError as error:
        return wrong(error)


def _experts(settings: Settings) -> str:
    return expert_list.shown(experts(None), expert_list.missing_of(examined(settings)))


def _private(made: gr.Blocks) -> None:
    """Nothing of the page is an API of its own."""
    for function in made.fns.values():
        function.api_visibility = "private"


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StorageError(f"The folder '{folder}' cannot be written ({error.strerror}); "
                           "set COMPEGPT_DATA_DIR to another folder.") from error
