from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from compegpt.errors import ExpertError
from compegpt.media.artifacts import Store
from compegpt.sources.embedded import activity
from compegpt.sources.embedded.engine import Engine

RATE = activity.RATE
ENGINES = [pytest.param(engine, id=engine.name,
                        marks=pytest.mark.skipif(bool(engine.missing()), reason=f"{engine.missing()} not installed"))
           for engine in activity.ENGINES]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "made")


@pytest.fixture(scope="module")
def voice() -> np.ndarray:
    samples, rate = soundfile.read(Path(__file__).parents[3] / "examples" / "speech.wav", dtype="float32")
    assert rate == RATE
    loud = np.flatnonzero(np.abs(samples) > 0.02)
    return samples[loud[0] : loud[0] + int(2.5 * RATE)]


def with_pauses(voice: np.ndarray, noise: float = 1e-4) -> np.ndarray:
    """1.5 s pause, 2.5 s speech, 1.5 s pause, 2.5 s speech, 1.5 s pause."""
    pause = np.zeros(int(1.5 * RATE), dtype=np.float32)
    whole = np.concatenate([pause, voice, pause, voice, pause])
    return whole + (noise * np.random.default_rng(0).standard_normal(len(whole))).astype(np.float32)


async def run(engine: Engine, samples: np.ndarray, store: Store, rate: int = RATE):
    path = store.new(".wav")
    soundfile.write(path, samples, rate)
    return await engine.run({"audio": str(path)}, store)


@pytest.mark.parametrize("engine", ENGINES)
async def test_speech_between_pauses_is_found(engine: Engine, voice: np.ndarray, store: Store) -> None:
    finding = await run(engine, with_pauses(voice), store)
    frames = np.arange(0, 9.5, 0.01)
    truth = ((frames >= 1.5) & (frames < 4)) | ((frames >= 5.5) & (frames < 8))
    found = np.zeros(len(frames), dtype=bool)
    for span in finding.output["data"]:
        found |= (frames >= span["start"]) & (frames < span["end"])
    assert np.mean(found == truth) > 0.85
    assert all(span["label"] == "speech" and 0 < span["score"] <= 1 for span in finding.output["data"])
    assert 0 < finding.confidence <= 1


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("level", [0.0, 0.02], ids=["silence", "hiss"])
async def test_a_recording_without_speech_is_empty(engine: Engine, level: float, store: Store) -> None:
    noise = level * np.random.default_rng(1).standard_normal(4 * RATE)
    finding = await run(engine, noise.astype(np.float32), store)
    assert sum(span["end"] - span["start"] for span in finding.output["data"]) < 0.5
    if level == 0:
        assert finding.empty
        assert finding.output == {"data": []}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("samples", [1, 50, 700], ids=str)
async def test_the_shortest_recordings_do_no_harm(engine: Engine, samples: int, store: Store) -> None:
    finding = await run(engine, np.full(samples, 0.1, dtype=np.float32), store)
    assert finding.output == {"data": []}


@pytest.mark.parametrize("engine", ENGINES)
async def test_times_are_seconds_at_any_rate_and_in_stereo(engine: Engine, voice: np.ndarray, store: Store) -> None:
    from compegpt.media.sound import resampled

    wide = resampled(np.stack([with_pauses(voice)] * 2, axis=1), RATE, 44_100)
    finding = await run(engine, wide, store, rate=44_100)
    assert finding.output["data"][0]["start"] == pytest.approx(1.5, abs=0.4)
    assert finding.output["data"][-1]["end"] == pytest.approx(8.0, abs=0.4)


@pytest.mark.parametrize(("scores", "expected"), [
    ([0, 0, 0, 0], []),
    ([0, 0.9, 0.9, 0], [(0.1, 0.3)]),
    ([0.9, 0, 0.9, 0.9], [(0.0, 0.4)]),
    ([0.9, 0, 0, 0, 0, 0.9], [(0.0, 0.1), (0.5, 0.6)]),
    ([0.4, 0.9, 0.4, 0.2], [(0.1, 0.3)]),
], ids=["none", "one", "a short pause is bridged", "a long pause parts", "hysteresis"])
def test_scores_become_spans(scores: list[float], expected: list[tuple[float, float]]) -> None:
    found = activity.spans(np.array(scores, dtype=np.float32), 0.1, len(scores) * 0.1)
    assert [(round(start, 3), round(end, 3)) for start, end, _ in found] == expected


async def test_a_slow_detector_refuses_what_it_could_not_finish(store: Store) -> None:
    run_short = activity._detecting(activity.energy, limit=1.0)
    path = store.new(".wav")
    soundfile.write(path, np.full(2 * RATE, 0.1, dtype=np.float32), RATE)
    with pytest.raises(ExpertError, match="at most"):
        await run_short({"audio": str(path)}, store)


def test_the_detectors_are_of_different_families() -> None:
    assert len({engine.family for engine in activity.ENGINES}) == len(activity.ENGINES)
