"""Write docker/requirements.txt: what the image installs, pinned, without torch and what stands on it.

    python scripts/image.py             in an environment where the project is installed with its extras
"""

from __future__ import annotations

import importlib.metadata
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
FILE = ROOT / "docker" / "requirements.txt"
LEFT_OUT = {"torch", "transformers", "diffusers", "sentence-transformers", "accelerate"}
"""What only models run by `local` need: gigabytes."""
_IMAGE = {"python_version": "3.11", "python_full_version": "3.11.9", "sys_platform": "linux"}
_HEAD = """\
# What the image has: the project's dependencies without torch and what stands on it, pinned as in constraints.txt.
# Made by: python scripts/image.py
"""


def text() -> str:
    """The file as it should be."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["postgres"]]
    needed: set[str] = set()
    for line in wanted:
        _add(Requirement(line), needed)
    pins = {canonicalize_name(line.partition("==")[0]): line
            for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line}
    return _HEAD + "".join(f"{pins[name]}\n" for name in sorted(needed))


def _add(wanted: Requirement, needed: set[str]) -> None:
    """The package, and all that it needs here."""
    name = canonicalize_name(wanted.name)
    if name in LEFT_OUT or (name in needed and not wanted.extras):
        return
    needed.add(name)
    try:
        lines = importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:
        lines = []  # not for the Python that runs this
    for line in lines:
        each = Requirement(line)
        if each.marker is None or any(each.marker.evaluate({**_IMAGE, "extra": one}) for one in ("", *wanted.extras)):
            _add(Requirement(line.partition(";")[0]), needed)


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text())
