"""Start the chat in the browser."""

from __future__ import annotations

import argparse
import os
import sys

from compegpt.errors import CompeGPTError
from compegpt.settings import Settings


def main() -> None:
    """Serve the chat until interrupted; `--host` and `--port` say where."""
    parser = argparse.ArgumentParser(prog="app.py", description="CompeGPT as a chat in the browser.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (127.0.0.1: this machine only)")
    parser.add_argument("--port", type=int, default=7860)
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy
    try:
        settings = Settings.load()
        from compegpt.wiring import parts_from

        parts = parts_from(settings)
        from compegpt.web.ui import application

        served = application(parts)
    except CompeGPTError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(error.status) from error
    import uvicorn

    sys.stderr.write(f"CompeGPT at http://{options.host}:{options.port}\n")
    uvicorn.run(served, host=options.host, port=options.port, log_level="warning")
