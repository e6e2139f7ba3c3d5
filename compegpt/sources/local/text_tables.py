"""Answers to questions about tables, by TAPAS."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

from compegpt.errors import InputError
from compegpt.media.artifacts import Store
from compegpt.schema import Finding
from compegpt.sources.hub import outputs
from compegpt.sources.local import kinds
from compegpt.sources.local.loading import with_tokenizer
from compegpt.sources.local.runner import Loaded, Runner

Args = Mapping[str, Any]
