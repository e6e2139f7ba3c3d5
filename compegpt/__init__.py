"""CompeGPT: models compete to answer multi-modal requests."""

import importlib.metadata
import os

# onnxruntime reports to its maker unless told otherwise before it loads
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


def version() -> str:
    """The version that is installed; `0+unknown` where the folder is run without an installation."""
    try:
        return importlib.metadata.version("compegpt")
    except importlib.metadata.PackageNotFoundError:
        return "0+unknown"
