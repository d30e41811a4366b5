"""A form of sixty fields of every kind, and the page that shows it: for `pages.py` and the test of its speed."""

from __future__ import annotations

import statistics
import time
from datetime import date
from typing import Any

from portal.applicant.parts import Surroundings, page_parts
from services.forms.build import SectionForm, form_class
from services.forms.schema import Ask, Choice, Element, FormSchema, Section, Use
from services.forms.words import Words

TODAY = date(2026, 10, 16)
FIELDS = 60
#: Kinds of fields in the proportion of the shipped catalogue: mostly text, some choices, a few dates and numbers.
_KINDS = (
    "text", "person_name", "choice", "text", "mobile", "yes_no", "address", "date", "integer", "multi_choice",
    "id_number", "text", "division", "multiline", "decimal",
)  # fmt: skip
_CHOICES = tuple(Choice(f"c{number}", Words(f"选项{number}", f"Option {number}")) for number in range(4))


def sixty_fields() -> FormSchema:
    """Return a form with one section of sixty fields; every sixth has a condition, every fourth is optional."""
    uses = []
    for number in range(FIELDS):
        kind = _KINDS[number % len(_KINDS)]
        element = Element(
            code=f"bench.field_{number}",
            type=kind,
            label=Words(f"第{number}个问题", f"Question {number}"),
            help=Words("请按证件填写", "As on the document") if number % 3 == 0 else None,
            section="bench",
            choices=_CHOICES if kind in ("choice", "multi_choice") else (),
            order=number,
        )
        condition = "bench.field_5 == true || bench.field_5 == false" if number > 5 and number % 6 == 0 else ""
        uses.append(Use(element, (Ask("one", number % 4 != 0, condition), Ask("two", False, condition))))
    return FormSchema((Section("bench", Words("六十个问题", "Sixty questions"), tuple(uses)),))


def sixty_answers() -> dict[str, object]:
    """Return stored answers that show every field."""
    return {"bench.field_5": True, "bench.field_0": "郑州文姐小馆", "bench.field_2": "c1"}


def bound_form(data: Any = None, *, language: str = "zh-hans") -> SectionForm:
    """Return the form over the stored answers."""
    return form_class(sixty_fields(), "bench", language)(data, answers=sixty_answers(), today=TODAY)


def measure(render: Any, times: int = 30) -> float:
    """Return the median milliseconds of a call, after three that warm up."""
    for _ in range(3):
        render()
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        render()
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


def drawn_form() -> str:
    """Return the whole list of a section's parts as its page shows them: schema, answers, checks and HTML."""
    around = Surroundings(services={"one": "食品经营许可", "two": "户外招牌"}, origins={}, contested={})
    return "".join(part.html for part in page_parts(bound_form(), around))
