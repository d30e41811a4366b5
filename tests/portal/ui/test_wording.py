"""Dates, limits and amounts in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.utils import translation

from portal.ui import wording
from portal.ui.templatetags.ui import bilingual

FRIDAY = dt.date(2026, 10, 16)


@pytest.mark.parametrize(
    ("say", "value", "chinese", "english"),
    [
        (wording.date_words, FRIDAY, "2026年10月16日（周五）", "Fri 16 Oct 2026"),
        (wording.date_words, dt.date(2027, 1, 3), "2027年1月3日（周日）", "Sun 3 Jan 2027"),
        (wording.date_words, None, "", ""),
        (
            wording.instant_words,
            dt.datetime(2026, 10, 16, 9, 0, tzinfo=dt.UTC),
            "2026年10月16日（周五）17:00",
            "Fri 16 Oct 2026, 17:00",
        ),
        # 20:00 UTC is the next day in the city
        (
            wording.date_words,
            dt.datetime(2026, 10, 15, 20, 0, tzinfo=dt.UTC),
            "2026年10月16日（周五）",
            "Fri 16 Oct 2026",
        ),
        (wording.instant_words, None, "", ""),
        (wording.money_words, Decimal("1200.00"), "1,200 元", "¥1,200"),
        (wording.money_words, Decimal("0.50"), "0.50 元", "¥0.50"),
        (wording.number_words, 12345, "12,345", "12,345"),
        (wording.number_words, None, "–", "–"),
        (wording.percent_words, 0.934, "93%", "93%"),
        (wording.percent_words, None, "–", "–"),
    ],
)
def test_words(say: Callable[[object], str], value: object, chinese: str, english: str) -> None:
    with translation.override("zh-hans"):
        assert say(value) == chinese
    with translation.override("en"):
        assert say(value) == english


@pytest.mark.parametrize(
    ("amount", "unit", "english"),
    [
        (5, "working_days", "5 working days"),
        (1, "working_days", "1 working day"),
        (15, "calendar_days", "15 calendar days"),
        (2, "working_hours", "2 working hours"),
        (0, "working_days", "on the spot"),
        (None, "", "no limit set by law"),
    ],
)
def test_limits(amount: int | None, unit: str, english: str) -> None:
    with translation.override("en"):
        assert wording.limit_words(amount, unit) == english


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(ValueError, match="fortnights"):
        wording.limit_words(2, "fortnights")


@pytest.mark.parametrize(("language", "expected"), [("zh-hans", "餐饮店"), ("en", "Restaurant")])
def test_bilingual_reads_fields_and_mappings(language: str, expected: str) -> None:
    with translation.override(language):
        assert bilingual(SimpleNamespace(name_zh="餐饮店", name_en="Restaurant"), "name") == expected
        assert bilingual({"name_zh": "餐饮店", "name_en": "Restaurant"}, "name") == expected
        assert bilingual({"zh": "餐饮店", "en": "Restaurant"}) == expected


def test_bilingual_falls_back_to_the_other_language() -> None:
    with translation.override("en"):
        assert bilingual({"zh": "餐饮店", "en": ""}) == "餐饮店"
        assert bilingual({}) == ""
