"""Texts that a request brings without quotes: after a colon, below or above the instruction; and lists of labels."""

from __future__ import annotations

import re

from compegpt.plan.clauses import opens_verb
from compegpt.plan.languages import NAME

_NOUN = (r"(?:text|sentences?|paragraph|passage|phrase|words?|message|reviews?|article|story|tweet|comment|e-?mail|"
         r"letter|"
         r"quote|question|query|context|prompt|description|instruction|abstract|news|feedback|post|poem|speech|line|"
         r"statement|note|headline|title|document|lyrics|caption)")
_ANNOUNCED = re.compile(rf"\b(?:{_NOUN}|following|this|these|below|is|says|said|reads|one|mine)\W*$", re.IGNORECASE)
_COMMAND = re.compile(r"\b(?:voice|transl|summar|condens|shorten|speak|say|read|pronounce|answer|draw|paint|write|"
                      r"rephras|paraphras|"
                      r"rewrit|proofread|correct|embed|keywords?|sentiment|language|entities|similar|compare|classif|"
                      r"tl;?dr|aloud|out loud|illustrate|edit|find|dub|positive|mean|about\b|instruction|generate|"
                      rf"reply|respond|simplif|detect|continue|(?:in|into|to) {NAME})", re.IGNORECASE)
_POINTED = re.compile(r"\b(?:this|these|following|below)\b", re.IGNORECASE)
_TASK_LIST = re.compile(r"\b(?:tasks?|things|steps|actions|jobs|operations|do|as follows|ways|order|files?|images?|"
                        r"pictures?|"
                        r"photos?|recordings?|help|please|tell me|let me know|hello|hi|need|want|like|first|second|"
                        r"then|"
                        r"finally|note|ps|nb|do (?:this|these|the following))\W*$", re.IGNORECASE)
_FIELD = re.compile(rf"(?:^|[.?!\n])\s*(?:(?:the|my|second|other|and|first)\s+)*(?:{_NOUN}|labels|options|"
                    rf"categories)\s*\d?\s*:"
                    r"(?=\s)", re.IGNORECASE)
_GOES_ON = re.compile(r"(?<=[.!?\n])\s*(?:(?:and|please|now)\s+)*(?:then|after that|afterwards|finally|next|also|"
                      r"now)\b,?\s*|\n\s*",
                      re.IGNORECASE)
_FILE_FIRST = re.compile(r"\W{0,3}[\w./\\~:-]+\.\w{2,4}\b(?!\.)", re.IGNORECASE)
_NAMES_FILE = re.compile(r"\w\.(?:png|jpe?g|gif|webp|bmp|tiff?|wav|mp3|m4a|flac|ogg|mp4|mov|txt|md|csv|"
                         r"pdf)\b", re.IGNORECASE)
_LABEL_LEAD = re.compile(r"\b(?:labels?|categories|classes|topics?|options|genres|one of(?: these| the following)?|"
                        r"choices|into|as|candidates)\W*$", re.IGNORECASE)


def payload(lead: str, rest: str) -> str | None:
    """The text that a colon after `lead` introduces, or None where it introduces instructions, a file or a quote."""
    lead = re.split(r"[.?!]\s|\n", lead)[-1]
    body = rest.lstrip()
    if not body or body[0] in "\"“„«‘'`" or _FILE_FIRST.match(body):
        return None
    announced = _ANNOUNCED.search(lead)
    if _TASK_LIST.search(lead) and not announced:
        return None
    if _LABEL_LEAD.search(lead) or not (announced or _COMMAND.search(lead) or (
            not _TASK_LIST.search(lead) and (_POINTED.search(lead) or opens_verb(lead)))):
        return None
    if (not announced and _NAMES_FILE.search(body[:300])) or (_CHOICE.search(lead) and _CHOICES.match(body[:_READ])):
        return None
    names_file = re.search(r"\.\w{2,4}\b", lead) is not None
    if opens_verb(body) and (names_file or (announced and not re.search(_NOUN, lead, re.IGNORECASE))):
        return None
    if names_file and body.endswith("?") and not re.search(r"\banswer|question", lead, re.IGNORECASE):
        return None
    if re.search(r"\bquestion\W*$", lead, re.IGNORECASE) and "?" in body:
        return body[: body.index("?") + 1]
    return _until_command(body)


def below(line: str, rest: str) -> str | None:
    """The text under an instruction that stands on the first line of a request."""
    body = rest.strip()
    if len(line) > 250 or not body or not _COMMAND.search(line) or re.search(r"\.\w{2,4}\b|[\"“«⟧]", line):
        return None
    if opens_verb(body) or _FILE_FIRST.match(body) or body[0] in "-*•\"“„«‘'`" or re.match(r"\d+[.)]", body):
        return None
    return _until_command(body)


def above(text: str) -> int:
    """Length of the text above an instruction that stands on the last line ("Summarize the text above"), else 0."""
    head, _, last = text.rstrip().rpartition("\n")
    asks = len(last) < 200 and ((_COMMAND.search(last) and opens_verb(last)) or (
        last.rstrip().endswith("?") and ("?" not in head or _COMMAND.search(last))))
    if not asks or len(head.strip()) < 60 or opens_verb(head) or re.search(r"\.\w{2,4}\b|[\"“«]|:\s", last):
        return 0
    return len(head)


def label_list(masked: str) -> list[tuple[int, int, list[str]]]:
    """Start, end and items of each list of labels in a masked request."""
    found: list[tuple[int, int, list[str]]] = []
    for pattern in _LABELS:
        for match in pattern.finditer(masked, 0, _READ):
            if all(match.end("list") <= start or match.start("list") >= end for start, end, _ in found):
                items = [_ARTICLE.sub("", item.strip(" .?!()[]\"'–-")) for item in _BETWEEN.split(match["list"])]
                items[-1] = _CALLED.sub("", items[-1])
                found.append((match.start("list"), match.end("list"), [item for item in items if item]))
    return [entry for entry in found if len(entry[2]) > 1]


def _until_command(body: str) -> str:
    """A payload up to the next labelled field, or up to a last instruction ("Then read it aloud.")."""
    field = _FIELD.search(body)
    if field and field.start() > 0:
        body = body[: field.start() + 1]
    for turn in list(_GOES_ON.finditer(body, max(0, len(body) - 250)))[:3]:
        if opens_verb(body[turn.end() :]) and _COMMAND.search(body, turn.end()):
            body = body[: turn.start()]
            break
    return body.rstrip()


_READ = 1500
"""Characters in which lists of labels are looked for."""
_ITEM = (r"(?:(?:an?|the|about|more|rather)\s+)*+(?:⟦text\d+⟧|(?!(?:and|or|is|it|then|tell|read|the|in|shows?|depicts?|"
        r"contains?|ha[sv]e?|talks?|sounds?|looks?|seems?|be|as|there)\b)[\w'/-]+(?: (?!(?:and|or|is|in|on|"
        r"then)\b)[\w'/-]+){0,2}?)")
_LIST = rf"(?P<list>{_ITEM}(?:\s*,\s*(?:or |and )?{_ITEM})*(?:\s*,?\s+(?:or|and|vs\.?|versus)\s+{_ITEM}))"
_COMMAS = rf"(?P<list>{_ITEM}(?:\s*,\s*{_ITEM})+(?:\s*,?\s+(?:or|and)\s+{_ITEM})?)"
_OR = rf"(?P<list>{_ITEM}(?:\s*,\s*{_ITEM})*\s*,?\s+or\s+{_ITEM})"
_CHOICE = re.compile(r"\b(?:which|what)\b.*\b(?:topics?|categor(?:y|ies)|labels?|class(?:es)?|options?|genres?|themes?|"
                     r"of (?:these|those|the following))\b", re.IGNORECASE)
_CHOICES = re.compile(rf"{_COMMAS}\W*$", re.IGNORECASE)
"""What is to be chosen from, not a text: "Which of these topics does it belong to: sports, politics?"."""
_END = r"(?=\s*[.?!:;,)\]]|\s*$|\s+(?:and|in|for|applies|fits|describes|best|the)\b)"
_END_OF = r"(?=\s+(?:is|does|do|are|fits?|describes?|applies|best|suits?|matches|would)\b)"
_NAMED = (r"\b(?:labels?|categories|classes|topics|options|genres|choices|candidates|one of(?: these| the following)?|"
         r"buckets|groups)")
_CALLED = re.compile(rf"(?<=\w) {_NOUN}$", re.IGNORECASE)
"""What follows the last label and belongs to all ("a positive or negative review")."""
_BETWEEN = re.compile(r"\s*,\s*(?:(?:and|or)\s+)?|\s+(?:and|or|vs\.?|versus)\s+")
_ARTICLE = re.compile(r"^(?:(?:an?|the|about|more|rather|either)\s+)+", re.IGNORECASE)
_LABELS = tuple(re.compile(pattern, re.IGNORECASE) for pattern in (
    rf"{_NAMED}(?: are| is)?\s*[:(\[–-]*\s*{_COMMAS}{_END}",
    rf"{_NAMED}(?: are| is)?\s*[:(\[–-]*\s*{_LIST}{_END}",
    rf"\b(?:classify|categori[sz]e|sort|label|tag|assign|file|put|route)\b[^.?!]{{0,200}}?\b(?:as|into|to|under|between|"
    rf"with)\s+(?:either\s+)?{_OR}{_END}",
    rf"\b(?:classify|categori[sz]e|sort|label|file)\b[^.?!]{{0,200}}?\b(?:as|into|under|"
    rf"between)\s+(?:either\s+)?{_COMMAS}{_END}",
    rf"\b(?:is|are|was|whether|if|does|decide|would|say)\b[^.?!,]{{0,200}}?(?:\b(?:about|regarding|on|of|either|as)|"
    rf"\b(?:it|this|that)|⟧|\b(?:text|"
    rf"sentence|review|article|email|message|comment|post|tweet|statement|phrase|document|paragraph|story|question|"
    rf"image|picture|photo|(?:show|depict|contain)s?)(?: is)?)\s+(?:about\s+|rather\s+|more\s+|either\s+)*{_OR}{_END}",
    rf"\bwhich (?:one )?of\s+{_LIST}{_END_OF}", rf"\bwhich\b[^.?!]{{0,200}}?[:–-]\s*{_COMMAS}{_END}",
    rf"\b(?:which|what|choose|pick|decide)\b[^.?!]{{0,200}}?(?:\b(?:between|among|from)|,|:|⟧)\s+{_OR}{_END}",
))
