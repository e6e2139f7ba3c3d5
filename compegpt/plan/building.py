"""How each task type gets its arguments from a clause: a table of builders, one for each shape of arguments."""

from __future__ import annotations

import re
from collections.abc import Callable

from compegpt.plan import languages, wording
from compegpt.plan.clauses import bare
from compegpt.plan.linking import Draft, Scene, spoken
from compegpt.plan.mentions import TOKEN, Mention
from compegpt.plan.ranking import INVENTS
from compegpt.plan.things import Thing
from compegpt.tasks import TASKS

_NESTED = (
    (r"summary|summaries", "summarization"), (r"transcript|transcripts|transcription", "automatic-speech-recognition"),
    (r"translation", "translation"), (r"description|caption", "image-to-text"),
    (r"poem|story|joke|haiku|limerick|essay", "text-generation"),
)
"""Nouns that ask for a task of their own inside the clause of another ("translate the summary of notes.txt")."""
_TEXT_ANSWERS = {"summarization", "image-to-text", "question-answering", "document-question-answering", "ocr",
                 "visual-question-answering"}
"""Tasks whose result is also wanted in another language where the clause says "in German"."""
_FINDS = re.compile(r"(?:show|find|detect|mark|highlight|extract|trace|locate)", re.IGNORECASE)
"""Who has edges found, and does not have a picture made of them, means the picture itself by "it" from then on."""
_NO_NESTING = INVENTS | {"question-answering", "table-question-answering"}


def link(draft: Draft, scene: Scene, task: str) -> bool:
    """Add a task, one for each thing it works on, and what it needs first; False where an input cannot be found."""
    draft.remember(scene)
    _nest(draft, scene, task)
    made = _BUILDERS.get(task, _single)(draft, scene, task)
    if task.endswith("-control") and _FINDS.match(bare(scene.clause)):
        draft.pool.set_aside(made)
    wanted = languages.targets(scene.clause)
    asked = task != "ocr" or re.search(r"\b(?:says?|means?|tell|writing)\b", scene.clause, re.IGNORECASE)
    if wanted and asked and task in _TEXT_ANSWERS:
        for thing in made:
            draft.add("translation", {"text": thing.value, "target": wanted[0]}, scene.number, thing.value)
    return bool(made)


def _nest(draft: Draft, scene: Scene, task: str) -> None:
    """Make the result that a clause speaks of and nobody has made yet."""
    if TASKS[task].needs.get("text") is None or "image" in TASKS[task].needs or task in _NO_NESTING:
        return
    for nouns, inner in _NESTED:
        asked = re.search(rf"\b(?:the|its|a|an|this|spoken|"
                          rf"audio)\s+(?:\w+\s+){{0,2}}?(?:{nouns})\b(?!:)", scene.clause, re.IGNORECASE)
        if not asked or inner == task or draft.pool.made_by(inner) or not _can_nest(draft, scene, inner):
            continue
        if made := _BUILDERS.get(inner, _single)(draft, scene, inner):
            scene.referred, scene.named = made, []
            return


def _can_nest(draft: Draft, scene: Scene, inner: str) -> bool:
    """Whether a noun asks for a task of its own, and is not what the user calls the text given ("the poem 'Roses'")."""
    if inner == "text-generation":
        return not any(thing.kind == "text" for thing in scene.named)
    if inner == "translation":
        return bool(languages.targets(scene.clause))
    return inner != "image-to-text" or any(thing.kind == "image" for thing in scene.named or draft.pool.things)


def _single(draft: Draft, scene: Scene, task: str) -> list[Thing]:
    name, kind = next(iter(TASKS[task].needs.items()))
    more = wording.count(task, scene.clause)
    return [draft.add(task, {name: thing.value, **more}, scene.number, thing.value)
            for thing in draft.inputs(scene, kind, task)]


def _translation(draft: Draft, scene: Scene, task: str) -> list[Thing]:
    texts = draft.inputs(scene, "text", task)
    found = languages.all_targets(scene.clause)
    if not found and (last := languages.mentioned(scene.clause)):
        found = last[-1:]
    source = languages.source(scene.clause)
    pairs = list(zip(texts, found, strict=True)) if len(found) == len(texts) else [
        (text, code) for text in texts for code in found or ["en"]]
    made = []
    for text, code in pairs:
        more = {"source": source} if source and source != code else {}
        made.append(draft.add(task, {"text": text.value, "target": code, **more}, scene.number, text.value))
    return made


def _speech(draft: Draft, scene: Scene, task: str) -> list[Thing]:
    texts = draft.inputs(scene, "text", task)
    wanted = (languages.targets(scene.clause) or [""])[0]
    quoted = any(mention.kind == "text" and not mention.is_file for mention in scene.mentions)
    only_speak = quoted and re.search(r"\b(?:read|pronounce|recite)", scene.clause, re.IGNORECASE)
    made = []
    for text in texts:
        if wanted and text.target != wanted and not only_speak:
            text = draft.add("translation", {"text": text.value, "target": wanted}, scene.number, text.value)
        made.append(draft.add(task, spoken(text) | ({"language": wanted} if wanted else {}), scene.number, text.value))
    return made


_POINTS_BACK = re.compile(r"\b(?:it|this|that|them|the (?:text|result|story|words))\b|\bbased on\b|^\W*\w+\W*$")


def _invention(draft: Draft, scene: Scene, task: str) -> list[Thing]:
    """Tasks that take their own instruction: what to draw, what to write."""
    quoted = [mention.value for mention in scene.mentions if mention.kind == "text" and not mention.is_file]
    pointed = draft.pool.nearest(("text",)) if _POINTS_BACK.search(bare(scene.clause)) else []
    about = [thing for thing in scene.named if thing.kind == "text" and thing.value not in quoted]
    inline = wording.inline(scene.clause, task)
    if task in ("text-generation", "conversational"):
        text = draft.request.restored(bare(scene.clause)).strip(" .,;")
        if quoted and re.search(r"\b(?:continue|finish|complete|reply|respond|chat|conversation|"
                                r"following)\b", scene.clause, re.I):
            text = quoted[0]
        elif sources := scene.referred or about or pointed:
            text = f"{wording.instruction(scene.clause)}: {sources[-1].value}"
    elif sources := scene.referred or about:
        text = sources[-1].value
    elif quoted and (not inline or len(scene.mentions) == 1):
        text = quoted[0]
    else:
        text = inline or (pointed[-1].value if pointed else draft.request.restored(bare(scene.clause)).strip(" .,;?!"))
    return [draft.add(task, {"text": text}, scene.number)]


def _labelled(draft: Draft, scene: Scene, task: str) -> list[Thing]:
    mentions = [*scene.mentions, *draft.request.mentions]
    labels = next((mention.value for mention in mentions if mention.kind == "labels"), None)
    scene.named = [thing for thing in scene.named if not labels or thing.value not in labels]
    name, kind = next(iter(TASKS[task].needs.items()))
    return [draft.add(task, {name: thing.value, "labels": labels}, scene.number, thing.value)
            for thing in (draft.inputs(scene, kind, task) if labels else [])]


def _similarity(draft: Draft, scene: Scene, task: str) -> list[Thing]:
    texts = [text for thing in [*scene.referred, *scene.named]
             if (text := thing if thing.kind in ("text", "table") else draft.converted(thing, "text", scene))]
    texts = texts or draft.inputs(scene, "text", task)
    if len(texts) < 2:
        before = [thing for thing in draft.pool.things
                  if thing.kind == "text" and not thing.analytic and thing not in texts]
        texts = ([before[-1]] if before else []) + texts
    if len(texts) < 2:
        texts += [thing for mention in draft.request.mentions if mention.kind == "text"
                  if (thing := Thing("text", mention.value)).value not in [text.value for text in texts]]
    return [draft.add(task, {"text": texts[0].value, "other": other.value}, scene.number, texts[0].value)
            for other in texts[1:]]


def _asked(draft: Draft, scene: Scene, noun: str = "") -> str:
    """The question of a clause: quoted or after a colon, else its own words."""
    if scene.asked:
        draft.questions = [question for question in draft.questions if question != scene.asked]
        return scene.asked
    texts = [mention for mention in scene.mentions if mention.kind == "text" and not mention.is_file]
    asks = re.search(r"\bquestion|\banswer", scene.clause, re.IGNORECASE)
    if asks and len(texts) == 1 and texts[0].role != "context":
        scene.named = [thing for thing in scene.named if thing.value != texts[0].value]
        return str(texts[0].value)
    return draft.request.restored(wording.question(scene.clause, noun))


def _question(draft: Draft, scene: Scene, task: str) -> list[Thing]:
    titles = {mention.value for mention in scene.mentions if _is_title(mention)}
    scene.named = [thing for thing in scene.named if thing.value not in titles]
    for token in TOKEN.finditer(scene.clause):
        if _is_title(draft.request.of(token[0])[0]):
            scene.clause = scene.clause.replace(token[0], draft.request.restored(token[0]))
    question, name = _asked(draft, scene), "table" if task == "table-question-answering" else "context"
    scene.clause = "" if not scene.named else scene.clause
    contexts = draft.inputs(scene, "table" if name == "table" else "text", task)
    contexts = [thing for thing in contexts if thing.value != question] or draft.ahead(("text",))
    return [draft.add(task, {"question": question, name: thing.value}, scene.number, thing.value)
            for thing in contexts if thing.value != question and thing.value not in titles]


def _is_title(mention: Mention) -> bool:
    """Whether a quoted text is only a name ("Who wrote 'Hamlet'?"), in which no answer can be found."""
    return (mention.kind == "text" and not mention.is_file and mention.role != "context"
            and len(str(mention.value).split()) <= 3)


def _about_image(draft: Draft, scene: Scene, task: str) -> list[Thing]:
    if task in ("visual-question-answering", "document-question-answering"):
        text = _asked(draft, scene, "document" if task == "document-question-answering" else "picture")
    else:
        quoted = [mention.value for mention in scene.mentions if mention.kind == "text" and not mention.is_file]
        results = [thing.value for thing in scene.referred if thing.kind == "text"]
        style = wording.style if task == "image-to-image" else wording.instruction
        text = (quoted or results or [draft.request.restored(style(scene.clause))])[0]
    texts = wording.styles(text) if task == "image-to-image" else [text]
    return [draft.add(task, {**({"text": told} if told else {}), "image": image.value}, scene.number, image.value)
            for image in draft.inputs(scene, "image", task) for told in texts]


def _dub(draft: Draft, scene: Scene, task: str) -> list[Thing]:
    videos = [thing for thing in [*scene.named, *scene.referred] if thing.kind == "video"]
    videos = videos or draft.pool.nearest(("video",)) or draft.ahead(("video",))
    speech = [thing for thing in [*scene.referred, *scene.named] if thing.kind == "audio"]
    texts = [thing for thing in [*scene.referred, *scene.named] if thing.kind == "text"]
    wanted = languages.targets(scene.clause)
    near = draft.pool.nearest(("text",)) if not re.search(r"\b(?:in|into) \w+\W*$", scene.clause) or not wanted else []
    if not speech and not texts:
        speech = draft.pool.nearest(("audio",))
    if not speech and videos:
        text = (texts or near or [_heard(draft, scene, videos[0])])[0]
        if wanted and text.target != wanted[0]:
            text = draft.add("translation", {"text": text.value, "target": wanted[0]}, scene.number, text.value)
        speech = [draft.add("text-to-speech", spoken(text), scene.number, text.value)]
    return [draft.add(task, {"video": video.value, "audio": speech[0].value}, scene.number, video.value)
            for video in videos]


def _heard(draft: Draft, scene: Scene, video: Thing) -> Thing:
    return draft.add("automatic-speech-recognition", {"audio": video.value}, scene.number, video.value)


def _along(draft: Draft, scene: Scene, task: str) -> list[Thing]:
    """Drawing along a control picture, which is made first from a photo."""
    control = task.removesuffix("-text-to-image") + "-control"
    text = wording.inline(scene.clause, "text-to-image") or draft.request.restored(wording.instruction(scene.clause))
    made = []
    for image in draft.inputs(scene, "image", task):
        picture = image
        if image.task != control:
            picture = draft.add(control, {"image": image.value}, scene.number, image.value)
        made.append(draft.add(task, {"text": text, "image": picture.value}, scene.number, image.value))
    return made


Builder = Callable[[Draft, Scene, str], list[Thing]]
_BUILDERS: dict[str, Builder] = {
    "translation": _translation, "text-to-speech": _speech, "sentence-similarity": _similarity, "video-dubbing": _dub,
    **dict.fromkeys(("question-answering", "table-question-answering"), _question),
    **dict.fromkeys(INVENTS, _invention),
    **{name: _labelled for name, row in TASKS.items() if "labels" in row.needs},
    **dict.fromkeys(("visual-question-answering", "document-question-answering"), _about_image),
    **dict.fromkeys(("image-editing", "image-to-image"), _about_image),
    **{name: _along for name in TASKS if name.endswith("-text-to-image")},
}
