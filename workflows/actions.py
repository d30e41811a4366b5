"""The registry of what a service task does. The services fill it in `AppConfig.ready()`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class ActionContext:
    """What an action is told.

    subject_kind, subject_id: what the run is about. node: the service task. key: the same for every attempt, so that
    an action with an effect outside the database can have it at most once. at: the instant of this attempt.
    data: the run's data, read only. decision: the key of the decision table that a business rule task names.
    """

    run_id: int
    root_id: int
    subject_kind: str
    subject_id: str
    node: str
    key: str
    at: datetime
    data: Mapping[str, Any]
    decision: str = ""


@dataclass(frozen=True, kw_only=True)
class ActionResult:
    """What an action answers. outcome: readable by conditions as `outcome.<node>`; data: joins the run's data.

    error: the code of a BPMN error, for which the drawing has an event that listens: not a failure to be tried again.
    """

    outcome: str = "done"
    error: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


Action = Callable[[ActionContext], ActionResult]


@dataclass(frozen=True, kw_only=True)
class RegisteredAction:
    """An action and where it runs.

    outside: True for one that talks to another system. It runs before the transaction, so that no lock is held while
    the other side thinks. False for one that only writes our database: it runs inside the step's own transaction.
    """

    call: Action
    outside: bool


class UnknownActionError(LookupError):
    """A process names an action that no service registered."""


_registry: dict[str, RegisteredAction] = {}


def register(name: str, *, outside: bool = False) -> Callable[[Action], Action]:
    """Register the decorated function as the service task action `name`."""

    def keep(action: Action) -> Action:
        _registry[name] = RegisteredAction(call=action, outside=outside)
        return action

    return keep


def action_named(name: str) -> RegisteredAction:
    """Return the action registered under `name`; raises UnknownActionError."""
    try:
        return _registry[name]
    except KeyError:
        raise UnknownActionError(f"No service registered the action {name}.") from None
