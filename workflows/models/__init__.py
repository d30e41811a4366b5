"""What is stored about runs, tasks, clocks and timers."""

from workflows.models.calendars import CalendarDay, CalendarVersion
from workflows.models.clocks import Clock, ClockExtension, ClockPause, ClockRecomputation, Timer
from workflows.models.runs import HistoryEvent, Job, ProcessDefinition, Run, Task

__all__ = [
    "CalendarDay",
    "CalendarVersion",
    "Clock",
    "ClockExtension",
    "ClockPause",
    "ClockRecomputation",
    "HistoryEvent",
    "Job",
    "ProcessDefinition",
    "Run",
    "Task",
    "Timer",
]
