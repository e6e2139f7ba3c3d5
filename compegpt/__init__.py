"""CompeGPT: models compete to answer multi-modal requests."""

import os

# onnxruntime reports to its maker unless told otherwise before it loads
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
