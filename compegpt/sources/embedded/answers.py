"""From a passage to a short answer: what kind of thing a question asks for, and where it stands in the passage.

To add a kind: a row in ASKED (how questions ask for it) and one in FINDERS (how it looks in a text).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from compegpt.sources.embedded.words import stem, words

Span = tuple[int, int]

_FUNCTION_WORDS = """
a an the this that these those i you he she it we they me him her us them my your his its our their is are was were be
been being am do does did done has have had having will would can could shall should may might must of in on at by to
from for with about into as and or but not no there here than then so what which who whom whose when where why how
much many often kind type name called tell give say says please find text document according der die das ein eine ist
war sind was wer wann wo wie viel viele el la los las un una es son fue que qué quién cuándo dónde cuánto cuál le les
un une est sont quel quelle qui quand où combien de du des
"""
_FUNCTION = frozenset(_FUNCTION_WORDS.split())

_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_NUMBER_WORD = (rf"(?:{_TENS})?-?(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|{_TENS}|hundred|"
                r"thousand|(?:thir|four|fif|six|seven|eigh|nine)teen|dozen)")
_SCALE = r"(?:\s(?:hundred|thousand|million|billion|trillion|dozen))"
_NUMBER = rf"(?<![\w.,])(?:(?:\d{{1,3}}(?:[,. ]\d{{3}})+|\d+)(?:[.,]\d+)?{_SCALE}?|{_NUMBER_WORD}{_SCALE}*)(?!\w)"
_MONTH = (r"(?:Jan(?:uary|uar)?|Feb(?:ruary|ruar)?|Mar(?:ch)?|März|Apr(?:il)?|May|Mai|June?|Juni|July?|Juli|"
          r"Aug(?:ust)?|Sept?(?:ember)?|O[ck]t(?:ober)?|Nov(?:ember)?|De[cz](?:ember)?)\.?")
_YEAR = r"(?<![\d.,/-])(?:1[0-9]|20|21)\d\d(?![\d,/-]|\.\d)"
_DATE = (rf"\d{{4}}-\d{{2}}-\d{{2}}|\d{{1,2}}[./-]\d{{1,2}}[./-]\d{{2,4}}|"
         rf"{_MONTH}\s\d{{1,2}}(?!\d)(?:st|nd|rd|th)?(?:,?\s\d{{4}})?|"
         rf"\d{{1,2}}(?:st|nd|rd|th|\.)?\s(?:of\s)?{_MONTH}(?:,?\s\d{{4}})?|"
         rf"{_MONTH}\s\d{{4}}|{_YEAR}|\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?\b|"
         r"\b(?:to(?:day|morrow)|yesterday|the \d{1,2}(?:st|nd|rd|th) century)\b|"
         rf"(?:in|during)\s(?:early\s|late\s)?{_MONTH}(?!\w|\s\d)")
_TIME = (r"(?<![\d:.])\d{1,2}(?:[:.]\d{2}){1,2}(?:\s?[ap]\.?m\b\.?)?|\b\d{1,2}\s?[ap]\.?m\b\.?|"
         r"\b(?:noon|midnight)\b")
_MONEY = (r"(?:[€$£¥]|\b(?:US\$|EUR|USD|GBP|CHF)\b)\s?\d[\d.,]*(?<![.,])(?:\s(?:thousand|million|billion|trillion))?|"
          r"\d[\d.,]*(?<![.,])(?:\s(?:thousand|million|billion|trillion))?\s?"
          r"(?:€|£|¥|(?:EUR|USD|GBP|CHF|euros?|dollars?|pounds|cents?|francs?|yen)\b)")
_UNITS = (r"(?:(?:square |cubic )?(?:kilo|centi|milli)?met(?:er|re)s?|km²?|cm|mm|m²?|kg|g|mg|lbs?|ft|feet|foot|"
          r"inch(?:es)?|miles?|yards?|(?:kilo)?grams?|tons?|tonnes?|lit(?:er|re)s?|ml|l|pounds|ounces?|years?(?: old)?|"
          r"months?|weeks?|days?|hours?|minutes?|seconds?|degrees?(?: (?:Celsius|Fahrenheit))?|°C|°F|km/h|mph|percent|"
          r"%|watts?|kWh|GB|MB|times|cups?|spoons?)")
_QUANTITY = rf"{_NUMBER}(?:[\s-]|(?=[%°]))?{_UNITS}(?!\w)(?:\s(?:a|per)\s(?:day|week|month|year|hour))?"
_COLOURS = (r"\b(?:(?:dark|light) )?(?:red|green|blue|yellow|black|white|orange|purple|pink|brown|gr[ae]y|violet|"
            r"golden|silver)\b")
_MEASURES = r"(?:height|length|weight|width|depth|speed|temperature|age|distance|duration)"

ASKED: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"^(?!who|when|where|why|how).*e-?mail(?: address)?\W*$|e-?mail address", ("email",)),
    (r"\b(?:phone|telephone|fax|mobile)\b", ("phone",)),
    (r"\b(?:web ?site|url|web address|homepage)\b", ("url",)),
    (r"\b(?:what|which|at what) (?:time|hour)\b|\bwieviel uhr\b", ("time",)),
    (r"\b(?:what|which) year\b|\bwelche[sm] jahr\b", ("year",)),
    (r"\bwhen\b|\bwhat (?:is |was )?(?:the )?(?:\w+ )?date\b|\b(?:what|which) (?:day|month)\b|"
     r"\bwann\b|\bcu[aá]ndo\b|\bquand\b",
     ("date", "time")),
    (r"\bwhat percent\w*|\bhow many percent\b|\bpercentage\b", ("percent",)),
    (r"\bhow much\b|\b(?:what|which)\b.*\b(?:price|cost|fee|salary|amount|total|budget)\b|"
     r"\bwie ?viel\b|\bcu[aá]nto\b|\bcombien\b",
     ("money", "quantity", "number")),
    (r"\bhow many\b|\bwie ?viele\b|\bcu[aá]nt[oa]s\b|"
     r"\bcombien de\b|\bwhat (?:is|was) the number of\b|\bpopulation\b",
     ("number",)),
    (r"\bhow (?:long|far|tall|high|deep|wide|heavy|old|fast|big|large|hot|cold|often)\b|"
     rf"\bwhat (?:(?:is|was) the )?{_MEASURES}\b", ("quantity", "number")),
    (r"\bwhat colou?rs?\b", ("colour",)),
    (r"\bwho(?:m|se)?\b|\bwer\b|\bwen\b|\bqui[eé]n(?:es)?\b|^qui\b", ("name",)),
    (r"\bwhere\b|^wo\b|\bd[oó]nde\b|\boù\b|"
     r"\b(?:in|from) (?:what|which) (?:city|country|town|place|state)\b", ("place",)),
    (r"\bwhy\b|\bwarum\b|\bpor qué\b|\bpourquoi\b", ("reason",)),
    (r"\b(?:number|id|code)\W*$", ("code",)),
)
"""How a question asks, and the kinds that answer it, the best first."""


_WHAT_DID = re.compile(r"what (?:did|does|do|has|have|had|should|must|can|could|will|would)\b.* (\w+)\W*$")
_WHAT = re.compile(r"\b(?:what|which|was|welche\w*|cuál|qué|quel\w*)\b")
_COPULA = re.compile(r"\s(?:is|was|are|were|ist|war|sind|es|fue|est)\s(?:called |named |known as )?")
_ADVERBIAL = re.compile(r"(?:in|at|on|by|after|before|since|during|with|for|as|from|until)\b", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[.;!?](?:\s|$)|,\s(?:which|who|when|where|but|so)\b|\s(?:in|on|during|since)\s(?=\d{4})|"
                         r"\s(?:because|when|while|after|before)\s")


def asked_kinds(question: str) -> tuple[str, ...]:
    """The kinds of thing a question asks for, the best first; empty where any phrase may answer."""
    return next((kinds for pattern, kinds in ASKED if re.search(pattern, question.lower())), ())


def content_stems(question: str) -> list[str]:
    """Stems of the words of a question that a passage should hold."""
    return [stem(word) for word in words(question) if word not in _FUNCTION]


def candidates(kinds: tuple[str, ...], passage: str, question: str) -> tuple[int, list[Span]]:
    """Place of the first kind that the passage holds, and where; never a mere repetition of the question's words."""
    told = set(content_stems(question))
    for place, kind in enumerate(kinds):
        found = [(start, end) for start, end in FINDERS[kind](passage)
                 if not set(content_stems(passage[start:end])) <= told or not content_stems(passage[start:end])]
        if found:
            return place, found
    return len(kinds), []


def narrowed(question: str, passage: str, kinds: tuple[str, ...]) -> str | None:
    """The part of the passage that answers; None where it is not clear, so that the whole passage is the answer."""
    _, spans = candidates(kinds, passage, question)
    if spans:
        start, end = min(spans, key=_nearness(passage, question))
        return passage[start:end].strip(" ,;")
    if kinds == ("name",):
        return _subject(question, passage)
    return None if kinds else _other_side(question, passage) or _object(question, passage)


def lacks_verb(question: str, passage: str) -> bool:
    """Whether the question asks what somebody did ("what did X discover") and the passage has no such verb."""
    asked = _WHAT_DID.match(question.lower())
    return asked is not None and _find(asked[1], passage) is None


def _nearness(passage: str, question: str) -> Callable[[Span], float]:
    """How far a span is from the question's words; a number right before the noun that is counted comes first."""
    told = set(content_stems(question))
    counted = re.search(r"how many (\w+(?: \w+)?)", question.lower())
    noun = set(content_stems(counted[1])) if counted else set()
    places = [match.span() for match in re.finditer(r"[\w'’-]+", passage) if stem(match.group().lower()) in told]

    def distance(span: Span) -> float:
        after = {stem(word) for word in words(passage[span[1] : span[1] + 40])[:3]}
        gaps = sorted(abs(sum(place) - sum(span)) for place in places if not span[0] <= place[0] < span[1])[:2]
        return -1.0 if noun & after else sum(gaps) / len(gaps) if gaps else float(span[0])

    return distance


def _other_side(question: str, passage: str) -> str | None:
    """For "what is the capital of X": the side of is/was that does not repeat the question."""
    told = set(content_stems(question))
    match = _COPULA.search(passage)
    if match is None or not told or not _WHAT.search(question.lower()):
        return None
    sides = [passage[: match.start()], passage[match.end() :].rstrip(".!? ")]
    overlap = [len(told & set(content_stems(side))) / len(told) for side in sides]
    if abs(overlap[0] - overlap[1]) < 0.5 and min(overlap) > 0:
        return None
    pieces = re.split(r"[,;:]\s|\s(?:which|that|where|who|because)\s", sides[overlap.index(min(overlap))])
    answer = next((piece for piece in pieces if piece and not _ADVERBIAL.match(piece)), pieces[-1]).strip(" ,")
    return answer if 0 < len(answer.split()) <= 12 and content_stems(answer) else None


def _object(question: str, passage: str) -> str | None:
    """For "what did X discover": what follows the verb in the passage."""
    asked = _WHAT_DID.match(question.lower())
    verb = _find(asked[1], passage) if asked else None
    if verb is None:
        return None
    answer = _CLAUSE_END.split(passage[verb.end() :])[0].strip(" ,")
    return answer if 0 < len(answer.split()) <= 12 else None


def _subject(question: str, passage: str) -> str | None:
    """For "who chased the cat": what precedes the verb in the passage."""
    asked = re.match(r"who (?:has |had |will |is |was )?(\w+)", question.lower())
    verb = _find(asked[1], passage) if asked and asked[1] not in _FUNCTION else None
    answer = re.split(r"[,;:]\s", passage[: verb.start()].strip())[-1] if verb else ""
    return answer if 0 < len(answer.split()) <= 5 else None


def _find(word: str, passage: str) -> re.Match[str] | None:
    """The first word of the passage with the same stem."""
    wanted = stem(word)
    return next((match for match in re.finditer(r"[\w'’-]+", passage) if stem(match.group().lower()) == wanted), None)


def _matching(pattern: str) -> Callable[[str], list[Span]]:
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda text: [match.span() for match in compiled.finditer(text)]


_NAMED = re.compile(r"[^\W\d_a-zß-ÿ][\w'’-]*\.?(?:\s(?:(?:of|de|van|von|der|den|da|del|della|la|le|di|bin|al|ten)\s)*"
                    r"[^\W\d_a-zß-ÿ][\w’-]*)*")
_NOT_NAMES = re.compile(rf"(?:{_DATE}|{_MONTH}(?!\w|\s[A-Z])|(?:The|A|An|In|On|At|By|It|He|She|They|We|I|This|That|"
                        r"These|Those|His|Her|Its|Their|After|Before|When|While|But|And|If|As|For|From|To|With|There|Dear|Yes|No)\b)\s*")
_AND = re.compile(r"(?:,|,? and|,? und|,? y|,? et|,? &)\s")
_INTO = re.compile(r"\b(?:in|at|on|from|near|to|into|inside|around|im|en|à|a|(?:town|city|village|port) of)\s"
                   r"(?:the\s)?$", re.IGNORECASE)
_SPOT = re.compile(r"\b(?:in|at|on|near|inside|under|behind|beside|between|above|below|next to|in front of)\s"
                   r"(?:the|a|an|my|his|her|their|our)\s(?:\w+\s)?\w+(?=[\s.,;!?]|$)")


def _names(text: str) -> list[Span]:
    """Runs of capitalised words; several joined by "and" or commas are one."""
    found: list[Span] = []
    for match in _NAMED.finditer(text):
        start, end = match.span()
        while (skipped := _NOT_NAMES.match(text, start, end)) and skipped.end() > start:
            start = skipped.end()
        name = re.sub(r"['’]s$", "", text[start:end])
        name = name if re.search(r"\b[A-Z]\.$", name) else name.rstrip(".")
        if name and found and _AND.fullmatch(text, found[-1][1], start):
            found[-1] = (found[-1][0], start + len(name))
        elif name:
            found.append((start, start + len(name)))
    return found


def _places(text: str) -> list[Span]:
    """Names after a preposition of place, joined ("Lund, Sweden"), else phrases ("in the kitchen")."""
    found: list[Span] = []
    for start, end in _names(text):
        gap = text[found[-1][1] : start] if found else None
        if gap is not None and re.fullmatch(r",\s|\s?,?\s?(?:in|of|on|near)\s(?:the\s)?", gap):
            found[-1] = (found[-1][0], end)
        elif _INTO.search(text[max(0, start - 16) : start]):
            found.append((start, end))
    return found or [match.span() for match in _SPOT.finditer(text) if not re.search(_DATE, match.group())]


FINDERS: Mapping[str, Callable[[str], list[Span]]] = {
    "email": _matching(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    "phone": _matching(r"(?<![\w-])\+?\(?\d[\d\s()./-]{5,18}\d(?!\w)"),
    "url": _matching(r"(?:https?://|www\.)[^\s,;]+[\w/]|\b[\w-]+\.(?:com|org|net|io|eu|de)\b"),
    "time": _matching(_TIME), "year": _matching(_YEAR), "date": _matching(_DATE),
    "percent": _matching(r"\d[\d.,]*\s?(?:%|percent|per cent)"),
    "money": _matching(_MONEY), "number": _matching(_NUMBER), "quantity": _matching(_QUANTITY),
    "colour": _matching(_COLOURS), "name": _names, "place": _places, "code": _matching(r"#?\b[A-Z]{0,5}-?\d[\w-]*"),
    "reason": _matching(r"\b(?:because|since|due to|as a result of|in order to|so that|weil|porque|parce que)"
                        r"\b[^.!?;]+"),
}
"""How each kind looks in a text: spans in order."""
