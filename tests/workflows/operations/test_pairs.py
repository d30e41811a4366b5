"""Any two of the things that can happen to a case, at the same instant: what comes out is one after the other."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from itertools import combinations_with_replacement, count
from typing import Any

import pytest

from portal.accounts.models import User
from tests.factories.accounts import UserFactory
from tests.factories.processes import boundary, exclusive, graph, parallel, receive, user_task
from tests.factories.runs import NOW, PATIENCE, at_once, start, task
from workflows.engine.graph import Span
from workflows.models import HistoryEvent, Message, Run, Subscription, Task, Timer
from workflows.operations.history import first_broken_row
from workflows.operations.messages import deliver_messages, send_message
from workflows.operations.runs import cancel_run
from workflows.operations.tasks import TaskClosedError, TaskHeldError, complete_task, reassign_task
from workflows.operations.timers import sweep_timers

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 30
#: Cases begin so far apart that a sweep at one case's instant fires nothing of a later case.
APART = timedelta(days=5)
LATE = timedelta(days=3)
#: What a command may answer instead of doing it. Anything else that is raised is a fault.
REFUSALS = (TaskClosedError, TaskHeldError)

#: Two tasks and a message, all needed; the first task is taken away when its time is over, another is there instead.
CASE = graph(
    (
        parallel("split"),
        parallel("join"),
        user_task("a"),
        boundary("late", "a", span=Span(amount=60, unit="seconds")),
        user_task("instead"),
        exclusive("merge"),
        user_task("b"),
        receive("paid", correlation="reference"),
    ),
    "start > split > a > merge > join > end",
    "late > instead > merge",
    "split > b > join",
    "split > paid > join",
    key="six-things",
)


class Case:
    """One case in which all six can happen, and what they are about."""

    def __init__(self, number: int, prepared: Sequence[str]) -> None:
        began = NOW + APART * number
        self.at = began + LATE
        self.run = start(CASE, number=number, data={"reference": f"F{number}"}, moment=began)
        self.a, self.b = task(self.run, "a").pk, task(self.run, "b").pk
        for node in prepared:
            complete_task(task_id=getattr(self, node), outcome="", by=people()["first"], at=began)


def people() -> dict[str, User]:
    """Return who acts: the first and second thread's person, the manager, and who is given a task."""
    names = ("first", "second", "manager", "given by first", "given by second")
    known = {user.name: user for user in User.objects.filter(name__in=names)}
    return {name: known.get(name) or UserFactory.create(name=name) for name in names}


Act = Callable[[Case, dict[str, User], str], Any]


def complete_a(case: Case, who: dict[str, User], side: str) -> Any:
    return complete_task(task_id=case.a, outcome="", by=who[side], at=case.at)


def complete_b(case: Case, who: dict[str, User], side: str) -> Any:
    return complete_task(task_id=case.b, outcome="", by=who[side], at=case.at)


def timer_fires(case: Case, who: dict[str, User], side: str) -> None:
    sweep_timers(at=case.at)


def withdraw(case: Case, who: dict[str, User], side: str) -> None:
    cancel_run(run_id=case.run.pk, outcome="withdrawn", by=who[side], at=case.at)


def message_arrives(case: Case, who: dict[str, User], side: str) -> None:
    life = timedelta(days=3650)
    send_message(name="paid", key=f"F{case.run.subject_id}", data={"by": "bank"}, at=case.at, life=life)
    deliver_messages(at=case.at)


def reassign(case: Case, who: dict[str, User], side: str) -> Any:
    return reassign_task(task_id=case.a, to=who[f"given by {side}"], by=who["manager"], at=case.at)


ACTS: tuple[Act, ...] = (complete_a, complete_b, timer_fires, withdraw, message_arrives, reassign)
#: A sweep leaves a case that somebody holds to the next sweep, which comes round for certain.
NEXT_SWEEP = {timer_fires: sweep_timers, message_arrives: deliver_messages}


def attempt(act: Act, case: Case, who: dict[str, User], side: str) -> str:
    """Carry out an act; return how it was answered: done, or the refusal's name."""
    try:
        act(case, who, side)
    except REFUSALS as refusal:
        return type(refusal).__name__
    return "done"


def sweep_again(case: Case, *acts: Act) -> None:
    for act in dict.fromkeys(acts):
        if act in NEXT_SWEEP:
            NEXT_SWEEP[act](at=case.at)


def snapshot(case: Case, who: dict[str, User]) -> dict[str, Any]:
    """Return everything a case has become, without what differs from case to case: keys and instants."""
    run = Run.objects.get(pk=case.run.pk)
    assert first_broken_row(run) is None
    names = {user.pk: name for name, user in who.items()}
    tasks = Task.objects.filter(run=run).order_by("node", "round")
    timers = Timer.objects.filter(root=run, cancelled_at=None)
    messages = Message.objects.filter(key=f"F{run.subject_id}").order_by("closed_at", "id")
    return {
        "run": [run.marking, {**run.known, "reference": ""}, run.state, run.outcome, run.version, run.ended_at is None],
        "tasks": [
            [one.node, one.round, one.state, names.get(one.assignee_id), names.get(one.closed_by_id)] for one in tasks
        ],
        "timers": sorted([one.kind, one.payload["node"], one.round, one.fired_at is None] for one in timers),
        "subscriptions": sorted(Subscription.objects.filter(run=run).values_list("node", "round", "name", "kind")),
        "messages": [one.closed_at is None for one in messages],
        "history": [_told(row, names) for row in HistoryEvent.objects.filter(root=run).order_by("seq")],
    }


def _told(row: HistoryEvent, names: dict[int, str]) -> list[Any]:
    detail = {name: value for name, value in row.detail.items() if name != "message"}
    if "to" in detail:
        detail["to"] = names[detail["to"]]
    return [row.kind, names.get(row.by_id), detail]


def race(cases: Sequence[Case], one: Act, other: Act, who: dict[str, User]) -> list[tuple[str, str]]:
    """Let two threads act on each case, let go anew at the same instant before every case; return the answers."""
    gate = threading.Barrier(2, timeout=PATIENCE)

    def play(act: Act, side: str) -> list[str]:
        answers = []
        try:
            for case in cases:
                gate.wait()
                answers.append(attempt(act, case, who, side))
                gate.wait()
                if side == "first":
                    sweep_again(case, one, other)
        except Exception:
            gate.abort()
            raise
        return answers

    played = at_once(partial(play, one, "first"), partial(play, other, "second"))
    assert all(isinstance(answers, list) for answers in played), played
    return list(zip(*played, strict=True))


def in_turn(case: Case, one: Act, other: Act, who: dict[str, User], *, turned: bool) -> str:
    """Return the outcome of two acts one after the other; turned: the second one first."""
    answers = {}
    for side, act in (("second", other), ("first", one)) if turned else (("first", one), ("second", other)):
        answers[side] = attempt(act, case, who, side)
    sweep_again(case, one, other)
    return _outcome((answers["first"], answers["second"]), snapshot(case, who))


def _outcome(answers: tuple[str, str], found: dict[str, Any]) -> str:
    return json.dumps([answers, found], sort_keys=True, default=str)


PAIRS: list[tuple[Act, Act, tuple[str, ...]]] = [
    *((one, other, ()) for one, other in combinations_with_replacement(ACTS, 2)),
    # With one branch done already, the two that are left race for the join.
    (complete_a, message_arrives, ("b",)),
    (timer_fires, message_arrives, ("b",)),
    (message_arrives, withdraw, ("b",)),
]


@pytest.mark.parametrize(
    ("one", "other", "prepared"),
    [pytest.param(one, other, done, id="-".join([one.__name__, other.__name__, *done])) for one, other, done in PAIRS],
)
def test_any_two_at_once_come_out_as_one_after_the_other(one: Act, other: Act, prepared: tuple[str, ...]) -> None:
    who, numbers = people(), count()
    begin = partial(Case, prepared=prepared)
    serial = [in_turn(begin(next(numbers)), one, other, who, turned=turned) for turned in (False, True)]
    cases = [begin(next(numbers)) for _ in range(ROUNDS)]
    answers = race(cases, one, other, who)
    for case, answered in zip(cases, answers, strict=True):
        found = snapshot(case, who)
        assert _outcome(answered, found) in serial, (answered, found, serial)
        assert sum(kind == "joined" for kind, *_ in found["history"]) <= 1
