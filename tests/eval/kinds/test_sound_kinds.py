from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from compegpt.errors import InputError
from compegpt.eval.case import Case
from compegpt.eval.kinds import activity, cleaning, noises, speaking, voices
from compegpt.media.artifacts import Store
from compegpt.sources.embedded.activity import ENGINES as DETECTORS
from compegpt.sources.embedded.denoise import ENGINES as CLEANERS
from compegpt.sources.embedded.speech import ENGINES as SPEAKERS

RATE = voices.RATE
TRUTH = {"speech": [[1.0, 2.0], [3.0, 4.0]], "seconds": 5.0}


def tone(seconds: float, level: float = 0.3) -> Any:
    return (level * np.sin(2 * np.pi * 300 * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def quiet(seconds: float) -> Any:
    return np.zeros(round(seconds * RATE), dtype=np.float32)


@pytest.fixture
def short_bank(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tones in place of every voice, so that making cases needs no synthesizer."""
    bank = tuple(voices.Utterance(name, tone(seconds, 0.14), [(0.0, seconds)])
                 for name, seconds in (("low", 1.0), ("high", 1.5)))
    for module in (activity, cleaning, noises):
        monkeypatch.setattr(module, "utterances", lambda half: bank)


def spans(*bounds: tuple[float, float]) -> dict[str, Any]:
    return {"data": [{"label": "speech", "start": start, "end": end, "score": 1.0} for start, end in bounds]}


def bytes_below(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def some(cases: Any, count: int = 40) -> list[Case]:
    return list(itertools.islice(cases, count))


# the cases


@pytest.mark.usefixtures("short_bank")
@pytest.mark.parametrize("kind", [activity, cleaning], ids=["activity", "cleaning"])
def test_the_same_part_gives_the_same_bytes_and_another_part_others(kind: Any, tmp_path: Path) -> None:
    first, again, other = (some(kind.cases(part, tmp_path / name))
                           for part, name in (("test", "a"), ("test", "b"), ("fresh", "c")))
    assert [case.category for case in first] == [case.category for case in again]
    assert bytes_below(tmp_path / "a") == bytes_below(tmp_path / "b")
    assert not {*bytes_below(tmp_path / "a").values()} & {*bytes_below(tmp_path / "c").values()}
    assert {case.name for case in first}.isdisjoint(case.name for case in other)


@pytest.mark.usefixtures("short_bank")
@pytest.mark.parametrize(("kind", "each", "categories"), [(activity, 30, 8), (cleaning, 36, 6)],
                         ids=["activity", "cleaning"])
def test_a_set_has_200_cases_or_more_as_many_of_each_category(kind: Any, each: int, categories: int,
                                                              tmp_path: Path) -> None:
    counts = Counter(case.category for case in kind.cases("test", tmp_path))
    assert sum(counts.values()) >= 200
    assert {*counts.values()} == {each}
    assert len(counts) == categories


@pytest.mark.usefixtures("short_bank")
def test_only_recordings_without_speech_have_an_empty_truth_and_speech_lies_inside(tmp_path: Path) -> None:
    for case in activity.cases("dev", tmp_path):
        assert bool(case.truth["speech"]) == (case.category != "no speech")
        assert all(0 < start < end < case.truth["seconds"] for start, end in case.truth["speech"])
        assert soundfile.info(case.args["audio"]).duration == pytest.approx(case.truth["seconds"], abs=0.01)


@pytest.mark.usefixtures("short_bank")
def test_the_noise_is_as_far_below_the_speech_as_its_group_says(tmp_path: Path) -> None:
    case = next(case for case in cleaning.cases("dev", tmp_path) if case.group == "5 dB")
    clean, noisy = (soundfile.read(case.truth[name])[0] for name in ("clean", "noisy"))
    spoken = clean[np.abs(clean) > 0]
    ratio = 10 * np.log10((spoken**2).mean() / ((noisy - clean) ** 2).mean())
    assert ratio == pytest.approx(5, abs=0.5)


def test_dev_and_test_share_no_voice_and_no_sentence() -> None:
    assert not {*map(tuple, voices.VOICES["dev"].values())} & {*map(tuple, voices.VOICES["test"].values())}
    dev, test = ({line for lines in voices.sentences(half).values() for line in lines} for half in ("dev", "test"))
    assert not dev & test


@pytest.mark.parametrize("part", ["dev", "test"])
def test_there_are_100_sentences_and_all_ways_to_say_them_are_words(part: Any, tmp_path: Path) -> None:
    cases = list(speaking.cases(part, tmp_path))
    assert len(cases) >= 100
    assert len({case.args["text"] for case in cases}) == len(cases)
    assert not [way for case in cases for way in case.truth if any(map(str.isdigit, way))]


def test_a_missing_voice_says_what_to_install() -> None:
    with pytest.raises(InputError, match="apt-get install"):
        voices.spoken("Hello.", ("no-such-synthesizer", "TEXT"))


@pytest.mark.parametrize("half", ["dev", "test"])
@pytest.mark.parametrize("name", ["steady noise", "swelling noise", "hum", "music", "clicks"])
def test_a_noise_has_the_length_asked_for_and_is_no_silence(half: Any, name: str) -> None:
    noise = noises.NOISES[half][name](RATE, np.random.default_rng(3))
    assert noise.shape == (RATE,)
    assert np.isfinite(noise).all()
    assert noise.std() > 0


@pytest.mark.parametrize(("pause", "found"), [(0.1, [(0.5, 1.6)]), (0.6, [(0.5, 1.0), (1.6, 2.1)])],
                         ids=["short pause", "long pause"])
def test_speech_is_where_the_energy_is_and_short_pauses_belong_to_it(pause: float, found: Any) -> None:
    wave = np.concatenate([quiet(0.5), tone(0.5), quiet(pause), tone(0.5), quiet(0.3)])
    assert voices.speech_of(wave) == [pytest.approx(span, abs=0.02) for span in found]


# the measures


@pytest.mark.parametrize(("output", "truth", "overlap", "right"), [
    (spans((1, 2), (3, 4)), TRUTH, 1.0, 1.0),
    (spans((1, 4)), TRUTH, 2 / 3, 0.8),
    (spans((1, 2)), TRUTH, 0.5, 0.8),
    (spans((0, 1)), TRUTH, 0.0, 0.4),
    (spans((0, 99)), TRUTH, 0.4, 0.4),
    (spans(), TRUTH, 0.0, 0.6),
    (spans(), {"speech": [], "seconds": 5.0}, 1.0, 1.0),
    (spans((1, 2)), {"speech": [], "seconds": 5.0}, 0.0, 0.8),
    ({}, {"speech": [], "seconds": 5.0}, 0.0, 0.0),
    ({"data": ["speech", {"label": "speech"}]}, TRUTH, 0.0, 0.6),
    (spans((4, 3), (-3, -1)), TRUTH, 0.0, 0.6),
], ids=["right", "pause missed", "one of two", "elsewhere", "past the end", "none", "rightly none", "invented",
        "nothing", "garbage", "backwards"])
def test_time_is_compared(output: Any, truth: Any, overlap: float, right: float) -> None:
    assert activity.overlap(output, truth) == pytest.approx(overlap)
    assert activity.time_right(output, truth) == pytest.approx(right)


@pytest.fixture
def noisy(tmp_path: Path) -> dict[str, str]:
    clean = np.concatenate([quiet(0.3), tone(1.0), quiet(0.3)])
    hiss = np.random.default_rng(1).normal(0, 0.1, len(clean)).astype(np.float32)
    for name, wave in (("clean", clean), ("noisy", clean + hiss), ("better", clean + hiss / 2),
                       ("softer", (clean + hiss) / 2), ("short", (clean + hiss)[:-300])):
        soundfile.write(tmp_path / f"{name}.wav", wave, RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "slow.wav", clean, 8000)
    (tmp_path / "garbage.wav").write_bytes(b"no sound")
    return {name: str(tmp_path / f"{name}.wav")
            for name in ("clean", "noisy", "better", "softer", "short", "slow", "garbage", "absent")}


@pytest.mark.parametrize(("made", "gained"), [
    ("noisy", 0.5), ("better", 0.5 + 6.02 / 24), ("clean", 1.0), ("softer", 0.5), ("slow", 0.0), ("garbage", 0.0),
    ("absent", 0.0)])
def test_the_gain_is_in_decibels_at_any_loudness(made: str, gained: float, noisy: dict[str, str]) -> None:
    assert cleaning.improvement({"audio": noisy[made]}, noisy) == pytest.approx(gained, abs=0.01)


def test_the_segmental_ratio_rises_with_less_noise_and_knows_no_recording(noisy: dict[str, str]) -> None:
    worst, better, best = (cleaning.segmental({"audio": noisy[name]}, noisy) for name in ("noisy", "better", "clean"))
    assert 0 < worst < better < best == 1.0
    assert better - worst == pytest.approx(6.02 / 45, abs=0.01)
    assert cleaning.segmental({"audio": noisy["short"]}, noisy) == pytest.approx(worst, abs=0.03)
    assert cleaning.segmental({}, noisy) == cleaning.segmental({"audio": noisy["garbage"]}, noisy) == 0.0


def test_a_truth_that_is_gone_is_an_error_not_a_bad_grade(noisy: dict[str, str]) -> None:
    with pytest.raises(InputError, match="make the cases again"):
        cleaning.improvement({"audio": noisy["noisy"]}, {**noisy, "clean": noisy["absent"]})


@pytest.mark.parametrize(("heard", "said", "words"), [
    ("it costs eighteen dollars", ["it costs eighteen dollars"], 1.0),
    ("it costs eighty dollars", ["It costs eighteen dollars."], 0.75),
    ("mr brown vs the f. b. i.", ["mister brown versus the f b i"], 1.0),
    ("at eight", ["at eight o'clock", "at eight"], 1.0),
    ("one two three four five six", ["seven"], 0.0),
    ("", ["seven"], 0.0),
], ids=["all", "one of four wrong", "spelt otherwise", "a second way", "nothing right", "nothing heard"])
def test_words_are_counted(heard: str, said: list[str], words: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaking, "_transcript", lambda path: heard)
    assert speaking.words_understood({"audio": "x.wav"}, said) == pytest.approx(words)
    assert speaking.letters_understood({"audio": "x.wav"}, said) >= words


def test_no_recording_and_garbage_are_not_understood(tmp_path: Path) -> None:
    (tmp_path / "garbage.wav").write_bytes(b"no sound")
    soundfile.write(tmp_path / "silence.wav", quiet(1.0), RATE)
    for path in ("", str(tmp_path / "absent.wav"), str(tmp_path / "garbage.wav"), str(tmp_path / "silence.wav")):
        assert speaking.words_understood({"audio": path}, ["good morning"]) == 0.0


# with real engines


def installed(engines: Any, name: str) -> Any:
    engine = next(engine for engine in engines if engine.name == name)
    return pytest.param(engine, id=name, marks=pytest.mark.skipif(bool(engine.missing()), reason=engine.install))


@pytest.mark.parametrize("engine", [installed(SPEAKERS, "flite-kal")])
async def test_a_real_voice_is_understood_the_same_whatever_was_heard_before(engine: Any, tmp_path: Path) -> None:
    pytest.importorskip("pocketsphinx")
    texts = ["The committee will announce its decision next week.", "Where did you put the garden hose?"]
    outputs = [(await engine.run({"text": text, "language": "en"}, Store(tmp_path))).output for text in texts]
    first = speaking.words_understood(outputs[0], [texts[0]])
    speaking._heard.cache_clear()
    speaking.words_understood(outputs[1], [texts[1]])
    assert speaking.words_understood(outputs[0], [texts[0]]) == first > 0.7
    assert speaking.words_understood(outputs[0], [texts[1]]) < 0.4


@pytest.mark.usefixtures("short_bank")
@pytest.mark.parametrize("engine", [installed(CLEANERS, "log-spectral")])
async def test_a_real_cleaner_gains_on_steady_noise(engine: Any, tmp_path: Path) -> None:
    for case in some(cleaning.cases("test", tmp_path / "cases"), 3):
        output = (await engine.run(case.args, Store(tmp_path))).output
        assert cleaning.improvement(output, case.truth) > 0.5


@pytest.mark.parametrize("engine", [installed(DETECTORS, "webrtc")])
async def test_a_real_detector_finds_the_speech_of_a_real_voice(engine: Any, tmp_path: Path) -> None:
    said = voices._utterance("kal", voices.spoken("Please leave the keys under the blue flower pot.",
                                                  voices.VOICES["dev"]["kal"]))
    wave = np.concatenate([quiet(1.0), said.samples, quiet(1.0)])
    truth = {"speech": [[1 + start, 1 + end] for start, end in said.speech], "seconds": len(wave) / RATE}
    output = (await engine.run({"audio": noises.written(tmp_path / "a.wav", wave)}, Store(tmp_path))).output
    assert activity.overlap(output, truth) > 0.8
