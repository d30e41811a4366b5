"""Messages and signals: sent once, delivered by a sweep to the runs that wait for them, each in a step of its own."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from workflows.engine.events import Triggered
from workflows.engine.state import State
from workflows.enums import DefinitionState, ListenKind, RunState
from workflows.models import Message, Run, StartEvent, Subscription
from workflows.operations.locking import try_lock_root
from workflows.operations.node_timers import after
from workflows.operations.runs import start_run_at
from workflows.operations.transition import MESSAGE_LIFE, MESSAGES_TASK, Transition
from workflows.queries.calendars import calendar_for
from workflows.queries.definitions import graph_of
from workflows.wake import wake

log = logging.getLogger(__name__)


def send_message(
    *,
    name: str,
    key: str = "",
    data: Mapping[str, Any] | None = None,
    unique_key: str | None = None,
    at: datetime,
    life: timedelta = MESSAGE_LIFE,
) -> Message:
    """Send a message to the one run that waits for it, or will within its life; else to a process it starts.

    name: as drawn. key: the value by which the run is found, e.g. a payment's number. data: joins the run's data,
    never personal values. unique_key: the sender's own number of it; the same again changes nothing.
    Effects: a row; the delivery follows from `deliver_messages`, for which a worker is woken.
    """
    return _send(ListenKind.MESSAGE, name, key, data, unique_key, at, life)


def send_signal(
    *, name: str, data: Mapping[str, Any] | None = None, unique_key: str | None = None, at: datetime
) -> Message:
    """Send a signal to every run that waits for it now, and to every process it starts. Else as `send_message`."""
    return _send(ListenKind.SIGNAL, name, "", data, unique_key, at, MESSAGE_LIFE)


def _send(
    kind: ListenKind,
    name: str,
    key: str,
    data: Mapping[str, Any] | None,
    unique_key: str | None,
    at: datetime,
    life: timedelta,
) -> Message:
    given = {"kind": kind, "name": name, "key": key, "data": dict(data or {})}
    when = {"sent_at": at, "expires_at": at + life}
    if unique_key is None:
        message = Message.objects.create(**given, **when)
    else:
        message, _ = Message.objects.get_or_create(unique_key=unique_key, defaults={**given, **when})
    wake(MESSAGES_TASK)
    return message


def deliver_messages(*, at: datetime, limit: int = 200) -> int:
    """Deliver open messages, oldest first; returns how many deliveries were made. Safe to run any number at once.

    A case that somebody holds, or that is suspended, is left to the next sweep. A failure is logged and stops no
    other message.
    """
    Message.objects.filter(closed_at__isnull=True, expires_at__lt=at).update(closed_at=at)
    return sum(_try_deliver(message, at) for message in _deliverable()[:limit])


def _deliverable() -> QuerySet[Message]:
    """Return the open messages that somebody waits for, and signals, which are over once everybody got them."""
    waits = Subscription.objects.filter(kind=ListenKind.MESSAGE, name=OuterRef("name"))
    waits = waits.filter(Q(key="") | Q(key=OuterRef("key")))
    starts = StartEvent.objects.filter(
        kind=ListenKind.MESSAGE, name=OuterRef("name"), definition__state=DefinitionState.PUBLISHED
    )
    wanted = Q(kind=ListenKind.SIGNAL) | Exists(waits) | Exists(starts)
    return Message.objects.filter(wanted, closed_at__isnull=True).order_by("id")


def _try_deliver(message: Message, at: datetime) -> int:
    try:
        return _deliver_signal(message, at) if message.kind == ListenKind.SIGNAL else _deliver(message, at)
    except Exception as error:
        # Where, not what: an error's message may hold personal data.
        where = traceback.format_tb(error.__traceback__)
        log.error("message failed", extra={"message": message.pk, "error": type(error).__name__, "where": where})
        return 0


def _waiting(message: Message) -> QuerySet[Subscription]:
    waiting = Subscription.objects.filter(kind=message.kind, name=message.name, root__state=RunState.ACTIVE)
    if message.kind == ListenKind.MESSAGE:
        waiting = waiting.filter(key__in=("", message.key))
    return waiting.order_by("id")


def _deliver(message: Message, at: datetime) -> int:
    waiting = list(_waiting(message)[:20])
    for subscription in waiting:
        if _hand_over(message, subscription, at, closed_at=at):
            return 1
    return 0 if waiting else _start(message, at)


def _deliver_signal(message: Message, at: datetime) -> int:
    given = 0
    waiting = _waiting(message).filter(pk__gt=message.reached, opened_at__lte=message.sent_at)
    for subscription in waiting.iterator():
        if not _hand_over(message, subscription, at, reached=subscription.pk):
            return given  # in order: who is held now gets it, and those behind, in the next sweep
        given += 1
    return given + _start(message, at)


@transaction.atomic
def _hand_over(message: Message, subscription: Subscription, at: datetime, **mark: Any) -> bool:
    """Let one waiting run have a message, at most once: the message's row is marked in the same transaction."""
    root = try_lock_root(subscription.root_id)
    if root is None or root.state != RunState.ACTIVE:
        return False
    unmarked = Message.objects.filter(pk=message.pk, closed_at__isnull=True, reached__lt=subscription.pk)
    if not unmarked.update(**mark):
        return False
    if not Subscription.objects.filter(pk=subscription.pk).exists():
        # Whoever waited no longer does: a signal passes on, a message stays open for the next one.
        if message.kind == ListenKind.MESSAGE:
            unmarked.model.objects.filter(pk=message.pk).update(closed_at=None)
        return message.kind == ListenKind.SIGNAL
    run = root if subscription.run_id == root.pk else Run.objects.get(pk=subscription.run_id)
    place = {"node": subscription.node, "round": subscription.round}
    step = Transition(root, by=None, at=at)
    step.note(run, f"{message.kind}_received", **place, name=message.name, message=message.pk)
    step.push(run, Triggered(**place, data=message.data))
    step.commit()
    if (subscription.node, subscription.round) not in State.from_json(run.marking, {}).armed:
        subscription.delete()
    return True


@transaction.atomic
def _start(message: Message, at: datetime) -> int:
    """Start the processes that the message starts, and close it; a message starts one, a signal all of them."""
    starts = StartEvent.objects.filter(
        kind=message.kind, name=message.name, definition__state=DefinitionState.PUBLISHED
    ).select_related("definition")
    found = list(starts.order_by("id"))[: 1 if message.kind == ListenKind.MESSAGE else None]
    if not found and message.kind == ListenKind.MESSAGE:
        return 0
    if not Message.objects.filter(pk=message.pk, closed_at__isnull=True).update(closed_at=at):
        return 0
    for start in found:
        start_run_at(
            definition=start.definition,
            node=start.node,
            subject_kind="message",
            subject_id=message.key or str(message.pk),
            data=message.data,
            by=None,
            at=at,
        )
    return len(found)


@transaction.atomic
def start_due_runs(*, at: datetime, limit: int = 100) -> int:
    """Start the processes whose timer start event is due, once per instant; returns how many."""
    due = StartEvent.objects.filter(due_at__lte=at, definition__state=DefinitionState.PUBLISHED)
    rows = due.select_for_update(skip_locked=True, of=("self",)).select_related("definition").order_by("due_at", "id")
    started = 0
    for start in rows[:limit]:
        start_run_at(
            definition=start.definition,
            node=start.node,
            subject_kind="schedule",
            subject_id=f"{start.pk}:{start.fired + 1}",
            data={},
            by=None,
            at=at,
        )
        _set_next(start)
        started += 1
    return started


def _set_next(start: StartEvent) -> None:
    """Set when a timer start event fires next, counted from its own instant, or that it never does again."""
    timer = graph_of(start.definition_id).nodes[start.node].timer
    assert timer is not None
    assert start.due_at is not None
    start.fired += 1
    again = timer.repeats == 0 or start.fired < timer.repeats
    start.due_at = after(timer.span, start.due_at, calendar_for()) if again and timer.span else None
    start.save(update_fields=["fired", "due_at"])
