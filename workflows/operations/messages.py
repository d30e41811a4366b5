"""Messages and signals: sent once, delivered by a sweep to the runs that wait for them, each in a step of its own."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Cast

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

    A case that somebody holds is left to the next sweep, one that is suspended until it is resumed. A failure is
    logged, tried again by the next sweep, and stops no other message and no other receiver of a signal.
    """
    Message.objects.filter(closed_at__isnull=True, expires_at__lt=at).update(closed_at=at)
    return sum(_try_deliver(message, at) for message in _deliverable()[:limit])


def _deliverable() -> QuerySet[Message]:
    """Return the open messages that somebody can have now, and signals, which are over once everybody got them."""
    same = {"kind": OuterRef("kind"), "name": OuterRef("name")}
    waits = Subscription.objects.filter(**same, root__state=RunState.ACTIVE)
    mine = waits.filter(Q(key="") | Q(key=OuterRef("key")))
    set_aside = waits.annotate(number=Cast("pk", CharField())).filter(number=OuterRef("key"))
    starts = StartEvent.objects.filter(**same, definition__state=DefinitionState.PUBLISHED)
    message = Q(kind=ListenKind.MESSAGE) & (Exists(mine) | Exists(starts))
    signal = Q(kind=ListenKind.SIGNAL) & (Q(key="") | Exists(set_aside))
    return Message.objects.filter(message | signal, closed_at__isnull=True).order_by("id")


def _try_deliver(message: Message, at: datetime) -> int:
    try:
        to_all = message.kind == ListenKind.SIGNAL and not message.key
        return _deliver_to_all(message, at) if to_all else _deliver_to_one(message, at)
    except Exception as error:
        _log(error, sent=message.pk)
        return 0


def _log(error: Exception, **about: int) -> None:
    # Where, not what: an error's message may hold personal data.
    where = traceback.format_tb(error.__traceback__)
    log.error("message failed", extra={**about, "error": type(error).__name__, "where": where})


def _waiting(message: Message) -> QuerySet[Subscription]:
    waiting = Subscription.objects.filter(kind=message.kind, name=message.name)
    if message.kind == ListenKind.MESSAGE:
        waiting = waiting.filter(key__in=("", message.key))
    elif message.key:
        waiting = waiting.filter(pk=int(message.key))
    return waiting.order_by("id")


def _deliver_to_one(message: Message, at: datetime) -> int:
    waiting = _waiting(message)
    for subscription in waiting.filter(root__state=RunState.ACTIVE)[:20]:
        if _hand_over(message, subscription, at, closed_at=at):
            return 1
    # What a suspended case waits for is kept for it and starts nothing else.
    return 0 if message.kind == ListenKind.SIGNAL or waiting.exists() else _start(message, at)


def _deliver_to_all(message: Message, at: datetime) -> int:
    given = 0
    waiting = _waiting(message).filter(pk__gt=message.reached, opened_at__lte=message.sent_at)
    for subscription in waiting.annotate(stands=F("root__state")).iterator():
        if subscription.stands == RunState.SUSPENDED:
            _set_aside(message, subscription)
            continue
        try:
            handed = _hand_over(message, subscription, at, reached=subscription.pk)
        except Exception as error:
            _log(error, sent=message.pk, subscription=subscription.pk)
            _set_aside(message, subscription)
            continue
        if handed is None:
            return given  # in order: who is held now gets it, and those behind, in the next sweep
        given += handed
    return given + _start(message, at)


@transaction.atomic
def _set_aside(message: Message, subscription: Subscription) -> None:
    """Keep a signal for one run that cannot have it now, as a row of its own, so that nobody behind it waits."""
    if Message.objects.filter(pk=message.pk, closed_at__isnull=True, reached__lt=subscription.pk).update(
        reached=subscription.pk
    ):
        Message.objects.create(
            kind=message.kind,
            name=message.name,
            key=str(subscription.pk),
            data=message.data,
            sent_at=message.sent_at,
            expires_at=message.expires_at,
        )


@transaction.atomic
def _hand_over(message: Message, subscription: Subscription, at: datetime, **mark: Any) -> bool | None:
    """Let one waiting run have a message, at most once: the message's row is marked in the same transaction.

    Returns whether it had it now; None when its case cannot move at this moment.
    """
    root = try_lock_root(subscription.root_id)
    if root is None or root.state != RunState.ACTIVE:
        return None
    if not Subscription.objects.filter(pk=subscription.pk).exists():
        return False  # it no longer waits
    unmarked = Message.objects.filter(pk=message.pk, closed_at__isnull=True, reached__lt=subscription.pk)
    if not unmarked.update(**mark):
        return False
    run = root if subscription.run_id == root.pk else Run.objects.get(pk=subscription.run_id)
    place: dict[str, Any] = {"node": subscription.node, "round": subscription.round}
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


def start_due_runs(*, at: datetime, limit: int = 100) -> int:
    """Start the processes whose timer start event is due, once per instant; returns how many.

    One that cannot start is logged, tried again by the next sweep, and stops no other.
    """
    due = StartEvent.objects.filter(due_at__lte=at, definition__state=DefinitionState.PUBLISHED)
    started = 0
    for start_id in list(due.order_by("due_at", "id").values_list("pk", flat=True)[:limit]):
        try:
            started += _start_due(start_id, at)
        except Exception as error:
            _log(error, start_event=start_id)
    return started


@transaction.atomic
def _start_due(start_id: int, at: datetime) -> int:
    due = StartEvent.objects.filter(pk=start_id, due_at__lte=at, definition__state=DefinitionState.PUBLISHED)
    start = due.select_for_update(skip_locked=True, of=("self",)).select_related("definition").first()
    if start is None:
        return 0
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
    return 1


def _set_next(start: StartEvent) -> None:
    """Set when a timer start event fires next, counted from its own instant, or that it never does again."""
    timer = graph_of(start.definition_id).nodes[start.node].timer
    assert timer is not None
    assert start.due_at is not None
    start.fired += 1
    again = timer.repeats == 0 or start.fired < timer.repeats
    start.due_at = after(timer.span, start.due_at, calendar_for()) if again and timer.span else None
    start.save(update_fields=["fired", "due_at"])
