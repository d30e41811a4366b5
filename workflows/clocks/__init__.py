"""Working time: by when a case must move, how pressing that is, and why the date is what it is. Plain Python."""

from workflows.clocks.calendar import DayKind, OfficeHours, OutsideCalendarError, SpecialDay, WorkingCalendar
from workflows.clocks.china import national_calendar
from workflows.clocks.counting import due, warn_at, working_days_left
from workflows.clocks.effects import (
    ClockDueChanged,
    ClockExtended,
    ClockPaused,
    ClockWarned,
    Consequence,
    ThresholdReached,
)
from workflows.clocks.explanation import explain
from workflows.clocks.facts import ClockFacts, Due, Extension, Limit, Pause, Unit
from workflows.clocks.lights import Light, earliest, is_overdue, is_paused, light, worst

__all__ = [
    "ClockDueChanged",
    "ClockExtended",
    "ClockFacts",
    "ClockPaused",
    "ClockWarned",
    "Consequence",
    "DayKind",
    "Due",
    "Extension",
    "Light",
    "Limit",
    "OfficeHours",
    "OutsideCalendarError",
    "Pause",
    "SpecialDay",
    "ThresholdReached",
    "Unit",
    "WorkingCalendar",
    "due",
    "earliest",
    "explain",
    "is_overdue",
    "is_paused",
    "light",
    "national_calendar",
    "warn_at",
    "working_days_left",
    "worst",
]
