"""Limits of different units made comparable, for checks and for what "once" saves; due dates are computed elsewhere."""

from fractions import Fraction

from services.catalogue.enums import LimitUnit

WORKING_DAYS_PER_CALENDAR_DAY = Fraction(22, 30)  # national statistics count a month as 22 working days
OFFICE_HOURS_PER_DAY = 7


def in_working_days(amount: int, unit: str) -> Fraction:
    """Return a limit as a number of working days.

    Raises:
        ValueError: the unit is none of LimitUnit.
    """
    match LimitUnit(unit):
        case LimitUnit.WORKING_DAYS:
            return Fraction(amount)
        case LimitUnit.CALENDAR_DAYS:
            return amount * WORKING_DAYS_PER_CALENDAR_DAY
        case LimitUnit.WORKING_HOURS:
            return Fraction(amount, OFFICE_HOURS_PER_DAY)
