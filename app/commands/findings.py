"""One line of `supersee doctor`: what was looked at, a verdict, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "note", "missing"]
MARKS: dict[Verdict, str] = {"ok": "ok     ", "note": "note   ", "missing": "MISSING"}


@dataclass(frozen=True, slots=True)
class Finding:
    """`missing` stops something from working, `note` is worth knowing; `do` says what helps."""

    name: str
    verdict: Verdict
    found: str
    do: str = ""


def as_line(finding: Finding) -> str:
    advice = f"\n{'':29}-> {finding.do}" if finding.do else ""
    return f"{MARKS[finding.verdict]}  {finding.name:18}  {finding.found}{advice}"
