"""The tab of what a visitor sets for his own session: kept in the server's memory as long as his page is open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from compegpt.errors import CompeGPTError, ConfigurationError
from compegpt.settings import Secret, Settings
from compegpt.web.desk import Desk, Own
from compegpt.web.shown.text import told

SOURCES = [("engines of this server", "embedded"), ("models of the Hugging Face Hub", "hub"),
           ("chat models", "chat")]
LOCAL = ("models loaded here", "local")
MOST = 20
"""Experts per task."""
LONGEST = 500
"""Characters of a value."""
ABOUT = ("These settings are yours alone, and only while this page is open: a reload forgets them. Keys are used for "
         "your requests and are written nowhere. What you leave empty is as the server has it.")


@dataclass
class SettingsTab:
    """The controls; `build` makes them inside a page, `wire` connects them."""

    desk: Callable[[], Desk]
    own: gr.State
    local: bool
    """Whether only this machine's user reaches the server, so that addresses and models here are his to choose."""

    def build(self) -> None:
        gr.HTML(f'<p class="cg cg-note">{ABOUT}</p>', js_on_load=None)
        with gr.Row():
            with gr.Column(min_width=280):
                self.sources = gr.CheckboxGroup([*SOURCES, *([LOCAL] if self.local else [])], label="Who competes",
                                                info="None chosen: whoever the server has.")
                self.top_k = gr.Textbox(label="Experts per task", info=f"1 to {MOST}", placeholder="3", max_length=10)
                self.deadline = gr.Textbox(label="Seconds for a request", info="At most what the server allows",
                                           placeholder="180", max_length=10)
            with gr.Column(min_width=280):
                self.openai = _secret("OpenAI key", "sk-...")
                self.token = _secret("Hugging Face token", "hf_...")
                self.llm = gr.Textbox(label="Language model", placeholder="openai:gpt-5-mini", max_length=LONGEST,
                                      info="provider:model, or embedded for none")
                self.endpoint = gr.Textbox(label="Endpoint", placeholder="http://localhost:11434/v1",
                                           max_length=LONGEST, visible=self.local,
                                           info="Any server that speaks OpenAI's protocol")
        with gr.Row():
            self.save = gr.Button("Use these settings", variant="primary", elem_id="cgp-save")
            self.forget = gr.Button("Forget my keys", elem_id="cgp-forget")
        self.status = gr.HTML(_state(Own()), js_on_load=None, elem_id="cgp-own")

    def wire(self) -> None:
        given = [self.sources, self.top_k, self.deadline, self.openai, self.token, self.llm, self.endpoint]
        self.save.click(self.saved, [self.own, *given], [self.own, self.openai, self.token, self.status],
                        show_progress="hidden")
        self.forget.click(self.forgotten, [self.own], [self.own, self.openai, self.token, self.status],
                          show_progress="hidden")

    async def saved(self, own: Own, sources: Any, top_k: Any, deadline: Any, openai: Any, token: Any, llm: Any,
                    endpoint: Any) -> tuple[Any, Any, Any, str]:
        """Take the values over where they can be used together; a key that is left empty stays as it was."""
        try:
            allowed = {name for _, name in [*SOURCES, *([LOCAL] if self.local else [])]}
            chosen = [name for name in sources or [] if name in allowed]
            wanted = Own(_key("OpenAI key", openai) or own.openai_api_key,
                         _value("endpoint", endpoint) if self.local else None,
                         _key("Hugging Face token", token) or own.hf_token, _value("language model", llm),
                         ",".join(chosen) or None, _number("Experts per task", top_k, MOST, int),
                         _number("Seconds for a request", deadline, 3_600, float))
            if not self.local:
                check_own(wanted, self.desk().parts.settings)
            await self.desk().parts_of(wanted)
        except CompeGPTError as error:
            said = f'<p class="cg cgp-error" role="alert">Not used: {told(str(error))}</p>'
            return own, gr.skip(), gr.skip(), said + _state(own)
        return wanted, "", "", _state(wanted, "In use from your next request on.")

    def forgotten(self, own: Own) -> tuple[Own, str, str, str]:
        left = replace(own, openai_api_key=None, hf_token=None)
        return left, "", "", _state(left, "Your keys are forgotten.")


def check_own(own: Own, settings: Settings) -> None:
    """Raises ConfigurationError where a visitor chooses what the server's keys or memory would have to pay for."""
    provider = (own.llm or "embedded").partition(":")[0]
    paid = {"embedded": True, "openai": bool(own.openai_api_key), "huggingface": bool(own.hf_token)}
    if not paid.get(provider, False):
        raise ConfigurationError(f"The language model '{(own.llm or '')[:60]}' needs a key of your own here: "
                                 "openai:MODEL with an OpenAI key, or huggingface:MODEL with a Hugging Face token.")
    served = settings.experts.split(",")
    mine = {"hub": own.hf_token, "chat": own.openai_api_key or own.hf_token}
    for name in (own.experts or "").split(","):
        if name in mine and not mine[name] and name not in served and served != ["auto"]:
            raise ConfigurationError(f"The server does not pay for '{name}'; give a key of your own with it.")


def _secret(label: str, placeholder: str) -> gr.Textbox:
    return gr.Textbox(label=label, type="password", placeholder=placeholder, max_length=LONGEST,
                      html_attributes=gr.InputHTMLAttributes(autocomplete="off", spellcheck=False))


def _state(own: Own, first: str = "") -> str:
    """What is set, without the keys themselves."""
    items = [("OpenAI key", "set" if own.openai_api_key else "none of yours"),
             ("Hugging Face token", "set" if own.hf_token else "none of yours"),
             ("Language model", own.llm), ("Endpoint", own.openai_base_url), ("Who competes", own.experts),
             ("Experts per task", own.top_k), ("Seconds for a request", own.deadline)]
    rows = "".join(f"<div><dt>{name}</dt><dd>{told(str(value))}</dd></div>" for name, value in items
                   if value is not None)
    head = f"<strong>{told(first)}</strong>" if first else "In use:"
    return f'<div class="cg cgp-own" role="status"><p>{head}</p><dl>{rows}</dl></div>'


def _value(name: str, given: Any) -> str | None:
    """Raises ConfigurationError for what cannot be one."""
    text = given.strip() if isinstance(given, str) else ""
    if len(text) > LONGEST or not text.isprintable():
        raise ConfigurationError(f"The {name} must be one line of at most {LONGEST} characters.")
    return text or None


def _key(name: str, given: Any) -> Secret | None:
    """Raises ConfigurationError for what cannot be one, without repeating it."""
    text = given.strip() if isinstance(given, str) else ""
    if len(text) > LONGEST or not text.isascii() or not text.isprintable() or " " in text:
        raise ConfigurationError(f"The {name} must be one word of plain letters and digits; paste it once more.")
    return Secret(text) if text else None


def _number(name: str, given: Any, most: float, kind: type[int] | type[float]) -> Any:
    """Raises ConfigurationError beyond 1 to `most`."""
    text = str(given).strip() if given is not None else ""
    if not text:
        return None
    try:
        value = kind(text)
    except ValueError:
        value = kind(0)
    if not 1 <= value <= most:
        raise ConfigurationError(f"'{name}' must be a number from 1 to {most:,.0f}.")
    return value
