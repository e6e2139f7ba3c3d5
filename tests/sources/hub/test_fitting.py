"""Which models fit a task's args, in which order they are offered, and why the others are not."""

from __future__ import annotations

import pytest

from compegpt.sources.hub.domains import DOMAINS
from compegpt.sources.hub.fitting import reasons, unfit, unreachable
from compegpt.sources.hub.model import Model, Provider
from compegpt.sources.hub.queries import queries
from compegpt.sources.hub.ranking import in_turn
from compegpt.sources.hub.tongues import possible
from compegpt.tasks import TASKS


def one(name: str, *tags: str, languages: str = "", **rest: object) -> Model:
    return Model(name, "any", tags=tags, languages=frozenset(languages.split()) or None, **rest)  # type: ignore[arg-type]


FITS = [
    ("translation", one("Helsinki-NLP/opus-mt-en-fr"), {"source": "en", "target": "fr"}, True),
    ("translation", one("Helsinki-NLP/opus-mt-en-fr", languages="en fr"), {"source": "fr", "target": "en"}, False),
    ("translation", one("Helsinki-NLP/opus-mt-en-fr"), {"text": "The cat sat and was happy.", "target": "fr"}, True),
    ("translation", one("Helsinki-NLP/opus-mt-en-fr"), {"text": "Die Katze ist nicht da.", "target": "fr"}, False),
    ("translation", one("Helsinki-NLP/opus-mt-de-fr"), {"text": "Katzenklo", "target": "fr"}, True),
    ("translation", one("Helsinki-NLP/opus-mt-ru-en"), {"text": "Привет, мир", "target": "en"}, True),
    ("translation", one("Helsinki-NLP/opus-mt-mul-en"), {"source": "sw", "target": "en"}, True),
    ("translation", one("Helsinki-NLP/opus-mt-ROMANCE-en"), {"source": "it", "target": "en"}, True),
    ("translation", one("Helsinki-NLP/opus-mt-ROMANCE-en"), {"source": "de", "target": "en"}, False),
    ("translation", one("Helsinki-NLP/opus-mt-en-ROMANCE"), {"source": "en", "target": "it"}, False),
    ("translation", one("Helsinki-NLP/opus-mt-tc-big-en-tr"), {"source": "en", "target": "tr"}, True),
    ("translation", one("Helsinki-NLP/opus-mt-tc-big-cat_oci_spa-en"), {"source": "es", "target": "en"}, True),
    ("translation", one("Helsinki-NLP/opus-mt-tc-big-en-cat_oci_spa"), {"source": "en", "target": "es"}, False),
    ("translation", one("facebook/nllb-200-distilled-600M"), {"source": "de", "target": "ja"}, True),
    ("translation", one("facebook/nllb-200", languages="en de fr it es"), {"source": "de", "target": "ja"}, False),
    ("translation", one("facebook/mbart-large-50-many-to-many-mmt"), {"source": "hi", "target": "ta"}, True),
    ("translation", one("google-t5/t5-base", languages="en fr ro de"), {"source": "en", "target": "de"}, True),
    ("translation", one("google-t5/t5-base", languages="en fr ro de"), {"source": "de", "target": "en"}, False),
    ("translation", one("me/marian", "translation_en_to_fr"), {"source": "en", "target": "fr"}, True),
    ("translation", one("me/marian", "translation_en_to_fr"), {"source": "en", "target": "de"}, False),
    ("translation", one("facebook/wmt19-de-en"), {"source": "de", "target": "en"}, True),
    ("translation", one("facebook/wmt19-de-en", languages="de en"), {"source": "en", "target": "de"}, False),
    ("translation", one("me/mine-eng-to-deu"), {"source": "en", "target": "de"}, True),
    ("translation", one("tencent/Hunyuan-MT-7B", languages="zh en fr de"), {"source": "fr", "target": "zh"}, True),
    ("translation", one("me/translator"), {"source": "en", "target": "fr"}, True),
    ("translation", one("me/translator", languages="en de"), {"source": "en", "target": "fr"}, False),
    ("summarization", one("a/german-news", languages="de"), {"text": "The film is about a dog and was good."}, False),
    ("summarization", one("a/german-news", languages="de"), {"text": "Der Film ist nicht gut und auch lang."}, True),
    ("summarization", one("a/german-news", languages="de"), {"text": "Zeit heilt Wunden"}, True),
    ("summarization", one("a/news", languages="en"), {"text": "今日は天気がいいですね"}, False),
    ("summarization", one("a/news"), {"text": "今日は天気がいいですね"}, True),
    ("summarization", one("a/news", languages="en"), {"text": "12345 67"}, True),
    ("question-answering", one("deepset/roberta-base-squad2", languages="en"),
     {"question": "Wer?", "context": "Der Hund ist nicht da und die Katze auch."}, False),
    ("text-to-speech", one("a/voice", languages="fr"), {"text": "The cat and the dog", "language": "fr"}, True),
    ("text-to-speech", one("a/voice", languages="en"), {"text": "The cat and the dog", "language": "fr"}, False),
    ("text-generation", one("a/llm", languages="en"), {"text": "Schreibe ein Gedicht für die Katze und mich"}, True),
    ("text-classification", one("cardiffnlp/twitter-roberta-base-sentiment-latest"), {}, True),
    ("text-classification", one("distilbert/distilbert-base-uncased-finetuned-sst-2-english"), {}, True),
    ("text-classification", one("a/reviews", "sentiment-analysis"), {}, True),
    ("text-classification", one("ProsusAI/finbert"), {}, True),
    ("text-classification", one("s-nlp/roberta_toxicity_classifier"), {}, False),
    ("text-classification", one("papluca/xlm-roberta-base-language-detection"), {}, False),
    ("text-classification", one("BAAI/bge-reranker-v2-m3"), {}, False),
    ("language-identification", one("papluca/xlm-roberta-base-language-detection"), {"text": "hi"}, True),
    ("language-identification", one("facebook/fasttext-language-identification"), {"text": "hi"}, True),
    ("language-identification", one("cardiffnlp/twitter-roberta-base-sentiment-latest"), {"text": "hi"}, False),
    ("token-classification", one("dslim/bert-base-NER", languages="en"), {"text": "Ann is in Oslo and at sea"}, True),
    ("token-classification", one("ml6team/keyphrase-extraction-kbir-inspec"), {}, False),
    ("keyword-extraction", one("ml6team/keyphrase-extraction-kbir-inspec"), {}, True),
    ("keyword-extraction", one("dslim/bert-base-NER"), {}, False),
    ("fill-mask", one("google-bert/bert-base-uncased"), {}, True),
    ("fill-mask", one("facebook/esm2_t33_650M_UR50D"), {}, False),
    ("image-classification", one("google/vit-base-patch16-224"), {}, True),
    ("image-classification", one("Falconsai/nsfw_image_detection"), {}, False),
    ("object-detection", one("facebook/detr-resnet-50"), {}, True),
    ("object-detection", one("microsoft/table-transformer-detection"), {}, False),
    ("face-detection", one("arnabdhar/YOLOv8-Face-Detection"), {}, True),
    ("image-upscaling", one("caidas/swin2SR-classical-sr-x2-64"), {}, True),
    ("image-upscaling", one("black-forest-labs/FLUX.1-Kontext-dev"), {}, False),
    ("image-editing", one("black-forest-labs/FLUX.1-Kontext-dev"), {}, True),
    ("image-editing", one("stabilityai/stable-diffusion-x4-upscaler"), {}, False),
    ("ocr", one("microsoft/trocr-base-printed"), {}, True),
    ("image-to-text", one("microsoft/trocr-base-printed"), {}, False),
    ("image-to-text", one("Salesforce/blip-image-captioning-large"), {}, True),
    ("canny-text-to-image", one("lllyasviel/sd-controlnet-canny"), {}, True),
    ("canny-text-to-image", one("lllyasviel/sd-controlnet-depth"), {}, False),
    ("automatic-speech-recognition", one("pyannote/speaker-diarization-3.1"), {}, False),
    ("automatic-speech-recognition", one("openai/whisper-large-v3", languages="en de"), {"audio": "a.wav"}, True),
]


@pytest.mark.parametrize(("task", "model", "args", "fits"), FITS,
                         ids=[f"{task}-{model.id}-{number}" for number, (task, model, _, _) in enumerate(FITS)])
def test_only_models_that_fit_the_args_compete(task: str, model: Model, args: dict[str, object], fits: bool) -> None:
    assert (unfit(model, task, args) is None) is fits


@pytest.mark.parametrize(("task", "model", "args", "why"), [
    ("translation", one("a/opus-mt-en-fr"), {"source": "de", "target": "fr"},
     "does not translate from German to French"),
    ("translation", one("a/opus-mt-en-fr"), {"text": "hm", "target": "de"},
     "does not translate to German"),
    ("summarization", one("a/b", languages="de"), {"text": "The dog and the cat"}, "not for English"),
    ("summarization", one("a/b", languages="de"), {"text": "Привет"}, "not for the language of the text"),
    ("text-classification", one("a/toxic"), {}, "not made for sentiment"),
])
def test_a_model_that_does_not_fit_is_told_why(task: str, model: Model, args: dict[str, object], why: str) -> None:
    assert unfit(model, task, args) == why


def test_a_model_of_text_is_not_shown_pictures() -> None:
    assert unfit(Model("org/ocr-corrector", "text-generation"), "ocr", {}) == "made for text only"
    assert unfit(Model("org/ocr-chat", "image-text-to-text"), "ocr", {}) is None


TASK = "summarization"
LIVE = Provider("hf-inference", "org/a", TASK)


@pytest.mark.parametrize(("model", "private", "why"), [
    (one("org/a", providers=(LIVE,)), False, None),
    (one("org/a", providers=(LIVE,), gated=True), False, "gated, its terms want to be accepted on the Hub"),
    (one("org/a", providers=()), True, "no inference provider serves it for this"),
    (one("org/a", providers=None), False, "no inference provider serves it for this"),
    (one("org/a", providers=None), True, None),
    (one("org/a", providers=(Provider("hf-inference", "m", "translation"),)), False,
     "no inference provider serves it for this"),
    (one("org/a", providers=(Provider("hf-inference", "m", TASK, "error"),)), False,
     "no inference provider serves it for this"),
], ids=["live", "gated", "nobody", "unsaid", "unsaid, private", "for another task", "broken"])
def test_only_models_that_can_be_called_compete(model: Model, private: bool, why: str | None) -> None:
    assert unreachable(model, TASK, private) == why


def test_a_chat_model_can_be_called_for_a_text_task() -> None:
    chat = Provider("together", "m", "conversational")
    assert unreachable(one("org/a", providers=(chat,)), TASK, False) is None


def test_reasons_name_a_few_models_and_count_the_rest() -> None:
    passed_over = [*((f"org/{letter}", "gated") for letter in "abcde"), ("org/z", "not for German")]
    assert reasons(passed_over) == ["org/a, org/b, org/c and 2 more: gated", "org/z: not for German"]


def ranked(**numbers: tuple[int, int, int]) -> list[Model]:
    return [Model(name, "any", downloads=downloads, likes=likes, trending=trending)
            for name, (downloads, likes, trending) in numbers.items()]


@pytest.mark.parametrize(("models", "order"), [
    (ranked(a=(9, 1, 1), b=(1, 9, 2), c=(2, 2, 9), d=(8, 8, 8)), "a b c d"),
    (ranked(a=(9, 9, 9), b=(8, 7, 7), c=(7, 8, 6), d=(6, 6, 8)), "a c d b"),
    (ranked(a=(9, 9, 9), b=(8, 8, 8), c=(7, 7, 7), d=(6, 6, 6)), "a b c d"),
    (ranked(a=(9, 0, 0), b=(8, 0, 0), c=(7, 5, 0)), "a c b"),
    (ranked(a=(0, 0, 0), b=(0, 0, 0)), "a b"),
    (ranked(a=(5, 1, 0), b=(5, 1, 0), c=(5, 1, 3)), "a b c"),
    ([], ""),
], ids=["three winners", "one leads all", "all agree", "without likes", "without numbers", "equals", "none"])
def test_each_ranking_gives_its_best_in_turn_without_doubles(models: list[Model], order: str) -> None:
    assert " ".join(model.id for model, _ in in_turn(models)) == order


def test_each_choice_says_which_ranking_made_it() -> None:
    chosen = in_turn(ranked(a=(1_204_331, 512, 0), b=(7, 511, 3), c=(0, 0, 0)))
    assert [why for _, why in chosen] == ["1st by downloads (1,204,331)", "2nd by likes (511)",
                                          "on the Hub, in no ranking"]


@pytest.mark.parametrize(("number", "ordinal"), [(3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (21, "21st")])
def test_ranks_read_as_a_person_says_them(number: int, ordinal: str) -> None:
    models = [Model(str(rank), "any", downloads=1_000 - rank) for rank in range(number)]
    assert in_turn(models)[-1][1] == f"{ordinal} by downloads ({1_001 - number:,})"


@pytest.mark.parametrize(("text", "expected"), [
    ("The cat is on the mat", {"en"}), ("Ich bin nicht müde und auch nicht krank", {"de"}),
    ("Le chat est sur la table et dans le jardin", {"fr"}), ("El perro está en la casa con los niños", {"es"}),
    ("今日は", {"ja"}), ("你好世界", {"zh", "ja"}), ("안녕하세요", {"ko"}), ("Ελλάδα", {"el"}), ("123 !?", None),
])
def test_a_text_tells_its_language_by_script_and_common_words(text: str, expected: set[str] | None) -> None:
    assert possible(text) == expected


def test_a_text_that_does_not_tell_may_be_in_any_language_of_its_script() -> None:
    found = possible("Zeitgeist")
    assert found is not None
    assert {"de", "en", "fr"} <= found
    assert "ru" not in found


def test_every_task_type_has_a_query_of_one_page() -> None:
    assert {one.limit for task in TASKS for one in queries(task)} <= {30, 100}


def test_task_types_of_one_tag_share_their_listing() -> None:
    assert queries("image-editing") == queries("image-upscaling")
    assert queries("text2text-generation") == queries("text-generation")


def test_every_domain_is_that_of_a_task_type() -> None:
    assert set(DOMAINS) <= set(TASKS)
