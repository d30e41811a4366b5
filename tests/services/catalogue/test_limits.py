"""Limits of different units, compared."""

from fractions import Fraction

import pytest

from services.catalogue.limits import in_working_days


@pytest.mark.parametrize(
    ("amount", "unit", "days"),
    [
        (20, "working_days", Fraction(20)),
        (30, "calendar_days", Fraction(22)),
        (14, "working_hours", Fraction(2)),
        (0, "working_days", Fraction(0)),
    ],
)
def test_a_month_is_22_working_days_and_a_day_has_7_office_hours(amount: int, unit: str, days: Fraction) -> None:
    assert in_working_days(amount, unit) == days


def test_another_unit_is_refused() -> None:
    with pytest.raises(ValueError, match="moons"):
        in_working_days(1, "moons")
