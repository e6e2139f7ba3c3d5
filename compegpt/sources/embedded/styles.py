"""image-to-image: a picture in another style, named by the words of `text`; with no text it is enhanced.

To add a style: a row in STYLES with the words that ask for it and at least three algorithms that make it.
Each algorithm is an engine of its own and a family of its own; it fits only requests for its style.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from compegpt.errors import ExpertError
from compegpt.media.artifacts import Store
from compegpt.media.render import Array, load, opencv, save, within
from compegpt.schema import Finding
from compegpt.sources.embedded import brushes, grain, tones
from compegpt.sources.embedded.engine import Args, Engine

Algorithm = Callable[[Array], Array]
"""RGB array to RGB or grey array of the same size."""


@dataclass(frozen=True)
class Style:
    words: str
    """Regular expression of the words that ask for it."""
    algorithms: Mapping[str, Algorithm]
    side: int = 40_000
    """Longest side in pixels that is worked at; slow algorithms get a smaller picture, and the result is enlarged."""


STYLES: dict[str, Style] = {
    "pencil sketch": Style(r"pencil|sketch|charcoal|drawing|hand.?drawn|line art|etching", {
        "dodge-sketch": brushes.dodge_sketch, "xdog-sketch": brushes.xdog_sketch,
        "strokes-sketch": brushes.strokes_sketch}, 2400),
    "cartoon": Style(r"cartoon|comic|anime|manga|toon|posteri[sz]e|pop.?art", {
        "bilateral-cartoon": brushes.bilateral_cartoon, "mean-shift-cartoon": brushes.mean_shift_cartoon,
        "domain-transform-cartoon": brushes.domain_transform_cartoon}, 1400),
    "watercolor": Style(r"water.?colou?r|aquarelle", {
        "domain-transform-watercolor": brushes.domain_transform_watercolor,
        "kuwahara-watercolor": brushes.kuwahara_watercolor, "median-watercolor": brushes.median_watercolor}, 1400),
    "oil painting": Style(r"\boil\b|paint|impressionis|brush|van gogh|monet|canvas", {
        "kuwahara-oil": brushes.kuwahara_oil, "histogram-oil": brushes.histogram_oil,
        "strokes-oil": brushes.strokes_oil}, 1400),
    "black and white": Style(r"black.?(?:and|&|n).?white|gr[ae]y.?scale|monochrome|desaturat|\bb ?& ?w\b|gr[ae]y\b", {
        "luminance-grey": tones.luminance_grey, "principal-grey": tones.principal_grey,
        "equalised-grey": tones.equalised_grey}),
    "sepia": Style(r"sepia|vintage|antique|old.?(?:photo|time|fashion)|retro", {
        "matrix-sepia": tones.matrix_sepia, "duotone-sepia": tones.duotone_sepia, "chroma-sepia": tones.chroma_sepia}),
    "negative": Style(r"negative|invert|inverse|reversed colou?rs", {
        "rgb-negative": tones.rgb_negative, "lightness-negative": tones.lightness_negative,
        "density-negative": tones.density_negative}),
    "blur": Style(r"blur|soft(?:en|er)?\b|out of focus|unsharp(?!en)", {
        "gaussian-blur": tones.gaussian_blur, "median-blur": tones.median_blur, "box-blur": tones.box_blur}),
    "sharpen": Style(r"sharp|crisp", {
        "unsharp-mask": tones.unsharp_mask, "laplacian-sharpen": tones.laplacian_sharpen,
        "detail-sharpen": tones.detail_sharpen}),
    "denoise": Style(r"nois|grain|clean", {
        "cosine-denoise": grain.cosine, "total-variation-denoise": grain.total_variation,
        "median-denoise": grain.median, "non-local-denoise": grain.non_local, "bilateral-denoise": grain.bilateral},
        2400),
    "brighter": Style(r"bright|lighten|lighter|too dark|under.?expos", {
        "gamma-brighten": tones.gamma_brighten, "linear-brighten": tones.linear_brighten,
        "clahe-brighten": tones.clahe_brighten}),
    "darker": Style(r"dark(?:en|er)|dimm|too bright|over.?expos", {
        "gamma-darken": tones.gamma_darken, "linear-darken": tones.linear_darken, "curve-darken": tones.curve_darken}),
    "enhance": Style(r"enhanc|improv|better|restor|contrast|vivid|colou?rful|auto|fix", {
        "clahe-enhance": tones.clahe_enhance, "stretch-enhance": tones.stretch_enhance,
        "grey-world-enhance": tones.grey_world_enhance}),
}
DEFAULT = "enhance"


def wanted(text: str | None) -> str | None:
    """The style the words ask for, the first in the order of STYLES; DEFAULT with no words, None for an unknown one."""
    if not text or not text.strip():
        return DEFAULT
    return next((name for name, style in STYLES.items() if re.search(style.words, text, re.IGNORECASE)), None)


def _unfit(engine: str, style: str, args: Args) -> str | None:
    """The same sentence from all engines for a style that none knows, so that it is said once."""
    asked = wanted(args.get("text"))
    if asked is None:
        return f"'{args['text'][:60].strip()}' names no style that is known here; known are {', '.join(STYLES)}"
    return None if asked == style else f"{engine} makes {style}, not {asked}"


def restyle(engine: str, style: str, algorithm: Algorithm, args: Args, store: Store) -> Finding:
    """The restyled picture, in the size of the input. Raises ExpertError where the text asks for another style."""
    if reason := _unfit(engine, style, args):
        raise ExpertError(f"{reason}.")
    picture = load(args["image"])
    height, width = picture.shape[:2]
    small, factor = within(picture, STYLES[style].side)
    made, note = algorithm(small), f"Style: {style}."
    if factor < 1:
        made = opencv().resize(made, (width, height), interpolation=opencv().INTER_CUBIC)
        note += f" Made at {small.shape[1]} x {small.shape[0]} pixels and enlarged."
    return Finding(output={"image": save(made, store)}, note=note)


ENGINES: tuple[Engine, ...] = tuple(
    Engine(name, "image-to-image", name, partial(restyle, name, style, algorithm), ("cv2",),
           fits=partial(_unfit, name, style), prior=0.8 - 0.1 * place, licence="Apache-2.0",
           install="pip install opencv-python-headless", about=f"{style.capitalize()}: {summary}")
    for style, row in STYLES.items()
    for place, (name, algorithm) in enumerate(row.algorithms.items())
    for summary in [(algorithm.__doc__ or "").split("\n")[0].rstrip(".")]
)
