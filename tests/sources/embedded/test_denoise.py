from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from compegpt.errors import ExpertError
from compegpt.media.artifacts import Store
from compegpt.sources.embedded import denoise
from compegpt.sources.embedded.engine import Engine

ENGINES = [pytest.param(engine, id=engine.name,
                        marks=pytest.mark.skipif(bool(engine.missing()), reason=f"{engine.missing()} not installed"))
           for engine in denoise.ENGINES]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "made")


def noise(frames: int, level: float, *channels: int) -> np.ndarray:
    return (level * np.random.default_rng(0).standard_normal((frames, *channels))).astype(np.float32)


async def cleaned(engine: Engine, samples: np.ndarray, rate: int, store: Store) -> np.ndarray:
    path = store.new(".wav")
    soundfile.write(path, samples, rate)
    finding = await engine.run({"audio": str(path)}, store)
    made, made_rate = soundfile.read(finding.output["audio"], dtype="float32")
    assert made_rate == rate
    assert made.shape == samples.shape
    return made


def si_sdr(clean: np.ndarray, estimate: np.ndarray) -> float:
    """Scale-invariant signal to distortion ratio in dB (Le Roux et al. 2019, arXiv:1811.02508)."""
    target = (estimate @ clean) / (clean @ clean) * clean
    return float(10 * np.log10((target @ target) / ((estimate - target) @ (estimate - target))))


@pytest.mark.parametrize("engine", ENGINES)
async def test_noise_on_speech_is_lowered(engine: Engine, store: Store, examples: Path) -> None:
    clean, rate = soundfile.read(examples / "speech.wav", dtype="float32")
    clean = np.concatenate([np.zeros(rate // 2, dtype=np.float32), clean])
    noisy = clean + noise(len(clean), float(np.sqrt((clean**2).mean() / 10**0.5)))
    made = await cleaned(engine, np.clip(noisy, -1, 1), rate, store)
    assert si_sdr(clean, made) - si_sdr(clean, noisy) > 3


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("rate", "channels"), [(8_000, ()), (11_025, ()), (44_100, (2,))], ids=str)
async def test_length_rate_and_channels_are_kept(engine: Engine, rate: int, channels: tuple[int, ...],
                                                 store: Store) -> None:
    await cleaned(engine, noise(rate // 2 + 7, 0.1, *channels), rate, store)


@pytest.mark.parametrize("engine", ENGINES)
async def test_silence_is_given_back_with_a_note(engine: Engine, store: Store) -> None:
    path = store.new(".wav")
    soundfile.write(path, np.zeros(8_000), 16_000)
    finding = await engine.run({"audio": str(path)}, store)
    assert not soundfile.read(finding.output["audio"])[0].any()
    assert "silent" in finding.note


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_handful_of_samples_is_cleaned_or_refused(engine: Engine, store: Store) -> None:
    if engine.name == "noisereduce":
        with pytest.raises(ExpertError, match="at least 2048 samples"):
            await cleaned(engine, noise(20, 0.1), 16_000, store)
    else:
        await cleaned(engine, noise(20, 0.1), 16_000, store)


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_recording_too_long_to_hold_is_refused(engine: Engine, store: Store,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    path = store.new(".wav")
    soundfile.write(path, noise(32_000, 0.1), 16_000)
    monkeypatch.setattr("compegpt.media.sound.MAX_SAMPLES", 16_000)
    with pytest.raises(ExpertError, match="too long"):
        await engine.run({"audio": str(path)}, store)


@pytest.mark.skipif(bool(denoise.ENGINES[1].missing()), reason="ffmpeg is not installed")
@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000])
async def test_the_lag_of_afftdn_is_taken_off(rate: int, store: Store) -> None:
    samples = np.repeat(noise(rate // 10, 0.2), 10)
    made = await cleaned(denoise.ENGINES[1], samples, rate, store)
    middle = slice(rate // 4, rate // 2)
    match = [float(made[middle] @ np.roll(samples, shift)[middle]) for shift in range(-10, 11)]
    assert np.argmax(match) == 10


def test_the_denoisers_are_of_different_families() -> None:
    assert len({engine.family for engine in denoise.ENGINES}) == 3
