"""Right answers of hf-inference for each task, in the shapes it really has; pictures, sound and video are real."""

from __future__ import annotations

import base64
import io
import math
import shutil
import struct
import subprocess
import wave
import zlib
from functools import cache
from typing import Any


def chat(text: str, model: str = "model", finish: str = "stop") -> dict[str, Any]:
    """A chat completion in OpenAI's form."""
    return {"id": "1", "object": "chat.completion", "created": 1, "model": model,
            "choices": [{"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text}}],
            "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}}


@cache
def picture(width: int = 96, height: int = 64) -> bytes:
    """A PNG with a disc on a ground of two colours."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (width, height), (40, 90, 160))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height // 2, width, height), fill=(90, 160, 60))
    draw.ellipse((width // 4, height // 4, width // 2, height // 2), fill=(240, 200, 40))
    return _png(image)


@cache
def mask(width: int = 96, height: int = 64, right: bool = False) -> str:
    """A black and white PNG in base64, white in its left or right half."""
    from PIL import Image

    image = Image.new("L", (width, height))
    image.paste(255, (width // 2 if right else 0, 0, width if right else width // 2, height))
    return base64.b64encode(_png(image)).decode()


def bomb() -> bytes:
    """A PNG whose header says 30,000 x 30,000."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)) \
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def _png(image: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@cache
def tone(seconds: float = 1.0, rate: int = 16_000) -> bytes:
    """A WAV of a note of 440 Hz."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"".join(struct.pack("<h", int(9_000 * math.sin(2 * math.pi * 440 * i / rate)))
                                  for i in range(int(seconds * rate))))
    return buffer.getvalue()


@cache
def clip() -> bytes:
    """An MP4 of one second; only its head where ffmpeg is not there."""
    program = shutil.which("ffmpeg")
    if program is None:
        return b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0\0\0\x08free"
    made = subprocess.run([program, "-v", "error", "-f", "lavfi", "-i", "testsrc=duration=1:size=96x64:rate=8",
                           "-pix_fmt", "yuv420p", "-movflags", "frag_keyframe+empty_moov", "-f", "mp4", "-"],
                          capture_output=True, check=True)
    return made.stdout


def _ranked(body: dict[str, Any]) -> list[dict[str, Any]]:
    labels = body.get("parameters", {}).get("candidate_labels", [])
    weights = [0.5**rank for rank in range(1, len(labels) + 1)]
    return [{"label": label, "score": weight / sum(weights)} for label, weight in zip(labels, weights, strict=True)]


def _generated(body: dict[str, Any]) -> list[dict[str, str]]:
    return [{"generated_text": f"{body.get('inputs', '')} and they lived happily."}]


_BOX = {"xmin": 24, "ymin": 16, "xmax": 48, "ymax": 32}
CANNED: dict[str, Any] = {
    "fill-mask": [{"score": 0.7, "token": 1, "token_str": " Paris", "sequence": "Paris is it"},
                  {"score": 0.2, "token": 2, "token_str": " Lyon", "sequence": "Lyon is it"}],
    "text-classification": [[{"label": "POSITIVE", "score": 0.98}, {"label": "NEGATIVE", "score": 0.02}]],
    "token-classification": [{"entity_group": "PER", "score": 0.99, "word": "Ada", "start": 0, "end": 3}],
    "zero-shot-classification": _ranked,
    "summarization": [{"summary_text": "It is short."}],
    "translation": [{"translation_text": "Guten Tag."}],
    "question-answering": {"answer": "in 1843", "score": 0.9, "start": 5, "end": 12},
    "text-generation": _generated, "text2text-generation": _generated,
    "sentence-similarity": [0.83],
    "feature-extraction": lambda body: [[0.6, 0.8, 0.0]] * (
        len(body["inputs"]) if isinstance(body.get("inputs"), list) else 1),
    "language-identification": [[{"label": "eng_Latn", "score": 0.9}, {"label": "deu_Latn", "score": 0.1}]],
    "face-detection": [{"label": "face", "score": 0.9, "box": _BOX}],
    "table-question-answering": {"answer": "SUM > 3, 4", "coordinates": [[0, 1], [1, 1]], "cells": ["3", "4"],
                                 "aggregator": "SUM"},
    "tabular-classification": ["good", "bad", "good"],
    "image-classification": [{"label": "tabby, tabby cat", "score": 0.8}, {"label": "lynx", "score": 0.1}],
    "zero-shot-image-classification": _ranked,
    "object-detection": [{"label": "sun", "score": 0.93, "box": _BOX},
                         {"label": "field", "score": 0.99, "box": {"xmin": 0, "ymin": 32, "xmax": 96, "ymax": 64}}],
    "zero-shot-object-detection": [{"label": "sun", "score": 0.6, "box": _BOX}],
    "image-segmentation": [{"label": "left", "score": 0.9, "mask": mask()},
                           {"label": "right", "score": 0.8, "mask": mask(right=True)}],
    "image-to-text": [{"generated_text": "a cat on a mat"}],
    "visual-question-answering": [{"answer": "two", "score": 0.7}, {"answer": "three", "score": 0.2}],
    "document-question-answering": [{"answer": "42.00 EUR", "score": 0.8, "start": 3, "end": 4}],
    "depth-estimation": lambda body: picture(),
    "image-to-image": lambda body: picture(), "text-to-image": lambda body: picture(),
    "text-to-speech": lambda body: tone(), "text-to-audio": lambda body: tone(),
    "text-to-video": lambda body: clip(), "image-to-video": lambda body: clip(),
    "automatic-speech-recognition": {"text": " hello world"},
    "audio-to-audio": lambda body: [{"label": "clean", "content-type": "audio/wav",
                                     "blob": base64.b64encode(tone()).decode()}],
    "audio-classification": [{"label": "music", "score": 0.9}, {"label": "speech", "score": 0.1}],
    "conversational": chat("A cat sits on a mat."),
}
"""Per task, the client's or one of ours: the JSON, or what makes it of the request's JSON body."""
