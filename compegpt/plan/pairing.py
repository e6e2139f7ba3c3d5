"""Two texts that are compared and stand in a request without quotes."""

from __future__ import annotations

import re


def two(said: str) -> list[str]:
    """The two texts that stand in one another's company without quotes: cut at the joint nearest to the middle."""
    joints = [joint for joint in _JOINT.finditer(said) if joint.start() > 0 and joint.end() < len(said)]
    if not joints:
        return [said]
    joint = min(joints, key=lambda each: abs(each.start() + each.end() - len(said)))
    return [_FIRST.sub("", part).strip(" .,;:'\"") for part in (said[: joint.start()], said[joint.end() :])]


def before(said: str, text: str) -> list[str]:
    """The text before another one that it is compared with; none where it cannot be told where it begins."""
    lead = _ENDING_JOINT.sub("", text[: max(text.find(said), 0)])
    found = re.search(r"(?::|\b(?:are|is|does|compare|between|whether|if|that))\s+((?:(?!:\s).)+)$", lead, re.DOTALL)
    return [found[1].strip(" .,;:'\"")] if found else []


_ENDING_JOINT = re.compile(r"[.;,]?\s*(?:\b(?:(?:the )?second|two|b|2)\s*[:).]|/|"
                           r"\b(?:and|vs\.?|versus|with|to|against|or))\s*$", re.IGNORECASE)
_JOINT = re.compile(r"[.;]?\s*\b(?:second|two|b|2)\s*[:).]\s+|\s*/\s*|\s+(?:and|vs\.?|versus|with|to|against|or)\s+",
                    re.IGNORECASE)
_FIRST = re.compile(r"^\W*(?:first|one|a|1)\s*[:).]\s+", re.IGNORECASE)
