"""What is installed and set on this machine, and which tasks it can do."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import platform
import re
import shutil
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

from compegpt.errors import CompeGPTError, ConfigurationError
from compegpt.settings import Secret, Settings
from compegpt.sources.embedded.source import MODULES, engines
from compegpt.sources.own import own_experts
from compegpt.tasks import TASKS

PROGRAMS: dict[str, str] = {
    "tesseract": "apt-get install tesseract-ocr", "espeak-ng": "apt-get install espeak-ng",
    "flite": "apt-get install flite", "text2wave": "apt-get install festival",
    "ffmpeg": "apt-get install ffmpeg", "apertium": "apt-get install apertium apertium-eng-spa"}
"""System programs the engines use, and how to get them."""

_MAIN_JOB = ("language-identification", "ocr", "summarization", "text-classification")
"""With engines for these the common requests can be answered."""


def examined(settings: Settings) -> dict[str, Any]:
    """Everything the report shows; `ready` where the common requests can be answered."""
    tasks = {name: _task(name) for name in TASKS if name in MODULES}
    data_dir = _data_dir(settings.data_dir)
    packages, conversations = _missing_packages(), _conversations(settings)
    return {
        "python": platform.python_version(), "executable": sys.executable, "missing_packages": packages,
        "programs": {name: shutil.which(name) for name in PROGRAMS}, "data_dir": data_dir,
        "settings": {one.metadata["env"]: _shown(getattr(settings, one.name)) for one in fields(settings)},
        "competing": _competing(settings), "conversations": conversations, "tasks": tasks,
        "ready": (data_dir["writable"] and conversations["usable"]
                  and all(tasks[name]["families"] for name in _MAIN_JOB))}


def _competing(settings: Settings) -> dict[str, str]:
    """Which language model and which sources these settings give, or what is wrong with them."""
    from compegpt.wiring import language_model_named, source_names

    try:
        spec, own = language_model_named(settings), own_experts(settings)
        sources = source_names(settings, own, spec is not None)
    except ConfigurationError as error:
        return {"Not usable": str(error)}
    return {"Language model": spec or "none: the embedded planner and writer do it", "Sources": ", ".join(sources)}


def _conversations(settings: Settings) -> dict[str, Any]:
    """Where conversations are kept, or why they cannot be."""
    if settings.database_url is None:
        return {"usable": True, "state": f"files in '{settings.data_dir}'"}
    from compegpt.conversations import looked_at

    try:
        return {"usable": True, "state": f"the database {asyncio.run(looked_at(settings.database_url))}"}
    except CompeGPTError as error:
        return {"usable": False, "state": f"not usable: {error}"}


def report(found: dict[str, Any]) -> str:
    """The examination for a person."""
    lines = [f"Python {found['python']} ({found['executable']})",
             f"Data directory {found['data_dir']['path']}: {found['data_dir']['state']}", "", "Packages:"]
    lines += [f"  {name} is missing: pip install '{name}'" for name in found["missing_packages"]] or ["  all are there"]
    lines += ["", "Programs:"]
    lines += [f"  {name:<12} {path or 'missing: ' + PROGRAMS[name]}" for name, path in found["programs"].items()]
    lines += ["", "Set:"]
    lines += [f"  {name} = {value}" for name, value in found["settings"].items() if value is not None]
    lines += ["", *(f"{what}: {value}" for what, value in found["competing"].items())]
    lines += [f"Conversations: {found['conversations']['state']}"]
    lines += ["", "Tasks (independent families of engines; from 2 on they compete):"]
    for name, task in found["tasks"].items():
        missing = "; ".join(task["missing"])
        lines.append(f"  {name:<30} {task['families']}" + (f"   could have: {missing}" if missing else ""))
    rest = ", ".join(name for name in TASKS if name not in MODULES)
    lines += ["", f"Only a hosted model, or one of your own, does: {rest}."]
    lines += ["", "Ready." if found["ready"] else "Not ready: mend what is missing above."]
    return "\n".join(lines)


def _task(name: str) -> dict[str, Any]:
    rows = engines(name)
    missing = [f"{row.name} ({row.install or 'needs ' + ', '.join(row.missing())})" for row in rows if row.missing()]
    return {"families": len({row.family for row in rows if not row.missing()}), "missing": missing}


def _data_dir(path: Path) -> dict[str, Any]:
    probe = path / f".probe-{os.getpid()}"
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe.write_bytes(b"\0" * 65536)
        probe.unlink()
    except OSError as error:
        return {"path": str(path), "writable": False,
                "state": f"cannot be written ({error.strerror}); set COMPEGPT_DATA_DIR to another folder"}
    return {"path": str(path), "writable": True,
            "state": f"writable, {shutil.disk_usage(path).free / 1e9:.1f} GB free"}


def _missing_packages() -> list[str]:
    """What the installed distribution requires and is not there; nothing where it runs from a bare checkout."""
    try:
        required = importlib.metadata.requires("compegpt") or []
    except importlib.metadata.PackageNotFoundError:
        return []
    plain = [line for line in required if "extra ==" not in line]
    return [line for line in plain if not _installed(re.split(r"[^\w.-]", line, maxsplit=1)[0])]


def _installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _shown(value: Any) -> str | None:
    """A setting for a report: keys as stars, so that it can be sent to somebody."""
    if isinstance(value, Secret):
        return "****"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else None if value is None else str(value)
