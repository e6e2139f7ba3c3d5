"""The main job on the sample files: a picture, a text and a voice, each with competing engines.

    make demo
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
REQUESTS = (
    "Read the text in examples/receipt.png, tell me which language it is in and read it aloud.",
    "Summarize examples/article.txt in three sentences, then tell me the sentiment of the summary and its keywords.",
    "Transcribe examples/speech.wav. Then tell me how similar the transcription is to the sentence: Sheep are nice.",
    "What does the QR code in examples/code.png say?",
)


def main() -> int:
    """Highest exit status of the requests; each is the command a user would type."""
    worst = 0
    for request in REQUESTS:
        command = [sys.executable, "main.py", "--prompt", request]
        print(f"\n$ python main.py --prompt \"{request}\"\n", flush=True)
        worst = max(worst, subprocess.run(command, cwd=ROOT, check=False).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
