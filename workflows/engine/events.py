"""What can happen to a run, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workflows.engine.graph import Timer, Trigger


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """The run begins. node: the start event that something triggered, "" for the plain beginning."""

    node: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Completed:
    """The activity (node, round) was completed. outcome: its answer, readable by conditions as `outcome.<node>`."""

    node: str
    round: int
    outcome: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Triggered:
    """What (node, round) waits or listens for came: its timer is due, its message or signal arrived.

    fired: of a timer, how often it had fired when it was set (`TimerSet.fired`); None: whichever time is the next.
    Only with it can a timer that fires again and again tell the same instant, told twice, from the next one.
    """

    node: str
    round: int
    data: Mapping[str, Any] = field(default_factory=dict)
    fired: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Failed:
    """The activity (node, round) ended with a BPMN error. code: which; whoever listens for it goes on."""

    node: str
    round: int
    code: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Escalated:
    """The process that the call activity (node, round) started escalates and goes on."""

    node: str
    round: int
    code: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Returned:
    """The task (node, round) is sent back on `flow`, one of the ways back that the drawing allows it."""

    node: str
    round: int
    flow: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Cancelled:
    """The run is ended from outside: everything that waits is taken away. outcome: what the caller is told."""

    outcome: str


Event = Started | Completed | Triggered | Failed | Escalated | Returned | Cancelled


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
    """A timer runs from now. fired: how often this one fired before."""

    node: str
    round: int
    timer: Timer
    fired: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscribed:
    """(node, round) waits for a message or a signal. key: which of the messages of this name, "" for any."""

    node: str
    round: int
    trigger: Trigger
    name: str
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Disarmed:
    """(node, round) no longer listens: its timer or subscription is to be taken away."""

    node: str
    round: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Thrown:
    """The run sends a message or a signal, or escalates to whoever called it. key: as in Subscribed."""

    node: str
    trigger: Trigger
    name: str
    key: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ActivityCancelled:
    """The activity (node, round) no longer waits: its task, job or child is to be taken away."""

    node: str
    round: int


@dataclass(frozen=True, kw_only=True, slots=True)
class JoinFired:
    """A parallel or inclusive join got the last token it waited for and let one through."""

    node: str
    round: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RunEnded:
    """No token is left. outcome: the answer of the end event reached last. error: the error nobody caught."""

    outcome: str
    error: str = ""


Opening = TaskOpened | JobQueued | ChildCalled | TimerSet | Subscribed
Effect = Opening | Disarmed | Thrown | ActivityCancelled | JoinFired | RunEnded
