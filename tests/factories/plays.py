"""A run played by hand: one event after the other, each state carried through JSON as the database does."""

from __future__ import annotations

import json
from typing import Any

from workflows.engine.advance import advance
from workflows.engine.events import Completed, Effect, Escalated, Event, Failed, Returned, Started, Triggered
from workflows.engine.graph import Graph
from workflows.engine.state import State


class Play:
    """A run of a process. told: the effects of the last event; all_told: of every event so far."""

    def __init__(self, drawn: Graph, *, start: str = "", **data: Any) -> None:
        self.drawn = drawn
        self.state = State(data=data)
        self.all_told: list[Effect] = []
        self.send(Started(node=start))

    def send(self, event: Event) -> list[Effect]:
        """Apply an event; return its effects."""
        after, effects = advance(self.drawn, self.state, event)
        marking, data = json.loads(json.dumps(after.to_json())), json.loads(json.dumps(after.data))
        self.state = State.from_json(marking, data)
        assert self.state == after, "a state survives a trip through JSON"
        self.told = list(effects)
        self.all_told += effects
        return self.told

    def done(self, node: str, outcome: str = "", number: int = 1, **data: Any) -> list[Effect]:
        return self.send(Completed(node=node, round=number, outcome=outcome, data=data))

    def fire(self, node: str, number: int = 1, fired: int | None = None, **data: Any) -> list[Effect]:
        return self.send(Triggered(node=node, round=number, data=data, fired=fired))

    def fail(self, node: str, code: str, number: int = 1) -> list[Effect]:
        return self.send(Failed(node=node, round=number, code=code))

    def escalate(self, node: str, code: str, number: int = 1) -> list[Effect]:
        return self.send(Escalated(node=node, round=number, code=code))

    def send_back(self, node: str, flow: str, number: int = 1) -> list[Effect]:
        return self.send(Returned(node=node, round=number, flow=flow))

    @property
    def waiting(self) -> list[str]:
        """The activities at which a token rests, each written `node#round`."""
        return sorted(f"{node}#{number}" for node, number in self.state.waiting)

    @property
    def armed(self) -> list[str]:
        """The events that listen, each written `node#round`."""
        return sorted(f"{node}#{number}" for node, number in self.state.armed)

    def of(self, kind: type[Effect]) -> list[Any]:
        """Return the last effects of one kind."""
        return [effect for effect in self.told if isinstance(effect, kind)]
