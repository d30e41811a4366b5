"""The explanation: complete sentences in both languages, in order of time, and never at odds with the date."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories.clocks import at
from workflows.clocks import (
    ClockFacts,
    DayKind,
    Extension,
    Limit,
    Pause,
    SpecialDay,
    Unit,
    due,
    explain,
    national_calendar,
)
from workflows.clocks.china import build_calendar, special_days
from workflows.clocks.wording import SENTENCES, Wording

CALENDAR = national_calendar()
OVER_NATIONAL_DAY = ClockFacts(kind="promised", limit=Limit(5), started_at=at("2026-09-29 15:30"))


def test_english_tells_every_step() -> None:
    paused = replace(OVER_NATIONAL_DAY, pauses=(Pause(date(2026, 10, 12), date(2026, 10, 14), "expert_review"),))
    assert explain(paused, CALENDAR, "en") == [
        "Started Tue 29 Sep 2026: that is day 0 and does not count",
        "Limit: 5 working days",
        "Day 1 is Wed 30 Sep 2026",
        "1–7 Oct 2026: National Day, not counted",
        "Sat 10 Oct 2026 is a make-up working day and counts",
        "12–14 Oct 2026: paused for expert review, 3 working days not counted",
        "Weekends not counted: Sun 11 Oct 2026",
        "Due Thu 15 Oct 2026 (day 5) at 17:00, close of business",
    ]


def test_chinese_tells_the_same_steps() -> None:
    paused = replace(OVER_NATIONAL_DAY, pauses=(Pause(date(2026, 10, 12), date(2026, 10, 14), "expert_review"),))
    assert explain(paused, CALENDAR, "zh-hans") == [
        "起算：2026年9月29日（周二）为第0日，不计入期限",
        "期限：5个工作日",
        "第1日为2026年9月30日（周三）",
        "2026年10月1日至7日：国庆节放假，不计入",
        "2026年10月10日（周六）为调休上班日，计入",
        "2026年10月12日至14日：专家评审，暂停计时，其中3个工作日不计入",
        "周末不计入：2026年10月11日（周日）",
        "截止：2026年10月15日（周四）（第5日）17:00下班时",
    ]


def test_an_extension_names_its_authority() -> None:
    extended = replace(OVER_NATIONAL_DAY, extensions=(Extension(10, "head_of_department"),))
    assert "Extended by 10 working days, granted by the head of the department" in explain(extended, CALENDAR, "en")
    plain = replace(OVER_NATIONAL_DAY, extensions=(Extension(1),))
    assert "Extended by 1 working day" in explain(plain, CALENDAR, "en")


def test_on_the_spot_after_close_says_why_it_moves() -> None:
    late = ClockFacts(kind="promised", limit=Limit(0), started_at=at("2026-10-02 18:00"))
    assert explain(late, CALENDAR, "en") == [
        "Limit: on the spot (by close of business)",
        "Fri 2 Oct 2026 was after close of business or a day off: the next working day counts",
        "2–7 Oct 2026: National Day, not counted",
        "Due Thu 8 Oct 2026 at 17:00, close of business",
    ]


def test_calendar_days_name_the_article_that_moves_them() -> None:
    facts = ClockFacts(kind="promised", limit=Limit(30, Unit.CALENDAR_DAYS), started_at=at("2026-09-01 10:00"))
    lines = explain(facts, CALENDAR, "en")
    assert lines[-2:] == [
        "Day 30 is Thu 1 Oct 2026, not a working day: the limit moves to the next one (Civil Code art. 203)",
        "Due Thu 8 Oct 2026 at 17:00, close of business",
    ]


def test_working_hours_end_at_their_own_minute() -> None:
    facts = ClockFacts(kind="promised", limit=Limit(8, Unit.WORKING_HOURS), started_at=at("2026-11-02 16:00"))
    assert explain(facts, CALENDAR, "en") == [
        "Counted from Mon 2 Nov 2026 16:00 in office hours, 7 hours per working day",
        "Limit: 8 working hours",
        "Due Tue 3 Nov 2026 at 17:00",
    ]


def test_an_open_pause_tells_what_is_planned() -> None:
    paused = replace(OVER_NATIONAL_DAY, pauses=(Pause(date(2026, 10, 8), None, "testing", 5),))
    assert explain(paused, CALENDAR, "en")[-2:] == [
        "Paused since Thu 8 Oct 2026 for testing: the due date is set anew when the pause ends",
        "It is planned to take 5 working days; the due date would then be Mon 19 Oct 2026",
    ]


def test_a_provisional_date_names_the_year() -> None:
    facts = replace(OVER_NATIONAL_DAY, started_at=at("2026-12-29 10:00"))
    assert explain(facts, CALENDAR, "en")[-1] == (
        "The calendar of 2027 is not announced yet: this date is provisional and will be recomputed"
    )
    assert explain(facts, CALENDAR, "zh-hans")[-1].startswith("2027年的放假安排尚未公布")


def test_a_closure_is_named_and_an_unconfirmed_one_is_provisional() -> None:
    snow = SpecialDay(
        on=date(2026, 11, 4), kind=DayKind.CLOSURE, name_zh="暴雪停办", name_en="closed for snow", confirmed=False
    )
    calendar = build_calendar(special=[*special_days(1990, 2036), snow])
    facts = ClockFacts(kind="promised", limit=Limit(3), started_at=at("2026-11-02 10:00"))
    lines = explain(facts, calendar, "en")
    assert "Wed 4 Nov 2026: closed for snow, not counted" in lines
    assert lines[-1].startswith("Some of these days are not confirmed yet")


def test_long_limits_do_not_list_every_weekend() -> None:
    facts = ClockFacts(kind="statutory", limit=Limit(45), started_at=at("2026-03-02 10:00"))
    [weekends] = [line for line in explain(facts, CALENDAR, "en") if line.startswith("Weekends")]
    assert weekends.endswith("and more, 14 days in all")


def test_a_pause_beyond_the_calendar_does_not_disturb_a_date_before_it() -> None:
    far = replace(OVER_NATIONAL_DAY, pauses=(Pause(date(2999, 1, 1), None),))
    assert explain(far, CALENDAR, "en") == explain(OVER_NATIONAL_DAY, CALENDAR, "en")


def test_another_language_is_refused() -> None:
    with pytest.raises(ValueError, match="zh-hans, en"):
        explain(OVER_NATIONAL_DAY, CALENDAR, "fr")


def test_every_sentence_uses_words_that_its_twin_knows() -> None:
    for key, (chinese, english) in SENTENCES.items():
        words = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in (chinese, english)]
        assert {word.replace("_words", "") for word in words[0]} == {word.replace("_words", "") for word in words[1]}, (
            key
        )


@pytest.mark.parametrize(
    ("first", "last", "english", "chinese"),
    [
        (date(2026, 10, 1), date(2026, 10, 1), "Thu 1 Oct 2026", "2026年10月1日（周四）"),
        (date(2026, 10, 1), date(2026, 10, 7), "1–7 Oct 2026", "2026年10月1日至7日"),
        (date(2026, 1, 28), date(2026, 2, 4), "28 Jan – 4 Feb 2026", "2026年1月28日至2月4日"),
        (date(2026, 12, 31), date(2027, 1, 2), "31 Dec 2026 – 2 Jan 2027", "2026年12月31日至2027年1月2日"),
    ],
)
def test_ranges_of_days_are_short_and_clear(first: date, last: date, english: str, chinese: str) -> None:
    assert Wording("en").days(first, last) == english
    assert Wording("zh-hans").days(first, last) == chinese


@given(
    st.datetimes(at("2007-01-01 00:00").replace(tzinfo=None), at("2026-12-31 23:00").replace(tzinfo=None)),
    st.integers(0, 120),
    st.sampled_from(list(Unit)),
    st.lists(st.tuples(st.integers(-9, 60), st.integers(0, 20) | st.none()), max_size=3),
    st.sampled_from(["en", "zh-hans"]),
)
def test_the_last_lines_always_tell_the_date(start, amount, unit, pauses, language) -> None:  # type: ignore[no-untyped-def]
    day = start.date()
    facts = ClockFacts(
        kind="promised", limit=Limit(amount, unit), started_at=start.replace(tzinfo=CALENDAR.zone),
        pauses=tuple(
            Pause(day + timedelta(after), None if length is None else day + timedelta(after + length), "testing", 3)
            for after, length in pauses
        ),
    )  # fmt: skip
    answer, lines = due(facts, CALENDAR), explain(facts, CALENDAR, language)
    assert all(line.strip() and "{" not in line for line in lines)
    wording = Wording(language)
    if answer.due_on is None:
        assert any(line.startswith(("Paused since", "自")) for line in lines)
    else:
        last = lines[-2] if answer.provisional else lines[-1]
        assert wording.day(answer.due_on) in last


def test_years_before_the_first_notice_are_not_called_unannounced() -> None:
    facts = replace(OVER_NATIONAL_DAY, started_at=at("1999-11-02 10:00"))
    assert explain(facts, CALENDAR, "en")[-1].startswith("Some of these days are not confirmed yet")
