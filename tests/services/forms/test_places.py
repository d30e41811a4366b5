"""Places chosen level by level, from the shipped data and from a city's own list."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.forms.fields import CascadeSelect, chosen_place
from services.forms.places import PlacesError, parent_of, places, read_file, use_file
from services.forms.schema import Element
from services.forms.types import Context, InvalidValueError, type_of
from services.forms.types.places import deepest
from services.forms.words import Words

PLACE = Element(code="person.origin", type="place", label=Words("籍贯", "Origin"))
TODAY = Context(date(2026, 10, 16))
SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "divisions" / "henan_china-division-2.7.0.json"


@pytest.fixture
def own_list(tmp_path: Path) -> Iterator[Path]:
    file = tmp_path / "divisions.json"
    rows = [{"code": "410105", "name": "金水区"}, {"code": "410105001", "name": "经八路街道"}]
    file.write_text(json.dumps({"streets": rows}), encoding="utf-8")
    use_file(file)
    yield file
    use_file(None)


def test_every_province_and_the_city_s_districts_are_there() -> None:
    assert len(places().below("")) == 34
    assert [words.zh for _code, words in places().below("4101")][:2] == ["中原区", "二七区"]
    assert type_of(PLACE).display(PLACE, "410105", "zh-hans") == "河南省郑州市金水区"
    assert type_of(PLACE).display(PLACE, "410105", "en") == "Jinshui District, Zhengzhou, Henan"


def test_it_asks_on_while_there_is_something_to_choose() -> None:
    kind = type_of(PLACE)
    for short in ("41", "4101"):
        with pytest.raises(InvalidValueError) as deeper:
            kind.clean(PLACE, short, TODAY)
        assert deeper.value.code == "deeper"
    assert kind.clean(PLACE, "410181", TODAY) == "410181", "no towns are known"
    assert kind.clean(PLACE, "13", TODAY) == "13", "nothing below is known"
    for wrong in ("99", "4199", "河南", "41 01", ["41"], 41):
        with pytest.raises(InvalidValueError):
            kind.clean(PLACE, wrong, TODAY)


def test_a_city_s_own_list_brings_towns(own_list: Path) -> None:
    kind = type_of(PLACE)
    with pytest.raises(InvalidValueError):
        kind.clean(PLACE, "410105", TODAY)
    assert kind.clean(PLACE, "410105001", TODAY) == "410105001"
    assert kind.display(PLACE, "410105001", "zh-hans") == "河南省郑州市金水区经八路街道"
    until_district = Element(**{**_fields(PLACE), "options": {"depth": "district"}})
    assert kind.clean(until_district, "410105", TODAY) == "410105"


def test_the_demo_knows_the_towns_of_its_city_until_it_gets_a_list(own_list: Path) -> None:
    assert "410105901" not in places()
    use_file(None)
    towns = [code for district in range(410102, 410109) for code, _ in places().below(str(district))]
    assert len(towns) > 60
    assert type_of(PLACE).display(PLACE, "410105901", "zh-hans") == "河南省郑州市金水区经八路街道"
    if SHARED.exists():
        real = {(code[:6], words.zh.removesuffix("办事处")) for code, words in read_file(SHARED).items()}
        assert [one for one in towns if (one[:6], places().path(one)[-1].zh) not in real] == []


def test_a_place_within_the_city_asks_only_what_lies_in_it() -> None:
    element = Element(**{**_fields(PLACE), "options": {"within": "4101"}})
    kind = type_of(element)
    assert kind.clean(element, "410105901", TODAY) == "410105901"
    for wrong in ("410105", "4101", "41", "4102", "13", "1301"):
        with pytest.raises(InvalidValueError):
            kind.clean(element, wrong, TODAY)
    widget = CascadeSelect(element, "en")
    assert [level.name for level in widget.levels("p", "")] == ["p-3"]
    assert [(level.name, level.chosen) for level in widget.levels("p", "410105")] == [("p-3", "410105"), ("p-4", "")]
    assert [level.chosen for level in widget.levels("p", "1301")] == [""], "what lies elsewhere is not kept"
    assert chosen_place({"p-3": "410105", "p-4": "410105901"}, "p") == "410105901"
    assert chosen_place({"p-3": "410103", "p-4": "410105901"}, "p") == "410103", "a new district makes the street void"
    assert chosen_place({"p-1": "", "p-2": "4101"}, "p") == ""
    assert "no known division" in str(kind.faults(Element(**{**_fields(PLACE), "options": {"within": "9999"}})))


def _fields(element: Element) -> dict[str, object]:
    return {name: getattr(element, name) for name in ("code", "type", "label")}


@pytest.mark.parametrize("text", ["[]", "{", '{"a": [{"code": "x", "name": "y"}]}', '{"a": [{"name": "y"}]}', "null"])
def test_a_wrong_list_is_refused_with_a_sentence(tmp_path: Path, text: str) -> None:
    file = tmp_path / "wrong.json"
    file.write_text(text)
    with pytest.raises(PlacesError, match=r"wrong\.json"):
        read_file(file)


def test_reads_a_whole_province() -> None:
    if not SHARED.exists():
        pytest.skip(f"No divisions at {SHARED}.")
    names = read_file(SHARED)
    assert len(names) > 2_700
    assert all(parent_of(code) in names for code in names if len(code) > 2)


@given(st.lists(st.sampled_from(["", "41", "4101", "410105", "410105001", "13", "1301", "x"]), max_size=4))
def test_a_new_province_makes_the_old_city_void(given_levels: list[str]) -> None:
    code = deepest(given_levels)
    assert code == "" or code in given_levels
    assert code.startswith(given_levels[0] if given_levels else "")
