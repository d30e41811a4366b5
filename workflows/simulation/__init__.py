"""Cases that never were: a process simulated by the same engine on a virtual clock. Plain Python, no side effects."""

from workflows.simulation.assumptions import AssumptionError, Assumptions, read_assumptions
from workflows.simulation.course import ComingCase, Course, Outcome, Scenario, Visit
from workflows.simulation.recorded import Fact, Observation, Recording
from workflows.simulation.simulator import simulate
from workflows.simulation.time_axis import TimeAxis

__all__ = [
    "AssumptionError",
    "Assumptions",
    "ComingCase",
    "Course",
    "Fact",
    "Observation",
    "Outcome",
    "Recording",
    "Scenario",
    "TimeAxis",
    "Visit",
    "read_assumptions",
    "simulate",
]
