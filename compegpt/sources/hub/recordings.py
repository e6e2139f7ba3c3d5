"""Sound and video to and from models; what comes back is told by its bytes, never by what its header says."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from compegpt.errors import ExpertError
from compegpt.media.artifacts import Store, media_type
from compegpt.schema import Finding, Kind
from compegpt.sources.hub.outputs import unreadable

_SUFFIXES = {"audio/wav": ".wav", "audio/flac": ".flac", "audio/ogg": ".ogg", "audio/mpeg": ".mp3", "audio/mp4": ".m4a",
             "video/mp4": ".mp4", "video/webm": ".webm", "video/x-msvideo": ".avi"}
_LEAST_BYTES = 24


def payload(path: str) -> Any:
    """Bytes to send, with the type they really have."""
    from huggingface_hub.inference._common import MimeBytes

    return MimeBytes(Path(path).read_bytes(), media_type(Path(path)))


def kept(given: Any, kind: Kind, store: Store) -> Finding:
    """Sound or video, as bytes or in base64 in an object, as a file whose name ends as its bytes say.

    Raises ExpertError for anything else.
    """
    given = unpacked(given, kind, "blob", "data")
    if not isinstance(given, bytes | bytearray):
        raise unreadable(kind, given)
    if len(given) < _LEAST_BYTES:
        raise ExpertError(f"Its answer is not {kind} but {len(given)} bytes.")
    path = store.new(".part")
    path.write_bytes(given)
    found = media_type(path)
    if not (found.startswith(f"{kind}/") or (kind == "audio" and found in ("video/webm", "video/mp4"))):
        path.unlink()
        raise ExpertError(f"Its answer is not {kind} but {_NAMES.get(found, found)}.")
    target = store.new(_SUFFIXES[found])
    path.replace(target)
    return Finding({"audio": str(target)} if kind == "audio" else {"video": str(target)})


_NAMES = {"text/plain": "text", "application/octet-stream": "bytes of no known type"}


def unpacked(given: Any, *names: str) -> Any:
    """The bytes of base64, bare or as a data URL, that stands alone or under one of these names; else what is there."""
    first = given[0] if isinstance(given, list) and len(given) == 1 else given
    if isinstance(first, Mapping):
        first = next((first[name] for name in names if first.get(name)), None)
    if not isinstance(first, str):
        return given if first is None else first
    try:
        return base64.b64decode(first.rpartition("base64,")[2], validate=True)
    except (binascii.Error, ValueError):
        return given


def track(given: Any, store: Store) -> Finding:
    """The first of the recordings `[{blob, label}]`. Raises ExpertError without any."""
    tracks = [item for item in given if isinstance(item, Mapping)] if isinstance(given, list) else []
    if not tracks:
        raise ExpertError("Its answer is not a list of recordings.")
    finding = kept(tracks[0].get("blob"), "audio", store)
    note = f"The first of {len(tracks)} recordings." if len(tracks) > 1 else None
    return Finding(finding.output, note=note)
