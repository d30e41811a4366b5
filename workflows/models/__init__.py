"""What is stored about runs, tasks, clocks and timers."""

from workflows.models.calendars import (
    CalendarDay,
    CalendarRecomputation,
    CalendarRegion,
    CalendarVersion,
    RecomputationSlice,
)
from workflows.models.clocks import Clock, ClockExtension, ClockPause, ClockRecomputation, Timer
from workflows.models.decisions import DecisionDefinition
from workflows.models.logs import ImportedCase, ImportedEvent, ImportedLog
from workflows.models.runs import (
    HistoryEvent,
    Job,
    Message,
    ProcessDefinition,
    Run,
    StartEvent,
    Subscription,
    Task,
)
from workflows.models.thresholds import ThresholdRules
from workflows.models.watch import Progress, Standstill

__all__ = [
    "CalendarDay",
    "CalendarRecomputation",
    "CalendarRegion",
    "CalendarVersion",
    "Clock",
    "ClockExtension",
    "ClockPause",
    "ClockRecomputation",
    "DecisionDefinition",
    "HistoryEvent",
    "ImportedCase",
    "ImportedEvent",
    "ImportedLog",
    "Job",
    "Message",
    "ProcessDefinition",
    "Progress",
    "RecomputationSlice",
    "Run",
    "Standstill",
    "StartEvent",
    "Subscription",
    "Task",
    "ThresholdRules",
    "Timer",
]
