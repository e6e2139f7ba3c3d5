"""What is translated, spoken and put on films: the arguments that are languages."""

from __future__ import annotations

from typing import Any

from compegpt.plan import languages
from compegpt.plan.supplying import Supply


def translation(supply: Supply, place: int) -> list[dict[str, Any]]:
    clause = supply.words.clause(supply.found[place])
    found = languages.all_targets(clause) or languages.all_targets(supply.words.text)
    source = languages.source(clause)
    if source is not None and source in found and not languages.targets(clause):
        found = []
    if not found and (last := [code for code in languages.mentioned(clause) if code != source]):
        found = last[-1:]
    found = found or languages.coded(supply.words.text)
    texts = supply.apart(place, supply.inputs(place, "text"), "text")
    if said := [text for text in texts if _spoken_in(supply, text).get("language") in found]:
        for text in said:  # it is in that language already: to "say it in German" is to speak it
            supply.add("text-to-speech", {"text": text, **_spoken_in(supply, text)})
        texts = [text for text in texts if text not in said]
    pairs = list(zip(texts, found, strict=True)) if len(found) == len(texts) else [
        (text, code) for text in texts for code in found or ["en"]]
    return [{"text": text, "target": code, **({"source": source} if source and source != code else {})}
            for text, code in pairs]


def dubbed(supply: Supply, place: int) -> list[dict[str, Any]]:
    videos = supply.inputs(place, "video")
    if not videos:
        return []
    speech = [value for value in supply.inputs(place, "audio", needed=False) if value not in videos]
    speech = speech or [source.value for source in supply.sources if source.kind == "audio"]
    if not speech:
        text = _said(supply, place, videos[0])
        speech = [supply.add("text-to-speech", {"text": text, **_spoken_in(supply, text)})]
    return [{"video": video, "audio": speech[0]} for video in videos[:1]]


def _said(supply: Supply, place: int, video: str) -> str:
    """What is to be said on a film: a text that is there, else what is heard on it, in the language wanted."""
    texts = supply.inputs(place, "text", needed=False)
    text = texts[0] if texts else supply.add("automatic-speech-recognition", {"audio": video})
    wanted = languages.targets(supply.words.clause(supply.found[place]))
    translated = any(task["task"] == "translation" and text == f"<resource>-{task['id']}" for task in supply.tasks)
    return supply.add("translation", {"text": text, "target": wanted[0]}) if wanted and not translated else text


def tongue(supply: Supply, place: int, value: str) -> dict[str, str]:
    """The language in which a text is to be spoken: the one it was translated into, or that the clause names."""
    each = supply.found[place]
    if each.task != "text-to-speech":
        return {}
    said = languages.targets(supply.words.clause(each))
    return _spoken_in(supply, value) or ({"language": said[0]} if said else {})


def _spoken_in(supply: Supply, value: str) -> dict[str, str]:
    """The language of a text that was translated before."""
    if target := next((source.target for source in supply.sources if source.target and source.value == value), ""):
        return {"language": target}
    made = next((task for task in supply.tasks if value == f"<resource>-{task['id']}"), None)
    return {"language": made["args"]["target"]} if made is not None and made["task"] == "translation" else {}
