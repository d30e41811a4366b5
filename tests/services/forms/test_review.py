"""Answers as people read them."""

from datetime import date

from services.forms.dictionary import dictionary
from services.forms.review import review
from services.forms.schema import merge

TODAY = date(2026, 9, 1)
SCHEMA = merge(
    [
        dictionary().form(["person.name", "premises.area", "company.shareholders"], service="licence"),
        dictionary().form(
            ["person.name", "food.items", {"element": "food.cold_room", "visible_if": "'cold' in food.items"}],
            service="food",
        ),
    ]
)
ANSWERS = {
    "person.name": "李敏",
    "premises.area": 86.5,
    "food.items": ["hot", "drinks"],
    "company.shareholders": [{"name": "李敏", "share": 60}, {"name": "张伟", "share": 40}],
}


def test_sections_with_labels_and_values() -> None:
    found = review(SCHEMA, ANSWERS, language="zh-hans", today=TODAY)
    assert [(section.title, [(line.label, line.value) for line in section.lines]) for section in found] == [
        ("申请人", [("姓名", "李敏")]),
        ("股东与任职", [("股东（发起人）", "")]),
        ("经营场所", [("建筑面积", "86.50 平方米")]),
        ("食品经营", [("经营项目", "热食类、自制饮品")]),
    ]
    cells = found[1].lines[0].rows[1]
    assert [(cell.label, cell.value) for cell in cells] == [("姓名或者名称", "张伟"), ("出资比例", "40 %")]
    assert found[0].lines[0].sensitivity == "personal"


def test_a_department_sees_what_its_service_asks() -> None:
    found = review(SCHEMA, ANSWERS, language="en", today=TODAY, service="food")
    assert [line.code for section in found for line in section.lines] == ["person.name", "food.items"]


def test_missing_answers_are_shown_as_empty() -> None:
    found = review(SCHEMA, {}, language="en", today=TODAY)
    assert {line.value for section in found for line in section.lines} == {""}
