"""Recordings as numpy arrays: reading any audio file, resampling, writing WAV.

soundfile reads WAV, FLAC, OGG and MP3; what it cannot read (M4A, the sound track of a video) ffmpeg decodes.
"""

from __future__ import annotations

import json
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compegpt.errors import ExpertError, InputError
from compegpt.programs import run_program
from compegpt.threads import in_thread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

MAX_SAMPLES = 64_000_000
"""Most samples (frames times channels) that are read: 256 MB as float32, 11 minutes of 48 kHz stereo."""

SILENCE = 1e-4
"""Peaks below this (-80 dB of full scale) are silence."""

_RATES = range(2_000, 400_001)


@dataclass(frozen=True, eq=False)
class Sound:
    samples: Array
    """float32 around [-1, 1], shape (frames,) or, stereo, (frames, 2); always finite."""
    rate: int
    """Frames per second."""
    total: float
    """Seconds in the file; more than `seconds` where only its beginning was read."""

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    @property
    def silent(self) -> bool:
        return max(float(self.samples.max(initial=0.0)), -float(self.samples.min(initial=0.0))) < SILENCE

    @property
    def note(self) -> str | None:
        """What to tell the reader where the recording was too long to be used whole."""
        if self.total - self.seconds < 0.5:
            return None
        return f"only the first {self.seconds / 60:.1f} of {self.total / 60:.1f} minutes were used"

    def mono(self, rate: int) -> Array:
        """One channel at this rate, shape (about seconds * rate,)."""
        samples = self.samples if self.samples.ndim == 1 else self.samples.mean(axis=1)
        return resampled(samples, self.rate, rate)


async def read(path: str | Path, seconds: float = math.inf) -> Sound:
    """The recording, at most its first `seconds` (and at most MAX_SAMPLES); more than two channels are mixed to one.

    Raises InputError where it does not decode or holds no sound.
    """
    path = Path(path)
    sound = await in_thread(_decoded, path, seconds)
    return sound if sound is not None else await _read_by_ffmpeg(path, seconds)


def resampled(samples: Array, rate: int, wanted: int) -> Array:
    """Polyphase resampling along the first axis; the samples themselves where the rates are equal."""
    import numpy as np
    from scipy.signal import resample_poly

    if rate == wanted:
        return samples
    common = math.gcd(rate, wanted)
    return np.asarray(resample_poly(samples, wanted // common, rate // common, axis=0), dtype=np.float32)


def levelled(samples: Array, peak: float = 0.7) -> Array:
    """Scaled so that all but the loudest 0.01 % of samples lie within `peak`; silence stays silence."""
    import numpy as np

    loud = float(np.quantile(np.abs(samples), 0.9999)) if samples.size else 0.0
    return samples if loud < SILENCE else np.clip(samples * np.float32(peak / loud), -1, 1)


def pcm16(samples: Array) -> bytes:
    """Little-endian 16-bit samples, clipped to [-1, 1]."""
    import numpy as np

    return (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()


def write(path: Path, samples: Array, rate: int) -> None:
    """Write a 16-bit WAV; samples beyond full scale are turned down, not clipped."""
    import soundfile

    peak = max(float(samples.max(initial=0.0)), -float(samples.min(initial=0.0)))
    soundfile.write(path, samples / peak if peak > 1 else samples, rate, subtype="PCM_16", format="WAV")


async def probe(path: str | Path) -> dict[str, Any]:
    """What ffprobe says of a media file: {"streams": [{codec_type, codec_name, duration, ...}], "format": {...}}.

    Raises ExpertError where it is no media file.
    """
    out = await run_program(["ffprobe", "-v", "error", "-protocol_whitelist", "file,pipe", "-of", "json",
                             "-show_streams", "-show_format", f"file:{path}"])
    try:
        found = json.loads(out)
    except ValueError as error:
        raise ExpertError("ffprobe printed something that is not JSON") from error
    if not isinstance(found, dict) or not found.get("streams"):
        raise ExpertError(f"ffprobe finds no stream in '{Path(path).name}'")
    return found


def _decoded(path: Path, seconds: float) -> Sound | None:
    """The recording as soundfile reads it; None where it does not know the format."""
    import numpy as np
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            rate, length, channels = file.samplerate, file.frames, file.channels
            if rate not in _RATES:
                raise InputError(f"'{path.name}' claims {rate} samples a second, which no recording has.")
            wanted = min(length, math.ceil(seconds * rate) if seconds < math.inf else length, MAX_SAMPLES // channels)
            samples = file.read(wanted, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError:
        return None
    if not len(samples):
        raise InputError(f"'{path.name}' is a recording of 0 seconds; give one with sound in it.")
    if channels > 2:
        samples = samples.mean(axis=1, keepdims=True)
    samples = np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0)
    whole = len(samples) if wanted == length else length  # the header of an MP3 may promise more than there is
    return Sound(samples[:, 0] if samples.shape[1] == 1 else samples, rate, whole / rate)


async def _read_by_ffmpeg(path: Path, seconds: float) -> Sound:
    try:
        found = await probe(path)
        tracks = [stream for stream in found["streams"] if stream.get("codec_type") == "audio"]
        if not tracks:
            raise InputError(f"'{path.name}' has no sound track; give a recording with sound.")
        per_second = int(tracks[0].get("sample_rate", 48_000)) * int(tracks[0].get("channels", 2))
        limit = min(seconds, MAX_SAMPLES / max(per_second, 1))
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "sound.wav"
            await run_program(["ffmpeg", "-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe",
                               "-t", f"{limit:.3f}", "-i", f"file:{path}", "-map", "0:a:0", "-threads", "1",
                               "-c:a", "pcm_s16le", str(target)])
            sound = await in_thread(_decoded, target, math.inf)
    except ExpertError as error:
        raise InputError(f"'{path.name}' cannot be decoded as sound ({error}); convert it to WAV or MP3.") from error
    if sound is None:
        raise InputError(f"'{path.name}' cannot be decoded as sound; convert it to WAV or MP3.")
    duration = found.get("format", {}).get("duration") if sound.seconds >= limit - 0.5 else None
    return Sound(sound.samples, sound.rate, float(duration or sound.seconds))
