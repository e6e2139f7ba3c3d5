"""Putting speech on a video with ffmpeg: in place of its sound, or over it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from compegpt.errors import ExpertError, InputError
from compegpt.media.artifacts import Store
from compegpt.media.sound import probe
from compegpt.programs import run_program
from compegpt.schema import Finding
from compegpt.sources.embedded.engine import Args, Engine

TASK = "video-dubbing"
_COPIED = {"h264", "hevc", "av1", "mpeg4", "vp9"}
"""Codecs that an MP4 takes as they are; others are encoded again."""

_SPEECH = "aresample=48000,aformat=channel_layouts=stereo"
REPLACED = f"[1:a:0]{_SPEECH},apad[sound]"
MIXED = (f"[1:a:0]{_SPEECH},apad,asplit[speech][key];[0:a:0]{_SPEECH},apad[own];"
         "[own][key]sidechaincompress=threshold=0.02:ratio=12:attack=20:release=400[ducked];"
         "[ducked][speech]amix=inputs=2:duration=first:normalize=0,alimiter=limit=0.95[sound]")
"""The video's own sound is turned down while the speech is heard."""


@dataclass(frozen=True)
class Clip:
    codec: str
    seconds: float
    has_sound: bool


async def clip(path: str | Path) -> Clip:
    """Codec and length of the first moving picture in a file. Raises InputError where it has none."""
    found = await probe(path)
    pictures = [stream for stream in found["streams"] if stream.get("codec_type") == "video"
                and not stream.get("disposition", {}).get("attached_pic")]
    if not pictures:
        raise InputError(f"'{Path(path).name}' holds no moving pictures; give a video.")
    seconds = _number(found.get("format", {}).get("duration")) or _number(pictures[0].get("duration"))
    return Clip(str(pictures[0].get("codec_name")), seconds,
                any(stream.get("codec_type") == "audio" for stream in found["streams"]))


def command(video: str, audio: str, target: Path, pictures: Clip, speech: float, filters: str) -> list[str]:
    """ffmpeg's command line; where the speech (seconds) is longer than the video its last picture is held."""
    held = max(speech - pictures.seconds, 0.0)
    if held > 0.05:
        filters += f";[0:v:0]tpad=stop_mode=clone:stop_duration={held:.3f},{_EVEN}[pictures]"
    elif pictures.codec not in _COPIED:
        filters += f";[0:v:0]{_EVEN}[pictures]"
    again = "[pictures]" in filters
    return ["ffmpeg", "-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe", "-i", f"file:{video}",
            "-protocol_whitelist", "file,pipe", "-i", f"file:{audio}", "-filter_complex", filters,
            "-map", "[pictures]" if again else "0:v:0", "-map", "[sound]",
            *(["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"] if again else ["-c:v", "copy"]),
            "-c:a", "aac", "-t", f"{max(pictures.seconds, speech):.3f}", "-threads", "2", "-movflags", "+faststart",
            str(target)]


_EVEN = "pad=ceil(iw/2)*2:ceil(ih/2)*2"
"""H.264 takes even widths and heights only."""


def _dubbing(filters: str, own_sound: bool) -> Callable[[Args, Store], Awaitable[Finding]]:
    async def dub(args: Args, store: Store) -> Finding:
        pictures = await clip(args["video"])
        if own_sound and not pictures.has_sound:
            raise ExpertError("the video has no sound of its own to keep under the speech")
        speech = _number((await probe(args["audio"])).get("format", {}).get("duration"))
        if not pictures.seconds or not speech:
            raise ExpertError("ffprobe cannot tell how long the video and the speech are")
        target = store.new(".mp4")
        await run_program(command(args["video"], args["audio"], target, pictures, speech, filters))
        made = await clip(target)
        if not made.has_sound or made.seconds < 0.8 * max(pictures.seconds, speech):
            raise ExpertError("ffmpeg wrote a video without its sound or its end")
        return Finding(output={"video": str(target)}, note=_note(pictures.seconds, speech))

    return dub


def _note(video: float, speech: float) -> str | None:
    if speech > video + 0.5:
        return f"the speech is {speech - video:.1f} s longer than the video, so its last picture is held"
    return None


def _number(text: object) -> float:
    """Seconds as ffprobe prints them; 0 where it says N/A or nothing."""
    try:
        return float(str(text))
    except ValueError:
        return 0.0


ENGINES: tuple[Engine, ...] = (
    Engine("ffmpeg-replace", TASK, "ffmpeg", _dubbing(REPLACED, own_sound=False), programs=("ffmpeg", "ffprobe"),
           prior=0.7, licence="LGPL/GPL (program)", install="apt-get install ffmpeg",
           about="the speech in place of the video's sound"),
    Engine("ffmpeg-mix", TASK, "ffmpeg", _dubbing(MIXED, own_sound=True), programs=("ffmpeg", "ffprobe"), prior=0.5,
           licence="LGPL/GPL (program)", install="apt-get install ffmpeg",
           about="the speech over the video's own sound, which is turned down meanwhile"),
)
