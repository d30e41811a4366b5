"""By when: tables a person can check with a calendar on the wall, and properties against the slow oracle."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.workflows.clocks import oracle
from workflows.clocks import (
    ClockFacts,
    Extension,
    Limit,
    OutsideCalendarError,
    Pause,
    Unit,
    due,
    national_calendar,
    warn_at,
    working_days_left,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
CALENDAR = national_calendar()
DAYS = st.dates(date(2007, 1, 1), date(2026, 6, 30))
AMOUNTS = st.integers(0, 90)
DAY_UNITS = st.sampled_from([Unit.WORKING_DAYS, Unit.CALENDAR_DAYS])
MOMENTS = st.times().map(lambda moment: moment.replace(microsecond=0))


def facts(
    start: str, amount: int, unit: str = "working_days", *, pauses: tuple[str, ...] = (), extended: int = 0
) -> ClockFacts:
    """Return facts from words: start "2026-09-29" or with a time; pauses as "A..B" or "A.."."""
    moment = datetime.fromisoformat(start)
    if len(start) == 10:
        moment = moment.replace(hour=10)
    spans = [text.split("..") for text in pauses]
    return ClockFacts(
        kind="promised",
        limit=Limit(amount, Unit(unit)),
        started_at=moment.replace(tzinfo=SHANGHAI),
        pauses=tuple(
            Pause(date.fromisoformat(begin), date.fromisoformat(end) if end else None) for begin, end in spans
        ),
        extensions=(Extension(extended),) if extended else (),
    )


@st.composite
def some_facts(draw: st.DrawFn, units: st.SearchStrategy[Unit] = DAY_UNITS) -> ClockFacts:
    start = datetime.combine(draw(DAYS), draw(MOMENTS), tzinfo=SHANGHAI)
    pauses = draw(
        st.lists(st.tuples(st.integers(-5, 120), st.integers(0, 40)), max_size=4).map(
            lambda spans: tuple(
                Pause(start.date() + timedelta(days=after), start.date() + timedelta(days=after + length))
                for after, length in spans
            )
        )
    )
    extended = draw(st.integers(0, 15))
    return ClockFacts(
        kind="promised",
        limit=Limit(draw(AMOUNTS), draw(units)),
        started_at=start,
        pauses=pauses,
        extensions=(Extension(extended),) if extended else (),
    )


# Every expected day below was read off the notices by hand.
@pytest.mark.parametrize(
    ("start", "amount", "expected"),
    [
        ("2026-11-02", 1, "2026-11-03"),  # Monday to Tuesday: the start day does not count
        ("2026-11-06", 1, "2026-11-09"),  # Friday to Monday
        ("2026-11-07", 1, "2026-11-09"),  # received on a Saturday
        ("2026-11-02", 20, "2026-11-30"),
        # National Day: 1-7 October off, 20 September and 10 October made up
        ("2026-09-29", 3, "2026-10-09"),
        ("2026-09-30", 1, "2026-10-08"),
        ("2026-09-30", 3, "2026-10-10"),  # ends on the make-up Saturday
        ("2026-10-03", 1, "2026-10-08"),  # received during the holiday
        ("2026-09-18", 1, "2026-09-20"),  # the next working day is a Sunday
        # Spring Festival 2025: 28 January to 4 February off, 26 January and 8 February made up
        ("2025-01-24", 1, "2025-01-26"),
        ("2025-01-24", 3, "2025-02-05"),
        ("2025-01-24", 6, "2025-02-08"),
        # the outbreak of 2020 lengthened the holiday to 2 February
        ("2020-01-23", 1, "2020-02-03"),
        # year end: New Year's Day 2026 with 2 January in lieu, 4 January made up
        ("2025-12-31", 1, "2026-01-04"),
        ("2025-12-30", 2, "2026-01-04"),
    ],
)
def test_working_days_end_where_the_wall_calendar_says(start: str, amount: int, expected: str) -> None:
    assert due(facts(start, amount), CALENDAR).due_on == date.fromisoformat(expected)


def test_the_close_of_business_is_in_the_regions_time() -> None:
    answer = due(facts("2026-09-29", 3), CALENDAR)
    assert answer.due_at is not None
    assert answer.due_at.isoformat() == "2026-10-09T17:00:00+08:00"


def test_the_start_day_is_the_local_one() -> None:
    utc = ClockFacts(kind="promised", limit=Limit(1), started_at=datetime.fromisoformat("2026-11-02T17:00:00+00:00"))
    assert due(utc, CALENDAR).due_on == date(2026, 11, 4), "01:00 on Tuesday in Zhengzhou"


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2026-11-02 10:00", "2026-11-02"),
        ("2026-11-02 16:59:59", "2026-11-02"),
        ("2026-11-02 17:00:01", "2026-11-03"),
        ("2026-11-06 18:00", "2026-11-09"),
        ("2026-11-07 10:00", "2026-11-09"),
        ("2026-10-02 10:00", "2026-10-08"),
        ("2026-10-10 10:00", "2026-10-10"),
    ],
)
def test_on_the_spot_ends_the_same_or_the_next_working_day(start: str, expected: str) -> None:
    assert due(facts(start, 0), CALENDAR).due_on == date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("start", "amount", "expected"),
    [
        ("2026-09-01", 30, "2026-10-08"),  # 1 October is a holiday (Civil Code art. 203)
        ("2026-11-02", 5, "2026-11-09"),  # Saturday to Monday
        ("2026-11-02", 4, "2026-11-06"),
        ("2026-10-06", 4, "2026-10-10"),  # a make-up Saturday is a working day
        ("2026-09-30", 0, "2026-09-30"),
    ],
)
def test_calendar_days_move_to_the_next_working_day(start: str, amount: int, expected: str) -> None:
    assert due(facts(start, amount, "calendar_days"), CALENDAR).due_on == date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("pauses", "expected"),
    [
        (("2026-11-04..2026-11-06",), "2026-11-12"),  # both ends: three days
        (("2026-11-04..2026-11-04",), "2026-11-10"),
        (("2026-11-07..2026-11-08",), "2026-11-09"),  # a weekend costs nothing
        (("2026-11-02..2026-11-02",), "2026-11-09"),  # day 0 does not count anyway
        (("2026-11-04..2026-11-05", "2026-11-05..2026-11-06"), "2026-11-12"),  # a shared day counts once
        (("2026-11-05..2026-11-06", "2026-11-04..2026-11-04"), "2026-11-12"),  # in any order
        (("2026-11-10..2026-11-20",), "2026-11-09"),  # after the end
        (("2026-11-09..2026-11-10",), "2026-11-11"),  # on the last day
        (("2026-10-01..2026-12-31",), "2027-01-08"),  # all along; five days into the new year
    ],
)
def test_paused_days_do_not_count(pauses: tuple[str, ...], expected: str) -> None:
    assert due(facts("2026-11-02", 5, pauses=pauses), CALENDAR).due_on == date.fromisoformat(expected)


def test_an_open_pause_leaves_the_day_undecided() -> None:
    assert due(facts("2026-11-02", 5, pauses=("2026-11-04..",)), CALENDAR) == (None, None, False)


@pytest.mark.parametrize("unit", ["working_days", "calendar_days", "working_hours"])
def test_an_open_pause_after_the_end_changes_nothing(unit: str) -> None:
    paused = due(facts("2026-11-02", 3, unit, pauses=("2026-11-06..",)), CALENDAR)
    assert paused == due(facts("2026-11-02", 3, unit), CALENDAR)


@pytest.mark.parametrize("unit", ["working_days", "calendar_days", "working_hours"])
@pytest.mark.parametrize("amount", [0, 2])
def test_an_open_pause_before_the_end_undecides_every_unit(unit: str, amount: int) -> None:
    assert due(facts("2026-11-02", amount, unit, pauses=("2026-11-02..",)), CALENDAR).due_on is None


def test_an_extension_lengthens_the_limit() -> None:
    assert due(facts("2026-11-02", 20, extended=10), CALENDAR) == due(facts("2026-11-02", 30), CALENDAR)


def test_a_date_that_reaches_an_unannounced_year_is_provisional() -> None:
    assert not due(facts("2026-12-29", 2), CALENDAR).provisional
    assert due(facts("2026-12-29", 3), CALENDAR).provisional
    assert due(facts("2026-12-29", 5, "calendar_days"), CALENDAR).provisional
    assert due(facts("2026-12-31 16:00", 2, "working_hours"), CALENDAR).provisional


def test_limits_beyond_the_calendar_are_an_error() -> None:
    with pytest.raises(OutsideCalendarError):
        due(facts("2026-11-02", 9000), CALENDAR)
    with pytest.raises(OutsideCalendarError):
        due(facts("1989-11-02", 3), CALENDAR)


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        Limit(-1)


def test_a_pause_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="before it begins"):
        Pause(date(2026, 11, 3), date(2026, 11, 2))


@pytest.mark.parametrize(
    ("start", "amount", "expected"),
    [
        ("2026-11-02 09:00", 3, "2026-11-02 12:00"),
        ("2026-11-02 09:00", 4, "2026-11-02 14:00"),
        ("2026-11-02 09:00", 7, "2026-11-02 17:00"),
        ("2026-11-02 12:30", 1, "2026-11-02 14:00"),
        ("2026-11-02 20:00", 1, "2026-11-03 10:00"),
        ("2026-09-30 16:00", 8, "2026-10-08 17:00"),
    ],
)
def test_working_hours_run_only_while_offices_are_open(start: str, amount: int, expected: str) -> None:
    answer = due(facts(start, amount, "working_hours"), CALENDAR)
    assert answer.due_at == datetime.fromisoformat(expected).replace(tzinfo=SHANGHAI)


@given(some_facts())
def test_days_end_where_counting_day_by_day_ends(given_facts: ClockFacts) -> None:
    answer = due(given_facts, CALENDAR)
    expected = oracle.due_on(given_facts, CALENDAR)
    assert answer.due_on == expected
    assert answer.due_at == datetime.combine(expected, time(17), tzinfo=SHANGHAI)


@given(some_facts(st.just(Unit.WORKING_HOURS)))
def test_hours_end_where_counting_minute_by_minute_ends(given_facts: ClockFacts) -> None:
    assume(given_facts.total)
    start = given_facts.started_at.replace(second=0)
    by_minute = ClockFacts(
        kind="promised", limit=given_facts.limit, started_at=start, pauses=given_facts.pauses,
        extensions=given_facts.extensions,
    )  # fmt: skip
    assert due(by_minute, CALENDAR).due_at == oracle.due_at_of_hours(by_minute, CALENDAR)


@given(some_facts(st.sampled_from(list(Unit))), st.integers(0, 2_000_000))
def test_starting_later_never_ends_earlier(given_facts: ClockFacts, seconds: int) -> None:
    later = ClockFacts(
        kind="promised", limit=given_facts.limit, started_at=given_facts.started_at + timedelta(seconds=seconds),
        pauses=given_facts.pauses, extensions=given_facts.extensions,
    )  # fmt: skip
    first, second = due(given_facts, CALENDAR).due_at, due(later, CALENDAR).due_at
    assert first is not None
    assert second is not None
    assert first <= second


@given(some_facts(st.sampled_from(list(Unit))))
def test_a_longer_limit_and_one_more_pause_never_end_earlier(given_facts: ClockFacts) -> None:
    assume(given_facts.total or given_facts.limit.unit is not Unit.WORKING_HOURS)  # on the spot means the whole day
    answer = due(given_facts, CALENDAR).due_at
    longer = ClockFacts(
        kind="promised", limit=Limit(given_facts.limit.amount + 1, given_facts.limit.unit),
        started_at=given_facts.started_at, pauses=given_facts.pauses, extensions=given_facts.extensions,
    )  # fmt: skip
    day = given_facts.started_at.date() + timedelta(days=7)
    paused = ClockFacts(
        kind="promised", limit=given_facts.limit, started_at=given_facts.started_at,
        pauses=(*given_facts.pauses, Pause(day, day + timedelta(days=3))), extensions=given_facts.extensions,
    )  # fmt: skip
    for other in (due(longer, CALENDAR).due_at, due(paused, CALENDAR).due_at):
        assert answer is not None
        assert other is not None
        assert answer <= other


@given(some_facts(st.sampled_from(list(Unit))))
def test_the_order_of_pauses_and_their_pieces_do_not_matter(given_facts: ClockFacts) -> None:
    pieces = tuple(Pause(day, day) for day in sorted(oracle.paused_days(given_facts), reverse=True))
    cut = ClockFacts(
        kind="promised", limit=given_facts.limit, started_at=given_facts.started_at, pauses=pieces,
        extensions=given_facts.extensions,
    )  # fmt: skip
    assert due(cut, CALENDAR) == due(given_facts, CALENDAR)


@pytest.mark.parametrize(
    ("start", "amount", "unit", "expected"),
    [
        ("2026-11-02 10:00", 3, "working_days", "2026-11-04 17:00"),  # 1 working day before Thursday's close
        ("2026-11-02 10:00", 10, "working_days", "2026-11-12 17:00"),  # 20 % = 2 working days
        ("2026-11-02 10:00", 7, "working_days", "2026-11-10 14:12"),  # 20 % = 1.4 working days
        ("2026-11-02 10:00", 1, "working_days", "2026-11-02 17:00"),
        ("2026-11-02 18:00", 1, "working_days", "2026-11-02 18:00"),  # less than a day was left from the start
        ("2026-11-02 10:00", 0, "working_days", "2026-11-02 16:00"),  # on the spot: one hour before close
        ("2026-11-02 16:30", 0, "working_days", "2026-11-02 16:30"),
        ("2026-11-02 10:00", 30, "calendar_days", "2026-11-26 17:00"),  # 20 % = 6 days
        ("2026-11-02 10:00", 3, "calendar_days", "2026-11-04 17:00"),
        ("2026-11-02 10:00", 70, "working_hours", "2026-11-12 10:00"),  # 20 % = 14 hours of 7 a day
    ],
)
def test_yellow_begins_when_little_is_left(start: str, amount: int, unit: str, expected: str) -> None:
    assert warn_at(facts(start, amount, unit), CALENDAR) == datetime.fromisoformat(expected).replace(tzinfo=SHANGHAI)


def test_a_paused_day_is_not_time_left() -> None:
    paused = facts("2026-11-02 10:00", 3, pauses=("2026-11-04..2026-11-05",))
    assert due(paused, CALENDAR).due_on == date(2026, 11, 9)
    assert warn_at(paused, CALENDAR) == datetime(2026, 11, 6, 17, tzinfo=SHANGHAI)
    before_last = facts("2026-11-02 10:00", 3, pauses=("2026-11-05..2026-11-05",))
    assert warn_at(before_last, CALENDAR) == datetime(2026, 11, 4, 17, tzinfo=SHANGHAI)


def test_paused_calendar_days_are_not_time_left() -> None:
    paused = facts("2026-11-02 10:00", 30, "calendar_days", pauses=("2026-11-24..2026-11-27",))
    assert due(paused, CALENDAR).due_on == date(2026, 12, 7)
    assert warn_at(paused, CALENDAR) == datetime(2026, 12, 1, 17, tzinfo=SHANGHAI)


def test_an_undecided_clock_has_no_warning() -> None:
    assert warn_at(facts("2026-11-02", 5, pauses=("2026-11-04..",)), CALENDAR) is None


@given(some_facts(st.sampled_from(list(Unit))))
def test_yellow_lies_between_start_and_end(given_facts: ClockFacts) -> None:
    warning, due_at = warn_at(given_facts, CALENDAR), due(given_facts, CALENDAR).due_at
    assert warning is not None
    assert due_at is not None
    assert given_facts.started_at <= warning <= due_at


@given(some_facts(st.sampled_from([Unit.WORKING_DAYS, Unit.WORKING_HOURS])))
def test_what_is_left_at_the_warning_is_the_threshold(given_facts: ClockFacts) -> None:
    warning, due_at = warn_at(given_facts, CALENDAR), due(given_facts, CALENDAR).due_at
    assume(given_facts.total and warning is not None and warning > given_facts.started_at)
    assert warning is not None
    assert due_at is not None
    seconds = CALENDAR.worked(due_at) - CALENDAR.worked(warning)
    paused = sum(
        25200 for day in oracle.paused_days(given_facts) if warning.date() < day < due_at.date()
        and CALENDAR.is_working(day)
    )  # fmt: skip
    unit = 25200 if given_facts.limit.unit is Unit.WORKING_DAYS else 3600
    assert seconds - paused == max(25200, given_facts.total * unit // 5)


@pytest.mark.parametrize(
    ("now", "left"),
    [
        ("2026-11-02 11:00", 5),
        ("2026-11-05 11:00", 2),
        ("2026-11-07 11:00", 1),
        ("2026-11-09 11:00", 0),
        ("2026-11-11 11:00", -2),
    ],
)
def test_days_left_are_those_after_today(now: str, left: int) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=SHANGHAI)
    assert working_days_left(facts("2026-11-02", 5), CALENDAR, at) == left


def test_days_left_leave_out_paused_days() -> None:
    paused = facts("2026-11-02", 5, pauses=("2026-11-04..2026-11-05",))
    assert working_days_left(paused, CALENDAR, datetime(2026, 11, 3, 9, tzinfo=SHANGHAI)) == 4
    undecided = facts("2026-11-02", 5, pauses=("2026-11-04..",))
    assert working_days_left(undecided, CALENDAR, datetime(2026, 11, 5, 9, tzinfo=SHANGHAI)) is None


def test_facts_answer_what_if_the_pause_ends_as_planned() -> None:
    undecided = facts("2026-11-02", 5, pauses=("2026-11-04..",))
    assert due(undecided.with_open_pause_ending(date(2026, 11, 6)), CALENDAR).due_on == date(2026, 11, 12)
