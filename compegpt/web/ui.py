"""The page: a Gradio chat and the application that serves it. Imported only to serve it: Gradio takes seconds."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read at import

import gradio as gr
from fastapi import FastAPI

from compegpt.errors import StorageError
from compegpt.session import Session
from compegpt.web.chat import Chat, Message
from compegpt.wiring import Parts

MAX_FILE_SIZE = "200mb"
KEPT = 86_400
"""Seconds that visitors' files are kept."""
EXAMPLES = ("Which language is this: 'Guten Morgen, wie geht es dir?'", "Read the attached picture aloud.",
            "Summarize the attached text in two sentences and list its keywords.")


def application(parts: Parts) -> FastAPI:
    """The whole web application; its session opens and closes with it, nothing of it asks the network."""
    folder = parts.settings.data_dir / "web"
    os.environ["GRADIO_TEMP_DIR"] = str(folder)  # uploads and copies; the only folder it serves files from
    _sweep(folder)
    chat = Chat(folder)

    @contextlib.asynccontextmanager
    async def opened(_: FastAPI) -> AsyncIterator[None]:
        async with Session(parts) as session:
            chat.session = session
            yield

    theme = gr.themes.Soft(font=["system-ui", "sans-serif"], font_mono=["monospace"])
    served: FastAPI = gr.mount_gradio_app(
        FastAPI(lifespan=opened), page(chat), path="/", max_file_size=MAX_FILE_SIZE, theme=theme, show_error=False,
        ssr_mode=False, footer_links=[])
    return served


def _sweep(folder: Path) -> None:
    """Remove what was shown or uploaded more than a day ago. Raises StorageError where nothing can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for old in folder.iterdir():
            if old.stat().st_mtime < time.time() - KEPT:
                shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise StorageError(f"The folder '{folder}' cannot be written ({error.strerror}); "
                           "set COMPEGPT_DATA_DIR to another folder.") from error


def page(chat: Chat) -> gr.Blocks:
    async def reply(message: dict[str, Any], history: list[Any], request: gr.Request) -> AsyncIterator[list[Message]]:
        async with contextlib.aclosing(chat.reply(message, history, request.session_hash)) as turn:
            async for messages in turn:
                yield messages

    return gr.ChatInterface(
        reply, multimodal=True, title="CompeGPT", fill_height=True, concurrency_limit=8, api_name="chat",
        description="Models compete to answer: ask, and attach the files you ask about.", delete_cache=(3600, KEPT),
        chatbot=gr.Chatbot(height="70vh", allow_tags=False, latex_delimiters=[], feedback_options=None,
                           show_label=False, buttons=["copy", "copy_all"], placeholder="<br>".join(EXAMPLES)),
        textbox=gr.MultimodalTextbox(file_count="multiple", placeholder="Ask, and attach files", show_label=False))
