"""Pinyin in every spelling, traditional characters and accents, and where a page marks them."""

from __future__ import annotations

import pytest

from portal.public.finding import Entry, Index, marks
from portal.public.finding.pinyin import Spelling, without_tones
from portal.public.finding.text import prepared, simplified

NAMES = ("开办餐饮店", "结婚登记", "居住证申领", "养犬登记", "女性健康检查")
INDEX = Index(Entry(key=name, names=(name,)) for name in NAMES)


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("開辦餐飲店", "开办餐饮店"),
        ("餐廳", "开办餐饮店"),
        ("can ting", "开办餐饮店"),
        ("cān tīng", "开办餐饮店"),
        ("ca\u0304nti\u0304ng", "开办餐饮店"),
        ("can1 ting1", "开办餐饮店"),
        ("jieh un deng ji", "结婚登记"),
        ("jeihun", "结婚登记"),
        ("ＪＩＥＨＵＮ", "结婚登记"),
        ("juzuzhen", "居住证申领"),
        ("juzhuzehng", "居住证申领"),
        ("yang犬", "养犬登记"),
        ("nǚxìng", "女性健康检查"),
        ("nv xing", "女性健康检查"),
        ("nu:xing", "女性健康检查"),
    ],
)
def test_however_it_is_spelled_it_is_found(query: str, first: str) -> None:
    assert INDEX.find(query)[:1] == [first]


@pytest.mark.parametrize(
    ("query", "text", "marked"),
    [
        ("養犬", "养犬登记", ["养犬"]),
        ("yǎngquǎn", "养犬登记", ["养犬"]),
        ("yang quan", "养犬登记", ["养犬"]),
        ("yang3quan3", "养犬登记", ["养犬"]),
        ("yangqaun", "养犬登记", ["养犬"]),
        ("can ting", "开办餐饮店", ["餐饮店"]),
        ("jiehun dengji", "结婚（登记）", ["结婚", "登记"]),
        ("cafe", "Open a café", ["café"]),
        ("cafe", "Open a cafe\u0301 now", ["cafe\u0301"]),
    ],
)
def test_what_was_meant_is_marked(query: str, text: str, marked: list[str]) -> None:
    assert [text[start:end] for start, end in marks(query, text, INDEX.heard(query))] == marked


def test_a_slip_is_believed_only_where_its_neighbours_make_it_likely() -> None:
    spelling = Spelling(["jie hun", "deng ji", "can ting"])
    (read, *_) = spelling.readings("jeihundengji")
    assert (read.syllables, read.slips, read.sure) == (("jie", "hun", "deng", "ji"), 1.0, False)
    assert spelling.readings("canting")[0].sure
    for nothing in ("", "abc", "licence", "restaurant", "qqqqqqqq", "a" * 5_000, "hunjei"):
        assert not [one for one in spelling.readings(nothing) if one.sure], nothing
    assert spelling.readings("xyzxyz") == []


def test_only_numbers_of_tones_go() -> None:
    assert [without_tones(one) for one in ("ju1zhu4zheng4", "a4", "gb12", "716", "x")] == [
        "juzhuzheng", "a", "gb12", "716", "x",
    ]  # fmt: skip


def test_the_table_leads_to_simplified_characters_and_nowhere_else() -> None:
    table = simplified()
    assert len(table) > 2_500
    assert prepared("开办餐饮店，营业执照，养犬登记").plain == "开办餐饮店,营业执照,养犬登记"
    assert prepared("臺灣營業執照").plain == "台湾营业执照"
