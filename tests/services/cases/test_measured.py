"""Figures of closed cases: nearest rank, counted visits, nothing under twenty, and only the last twelve months."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cases.enums import ApplicationState, CaseState, Channel
from services.cases.models import Application, Case
from services.cases.queries.measured import (
    SMALLEST_SAMPLE,
    measured_bundles,
    measured_items,
    measured_of,
    nearest_rank,
    period_before,
)
from tests.factories.cases import ApplicationFactory, CaseFactory
from tests.factories.catalogue import published_bundle, published_service
from workflows.clocks import national_calendar

CALENDAR = national_calendar()
NOW = datetime(2026, 9, 21, 4, tzinfo=UTC)  # a Monday
MONDAY = datetime(2026, 3, 2, 2, tzinfo=UTC)


@given(st.lists(st.integers(0, 90), min_size=1), st.integers(1, 100))
def test_nearest_rank_is_the_smallest_value_so_many_do_not_exceed(values: list[int], percent: int) -> None:
    found = nearest_rank(Counter(values), percent)

    assert found in values
    assert sum(value <= found for value in values) * 100 >= percent * len(values)
    assert sum(value < found for value in values) * 100 < percent * len(values)


def test_figures_begin_with_twenty_cases() -> None:
    few, enough = ({(day, 0): 1 for day in range(count)} for count in (SMALLEST_SAMPLE - 1, SMALLEST_SAMPLE))

    assert measured_of(few).hidden
    assert measured_of(few).days_p50 is None
    assert (measured_of(enough).days_p50, measured_of(enough).days_p90) == (9, 17)


def test_the_period_is_the_twelve_months_before_today() -> None:
    period = period_before(NOW, CALENDAR)

    assert (period.first, period.last) == (date(2025, 9, 21), date(2026, 9, 20))


@pytest.mark.django_db
def test_cases_are_counted_by_service_with_working_days_and_visits() -> None:
    service = published_service()
    application = ApplicationFactory.create(service=service, channel=Channel.COUNTER, submitted_at=MONDAY)
    cases = [
        CaseFactory.create(
            application=application,
            filed_at=MONDAY,
            state=CaseState.GRANTED,
            decided_at=MONDAY + timedelta(days=7 if number < 3 else 1),
        )
        for number in range(SMALLEST_SAMPLE)
    ]
    CaseFactory.create(application=application, filed_at=MONDAY)  # not decided
    Case.objects.filter(pk=cases[0].pk).update(entered_late=True)
    period = period_before(NOW, CALENDAR)

    assert measured_items(period, CALENDAR)[service.item_id].cases == SMALLEST_SAMPLE - 1
    Case.objects.filter(pk=cases[0].pk).update(entered_late=False)
    measured = measured_items(period, CALENDAR, items=[service.item_id])[service.item_id]
    # a Monday to the next is five working days; one visit each, on the day of filing at the window
    assert (measured.cases, measured.days_p50, measured.days_p90) == (SMALLEST_SAMPLE, 1, 5)
    assert (measured.visits_mean, measured.visits_p90) == (1.0, 1)
    assert measured_items(period, CALENDAR, items=[]) == {}
    assert measured_items(period_before(NOW + timedelta(days=400), CALENDAR), CALENDAR) == {}


@pytest.mark.django_db
def test_applications_for_a_bundle_are_counted_by_the_services_they_needed() -> None:
    first, second = published_service(), published_service()
    bundle = published_bundle(parts=[{"service": first.item, "key": "a"}, {"service": second.item, "key": "b"}])
    for parts in (("a",), ("a", "b")):
        application = ApplicationFactory.create(service=None, bundle=bundle, submitted_at=MONDAY)
        for part in parts:
            CaseFactory.create(application=application, part=part, service=first, department=first.item.department)
        Application.objects.filter(pk=application.pk).update(
            state=ApplicationState.CLOSED, closed_at=MONDAY + timedelta(days=1)
        )

    found = measured_bundles(period_before(NOW, CALENDAR), CALENDAR)[bundle.bundle_id]

    assert found.everything.cases == 2
    assert {parts: one.cases for parts, one in found.by_parts.items()} == {
        frozenset({"a"}): 1,
        frozenset({"a", "b"}): 1,
    }
