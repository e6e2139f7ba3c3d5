from __future__ import annotations

import asyncio
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from compegpt.errors import ExpertError, InputError
from compegpt.media.artifacts import Store
from compegpt.sources.embedded import recognition

pytestmark = pytest.mark.skipif(bool(recognition.ENGINES[0].missing()), reason="pocketsphinx is not installed")
SENTENCES = ("a shepherd keeps his sheep on the green hills in the summer "
             "every morning he walks along the river with his dog")
RATE = 16_000


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "made")


def word_error(reference: list[str], hypothesis: list[str]) -> float:
    row = list(range(len(hypothesis) + 1))
    for i, wanted in enumerate(reference, 1):
        before, row[0] = row[:], i
        for j, heard in enumerate(hypothesis, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (wanted != heard))
    return row[-1] / len(reference)


async def test_the_sample_recording_is_written_down(store: Store, examples: Path) -> None:
    finding = await recognition.transcribe({"audio": str(examples / "speech.wav")}, store)
    assert word_error(SENTENCES.split(), finding.output["text"].split()) <= 0.25
    assert finding.output["text"].islower()
    assert 0.3 < finding.confidence <= 1
    assert finding.note == recognition.WEAK


async def test_another_rate_stereo_and_a_low_level_change_little(store: Store, examples: Path, tmp_path: Path) -> None:
    from compegpt.media.sound import resampled

    samples, _ = soundfile.read(examples / "speech.wav", dtype="float32")
    soundfile.write(tmp_path / "a.flac", resampled(np.stack([0.05 * samples] * 2, axis=1), RATE, 44_100), 44_100)
    finding = await recognition.transcribe({"audio": str(tmp_path / "a.flac")}, store)
    assert word_error(SENTENCES.split(), finding.output["text"].split()) <= 0.25


@pytest.mark.parametrize("level", [0.0, 0.01], ids=["silence", "hiss"])
async def test_without_speech_the_text_is_empty(level: float, store: Store, tmp_path: Path) -> None:
    noise = level * np.random.default_rng(0).standard_normal(3 * RATE)
    soundfile.write(tmp_path / "a.wav", noise, RATE)
    finding = await recognition.transcribe({"audio": str(tmp_path / "a.wav")}, store)
    assert finding.empty
    assert finding.output == {"text": ""}
    assert "no speech" in finding.note


async def test_what_is_no_recording_is_an_error(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFF1234WAVEgarbage")
    with pytest.raises(InputError):
        await recognition.transcribe({"audio": str(tmp_path / "a.wav")}, store)


async def test_calls_at_the_same_time_do_not_mix(store: Store, examples: Path, tmp_path: Path) -> None:
    samples, _ = soundfile.read(examples / "speech.wav", dtype="float32")
    soundfile.write(tmp_path / "half.wav", samples[: int(3.6 * RATE)], RATE)
    whole, half = await asyncio.gather(*(recognition.transcribe({"audio": str(path)}, store)
                                         for path in (examples / "speech.wav", tmp_path / "half.wav")))
    assert whole.output["text"].split()[:8] == half.output["text"].split()[:8]
    assert len(whole.output["text"]) > 1.5 * len(half.output["text"])


async def test_pieces_stay_in_order_in_several_processes(examples: Path) -> None:
    pcm = soundfile.read(examples / "speech.wav", dtype="int16")[0][: 2 * RATE].tobytes()
    heard = await recognition._decoded([pcm, pcm[: RATE // 2], pcm], {"fwdflat": False})
    assert len(heard) == 3
    assert heard[0] == heard[2]
    assert heard[1].words < heard[0].words


async def test_a_cancelled_call_ends_its_process(store: Store, examples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = asyncio.Event()
    spawn = asyncio.create_subprocess_exec
    children: list[asyncio.subprocess.Process] = []

    async def watched(*argv: str, **options: object) -> asyncio.subprocess.Process:
        children.append(await spawn(*argv, **options))
        started.set()
        return children[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", watched)
    call = asyncio.create_task(recognition.transcribe({"audio": str(examples / "speech.wav")}, store))
    await started.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    for child in children:
        with pytest.raises(ProcessLookupError):
            os.kill(child.pid, 0)


async def test_garbage_from_the_decoder_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition, "_CHILD", "print('garbage')")
    with pytest.raises(ExpertError, match="something else"):
        await recognition._decoded([b"\0\0"], {})


@pytest.mark.parametrize(("found", "expected"), [
    ([], []),
    ([(1, 2, 1)], [(0.7, 2.3)]),
    ([(0, 2, 1), (3, 5, 1)], [(0, 5.3)]),
    ([(0, 2, 1), (30, 32, 1)], [(0, 2.3), (29.7, 32.3)]),
    ([(0, 15, 1), (15.4, 25, 1)], [(0, 15.3), (15.3, 25.3)]),
    ([(0, 45, 1)], [(0, 15.1), (15.1, 30.2), (30.2, 45.3)]),
], ids=["nothing", "a margin", "joined", "a long pause", "too long together", "cut evenly"])
def test_speech_is_cut_into_pieces_where_nobody_speaks(found: list[recognition.Span],
                                                       expected: list[tuple[float, float]]) -> None:
    pieces = recognition.grouped(found, 100.0)
    assert [(round(start, 3), round(end, 3)) for start, end in pieces] == expected
