"""Which of the models that stand under one pipeline tag do what a task type promises.

The most downloaded classifier of pictures tells nudity, the most downloaded detector of objects finds tables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from compegpt.sources.hub.model import Model

Fit = Literal["yes", "unsure", "no"]


@dataclass(frozen=True)
class Domain:
    """What a model must be made for."""

    what: str
    """As in "not made for ..."."""
    wanted: str = ""
    """Pattern that its name or one of its tags holds."""
    unwanted: str = "(?!)"
    """Pattern that its name does not hold."""
    strict: bool = False
    """Whether one that says nothing of it is out; else it comes after those that do."""

    def holds(self, model: Model) -> bool:
        """Whether its name or tags say that it is made for this."""
        return self.fit(model) == "yes"

    def fit(self, model: Model) -> Fit:
        name = model.id.rpartition("/")[2].lower()
        told = " ".join([name, *model.tags]).lower()
        if re.search(self.unwanted, name):
            return "no"
        return "yes" if re.search(self.wanted, told) else "no" if self.strict else "unsure"


_RESTORERS = r"upscal|super-?res|swin2sr|esrgan|aurasr"
_NO_PAINTERS = rf"{_RESTORERS}|controlnet|rmbg|background"
_NO_LOOKERS = (r"nsfw|safety|(?:^|[-_])age|gender|emotion|expression|fake|ai[-_]?image|detector|quality|aesthetic"
               r"|watermark|orientation")
_CONTROLS = {"openpose": "pose", "seg": r"(?:^|[-_ ])seg", "hed": "hed|softedge", "normal": "normal", "depth": "depth",
             "canny": "canny", "mlsd": "mlsd", "scribble": "scribble"}

DOMAINS: dict[str, Domain] = {
    "text-classification": Domain("sentiment", r"sentiment|sst-?2|finbert|polarity|imdb|stars?\b",
                                  r"emotion|toxic|hate|rerank|aspect|absa|lang(?:uage)?[-_](?:det|id)"),
    "language-identification": Domain("telling languages", r"lang(?:uage)?[-_ ]?(?:detect|ident|id\b)|lid\b",
                                      r"sentiment|sst-?2|emotion|toxic|hate|rerank|finbert|spam|topic|nsfw"),
    "token-classification": Domain(
        "finding names", unwanted=r"keyphrase|keyword|punct|(?:^|[-_])pos(?:$|[-_])|chunk|truecas"),
    "keyword-extraction": Domain("finding keywords", "key-?(?:phrase|word)", r"(?:^|[-_])ner(?:$|[-_])|punct|chunk"),
    "fill-mask": Domain("words", unwanted=r"esm\d|prot(?!o)|chem|smiles|dna|nucleotide|molec"),
    "image-classification": Domain("telling what a picture shows", unwanted=_NO_LOOKERS),
    "object-detection": Domain("finding things of all kinds",
                               unwanted=r"table|layout|face|doc(?:ument|lay)|plate|fashion|code|signature"),
    "face-detection": Domain("finding faces", "face", strict=True),
    "image-segmentation": Domain("whole pictures",
                                 unwanted=r"face|clothes|rmbg|background|birefnet|matting|lung|tumou?r"),
    "image-to-text": Domain("describing pictures", unwanted=r"ocr|pix2struct|formula|latex|math"),
    "ocr": Domain("reading text in pictures", "ocr", r"rerank|embed|caption|blip|vit-gpt2|(?:^|[-_])git[-_]|table"),
    "image-to-image": Domain("restyling pictures", unwanted=_NO_PAINTERS),
    "image-editing": Domain("editing as told", unwanted=_NO_PAINTERS),
    "image-upscaling": Domain("enlarging pictures", rf"{_RESTORERS}|[-_]x[248](?:[-_]|$)", strict=True),
    "automatic-speech-recognition": Domain("writing down speech",
                                           unwanted=r"diariz|segmentation|vad\b|align|speaker"),
    "audio-classification": Domain(
        "telling sounds apart",
        unwanted=r"emotion|gender|(?:^|[-_])lang|lid\b|accent|fake|spoof|speaker|turn"),
    **{f"{control}-text-to-image": Domain(f"{control} control", pattern, strict=True)
       for control, pattern in _CONTROLS.items()},
    **{f"{control}-control": Domain(f"{control} pictures", pattern, "controlnet", strict=True)
       for control, pattern in {**_CONTROLS, "lineart": "line-?art"}.items() if control != "depth"},
}
