"""People type what they say; the service they mean comes first."""

from __future__ import annotations

import pytest

from portal.public.finding import Entry, Index

ENTRIES = [
    Entry(
        key="open-restaurant",
        names=("开办餐饮店", "Open a restaurant"),
        texts=("营业执照、食品经营许可、消防安全检查，一次申请", "Business licence, food licence, fire check at once"),
    ),
    Entry(
        key="business-licence",
        names=("营业执照（个体工商户、公司设立登记）", "Business licence"),
        texts=("市场监督管理局",),
    ),
    Entry(key="food-licence", names=("食品经营许可（餐饮服务）新办", "Food business licence (catering)")),
    Entry(
        key="fire-safety-check",
        names=("公众聚集场所营业前消防安全检查", "Fire-safety check before a public place opens"),
    ),
    Entry(key="sign-filing", names=("户外招牌设置备案", "Shop sign filing")),
    Entry(key="residence-permit", names=("居住证申领", "Residence permit")),
    Entry(key="dog", names=("养犬登记", "Dog registration")),
    Entry(key="marriage", names=("结婚登记", "Marriage registration")),
]
INDEX = Index(ENTRIES)


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("开办餐饮店", "open-restaurant"),
        ("我想开饭店", "open-restaurant"),  # a synonym inside a sentence
        ("火锅店怎么办", "open-restaurant"),
        ("kaibancanyindian", "open-restaurant"),  # pinyin
        ("kbcyd", "open-restaurant"),  # initials
        ("fandian", "open-restaurant"),  # pinyin of a synonym
        ("开办餐引店", "open-restaurant"),  # a wrong character that sounds the same
        ("restarant", "open-restaurant"),  # a typing error
        ("how do I open a restaurant?", "open-restaurant"),
        ("营业执照", "business-licence"),
        ("营业质照", "business-licence"),
        ("YYZZ", "business-licence"),
        ("business license", "business-licence"),
        ("注册公司", "business-licence"),
        ("food permit", "food-licence"),
        ("卫生许可证", "food-licence"),
        ("消防验收", "fire-safety-check"),
        ("门头", "sign-filing"),
        ("暂住证", "residence-permit"),
        ("ＪＵＺＨＵＺＨＥＮＧ", "residence-permit"),  # full-width letters
        ("狗证", "dog"),
        ("领证", "marriage"),
    ],
)
def test_what_is_meant_comes_first(query: str, first: str) -> None:
    assert INDEX.find(query)[:1] == [first]


@pytest.mark.parametrize("query", ["", "   ", "？！", "zzzzzz", "火星移民", "%", "\\", "<script>", "的"])
def test_nonsense_finds_nothing(query: str) -> None:
    assert INDEX.find(query) == []


def test_a_whole_name_beats_a_part_of_one() -> None:
    entries = [Entry(key="long", names=("食品经营许可变更", "")), Entry(key="exact", names=("食品经营许可", ""))]
    assert Index(entries).find("食品经营许可") == ["exact", "long"]


def test_equal_fits_keep_their_order() -> None:
    entries = [Entry(key=key, names=("登记", "")) for key in "cab"]
    assert Index(entries).find("登记") == ["c", "a", "b"]


def test_a_very_long_query_is_cut() -> None:
    assert INDEX.find("营业执照" + "x" * 100_000)[:1] in ([], ["business-licence"])
