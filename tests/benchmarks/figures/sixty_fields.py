"""A form of sixty fields of every kind, and how long its parts take to draw; also for the test of its speed."""

from __future__ import annotations

import time
from datetime import date
from statistics import median
from typing import Any

from portal.applicant.parts import Surroundings, page_parts
from services.forms.build import SectionForm, form_class
from services.forms.schema import Ask, Choice, Element, FormSchema, Section, Use
from services.forms.words import Words
from tests.benchmarks.figure import Figure, Size

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


def drawn_form() -> str:
    """Return the whole list of a section's parts as its page shows them: schema, answers, checks and HTML."""
    around = Surroundings(services={"one": "食品经营许可", "two": "户外招牌"}, origins={}, contested={})
    return "".join(part.html for part in page_parts(bound_form(), around))


def drawn(size: Size) -> Figure:
    """Draw the form again and again. The value is the median by the clock on the wall."""
    for _ in range(3):
        drawn_form()
    walls, processors = [], []
    for _ in range(size.rounds * 5):
        wall, processor = time.perf_counter(), time.process_time()
        page = drawn_form()
        walls.append((time.perf_counter() - wall) * 1000)
        processors.append((time.process_time() - processor) * 1000)
    return Figure(
        name="sixty_fields",
        title="a form of sixty fields, drawn",
        unit="ms",
        value=median(walls),
        must=40,
        hope=20,
        holds=page.count("form-part") == FIELDS,
        rounds={"wall_ms": [round(one, 1) for one in walls]},
        detail={"processor_ms": round(median(processors), 1), "best_ms": round(min(walls), 1), "html_bytes": len(page)},
    )
