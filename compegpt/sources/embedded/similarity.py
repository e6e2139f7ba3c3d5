"""How alike two texts are, and texts as vectors: by meaning, by pieces of words, by shared words."""

from __future__ import annotations

from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.embedded import meaning
from compegpt.sources.embedded.engine import Args, Engine
from compegpt.sources.embedded.words import guessed_language, stems, words

_BUCKETS = 1024


def _by_meaning(args: Args, store: Store) -> Finding:
    left, left_note = meaning.document_vector(args["text"])
    right, right_note = meaning.document_vector(args["other"])
    return _scored(float(left @ right), left_note or right_note)


def _by_characters(args: Args, store: Store) -> Finding:
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = [" ".join(words(args[name])) for name in ("text", "other")]
    if not all(texts):
        return Finding({"scores": []}, empty=True)
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True).fit_transform(texts)
    return _scored(float((vectors[0] @ vectors[1].T).toarray()[0, 0]))


def _by_words(args: Args, store: Store) -> Finding:
    """Jaccard similarity of the sets of stems; of all words where nothing but stop words is there."""
    left, right = (set(stems(args[name], guessed_language(args[name]))) or set(words(args[name]))
                   for name in ("text", "other"))
    if not left or not right:
        return Finding({"scores": []}, empty=True)
    return _scored(len(left & right) / len(left | right))


def _scored(score: float, note: str | None = None) -> Finding:
    return Finding({"scores": [round(min(1.0, max(0.0, score)), 4)]}, note=note)


def _meaning_vector(args: Args, store: Store) -> Finding:
    vector, note = meaning.document_vector(args["text"])
    return Finding({"data": [round(float(value), 6) for value in vector]}, note=note)


def _hashed_vector(args: Args, store: Store) -> Finding:
    """Unit vector of length 1024: hashed counts of runs of 2 to 4 characters inside words."""
    from sklearn.feature_extraction.text import HashingVectorizer

    hasher = HashingVectorizer(analyzer="char_wb", ngram_range=(2, 4), n_features=_BUCKETS)
    vector = hasher.transform([args["text"]]).toarray()[0]
    return Finding({"data": [round(float(value), 6) for value in vector]}, empty=not vector.any())


def _hashed_words(args: Args, store: Store) -> Finding:
    """Unit vector of length 1024: hashed counts of stems."""
    from sklearn.feature_extraction.text import HashingVectorizer

    language = guessed_language(args["text"])
    hasher = HashingVectorizer(analyzer=lambda text: stems(text, language), n_features=_BUCKETS)
    vector = hasher.transform([args["text"]]).toarray()[0]
    return Finding({"data": [round(float(value), 6) for value in vector]}, empty=not vector.any())


# tfidf and jaccard both measure shared wording, never meaning: one vote, so that they cannot outvote minilm together
ENGINES: tuple[Engine, ...] = (
    Engine("minilm", "sentence-similarity", "minilm", _by_meaning, modules=meaning.MODULES, prior=0.9,
           licence=meaning.LICENCE, install=meaning.INSTALL, about="Cosine of sentence vectors"),
    Engine("tfidf", "sentence-similarity", "shared-wording", _by_characters, modules=("sklearn",), prior=0.5,
           licence="BSD-3-Clause", install="pip install scikit-learn", about="TF-IDF cosine over pieces of words"),
    Engine("jaccard", "sentence-similarity", "shared-wording", _by_words, modules=("yake",), prior=0.4, licence="MIT",
           install="pip install yake", about="Share of the words that both texts have"),
    Engine("minilm", "feature-extraction", "minilm", _meaning_vector, modules=meaning.MODULES, prior=0.9,
           licence=meaning.LICENCE, install=meaning.INSTALL, about="384 numbers that stand for the meaning"),
    Engine("hashed-characters", "feature-extraction", "hashed-characters", _hashed_vector, modules=("sklearn",),
           prior=0.4, licence="BSD-3-Clause", install="pip install scikit-learn",
           about="1024 hashed counts of pieces of words"),
    Engine("hashed-words", "feature-extraction", "hashed-words", _hashed_words, modules=("sklearn", "yake"), prior=0.3,
           licence="BSD-3-Clause", install="pip install scikit-learn yake", about="1024 hashed counts of word stems"),
)
