"""Cleaning a recording: three algorithms that estimate and take away steady or slowly changing noise.

Each gives a WAV of the same length, rate and channels.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from compegpt.errors import ExpertError
from compegpt.media import sound
from compegpt.media.artifacts import Store
from compegpt.programs import run_program
from compegpt.schema import Finding
from compegpt.sources.embedded.engine import Args, Engine
from compegpt.threads import in_thread

if TYPE_CHECKING:
    from compegpt.media.sound import Array

TASK = "audio-to-audio"
Filter = Callable[["Array", int], "Array"]
"""One channel and its rate -> the cleaned channel, same length."""

_STEP_SECONDS = 60
_SHORTEST = 2048


def quietest(channel: Array, rate: int) -> Array:
    """The quietest tenth of the 50 ms frames, joined: what the noise sounds like alone."""
    import numpy as np

    size = max(rate // 20, 1)
    frames = channel[: len(channel) // size * size].reshape(-1, size)
    if len(frames) < 10:
        return channel
    order = np.argsort((frames**2).mean(axis=1))
    return np.asarray(frames[np.sort(order[: max(len(frames) // 10, 5)])].ravel(), dtype=np.float32)


def gated(channel: Array, rate: int) -> Array:
    """Spectral gating (Sainburg's noisereduce) with the noise of the quietest frames.

    Its variant that follows the noise took 10 to 20 dB from clean speech when measured, and is left out.
    """
    import noisereduce
    import numpy as np

    if len(channel) < _SHORTEST:
        raise ExpertError(f"noisereduce needs at least {_SHORTEST} samples, and the recording has {len(channel)}")
    cleaned = noisereduce.reduce_noise(y=channel, sr=rate, y_noise=quietest(channel, rate), stationary=True,
                                       n_std_thresh_stationary=1.0, prop_decrease=0.95, n_jobs=1)
    return np.asarray(cleaned, dtype=np.float32)


def log_spectral(channel: Array, rate: int) -> Array:
    """Minimum mean-square error of the log spectrum, noise by low percentiles, decision-directed prior SNR.

    Ephraim and Malah 1985, doi:10.1109/TASSP.1985.1164550. The noise is what the smoothed power of a bin rarely falls
    below within 8 s, after Martin 2001, doi:10.1109/89.928915.
    """
    import numpy as np
    from scipy.signal import ShortTimeFFT, get_window

    size = 1 << max(round(np.log2(rate * 0.032)), 5)
    transform = ShortTimeFFT(get_window("hann", size), size // 4, rate)
    padded = np.pad(channel, (0, max(size - len(channel), 0)))
    parts = []
    step, margin = _STEP_SECONDS * rate // size * size, rate // size * size
    for start in range(0, len(padded), step):
        first, last = max(start - margin, 0), min(start + step + margin, len(padded))
        piece = np.pad(padded[first:last], (0, max(size - (last - first), 0)))
        spectrum = transform.stft(piece)
        cleaned = transform.istft(spectrum * _gains(np.abs(spectrum) ** 2, rate / (size // 4)), k1=len(piece))
        parts.append(cleaned[start - first : start - first + min(step, len(padded) - start)])
    return np.asarray(np.concatenate(parts)[: len(channel)], dtype=np.float32)


def _gains(power: Array, frames_per_second: float) -> Array:
    """Gain per bin and frame in [0.05, 1], shape of `power` (bins, frames)."""
    import numpy as np
    from scipy.special import exp1

    noise = np.maximum(_noise(power, round(8 * frames_per_second)), 1e-12)
    posterior = np.minimum(power / noise, 1e3)
    gains = np.empty_like(power)
    clean = np.ones(len(power))
    for frame in range(power.shape[1]):
        prior = np.maximum(0.98 * clean + 0.02 * np.maximum(posterior[:, frame] - 1, 0), 10**-2.5)
        v = prior / (1 + prior) * posterior[:, frame]
        gain = np.minimum(prior / (1 + prior) * np.exp(0.5 * exp1(np.maximum(v, 1e-8))), 1.0)
        clean = gain**2 * posterior[:, frame]
        gains[:, frame] = np.maximum(gain, 0.05)
    return gains


def _noise(power: Array, window: int) -> Array:
    """Noise power per bin and frame: the 5th percentile of the smoothed power in windows around, scaled to its mean."""
    import numpy as np
    from scipy.ndimage import uniform_filter1d

    frames = power.shape[1]
    smooth = uniform_filter1d(power, 12, axis=1, mode="nearest")[:, ::4]
    half = max(window // 8, 1)
    centres = np.arange(0, smooth.shape[1], half)
    low = np.stack([np.quantile(smooth[:, max(at - half, 0) : at + half + 1], 0.05, axis=1) for at in centres], axis=1)
    at = np.interp(np.arange(frames) / 4, centres, np.arange(len(centres)))
    left, share = np.floor(at).astype(int), (at % 1).astype(np.float32)
    right = np.minimum(left + 1, len(centres) - 1)
    return np.asarray(1.6 * (low[:, left] * (1 - share) + low[:, right] * share), dtype=np.float32)


def _filtering(clean: Filter) -> Callable[[Args, Store], Awaitable[Finding]]:
    def work(recording: sound.Sound) -> Array:
        import numpy as np

        if recording.samples.ndim == 1:
            return clean(recording.samples, recording.rate)
        return np.stack([clean(np.ascontiguousarray(side), recording.rate) for side in recording.samples.T], axis=1)

    async def run(args: Args, store: Store) -> Finding:
        recording = await _whole(args)
        if recording.silent:
            return await _unchanged(recording, store)
        return await _kept(await in_thread(work, recording), recording, store)

    return run


async def fourier(args: Args, store: Store) -> Finding:
    """ffmpeg's afftdn, told the noise floor of the quietest frames; what it lags behind is taken off again."""
    recording = await _whole(args)
    if recording.silent:
        return await _unchanged(recording, store)
    lag = 2 * (recording.rate // 80)
    floor = await in_thread(_floor, recording)
    source, target = store.new(".wav"), store.new(".wav")
    await in_thread(sound.write, source, recording.samples, recording.rate)
    try:
        await run_program(["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", str(source), "-threads", "1", "-af",
                           f"apad=pad_len={lag},afftdn=nr=20:nf={floor:.0f},atrim=start_sample={lag}", str(target)])
        made = await sound.read(target)
    finally:
        source.unlink(missing_ok=True)
        target.unlink(missing_ok=True)
    return await _kept(made.samples, recording, store)


def _floor(recording: sound.Sound) -> float:
    """Level of the noise in dB of full scale, within the [-80, -20] that afftdn takes."""
    import numpy as np

    noise = quietest(recording.mono(recording.rate), recording.rate)
    return float(np.clip(10 * np.log10(max(float((noise**2).mean()), 1e-9)) + 2, -80, -20))


async def _whole(args: Args) -> sound.Sound:
    recording = await sound.read(args["audio"])
    if recording.note:
        raise ExpertError(f"the recording is too long to be cleaned ({recording.total / 60:.0f} minutes); give at most "
                          f"{recording.seconds / 60:.0f} minutes")
    return recording


async def _unchanged(recording: sound.Sound, store: Store) -> Finding:
    target = store.new(".wav")
    await in_thread(sound.write, target, recording.samples, recording.rate)
    return Finding(output={"audio": str(target)}, note="the recording is silent, so there was nothing to clean")


async def _kept(samples: Array, recording: sound.Sound, store: Store) -> Finding:
    """Write what a filter made. Raises ExpertError where nothing is left of the sound or its length differs."""
    import numpy as np

    if samples.shape != recording.samples.shape:
        raise ExpertError(f"the filter gave {len(samples)} samples for {len(recording.samples)}")
    if not np.isfinite(samples).all() or float(np.abs(samples).max(initial=0.0)) < sound.SILENCE:
        raise ExpertError("the filter left nothing of the sound")
    target = store.new(".wav")
    await in_thread(sound.write, target, samples, recording.rate)
    return Finding(output={"audio": str(target)})


ENGINES: tuple[Engine, ...] = (
    Engine("log-spectral", TASK, "mmse-lsa", _filtering(log_spectral), modules=("soundfile", "scipy"), prior=0.8,
           licence="MIT", install="pip install soundfile scipy", about="Ephraim and Malah's log-spectral estimator"),
    Engine("afftdn", TASK, "afftdn", fourier, modules=("soundfile", "scipy"), programs=("ffmpeg", "ffprobe"), prior=0.6,
           licence="LGPL/GPL (program)", install="apt-get install ffmpeg", about="ffmpeg's Fourier denoiser"),
    Engine("noisereduce", TASK, "spectral-gating", _filtering(gated), modules=("noisereduce", "soundfile", "scipy"),
           prior=0.5, licence="MIT", install="pip install noisereduce", about="spectral gating"),
)
