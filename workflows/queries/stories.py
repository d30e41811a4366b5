"""A run's story: the events that the engine was told, read back from the history in their order."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import Q

from workflows.engine.events import Completed, Escalated, Event, Failed, Returned, Started, Triggered
from workflows.engine.graph import Graph, NodeKind, Trigger
from workflows.engine.replay import Happening
from workflows.engine.state import State
from workflows.models import HistoryEvent, Message, Run, Timer

#: What the engine itself writes into a run's data.
_ENGINES_OWN = frozenset({"outcome", "outcomes"})


class UntoldError(Exception):
    """The history does not tell enough."""


def story_of(run: Run, graph: Graph) -> tuple[Happening, ...]:
    """Return what happened to a run since it began, oldest first. graph: the version it runs on.

    Reads the case's history (what people, workers, timers and child runs did), the messages that came, and when
    timers were due. Raises UntoldError when a message is no longer kept.
    """
    story = list(_Reading(run, graph).happenings())
    return _with_what_is_left(run, story)


class _Reading:
    """Reads one run's facts; those of its children tell what it was answered."""

    def __init__(self, run: Run, graph: Graph) -> None:
        self.run = run
        self.graph = graph
        self.children = {child.pk: child for child in Run.objects.filter(parent=run)}
        self.fired = _fired_timers(run)
        below = Q(run=run) | Q(run__parent=run)
        self.facts = list(HistoryEvent.objects.filter(below, root_id=run.root_key).order_by("seq"))
        numbers = [fact.detail["message"] for fact in self.facts if "message" in fact.detail]
        self.messages = Message.objects.in_bulk(numbers)

    def happenings(self) -> Iterator[Happening]:
        for fact in self.facts:
            if fact.run_id != self.run.pk:
                event = self._from_child(self.children[fact.run_id], fact)
            elif fact.kind == "run_started":
                event = Started(node=self._began_at())
            else:
                tell = _TELLING.get(fact.kind)
                event = tell(self, fact.detail) if tell is not None else None
            if event is not None:
                since = self._due_at(fact.detail) if fact.kind == "timer_fired" else None
                yield Happening(what=fact.kind, event=event, at=fact.at, since=since)

    def _began_at(self) -> str:
        """Return the start event that something triggered: a marking counts how often each was entered."""
        entered = State.from_json(self.run.marking, {}).rounds
        for node in self.graph.starts():
            if node.kind is NodeKind.START and node.trigger is not Trigger.NONE and node.id in entered:
                return node.id
        return ""

    def _from_child(self, child: Run, fact: HistoryEvent) -> Event | None:
        place: dict[str, Any] = {"node": child.parent_node, "round": child.parent_round}
        if fact.kind == "escalation_sent":
            return Escalated(**place, code=fact.detail["name"])
        if fact.kind != "run_ended":
            return None
        if error := fact.detail.get("error"):
            return Failed(**place, code=error)
        return Completed(**place, outcome=fact.detail["outcome"])

    def _completed(self, detail: Mapping[str, Any]) -> Event:
        return Completed(**_place(detail), outcome=detail["outcome"])

    def _returned(self, detail: Mapping[str, Any]) -> Event:
        return Returned(**_place(detail), flow=f"{detail['node']}->{detail['to']}")

    def _answered(self, detail: Mapping[str, Any]) -> Event:
        data = json.loads(detail["answer"]) if "answer" in detail else {}
        if error := detail.get("error"):
            return Failed(**_place(detail), code=error, data=data)
        return Completed(**_place(detail), outcome=detail["outcome"], data=data)

    def _skipped(self, detail: Mapping[str, Any]) -> Event:
        return Completed(**_place(detail), outcome="skipped")

    def _fired(self, detail: Mapping[str, Any]) -> Event:
        return Triggered(**_place(detail))

    def _received(self, detail: Mapping[str, Any]) -> Event:
        message = self.messages.get(detail["message"])
        if message is None:
            raise UntoldError(f"message {detail['message']}, which came to {detail['node']}, is no longer kept")
        return Triggered(**_place(detail), data=message.data)

    def _due_at(self, detail: Mapping[str, Any]) -> datetime | None:
        """Return when the timer was due that fired: each fact takes the next one."""
        due = self.fired[detail["node"], detail["round"]]
        return due.pop(0) if due else None


_TELLING: dict[str, Callable[[_Reading, Mapping[str, Any]], Event]] = {
    "task_done": _Reading._completed,
    "task_returned": _Reading._returned,
    "job_done": _Reading._answered,
    "job_skipped": _Reading._skipped,
    "timer_fired": _Reading._fired,
    "message_received": _Reading._received,
    "signal_received": _Reading._received,
}


def _place(detail: Mapping[str, Any]) -> dict[str, Any]:
    return {"node": detail["node"], "round": detail["round"]}


def _fired_timers(run: Run) -> dict[tuple[str, int], list[datetime]]:
    fired = Timer.objects.filter(root_id=run.root_key, kind="event", fired_at__isnull=False)
    found: dict[tuple[str, int], list[datetime]] = defaultdict(list)
    for timer in fired.filter(payload__run_id=run.pk).order_by("round"):
        found[timer.payload["node"], timer.payload["round"]].append(timer.due_at)
    return found


def _with_what_is_left(run: Run, story: list[Happening]) -> tuple[Happening, ...]:
    """Return a story in which the one job that said nothing of its answer gave what nothing else did.

    Histories from before answers were kept. With several such jobs nobody knows which gave what, and when: then the
    story stays as it is, and its end will not be where the run stands.
    """
    told = set(_ENGINES_OWN).union(*(getattr(one.event, "data", ()) for one in story))
    left = {name: value for name, value in run.learned.items() if name not in told}
    silent = [one for one in story if one.what == "job_done" and not getattr(one.event, "data", {})]
    if not left or len(silent) != 1:
        return tuple(story)
    return tuple(_giving(one, left) if one is silent[0] else one for one in story)


def _giving(one: Happening, data: Mapping[str, Any]) -> Happening:
    assert isinstance(one.event, Completed | Failed)  # a job was done
    return replace(one, event=replace(one.event, data=data))
