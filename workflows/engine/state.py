"""Where a run stands: its marking, as frozen values that survive a trip through JSON unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: An activity that waits, or a scope: the node's id and the how-manieth entry into it, counted from 1.
Activity = tuple[str, int]

#: The scope of everything that lies in no sub-process.
ROOT: Activity = ("", 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """A room that holds tokens of its own: a sub-process, several instances of an activity, a branch beside its host.

    within: the scope it lies in. total: of several instances, how many; None for any other scope. done: how many of
    them are over. items: what those not yet begun read (sequential ones). outcome: of a sub-process, the answer of the
    end event reached last.
    """

    within: Activity = ROOT
    total: int | None = None
    done: int = 0
    items: tuple[Any, ...] = ()
    outcome: str = ""


@dataclass(frozen=True, kw_only=True)
class State:
    """The marking of one run.

    waiting: activities at which a token rests, each with the scope it lives in. scopes: the open ones. armed: events
    that listen for a host, each with its host's round and how often it fired. arrived: how many tokens lie on a flow
    into a join, by scope and flow. rounds: how often each node was entered. local: what one instance alone reads.
    data: what conditions may read (never personal values). outcome: the answer of the end events reached so far.
    ended: no token is left.
    """

    waiting: Mapping[Activity, Activity] = field(default_factory=dict)
    scopes: Mapping[Activity, Scope] = field(default_factory=dict)
    armed: Mapping[Activity, int] = field(default_factory=dict)
    arrived: Mapping[tuple[Activity, str], int] = field(default_factory=dict)
    rounds: Mapping[str, int] = field(default_factory=dict)
    local: Mapping[Activity, Mapping[str, Any]] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    outcome: str = ""
    ended: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the marking as plain JSON values, without what is empty and without `data` (stored beside it)."""
        whole = {
            "waiting": {_text(one): _text(scope) for one, scope in self.waiting.items()},
            "scopes": {
                _text(one): [_text(scope.within), scope.total, scope.done, list(scope.items), scope.outcome]
                for one, scope in self.scopes.items()
            },
            "armed": {_text(one): fired for one, fired in self.armed.items()},
            "arrived": [[_text(scope), flow, count] for (scope, flow), count in self.arrived.items()],
            "rounds": dict(self.rounds),
            "local": {_text(one): dict(values) for one, values in self.local.items()},
            "outcome": self.outcome,
            "ended": self.ended,
        }
        return {name: value for name, value in whole.items() if value}

    @classmethod
    def from_json(cls, marking: Mapping[str, Any], data: Mapping[str, Any]) -> State:
        """Rebuild the state that `to_json` described."""
        return cls(
            waiting={_activity(one): _activity(scope) for one, scope in marking.get("waiting", {}).items()},
            scopes={
                _activity(one): Scope(
                    within=_activity(within), total=total, done=done, items=tuple(items), outcome=outcome
                )
                for one, (within, total, done, items, outcome) in marking.get("scopes", {}).items()
            },
            armed={_activity(one): fired for one, fired in marking.get("armed", {}).items()},
            arrived={(_activity(scope), flow): count for scope, flow, count in marking.get("arrived", [])},
            rounds=marking.get("rounds", {}),
            local={_activity(one): values for one, values in marking.get("local", {}).items()},
            data=data,
            outcome=marking.get("outcome", ""),
            ended=marking.get("ended", False),
        )


def _text(activity: Activity) -> str:
    """An id of the drawing never contains a "#": XML forbids it."""
    return "" if activity == ROOT else f"{activity[0]}#{activity[1]}"


def _activity(text: str) -> Activity:
    if not text:
        return ROOT
    node, _, number = text.rpartition("#")
    return node, int(number)
