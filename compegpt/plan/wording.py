"""Arguments that stand in the wording of a clause: the question, the instruction, how many are wanted."""

from __future__ import annotations

import re

from compegpt.plan.clauses import bare

_WHERE = re.compile(r"\s*(?:\b(?P<where>in|from|on|at|of|inside|within|using|given|based on|according to|with|about|"
                    r"shown in|for)\s+)?"
                    r"(?P<the>(?:(?:the|this|that|my|attached|following|given)\s+)*)"
                    r"(?P<noun>(?:\b(?:image|picture|photo|file|document|receipt|invoice|text|article|scan|called|"
                    r"certificate|contract|form|bill|letter|ticket|menu|report|recording|screenshot|"
                    r"named|sign|notes?|page)\s+){0,2})"
                    r"(?P<token>⟦(?:image|text|audio|video|file|table)\d+⟧)(?P<comma>\s*[,:])?", re.IGNORECASE)
_PLAIN = {"image": "picture", "audio": "recording", "video": "video", "table": "table"}
_ASKING = re.compile(r"^(?:(?:please|can you|could you|tell me|let me know|answer(?: (?:me|the question|this question|"
                     r"this|the following|from|using|"
                     r"based on it))*|find out|say|i want to know|i'd like to know|i wonder|do you know|"
                     r"the question(?: is)?|question|explain)\b[\s,:]*)+", re.I)


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
