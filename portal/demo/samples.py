"""Believable answers and documents for the demonstration: fictitious, valid in form, made from what a form asks."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw
from stdnum.cn import uscc

from services.catalogue.enums import QuestionKind
from services.catalogue.situation import read_situation
from services.forms.places import LENGTHS, places
from services.forms.rules import check_answers, visible_elements
from services.forms.schema import Element, FormSchema
from services.forms.types.places import depth_of

if TYPE_CHECKING:
    from services.catalogue.models import Question

#: Where a type alone does not say what fits.
_BY_CODE: dict[str, Any] = {
    "organisation.business_scope": "餐饮服务；食品销售（仅销售预包装食品）",
    "premises.address": "金水区经三路演示街区18号一层",
    "premises.area": "420",
    "food.kitchen_area": "90",
    "food.safety_manager": "李雯",
    "fire.safety_manager": "李雯",
    "drainage.daily_volume": "12.5",
    "drainage.outlet_position": "店铺后门东侧市政检查井",
    "sign.text": "老街坊家常菜",
    "sign.width": "6.2",
    "sign.height": "1.1",
    "delivery.method": "electronic",
    "person.id_type": "31",
    "dog.chip_number": "156000000000001",
    "child.birth_certificate_number": "V410123456",
    "child.birth_time": "08:30",
    "child.weight": "3300",
    "child.length": "50",
    "child.gestation_weeks": "39",
    "project.code": "2406-410102-04-01-123456",
    "housing_fund.rate": "8",
    "account.number": "6222020000000000001",
    "property.unit_number": "410105001001GB00001F00010001",
    "share": "100",
    "company.shareholders.name": "李雯",
    "company.shareholders.id_type": "31",
    "father.name": "王建国",
    "father.id_number": "410103190503182012",
    "spouse.name": "王建国",
    "spouse.id_number": "410103190503182012",
    "transfer.joint_property": "no",
    "transfer.co_owners.name": "王建国",
    "transfer.co_owners.id_number": "410103190503182012",
    "plate": "豫A12345",
    "vin": "LZZ1BXSF8KW100001",
    "load": "3000",
}
_BY_TYPE: dict[str, Any] = {
    "text": "演示内容",
    "multiline": "演示内容，仅供展示。",
    "person_name": "李雯",
    "id_number": "410105190306120085",
    "uscc": "91410100MA0000007G",
    "mobile": "19900000001",
    "email": "owner@example.org",
    "integer": "3",
    "decimal": "5",
    "money": "500000",
    "area_m2": "120",
    "yes_no": "yes",
    "division": "410105",
    "address": "金水区经三路演示街区18号一层",
}


_DISTRICT = "410105"
_NUMBERS = frozenset({"integer", "decimal", "money", "area_m2"})


def sample_value(element: Element, *, today: date) -> Any:
    """Return a valid answer to an element, as a person would type it."""
    if element.code in _BY_CODE:
        return _BY_CODE[element.code]
    if element.type == "choice":
        return element.choices[0].value
    if element.type == "multi_choice":
        return [element.choices[0].value]
    if element.type == "date":
        return today.isoformat()
    if element.type == "place":
        return _place(depth_of(element))
    if element.type == "group":
        return [{field.code: _in_group(element, field, today) for field in element.fields}]
    least = element.options.get("min")
    return str(least) if least is not None and element.type in _NUMBERS else _BY_TYPE[element.type]


def _place(depth: int) -> str:
    """Return a place as far down as it is asked for and known: the district, or the first of its streets."""
    code = _DISTRICT[: LENGTHS[min(depth, 3) - 1]]
    below = places().below(code) if depth > LENGTHS.index(len(code)) + 1 else []
    return below[0][0] if below else code


def _in_group(group: Element, field: Element, today: date) -> Any:
    own = f"{group.code}.{field.code}"
    return _BY_CODE[own] if own in _BY_CODE else sample_value(field, today=today)


def sample_answers(
    schema: FormSchema, given: dict[str, Any], *, situation: dict[str, Any], today: date
) -> dict[str, Any]:
    """Return answers to everything a form asks: `given` where it says something, samples elsewhere.

    Raises ValueError naming what could not be answered: the samples no longer fit the dictionary.
    """
    context = {f"answers.{key}": value for key, value in situation.items()}
    answers: dict[str, Any] = {}
    for _ in range(5):  # an answer may show further questions
        shown = visible_elements(schema, {**answers, **context}, today=today)
        missing = [use.element for use in schema.uses if use.element.code in shown - answers.keys()]
        if not missing:
            break
        answers |= {one.code: given.get(one.code, sample_value(one, today=today)) for one in missing}
    checked = check_answers(schema, {**answers, **context}, today=today)
    if checked.errors:
        raise ValueError("; ".join(f"{error.element}: {error.message.en}" for error in checked.errors))
    return answers


@cache
def sample_picture(words: str) -> bytes:
    """Return a PNG that looks like a scanned page with `words` (Latin letters) and is marked as a sample."""
    page = Image.new("RGB", (620, 877), "#fdfdfb")
    pen = ImageDraw.Draw(page)
    pen.rectangle((24, 24, 596, 853), outline="#5b6675", width=2)
    pen.text((60, 60), "SAMPLE DOCUMENT - DEMO ONLY", fill="#1b2430")
    pen.text((60, 100), words, fill="#1b2430")
    for line in range(12):
        pen.line((60, 160 + 44 * line, 560, 160 + 44 * line), fill="#d9dee6", width=2)
    stream = io.BytesIO()
    page.save(stream, "PNG")
    return stream.getvalue()


def sample_situation(questions: Iterable[Question], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return answers to every question that is asked: `given` where it says something, else the plainest answer."""
    questions = list(questions)
    answers: dict[str, Any] = dict(given)
    for _ in range(5):  # an answer may lead to further questions
        situation = read_situation(questions, answers)
        if situation.complete:
            return dict(situation.answers)
        for question in questions:
            if question.key in situation.missing:
                answers[question.key] = _plain_answer(question)
    raise ValueError(f"Questions without an answer: {situation.missing} {dict(situation.errors)}")


def _plain_answer(question: Question) -> Any:
    match question.kind:
        case QuestionKind.YES_NO:
            return False
        case QuestionKind.CHOICE:
            return question.options[0]["value"]
        case QuestionKind.MULTI_CHOICE:
            return [question.options[0]["value"]]
        case QuestionKind.DATE:
            return "2026-01-05"
    return 80


def fictitious_uscc(number: int, *, kind: str = "1") -> str:
    """Return a valid code of a business that does not exist: registry 410105, serial `number`."""
    body = f"9{kind}410105MA{number % 10_000_000:07d}"
    return body + str(uscc.calc_check_digit(body))
