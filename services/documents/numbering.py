"""How the number of a paper is written. Numbers of a demonstration say so, so that none is taken for a real one."""

from __future__ import annotations

from django.conf import settings

from services.documents.enums import PaperKind
from services.documents.facts import words

DEMO_MARK = "演示"


def number_text(*, kind: str, department: str, year: int, serial: int, specimen: bool) -> str:
    """Return the number of a paper.

    serial: from 1, without gaps per department, kind and year. Certificates: 演示-SCJG-2026-00001; every other paper
    in the style of official documents: 演示郑市监受〔2026〕00001号.
    """
    mark = DEMO_MARK if specimen else ""
    if kind == PaperKind.CERTIFICATE:
        return "-".join(part for part in (mark, department, str(year), f"{serial:05}") if part)
    city = getattr(settings, "CITY_WORD", "郑")
    department_word = words().departments.get(department, department)
    return f"{mark}{city}{department_word}{words().kinds[kind].word}〔{year}〕{serial:05}号"
