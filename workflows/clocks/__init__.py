"""Working time: by when a case must move, how pressing that is, and why the date is what it is. Plain Python."""

from workflows.clocks.calendar import DayKind, OfficeHours, OutsideCalendarError, SpecialDay, WorkingCalendar
from workflows.clocks.china import national_calendar
from workflows.clocks.counting import due, warn_at, working_days_left
from workflows.clocks.effects import (
    ClockDueChanged,
    ClockExtended,
    ClockPaused,
    Consequence,
    ThresholdReached,
)
from workflows.clocks.explanation import explain
from workflows.clocks.facts import ClockFacts, Due, Extension, Limit, Pause, Unit
from workflows.clocks.lights import Light, earliest, is_overdue, is_paused, light, light_warned_at, worst
from workflows.clocks.threshold_rules import ThresholdRulesError, parse_thresholds
from workflows.clocks.thresholds import SHIPPED, Threshold, instants

__all__ = [
    "SHIPPED",
    "ClockDueChanged",
    "ClockExtended",
    "ClockFacts",
    "ClockPaused",
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
    "Threshold",
    "ThresholdReached",
    "ThresholdRulesError",
    "Unit",
    "WorkingCalendar",
    "due",
    "earliest",
    "explain",
    "instants",
    "is_overdue",
    "is_paused",
    "light",
    "light_warned_at",
    "national_calendar",
    "parse_thresholds",
    "warn_at",
    "working_days_left",
    "worst",
]
