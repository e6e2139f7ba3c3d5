"""How the page looks: Gradio's theme with the fonts of the machine, and the style of our own parts."""

from __future__ import annotations

from typing import Any

import gradio as gr

from compegpt.web.shown.style import CSS as SHOWN

HEAD = ('<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">'
        '<script src="/page.js"></script>')
SCRIPT = """
let following = true, seen = "", top_ = 0, height = 0, due = false;
const pane = () => document.querySelector("#cgp-chat .panel-wrap");
function settle() {
  due = false;
  document.querySelectorAll("#cgp-box textarea:not([aria-label])").forEach(
    (box) => box.setAttribute("aria-label", "Your request"));
  const chat = pane();
  if (!chat) return;
  const asked = [...chat.querySelectorAll(".cgp-request")].map((one) => one.textContent).join("|");
  if (asked !== seen) { seen = asked; following = true; }
  if (following && asked) chat.scrollTop = chat.scrollHeight;
  top_ = chat.scrollTop; height = chat.scrollHeight;
}
function soon() { if (!due) { due = true; requestAnimationFrame(settle); } }
document.addEventListener("scroll", (event) => {
  const chat = event.target;
  if (chat !== pane()) return;
  if (chat.scrollTop + chat.clientHeight > chat.scrollHeight - 40) following = true;
  else if (chat.scrollTop < top_ && chat.scrollHeight >= height) following = false;
  top_ = chat.scrollTop; height = chat.scrollHeight;
}, {capture: true, passive: true});
document.addEventListener("click", (event) => {
  if (event.target.closest("#cgp-chat .panel-wrap")) following = false;
}, true);
document.addEventListener("load", soon, true);
new MutationObserver(soon).observe(document, {childList: true, subtree: true, characterData: true});
"""
"""What Gradio leaves out: its box has a name for who does not see it, and the chat shows its end: with each new
request, and while it grows unless the person has scrolled up or opens something in it."""
HEADER = ('<header class="cg cgp-header"><h1>CompeGPT</h1><p>Several models do it side by side, a judge picks the best '
          "result, and the answer says who won and why.</p>{leave}</header>")
_PAGE = """
.gradio-container { width: 100% !important; max-width: 1060px !important; margin: 0 auto !important;
  padding: 0 !important; }
.gradio-container > .main { padding: 6px 16px 8px !important; }
.cgp-header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 14px; padding: 8px 2px 0; }
.cgp-header h1 { font-size: 21px; font-weight: 700; margin: 0; letter-spacing: -.01em; color: var(--cg-ink); }
.cg.cgp-header p { font-size: 14px; color: var(--cg-soft); }
.cgp-header a { margin-left: auto; font-size: 14px; color: var(--cg-busy); }
#cgp-head { padding: 0; } #cgp-tabs { margin-top: -10px; }
.cgp-bar { gap: 8px !important; flex-wrap: nowrap; align-items: center !important; }
.cgp-bar button { white-space: nowrap; }
#cgp-tabs .column { gap: 10px; }
.gradio-container > .main { height: 100dvh; display: flex; flex-direction: column; overflow-y: auto; }
.gradio-container > .main > .wrap, .gradio-container .wrap > .contain, .gradio-container .contain > .column {
  flex: 1; min-height: 0; display: flex; flex-direction: column; flex-wrap: nowrap; }
#cgp-tabs { flex: 1 0 auto; display: flex; flex-direction: column; }
#cgp-tabs:has(#cgp-chat-tab:not([style*="none"])) { flex: 1; min-height: 0; }
#cgp-chat-tab:not([style*="none"]) { flex: 1; min-height: 0; display: flex !important; flex-direction: column; }
#cgp-chat-tab > .column { flex: 1; min-height: 0; flex-wrap: nowrap; }
#cgp-chat-tab > .column > * { flex: none; }
#cgp-chat-tab > .column > #cgp-chat { flex: 1 1 0; min-height: 240px !important; height: auto !important; }
.cgp-sure { border: 1px solid var(--border-color-primary); border-radius: 10px; padding: 8px 12px; flex-wrap: wrap; }
#cgp-conversations input { text-overflow: ellipsis; padding-right: 30px; }
#cgp-chat .duration { white-space: nowrap; }
#cgp-box [data-testid="block-info"] { position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; margin: 0; padding: 0; }
#cgp-chat .bot-row .message-content > .md { color: var(--body-text-color); opacity: 1; }
#cgp-status { min-height: 24px; padding: 0 4px; overflow: visible; }
#cgp-status .prose, #cgp-status p { margin: 0 !important; padding: 0 !important; min-height: 0; }
#cgp-status p { line-height: 24px; font-size: 14px; } .cg.cgp-note { color: var(--cg-soft); }
.cg.cgp-error, .cgp-error { color: var(--cg-bad); font-size: 15px; }
.cg.cgp-notice { font-size: 14px; color: var(--cg-soft); margin-bottom: 8px; }
.cgp-answer { white-space: pre-wrap; font-size: 16px; line-height: 1.55; }
#cgp-chat .cg a { color: var(--cg-busy); text-decoration: underline; padding: 0; margin: 0; }
.cgp-asked { white-space: pre-wrap; font-size: 16px; }
.cgp-request { display: flex; flex-direction: column; gap: 8px; }
#cgp-chat .placeholder { padding: 24px 12px 8px; text-align: center; }
#cgp-chat .message-row.panel { padding: 14px 20px; }
#cgp-chat .bot-row, #cgp-chat .bot-row .bot, #cgp-chat .bot-row .message { background: transparent; }
#cgp-chat button[aria-label="Clear"] { display: none; }
#cgp-chat .example { border: 1px solid var(--border-color-primary); border-radius: 10px; }
#cgp-box textarea:focus-visible { outline: none; }
#cgp-box:focus-within { outline: 2px solid #1c5db5; outline-offset: -2px; border-radius: 8px; }
.dark #cgp-box:focus-within { outline-color: #8ab9ff; }
button:focus-visible, a:focus-visible, [role="button"]:focus-visible {
  outline: 2px solid #1c5db5 !important; outline-offset: 2px; }
.dark button:focus-visible, .dark a:focus-visible, .dark [role="button"]:focus-visible {
  outline-color: #8ab9ff !important; }
.dark #cgp-tabs button[role="tab"].selected { color: #8ab9ff; }
@media (max-width: 560px) {
  .gradio-container > .main { padding: 2px 8px 4px !important; }
  .cgp-header p { display: none; }
  #cgp-chat .message-row.panel { padding: 10px; }
  .cgp-bar { flex-wrap: wrap; } #cgp-conversations { flex: 1 0 100% !important; }
  .cgp-bar button { flex: 1 1 0 !important; padding: 5px 8px; font-size: 14px; }
}
"""
_RIVALS = """
.cg.cgp-rivals { list-style: none; margin: 4px 0 0; padding: 0; display: grid; gap: 3px; }
.cgp-rivals li { display: flex; flex-wrap: wrap; align-items: baseline; gap: 2px 8px; margin: 0; font-size: 14px; }
.cgp-sign { flex: none; width: 16px; text-align: center; font-weight: 700; }
.cgp-name { font-weight: 600; }
.cgp-word, .cgp-seconds, .cgp-why { color: var(--cg-soft); font-size: 13px; }
.cgp-won .cgp-sign, .cgp-won .cgp-word { color: var(--cg-good); font-weight: 600; }
.cgp-failed .cgp-sign, .cgp-failed .cgp-word, .cgp-timeout .cgp-sign, .cgp-timeout .cgp-word { color: var(--cg-bad); }
.cgp-running .cgp-sign, .cgp-running .cgp-word { color: var(--cg-busy); }
"""
_MEDIA = """
.cgp-medium { margin: 8px 0 0; max-width: 100%; }
.cgp-medium img { display: block; max-width: 100%; max-height: 420px; border-radius: 10px; margin: 0;
  border: 1px solid var(--cg-line); background: var(--cg-raised); }
.cgp-medium audio { display: block; width: min(420px, 100%); }
.cgp-medium video { display: block; max-width: 100%; max-height: 420px; border-radius: 10px; }
.cgp-medium figcaption { font-size: 13px; color: var(--cg-soft); margin: 4px 0 0; }
.cgp-medium a:has(img) { display: inline-block; }
.cgp-small img { max-height: 120px; }
.cgp-competition { border: 1px solid var(--cg-line); border-radius: 10px; padding: 0 12px; margin-top: 8px;
  background: var(--cg-page); }
.cgp-competition > summary { padding: 9px 0; font-size: 14px; }
.cgp-competition[open] { padding-bottom: 14px; }
.cgp-label { font-weight: 600; margin-right: 6px; }
.cgp-brief { font-size: 14px; }
.cgp-own dl { display: grid; gap: 4px; font-size: 14px; }
.cgp-own dl > div { display: flex; gap: 8px; } .cgp-own dt { color: var(--cg-soft); }
"""
CSS = SHOWN + _PAGE + _RIVALS + _MEDIA


def theme() -> Any:
    """Nothing of it is fetched from elsewhere."""
    soft = gr.themes.Soft(primary_hue="blue", neutral_hue="slate", font=["system-ui", "sans-serif"],
                          font_mono=["ui-monospace", "monospace"])
    return soft.set(  # each at least 4.5:1 against what it stands on
        block_title_text_color="*primary_800", block_title_text_color_dark="*primary_100",
        block_info_text_color="*neutral_600", block_info_text_color_dark="*neutral_300",
        input_placeholder_color="*neutral_500", input_placeholder_color_dark="*neutral_300",
        body_text_color_subdued="*neutral_600", body_text_color_subdued_dark="*neutral_300",
        button_primary_background_fill="*primary_600", button_primary_background_fill_dark="*primary_600",
        color_accent="*primary_600", link_text_color="*primary_700",
        body_background_fill="*neutral_50", body_background_fill_dark="*neutral_950", block_border_width="1px",
        block_border_width_dark="1px", block_border_color="*neutral_300", block_border_color_dark="*neutral_700",
        block_shadow="none", button_secondary_border_color="*neutral_300", input_border_width="1px",
        input_border_color="*neutral_300", input_border_color_dark="*neutral_600",
        checkbox_border_color="*neutral_500", checkbox_border_color_dark="*neutral_300", checkbox_border_width="1px",
        checkbox_label_shadow="none", input_shadow="none")
