"""Where a run stands: its marking, as frozen values that survive a trip through JSON unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: An activity that waits: the node's id and the how-manieth entry into it, counted from 1.
Activity = tuple[str, int]


@dataclass(frozen=True, kw_only=True)
class State:
    """The marking of one run.

    waiting: activities a token rests at. armed: boundary timers that may still fire, each with its host's round.
    arrived: for flows into parallel joins, how many tokens lie on each. rounds: how often each node was entered.
    data: what conditions may read (never personal values). outcome: the answer of the end events reached so far.
    ended: no token is left.
    """

    waiting: frozenset[Activity] = frozenset()
    armed: frozenset[Activity] = frozenset()
    arrived: Mapping[str, int] = field(default_factory=dict)
    rounds: Mapping[str, int] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    outcome: str = ""
    ended: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the marking without `data`, which is stored beside it, as plain JSON values."""
        return {
            "waiting": sorted(list(activity) for activity in self.waiting),
            "armed": sorted(list(timer) for timer in self.armed),
            "arrived": dict(self.arrived),
            "rounds": dict(self.rounds),
            "outcome": self.outcome,
            "ended": self.ended,
        }

    @classmethod
    def from_json(cls, marking: Mapping[str, Any], data: Mapping[str, Any]) -> State:
        """Rebuild the state that `to_json` described."""
        return cls(
            waiting=frozenset((node, number) for node, number in marking.get("waiting", [])),
            armed=frozenset((node, number) for node, number in marking.get("armed", [])),
            arrived=marking.get("arrived", {}),
            rounds=marking.get("rounds", {}),
            data=data,
            outcome=marking.get("outcome", ""),
            ended=marking.get("ended", False),
        )
