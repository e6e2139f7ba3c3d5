"""The tab of the conversation: its controls, and what happens when they are used."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from compegpt.errors import CompeGPTError, NoExpert
from compegpt.record import failure
from compegpt.web.desk import EXAMPLES, Own
from compegpt.web.runs import Run
from compegpt.web.shown.text import told
from compegpt.web.ui.talk import Talk
from compegpt.web.ui.visitor import Visitor

REQUESTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Make a sharper, larger version of the picture and then read it aloud.", ("sign.png",)),
    ("Given the document, what is the total?", ("receipt.png",)),
    ("Summarize the text in two sentences and list its keywords.", ("article.txt",)),
    ("Write down what is said in the recording.", ("speech.wav",)),
    ("Read the code in the picture.", ("code.png",)),
    ("Which language is this: 'Guten Morgen, wie geht es dir?'", ()))
"""Requests with files of `examples/` that need no key and no network."""
READY = ""
Update = dict[Any, Any]


@dataclass
class ChatTab:
    """The controls; `build` makes them inside a page, `wire` connects them."""

    talk: Talk
    browser: gr.BrowserState
    own: gr.State

    def build(self) -> None:
        with gr.Row(elem_classes="cgp-bar", equal_height=True):
            self.picker = gr.Dropdown([], label="Conversation", interactive=True, scale=4, min_width=140,
                                      container=False, elem_id="cgp-conversations", filterable=False)
            self.new = gr.Button("New conversation", scale=0, min_width=160, size="md", elem_id="cgp-new")
            self.delete = gr.Button("Delete", scale=0, min_width=80, size="md", elem_id="cgp-delete")
        with gr.Row(visible=False, elem_classes="cgp-bar cgp-sure") as self.sure:
            gr.HTML('<p class="cg">Delete this conversation with all its files? It cannot be brought back.</p>',
                    js_on_load=None)
            self.yes = gr.Button("Delete it", variant="stop", scale=0, min_width=100, size="md", elem_id="cgp-yes")
            self.no = gr.Button("Keep it", scale=0, min_width=100, size="md")
        self.chat = gr.Chatbot(
            label="Conversation", show_label=False, allow_tags=False, latex_delimiters=[], feedback_options=None,
            buttons=["copy"], layout="panel", elem_id="cgp-chat", height=None, autoscroll=False,
            placeholder="### What should the models compete for?\nAsk something, attach a file, or try one of these.",
            examples=[{"text": text, "files": [str(EXAMPLES / name) for name in files]} for text, files in REQUESTS])
        shown: list[Any] = [file for example in self.chat.examples or [] for file in example.get("files", [])]
        self.chat.keep_in_cache.update(file["path"] for file in shown)  # else they go with the old uploads
        with gr.Row(visible=False, elem_classes="cgp-bar cgp-sure") as self.left:
            gr.HTML('<p class="cg">The last request was interrupted. What it had finished is kept.</p>',
                    js_on_load=None)
            self.finish = gr.Button("Finish it", variant="primary", scale=0, min_width=100, size="md",
                                    elem_id="cgp-finish")
        self.status = gr.HTML("", js_on_load=None, elem_id="cgp-status", container=False)
        self.box = gr.MultimodalTextbox(
            sources=["upload", "microphone"], file_count="multiple", label="Your request",
            placeholder="Ask, and attach files", elem_id="cgp-box", autofocus=True, max_lines=8,
            html_attributes=gr.InputHTMLAttributes(enterkeyhint="send"))

    def wire(self, page: gr.Blocks) -> None:
        out = [self.browser, self.chat, self.box, self.status, self.picker, self.sure, self.left]
        opening = page.load(self.opened, [self.browser], out, show_progress="hidden").then(
            self.joined, [self.browser], out, show_progress="hidden")
        asking = self.box.submit(self.asked, [self.box, self.browser, self.own], out, show_progress="hidden")
        trying = self.chat.example_select(self.tried, [self.browser, self.own], out, show_progress="hidden")
        finishing = self.finish.click(self.finished, [self.browser, self.own], out, show_progress="hidden")
        picking = self.picker.input(self.picked, [self.picker, self.browser], out, show_progress="hidden",
                                    cancels=[opening, asking, trying, finishing]).then(
            self.joined, [self.browser], out, show_progress="hidden")
        self.picker.input(None, None, None, cancels=[picking])  # the conversation that was followed before
        following: list[Any] = [opening, asking, trying, finishing, picking]
        self.new.click(self.renewed, [self.browser], out, show_progress="hidden", cancels=following)
        self.delete.click(lambda: gr.update(visible=True), None, [self.sure], show_progress="hidden")
        self.no.click(lambda: gr.update(visible=False), None, [self.sure], show_progress="hidden")
        self.yes.click(self.deleted, [self.browser], out, show_progress="hidden", cancels=following)
        self.box.stop(self.stopped, [self.browser], None, show_progress="hidden")

    async def opened(self, kept: Any, asker: gr.Request) -> Update:
        """Show the visitor's conversation."""
        return await self._opened(_visitor(kept, asker))

    async def joined(self, kept: Any, asker: gr.Request) -> AsyncGenerator[Update, None]:
        """Follow what still runs in the open conversation."""
        yield {self.chat: gr.skip()}  # what is yielded last is sent once more at the end
        async for update in self._joined(_visitor(kept, asker)):
            yield update

    async def asked(self, message: Any, kept: Any, own: Own, asker: gr.Request) -> AsyncGenerator[Update, None]:
        """Begin a run for what was typed and attached; where it is refused, say why and leave it in the box."""
        said = message if isinstance(message, dict) else {}
        async for update in self._answered(_visitor(kept, asker), own, str(said.get("text") or ""),
                                           said.get("files") or [], ()):
            yield update

    async def tried(self, kept: Any, own: Own, chosen: gr.SelectData,
                    asker: gr.Request) -> AsyncGenerator[Update, None]:
        """Run an example."""
        place = chosen.index[0] if isinstance(chosen.index, list) else chosen.index
        text, files = REQUESTS[place if isinstance(place, int) and 0 <= place < len(REQUESTS) else 0]
        async for update in self._answered(_visitor(kept, asker), own, text, [], files):
            yield update

    async def finished(self, kept: Any, own: Own, asker: gr.Request) -> AsyncGenerator[Update, None]:
        """Go on with what was interrupted; where that cannot be, say why."""
        visitor = _visitor(kept, asker)
        try:
            run = await self.talk.finish(visitor, own)
        except CompeGPTError as error:
            yield {self.status: wrong(error), self.left: gr.update(visible=False)}
            return
        yield {**self._of(visitor), **self._busy()}
        async for update in self._joined(visitor, run):
            yield update

    async def picked(self, thread: Any, kept: Any, asker: gr.Request) -> Update:
        """Open another conversation, with an empty box; the one that is open stays, with what is in its box."""
        visitor = _visitor(kept, asker)
        opened = await self._opened(visitor.at(thread))
        if visitor.at(thread) == visitor:
            return {one: opened[one] for one in (self.chat, self.box, self.status, self.left)}
        return {**opened, self.box: _emptied()}

    def renewed(self, kept: Any, asker: gr.Request) -> Update:
        return {**self._of(_visitor(kept, asker).fresh()), self.chat: [], self.box: _emptied()}

    async def deleted(self, kept: Any, asker: gr.Request) -> Update:
        visitor = _visitor(kept, asker)
        try:
            await self.talk.forget(visitor)
        except CompeGPTError as error:
            return {self.status: wrong(error), self.sure: gr.update(visible=False)}
        gone = note("The conversation is deleted.")
        return {**self._of(visitor.without()), self.chat: [], self.status: gone, self.box: _emptied()}

    async def stopped(self, kept: Any, asker: gr.Request) -> None:
        """Stop the run; who follows it says when it has ended."""
        await self.talk.stop(_visitor(kept, asker))

    async def _opened(self, visitor: Visitor) -> Update:
        left = await self.talk.interrupted(visitor) is not None
        return {**self._of(visitor), self.chat: await self.talk.messages(visitor), self.left: gr.update(visible=left)}

    async def _answered(self, visitor: Visitor, own: Own, text: str, paths: Any,
                        examples: tuple[str, ...]) -> AsyncGenerator[Update, None]:
        try:
            run = await self._begun(visitor, own, text, paths, examples)
        except CompeGPTError as error:
            yield {self.status: wrong(error)}
            return
        visitor = visitor.named(text)
        yield {**self._of(visitor), **self._busy(), self.box: gr.update(value=None, submit_btn=False, stop_btn=True)}
        async for update in self._joined(visitor, run):
            yield update

    async def _begun(self, visitor: Visitor, own: Own, text: str, paths: Any, examples: tuple[str, ...]) -> Run:
        request = await self.talk.request(visitor, text, paths if isinstance(paths, list) else [], examples)
        return await self.talk.begin(visitor, request, own)

    async def _joined(self, visitor: Visitor, run: Run | None = None) -> AsyncGenerator[Update, None]:
        """Follow a run to its end, or the one that goes on."""
        run = run or self.talk.active(visitor)
        if run is None:
            return
        yield self._busy()
        async with contextlib.aclosing(self.talk.followed(visitor, run)) as pictures:
            async for messages in pictures:
                yield {self.chat: messages}
        yield {self.box: gr.update(submit_btn=True, stop_btn=False), self.status: note(_ended(run))}

    def _of(self, visitor: Visitor) -> Update:
        """What shows whose page it is and which conversation is open."""
        known = any(thread == visitor.thread for thread, _ in visitor.titles)
        titles = [(title, thread) for thread, title in visitor.titles]
        choices = titles if known else [("New conversation", visitor.thread), *titles]
        return {self.browser: visitor.kept, self.picker: gr.update(choices=choices, value=visitor.thread),
                self.box: gr.update(submit_btn=True, stop_btn=False), self.status: READY,
                self.sure: gr.update(visible=False), self.left: gr.update(visible=False)}

    def _busy(self) -> Update:
        return {self.box: gr.update(submit_btn=False, stop_btn=True),
                self.status: note("Working on it ...")}


def _visitor(kept: Any, asker: gr.Request) -> Visitor:
    """Whom the browser says it is, with the key that the door let in."""
    return Visitor.of(kept, asker.state.owner)


def _emptied() -> Any:
    """The box without what was typed and attached, ready to send."""
    return gr.update(value=None, submit_btn=True, stop_btn=False)


def _ended(run: Run) -> str:
    """What is said when a run is over."""
    if run.stopped:
        return "Stopped; what was finished stays."
    if any(result["code"] == NoExpert.code for result in run.outcome.results):
        return "Nobody here can do all of it; with a key of yours (Settings) more models compete."
    return "Answered." if failure(run.outcome) is None else "It could not be done."


def note(text: str) -> str:
    return f'<p class="cg cgp-note" role="status">{told(text)}</p>'


def wrong(error: CompeGPTError) -> str:
    return f'<p class="cg cgp-error" role="alert">{told(str(error))}</p>'
