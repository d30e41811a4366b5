"""What is stored about runs, tasks, clocks and timers."""

from workflows.models.runs import HistoryEvent, Job, ProcessDefinition, Run, Task

__all__ = ["HistoryEvent", "Job", "ProcessDefinition", "Run", "Task"]
