"""Arguments that stand in the wording of a clause: the question, the instruction, how many are wanted."""

from __future__ import annotations

import re

from compegpt.plan.clauses import bare

_END = r"[\s.?!,:;]*$"
_STYLE = (r"\b(?:in|into|to|like|as)\s+(?:(?:look\s+(?:like\s+)?|be\s+))?(?:the style of\s+)?(?P<text>(?:an?\s+|"
          r"the style of\s+)?[^.?!⟦]+?)(?:\s+(?:style|version|image|picture|filter))?" + _END,
          r"\b(?:make|create|give me|apply|produce|generate|draw)\s+(?:me )?(?P<text>an?\s+[^.?!⟦]+?)\s+(?:of|from|"
          r"out of|to|filter|version|on)\b",
          r"\b(?:make|turn|paint|render|colou?r|give)\s+(?:⟦image\d+⟧|it|the (?:image|picture|"
          r"photo))\s+(?:look\s+)?(?P<text>[^⟦]+?)" + _END)
_WHERE = re.compile(r"\s*(?:\b(?P<where>in|from|on|at|of|inside|within|using|given|based on|according to|with|about|"
                    r"shown in|for)\s+)?"
                    r"(?P<the>(?:(?:the|this|that|my|attached|following|given)\s+)*)"
                    r"(?P<noun>(?:\b(?:image|picture|photo|file|document|receipt|invoice|text|article|scan|called|"
                    r"certificate|contract|form|bill|letter|ticket|menu|report|recording|screenshot|"
                    r"named|sign|notes?|page)\s+){0,2})"
                    r"(?P<token>⟦(?:image|text|audio|video|file|table)\d+⟧)(?P<comma>\s*[,:])?", re.IGNORECASE)
_LAST_POINTER = re.compile(r"\s+(?:it|this|that|them|the (?:image|picture|photo)s?|version|copy)$", re.IGNORECASE)
_PLAIN = {"image": "picture", "audio": "recording", "video": "video", "table": "table"}
_ASKING = re.compile(r"^(?:(?:please|can you|could you|tell me|let me know|answer(?: (?:me|the question|this question|"
                     r"this|the following|from|using|"
                     r"based on it))*|find out|say|i want to know|i'd like to know|i wonder|do you know|"
                     r"the question(?: is)?|question|explain)\b[\s,:]*)+", re.I)


def style(clause: str) -> str:
    """What a picture is to be turned into ("a pencil sketch" gives "pencil sketch"); all of the clause where unsaid."""
    plain = _tidy(_WHERE.sub(" ", bare(clause)))
    if re.search(r"^(?:remov|reduc|suppress|clean|filter|get rid)\w*\b.*\bnoise\b", plain, re.IGNORECASE):
        return "denoise"
    for pattern, text in ((_STYLE[0], plain), (_STYLE[1], bare(clause)), (_STYLE[2], bare(clause))):
        found = re.search(pattern, text, re.IGNORECASE)
        if found and not re.match(r"(?:it|this|that|me|the (?:image|picture|photo))\b", found["text"], re.IGNORECASE):
            return re.sub(r"^(?:an?|the|the style of)\s+", "", found["text"].strip(), flags=re.IGNORECASE)
    return _LAST_POINTER.sub("", plain.rstrip(".!"))


def whole(text: str, begins: int, ends: int, task: str) -> str:
    """A type's own words in a masked request, with the file in their midst as a noun, and the mark of a question."""
    if task.endswith("answering") and (rest := _REST_OF_QUESTION.match(text, ends)):
        ends = rest.end()
    words = text[begins:ends].strip(" .,;:")
    file = _FILE_AFTER.match(text, ends)
    if task.endswith("answering"):
        noun = "document" if task.startswith("document") else ""
        if file is not None and (file["where"] or words.endswith(_DANGLING)):
            return question(text[begins : file.end()], noun)
        asks = "?" in text[ends - 1 : ends + 1] or (file is not None and "?" in text[ends : file.start("rest")])
        if "⟦" in words:
            return question(words.rstrip("?") + "?" * asks, noun)
        return words.rstrip("?") + "?" * asks
    if task == "image-editing" and file is not None and file["rest"].strip():
        return instruction(text[begins : file.end("rest")])
    return words


_REST_OF_QUESTION = re.compile(r"(?:\s+[\w'’]+){1,3}\s*\?")
"""A question goes on to its mark ("what is the total" "on this?")."""
_DANGLING = (" in", " on", " at", " of", " from", " to", " about", " according")
_FILE_AFTER = re.compile(r"\s*(?P<where>(?:in|on|at|of|from|about|according to|to|with)\s+)?"
                         r"(?:(?:the|my|this|that)\s+)?(?:\w+\s+)?⟦(?:image|text|audio|video|file|table)\d+⟧\??"
                         r"(?P<rest>[^.?!,;\n⟦]*)", re.IGNORECASE)


def styles(text: str) -> list[str]:
    """The styles of a list ("watercolour, a sketch and a cartoon"); the text itself where it is none."""
    parts = re.split(r"\s*(?:,\s*(?:and\s+)?|\band\s+)an?\s+", text)
    return parts if all(0 < len(part.split()) <= 3 for part in parts) else [text]


def asks(clause: str) -> bool:
    """Whether a clause is a question."""
    return _ASKS.match(bare(clause)) is not None


_ASKS = re.compile(r"(?:who|whom|whose|what|which|when|where|why|how)\b", re.IGNORECASE)


def instruction(clause: str) -> str:
    """A clause as an instruction: without the file it works on, which is an argument of its own."""
    return _tidy(_WHERE.sub(lambda found: "" if found["where"] else " it", bare(clause))).rstrip(".!")


def question(clause: str, noun: str = "") -> str:
    """The question of a clause without "tell me", and with a noun instead of the file it is asked about."""
    def without_file(found: re.Match[str]) -> str:
        if found["comma"]:
            return ""
        kind = re.match(r"⟦(\w+?)\d", found["token"])
        known = found["noun"].split()[:1] or [noun or _PLAIN.get(kind[1] if kind else "", "text")]
        return f" {found['where'] or ''} the {known[0]}"

    plain = _tidy(_ASKING.sub("", _tidy(_WHERE.sub(without_file, bare(clause)))))
    return plain.strip(",.:; ") or bare(clause)


def _tidy(text: str) -> str:
    return re.sub(r"\s+([?.!,])", r"\1", re.sub(r"\s{2,}", " ", text)).strip(" ,:;")


_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
            "ten": 10, "a": 1, "single": 1, "couple": 2, "a couple of": 2, "few": 3, "a few": 3}


_COUNTED = {"summarization": ("sentences", r"sentences?"),
            "keyword-extraction": ("count", r"(?:key[\s-]?(?:words?|phrases?|terms?)|tags)")}
"""The argument that says how many a task is to give, and the noun that is counted."""


def count(task: str, clause: str) -> dict[str, int]:
    """How many sentences a summary is to have, how many keywords are wanted; nothing where it is not said."""
    if task not in _COUNTED:
        return {}
    name, noun = _COUNTED[task]
    found = re.search(r"\b(\d{1,3}|" + "|".join(sorted(_NUMBERS, key=len, reverse=True))
                      + r")[\s-]+(?:(?:short|brief|single|simple|clear|or so|concise|most|important|main|best|top|"
                        rf"relevant)\s+)*{noun}\b", clause, re.IGNORECASE)
    if found is None:
        return {}
    return {name: int(found[1]) if found[1].isdigit() else _NUMBERS[found[1].lower()]}
