"""What a request names: files, addresses, quoted texts, texts after a colon, lists of labels.

Each is taken out of the request and a token stands in its place, such as ⟦image0⟧, so that the planner
splits and reads the instructions alone: nothing inside a file name or a quoted text is taken for an instruction.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from compegpt.plan import looking
from compegpt.plan.languages import CODES
from compegpt.plan.payloads import above, below, label_list, payload

EXTENSIONS: dict[str, str] = {
    **dict.fromkeys([
        "png", "jpg", "jpeg", "jpe", "jfif", "webp", "bmp", "gif", "tif", "tiff", "heic", "heif", "avif", "svg",
        "ppm", "pgm", "pdf",
    ], "image"),
    **dict.fromkeys(["wav", "mp3", "flac", "ogg", "oga", "opus", "m4a", "aac", "wma", "aif", "aiff", "amr"], "audio"),
    **dict.fromkeys(["mp4", "mov", "webm", "avi", "mkv", "m4v", "mpg", "mpeg", "wmv", "flv", "3gp"], "video"),
    **dict.fromkeys([
        "txt", "md", "rst", "text", "srt", "vtt", "html", "htm", "json", "xml", "log", "tex", "yaml", "yml", "doc",
        "docx", "odt", "rtf",
    ], "text"),
    **dict.fromkeys(["csv", "tsv", "xlsx", "xls"], "table"),
}
"""Kind by extension; `table` is also read as text."""

TOKEN = re.compile(r"⟦(image|audio|video|text|table|file|labels)(\d+)⟧")
_URL = r"(?:https?|ftp)://[^\s\"'<>⟦⟧“”]+"
_QUOTES = (('"', '"'), ("“", "”"), ("„", "“”"), ("«", "»"), ("‘", "’"), ("'", "'"), ("`", "`"))
_EXT = "|".join(sorted(EXTENSIONS, key=len, reverse=True))
_FILE = rf"(?<![\w\\/.\-])(?:[A-Za-z]:[\\/]|~)?[\w\\/.\-+%@#&()\[\]=~$!]{{0,250}}?(?:\.(?:{_EXT}))(?![\w/\\])(?!\.\w)"
_ANCHOR = re.compile(rf"(?P<url>{_URL})|(?P<fence>```)|(?P<quote>[\"“„«‘'`])|(?P<file>{_FILE})"
                     r"|(?P<path>(?<![\w/])(?:~|\.{1,2})?/[\w.\-]+(?:/[\w.\-]+)*)|(?P<colon>:(?=\s))|"
                     r"(?P<line>\n)", re.IGNORECASE)
_OPINIONS = {"positive", "negative", "neutral", "good", "bad", "mixed", "happy", "unhappy", "sad", "angry", "nice",
             "nasty", "friendly", "unfriendly", "kind", "rude"}
"""Labels that sentiment analysis gives by itself."""
_PATH_GOES_ON = re.compile(rf"(?: [\w()\-]+){{1,4}}?\.(?:{_EXT})\b", re.IGNORECASE)
_CLOSING = re.compile(r"(?<=\S)['’](?!\w)")
_MAX_MENTIONS, _MAX_COLONS = 200, 50


@dataclass(frozen=True)
class Mention:
    kind: str
    """image, audio, video, text, table, labels, or file where the kind cannot be told."""
    value: Any
    is_file: bool = False
    role: str = ""
    """What the words before it call it: question, context."""
    implicit: bool = False
    """An attachment that the text does not name."""
    said: str = ""
    """A list of labels as the user wrote it."""


@dataclass(frozen=True)
class Masked:
    text: str
    """The request with a token for each mention."""
    mentions: list[Mention] = field(default_factory=list)

    def added(self, start: int, end: int, mention: Mention) -> Masked:
        """With text[start:end] replaced by the token of a new mention."""
        token = f"⟦{mention.kind}{len(self.mentions)}⟧"
        return Masked(self.text[:start] + token + self.text[end:], [*self.mentions, mention])

    def of(self, text: str) -> list[Mention]:
        """The mentions whose tokens stand in `text`, in order."""
        return [self.mentions[int(number)] for _, number in TOKEN.findall(text)]

    def restored(self, text: str) -> str:
        """The words of the user again."""
        def original(token: re.Match[str]) -> str:
            mention = self.mentions[int(token[2])]
            if mention.kind == "labels":
                return mention.said or " or ".join(mention.value)
            return str(mention.value) if mention.is_file else f"'{mention.value}'"

        return TOKEN.sub(original, text)


def masked(text: str, files: Sequence[str]) -> Masked:
    """A request with tokens for files, addresses and texts; attachments are matched, or appended as implicit."""
    text = text.replace("⟦", "[").replace("⟧", "]")
    pieces: list[str] = []
    mentions: list[Mention] = []
    at = 0
    if length := above(text):
        pieces, mentions, at = ["⟦text0⟧\n"], [Mention("text", text[:length].strip())], length
    last_apostrophe = max((close.start() for close in _CLOSING.finditer(text)), default=0)
    colons = 0
    while len(mentions) < _MAX_MENTIONS and (anchor := _ANCHOR.search(text, at)):
        colons += anchor.lastgroup in ("colon", "line")
        hopeless = colons > _MAX_COLONS if anchor.lastgroup in ("colon", "line") else (
            anchor["quote"] in ("'", "‘") and anchor.end() >= last_apostrophe)
        start, end, mention = (*anchor.span(), None) if hopeless else _mention(text, anchor, at)
        if mention is None:
            pieces.append(text[at:end])
        else:
            closed = not mention.is_file and str(mention.value)[-1] in ".?!"
            ends = closed and re.match(r"\s+[A-Z]", text[end : end + 9])
            pieces += [text[at:start], f"⟦{mention.kind}{len(mentions)}⟧", "." if ends else ""]
            mentions.append(mention)
        at = end
    return _with_labels(_with_attachments(Masked("".join([*pieces, text[at:]]), mentions), files))


def kind_of(name: str) -> str:
    """Kind of a file by its extension, else by its first bytes where it can be read, else `file`."""
    path = urlsplit(name).path if "://" in name else name
    suffix = os.path.splitext(path)[1].lower().removeprefix(".")
    if suffix in EXTENSIONS:
        return EXTENSIONS[suffix]
    try:
        mime = looking.mime(name)
    except (OSError, ValueError, RuntimeError):
        return "file"
    family = mime.split("/")[0]
    return family if family in ("image", "audio", "video", "text") else "image" if mime == "application/pdf" else "file"


def _mention(text: str, anchor: re.Match[str], at: int) -> tuple[int, int, Mention | None]:
    """Start (from `at` on), end and mention of what an anchor opens; no mention where it opens nothing."""
    start, end = anchor.span()
    if anchor["colon"] or anchor["line"]:
        return _introduced(text, start, end, first_line=bool(anchor["line"]))
    if anchor["url"]:
        url = anchor["url"].rstrip(".,;:!?)]}’”")
        return start, start + len(url), Mention(kind_of(url), url, is_file=True)
    if anchor["fence"]:
        close = text.find("```", end)
        return (start, end, None) if close < 0 else (start, close + 3, Mention("text", text[end:close].strip()))
    if anchor["quote"]:
        return _quoted(text, start)
    name = anchor["file"] or anchor["path"]
    if anchor["path"] and (rest := _PATH_GOES_ON.match(text, end)):
        return start, rest.end(), Mention(kind_of(text[start : rest.end()]), text[start : rest.end()], is_file=True)
    if anchor["path"]:
        known = re.match(r"[\s,.;:!?]|$", text[end:]) and len(name) > 2 and looking.is_file(name)
        return start, end, Mention(kind_of(name), name, is_file=True) if known else None
    if name[0] in "([" and name.count("(") + name.count("[") > name.count(")") + name.count("]"):
        start, name = start + 1, name[1:]
    start = _with_blanks(text, start, end, at)
    return start, end, Mention(kind_of(name), text[start:end], is_file=True)


def _introduced(text: str, start: int, end: int, first_line: bool) -> tuple[int, int, Mention | None]:
    """The text that a colon, or the end of the first line, introduces."""
    lead, rest = text[:start][-400:], text[end:]
    if first_line and "\n" in text[:start].strip():
        return start, end, None
    found = below(lead, rest) if first_line else payload(lead, rest)
    if not found:
        return start, end, None
    at = text.index(found, end)
    role = re.search(r"\b(question|query|context|title)\W*$", lead, re.IGNORECASE)
    return end if first_line else at, at + len(found), Mention("text", found, role=role[1].lower() if role else "")


def _with_labels(found: Masked) -> Masked:
    for start, end, items in sorted(label_list(found.text), reverse=True):
        names = [found.of(item)[0].value if TOKEN.fullmatch(item) else item for item in items]
        said = {name.lower().split()[-1] for name in names}
        if "not" not in said and not said <= CODES.keys() and not said <= _OPINIONS:
            found = found.added(start, end, Mention("labels", names, said=found.restored(found.text[start:end])))
    return found


def _with_blanks(text: str, start: int, end: int, at: int) -> int:
    """Where a file name begins whose unquoted blanks cut it short: as far left as a file
    of that name exists, or as the word that begins a path."""
    if looking.exists(text[start:end]):
        return start
    left = start
    for _ in range(4):
        word = re.search(r"(\S+) $", text[max(0, left - 200) : left])
        if word is None or left - len(word[0]) < at:
            break
        left -= len(word[0])
        if looking.exists(text[left:end]) or re.match(r"(?:~|\.{0,2})/\w|[A-Za-z]:[\\/]\w", word[1]):
            return left
    return start


def _quoted(text: str, start: int) -> tuple[int, int, Mention | None]:
    opening = text[start]
    closers = dict(_QUOTES)[opening]
    before = text[start - 1] if start else " "
    if opening == "'" and (before.isalnum() or before in "'’"):
        return start, start + 1, None
    closing = (_CLOSING if opening in "'‘" else re.compile(f"[{closers}]")).search(text, start + 2)
    if closing is None or not text[start + 1 : closing.start()].strip():
        return start, start + 1, None
    return start, closing.end(), _named(text[start + 1 : closing.start()])


def _named(content: str) -> Mention:
    """A quoted file name is a file, any other quoted content a text."""
    name = content.strip()
    looks = len(name) < 260 and "\n" not in name and not re.search(r"[?!:;] |, ", name.removeprefix("https://"))
    suffix = os.path.splitext(name)[1].lower().removeprefix(".")
    if looks and re.match(_URL, name):
        return Mention(kind_of(name), name, is_file=True)
    if looks and (suffix in EXTENSIONS or (re.match(r"[~./]|[A-Za-z]:\\", name)
                                           and looking.is_file(name))):
        return Mention(kind_of(name), name, is_file=True)
    return Mention("text", name)


def _with_attachments(found: Masked, files: Sequence[str]) -> Masked:
    """Mentions that name an attachment get its path; the others are appended, marked implicit."""
    mentions, text, unnamed = list(found.mentions), found.text, []
    for file in files:
        base = unquote(os.path.basename(urlsplit(file).path if "://" in file else file))
        places = [at for at, mention in enumerate(mentions)
                  if mention.value == file or (mention.is_file and re.split(r"[\\/]", str(mention.value))[-1] == base)]
        named = re.search(rf"(?<!\w){re.escape(base)}(?!\w)", text) if len(base) > 2 and not places else None
        for at in places:
            mentions[at] = replace(mentions[at], value=file, is_file=True)
        if named:
            text = f"{text[:named.start()]}⟦{kind_of(file)}{len(mentions)}⟧{text[named.end():]}"
            mentions.append(Mention(kind_of(file), file, is_file=True))
        elif not places:
            unnamed.append(Mention(kind_of(file), file, is_file=True, implicit=True))
    return Masked(text, [*mentions, *unnamed])
