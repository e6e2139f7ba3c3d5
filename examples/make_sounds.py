"""Make the sample recording of this folder: `python examples/make_sounds.py [FOLDER]` (needs the program flite).

    speech.wav    two spoken sentences, 16 kHz mono; the same version of flite gives the same bytes

Of flite's voices and several sentences, these are understood without a wrong word by pocketsphinx.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import soundfile

VOICE = "rms"
SENTENCES = ("A shepherd keeps his sheep on the green hills in the summer. "
             "Every morning he walks along the river with his dog.")
RATE = 16_000


def speak(text: str, voice: str, target: Path) -> None:
    """Write the spoken text as 16 kHz mono, 16-bit WAV."""
    with tempfile.TemporaryDirectory() as folder:
        source, spoken = Path(folder) / "text.txt", Path(folder) / "speech.wav"
        source.write_text(text + "\n", encoding="ascii")
        subprocess.run(["flite", "-voice", voice, "-f", str(source), "-o", str(spoken)], check=True)
        samples, rate = soundfile.read(spoken, dtype="int16")
    if rate != RATE:
        raise ValueError(f"the voice {voice} speaks at {rate} samples a second, not {RATE}")
    soundfile.write(target, samples, rate, subtype="PCM_16")


if __name__ == "__main__":
    speak(SENTENCES, VOICE, Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent) / "speech.wav")
