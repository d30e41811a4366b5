"""What can happen to a run, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workflows.engine.graph import Span


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """The run begins at its start event."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Completed:
    """The activity (node, round) was completed. outcome: its answer, readable by conditions as `outcome.<node>`."""

    node: str
    round: int
    outcome: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class TimerFired:
    """The boundary timer `node` of the activity (its host, round) came due."""

    node: str
    round: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Cancelled:
    """The run is ended from outside: everything that waits is taken away. outcome: what the caller is told."""

    outcome: str


Event = Started | Completed | TimerFired | Cancelled


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskOpened:
    """Somebody of this post must act now."""

    node: str
    round: int
    department: str
    role: str


@dataclass(frozen=True, kw_only=True, slots=True)
class JobQueued:
    """A worker must carry out the registered action."""

    node: str
    round: int
    action: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ChildCalled:
    """A child run must be started: of the process `called`, or as the caller's part `part` says."""

    node: str
    round: int
    called: str
    part: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TimerSet:
    """The boundary timer `node` runs from now for `span`."""

    node: str
    round: int
    span: Span


@dataclass(frozen=True, kw_only=True, slots=True)
class ActivityCancelled:
    """The activity (node, round) no longer waits: its task, job, child and timers are to be taken away."""

    node: str
    round: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ActivityCompleted:
    """The activity (node, round) is done: its timers are to be taken away."""

    node: str
    round: int


@dataclass(frozen=True, kw_only=True, slots=True)
class JoinFired:
    """A parallel join got its last token and let one through."""

    node: str
    round: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RunEnded:
    """No token is left. outcome: the answer of the end event reached last."""

    outcome: str


Effect = TaskOpened | JobQueued | ChildCalled | TimerSet | ActivityCancelled | ActivityCompleted | JoinFired | RunEnded
