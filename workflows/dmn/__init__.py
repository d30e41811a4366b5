"""DMN decision tables (OMG DMN 1.3): read, proven, decided. Pure: no Django. See `docs/dmn.md`."""

from workflows.dmn.errors import DecisionError, DmnError, Refusal
from workflows.dmn.evaluation import decide
from workflows.dmn.parse import parse_decision
from workflows.dmn.problems import Problem, find_problems
from workflows.dmn.table import Aggregation, Decision, HitPolicy

__all__ = [
    "Aggregation",
    "Decision",
    "DecisionError",
    "DmnError",
    "HitPolicy",
    "Problem",
    "Refusal",
    "decide",
    "find_problems",
    "parse_decision",
]
