"""Start the page in the browser: what `app.py` and a Hugging Face Space run."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from compegpt.errors import CompeGPTError, ConfigurationError
from compegpt.settings import Settings


def main(argv: Sequence[str] | None = None) -> None:
    """Serve the page until interrupted; a Space says by GRADIO_SERVER_NAME and GRADIO_SERVER_PORT where."""
    options = _parser().parse_args(argv)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy
    try:
        from compegpt.wiring import parts_from

        parts = parts_from(Settings.load())
        from compegpt.web.server import application, checked_address, listen

        local = checked_address(parts, options.host, options.insecure or bool(os.environ.get("SPACE_ID")))
        listen(application(parts, local, programs=False), options.host, _port(options.port))
    except CompeGPTError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(error.status) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="app.py", description="CompeGPT as a page in the browser.")
    parser.add_argument("--host", default=os.environ.get("GRADIO_SERVER_NAME") or "127.0.0.1",
                        help="address to listen at (127.0.0.1: this machine only)")
    parser.add_argument("--port", default=os.environ.get("GRADIO_SERVER_PORT") or "7860")
    parser.add_argument("--insecure", action="store_true", help="let everybody in who reaches the host, without a key")
    return parser


def _port(given: str) -> int:
    """Raises ConfigurationError for what is none."""
    if not given.isdecimal() or int(given) > 65_535:
        raise ConfigurationError(f"'{given[:20]}' is not a port; give a number from 0 to 65535 by --port or "
                                 "GRADIO_SERVER_PORT.")
    return int(given)
