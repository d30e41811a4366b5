"""Ask the registers of other departments, so that nobody brings what the government already holds.

A register that is slow, broken or empty never blocks: the answer says so within seconds, and the document is handed in.
"""

from __future__ import annotations

import queue
import threading
import time
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F, Q

from services.access.encryption import blind_index
from services.access.masking import mask_id_number
from services.exchange import adapters
from services.exchange.consents import consent_version
from services.exchange.enums import CallError, Outcome
from services.exchange.gateway import GatewayError, Reply
from services.exchange.models import CachedAnswer, SharingConsent, SourceCall, SourceHealth
from services.exchange.sources import Source, source_of, sources

if TYPE_CHECKING:
    from portal.accounts.models import User


class PurposeNotAllowedError(Exception):
    """The source may not be asked for this purpose."""


class ConsentMissingError(Exception):
    """The applicant has not agreed to this source being read for this purpose, or took it back."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question to a register. key_element: which of its keys it is, by default the first.

    holders: names of the application's people; an entry of somebody else's then keeps its holder's fields closed.
    None: asked by an office, which sees them.
    """

    source: str
    purpose: str
    key: str
    key_element: str = ""
    holders: Collection[str] | None = None


@dataclass(frozen=True, kw_only=True)
class SourceAnswer:
    """What a source said. checked_at: when the register was really asked.

    data: by data element, in the form's words. fields: the same by the register's own names and words.
    is_holders: False when the entry names somebody who has no part in the application.
    """

    source: str
    outcome: Outcome
    data: Mapping[str, Any] = field(default_factory=dict, repr=False)
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)
    checked_at: datetime
    error: CallError = CallError.NONE
    cached: bool = False
    is_holders: bool = True

    @property
    def found(self) -> bool:
        """Say whether the register has the entry."""
        return self.outcome == Outcome.FOUND


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A question with what is known before the register is asked."""

    question: Question
    source: Source
    key: str
    key_element: str
    index: bytes


def ask_source(
    *,
    source: str,
    purpose: str,
    key: str,
    subject_kind: str,
    subject_id: str | int,
    by: User | None,
    at: datetime,
    key_element: str = "",
    holders: Collection[str] | None = None,
) -> SourceAnswer:
    """Ask one register about one key; see `ask_sources`."""
    question = Question(source=source, purpose=purpose, key=key, key_element=key_element, holders=holders)
    return ask_sources([question], subject_kind=subject_kind, subject_id=subject_id, by=by, at=at)[0]


def ask_sources(
    questions: Sequence[Question], *, subject_kind: str, subject_id: str | int, by: User | None, at: datetime
) -> list[SourceAnswer]:
    """Ask registers side by side, or use an answer kept for the same purpose; the answers come in order.

    It takes as long as the slowest register, at most the longest `total` of the asked ones. Effects: one SourceCall row
    per question always (masked key, no values); answers kept encrypted; each register's health. After failures in a row
    a register rests, then one question probes it. The calls are made outside any transaction of this operation, in
    threads that never touch the database; do not call it while holding locks.

    Args:
        questions: see `Question`; keys are normalised here.
        subject_kind, subject_id: what it is asked for, e.g. ("application", "12").
        by: who asks; None for the system.
        at: when.

    Raises:
        UnknownSourceError, PurposeNotAllowedError, ConsentMissingError: before anything is asked. Never for a failing
        source.
    """
    asked = [_prepared(one, subject_kind, str(subject_id)) for one in questions]
    begun = time.monotonic()
    kept = {number: _kept_answer(one, at) for number, one in enumerate(asked)}
    waiting = {number: one for number, one in enumerate(asked) if kept[number] is None}
    fresh = _fresh_answers(waiting, at)
    answers = []
    for number, one in enumerate(asked):
        answer, seconds = fresh.get(number) or (kept[number], time.monotonic() - begun)
        assert answer is not None
        opened = _opened(one, answer)
        _note_call(one, opened, subject_kind, str(subject_id), by, at, seconds)
        answers.append(opened)
    return answers


def forget_old_answers(*, at: datetime) -> int:
    """Delete kept answers that are too old to be used; return how many."""
    longest = max(purpose.keeps for one in sources().values() for purpose in one.purposes.values())
    return CachedAnswer.objects.filter(checked_at__lte=at - timedelta(seconds=longest)).delete()[0]


def bare_name(name: str) -> str:
    """Return a name as it is compared: one width, no spaces, small letters."""
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()


def _prepared(question: Question, subject_kind: str, subject_id: str) -> _Asked:
    source = source_of(question.source)
    purpose = source.purposes.get(question.purpose)
    key_element = question.key_element or source.key
    if purpose is None or key_element not in source.keys:
        raise PurposeNotAllowedError(f"{question.source} may not be asked for {question.purpose} by {key_element}.")
    if purpose.consent and not has_consent(source.code, purpose.code, subject_kind, subject_id):
        raise ConsentMissingError(f"Nobody agreed to {question.source} being read for {question.purpose}.")
    key = unicodedata.normalize("NFKC", question.key).strip().upper()
    index = blind_index(key, field=f"source_key|{key_element}")
    return _Asked(question=question, source=source, key=key, key_element=key_element, index=index)


def has_consent(source: str, purpose: str, subject_kind: str, subject_id: str) -> bool:
    """Say whether the text in force was agreed to and not taken back."""
    return SharingConsent.objects.filter(
        source=source, purpose=purpose, subject_kind=subject_kind, subject_id=subject_id,
        version=consent_version(), withdrawn_at=None,
    ).exists()  # fmt: skip


def _kept_answer(one: _Asked, at: datetime) -> SourceAnswer | None:
    oldest = at - timedelta(seconds=one.source.purposes[one.question.purpose].keeps)
    kept = CachedAnswer.objects.filter(
        source=one.source.code, purpose=one.question.purpose, key_index=one.index,
        checked_at__gt=oldest, checked_at__lte=at,
    ).first()  # fmt: skip
    if kept is None:
        return None
    return SourceAnswer(
        source=one.source.code,
        outcome=Outcome.FOUND,
        fields=kept.data,
        checked_at=kept.checked_at,
        cached=True,
    )


def _fresh_answers(waiting: Mapping[int, _Asked], at: datetime) -> dict[int, tuple[SourceAnswer, float]]:
    """Return the answers of registers really asked, each with its seconds."""
    begun = time.monotonic()
    allowed = {number: one for number, one in waiting.items() if _may_ask(one.source, at)}
    replies = _replies(allowed)
    answers = {}
    for number, one in waiting.items():
        if number not in allowed:
            answers[number] = (_unavailable(one.source, CallError.RESTING, at), 0.0)
            continue
        reply, ended = replies.get(number, (CallError.TIMED_OUT, time.monotonic()))
        if isinstance(reply, CallError):
            _note_failure(one.source, reply, at)
            answers[number] = (_unavailable(one.source, reply, at), ended - begun)
        else:
            answers[number] = (_kept(one, reply, at), ended - begun)
    return answers


def _replies(asked: Mapping[int, _Asked]) -> dict[int, tuple[Reply | CallError, float]]:
    """Ask registers side by side. One that is not done by its total time is left to end by itself, unheard."""
    done: queue.SimpleQueue[tuple[int, Reply | CallError, float]] = queue.SimpleQueue()

    def put(number: int, one: _Asked) -> None:
        reply: Reply | CallError = CallError.MALFORMED
        try:
            reply = adapters.ask(one.source, key=one.key, key_element=one.key_element, purpose=one.question.purpose)
        except GatewayError as error:
            reply = error.kind
        finally:
            done.put((number, reply, time.monotonic()))

    for number, one in asked.items():
        threading.Thread(target=put, args=(number, one), daemon=True, name=f"ask-{one.source.code}").start()
    until = time.monotonic() + max((one.source.total_seconds for one in asked.values()), default=0.0)
    replies: dict[int, tuple[Reply | CallError, float]] = {}
    while len(replies) < len(asked):
        try:
            number, reply, ended = done.get(timeout=max(until - time.monotonic(), 0.001))
        except queue.Empty:
            break
        replies[number] = (reply, ended)
    return replies


def _kept(one: _Asked, reply: Reply, at: datetime) -> SourceAnswer:
    """Keep what was found for as long as the purpose says; what was not found is forgotten.

    Whoever has just had herself registered and tries again must not get the old answer.
    """
    _note_success(one.source, at)
    kept: dict[str, Any] = {"source": one.source.code, "purpose": one.question.purpose, "key_index": one.index}
    if not reply.found:
        CachedAnswer.objects.filter(**kept).delete()
    elif one.source.purposes[one.question.purpose].keeps:
        CachedAnswer.objects.update_or_create(**kept, defaults={"data": dict(reply.fields), "checked_at": at})
    outcome = Outcome.FOUND if reply.found else Outcome.NOT_FOUND
    return SourceAnswer(source=one.source.code, outcome=outcome, fields=reply.fields, checked_at=at)


def _opened(one: _Asked, answer: SourceAnswer) -> SourceAnswer:
    """Return an answer with what may be seen of it, also by data element in the form's words."""
    source, holders = one.source, one.question.holders
    known = {bare_name(name) for name in holders or ()} - {""}
    owner = bare_name(str(answer.fields.get(source.holder, "")))
    hers = not answer.found or holders is None or not source.holder or owner in known
    fields = {
        name: value for name, value in answer.fields.items() if hers or name not in {*source.holder_only, source.holder}
    }
    elements = source.elements_for(one.key_element)
    data = {elements[name]: _in_words(source, name, value) for name, value in fields.items() if name in elements}
    return SourceAnswer(
        source=answer.source, outcome=answer.outcome, data=data, fields=fields, checked_at=answer.checked_at,
        error=answer.error, cached=answer.cached, is_holders=hers,
    )  # fmt: skip


def _in_words(source: Source, name: str, value: object) -> object:
    return source.words.get(name, {}).get(value, value) if isinstance(value, str) else value


def _note_call(
    one: _Asked, answer: SourceAnswer, subject_kind: str, subject_id: str, by: User | None, at: datetime, seconds: float
) -> None:
    SourceCall.objects.create(
        source=one.source.code,
        purpose=one.question.purpose,
        key_masked=mask_id_number(one.key)[:60],
        key_index=one.index,
        subject_kind=subject_kind,
        subject_id=subject_id,
        asked_by=by,
        asked_at=at,
        outcome=answer.outcome,
        error=answer.error,
        fields=sorted(answer.data),
        cached=answer.cached,
        milliseconds=round(seconds * 1000),
    )


def _unavailable(source: Source, error: CallError, at: datetime) -> SourceAnswer:
    return SourceAnswer(source=source.code, outcome=Outcome.UNAVAILABLE, checked_at=at, error=error)


def _may_ask(source: Source, at: datetime) -> bool:
    health = SourceHealth.objects.filter(source=source.code).first()
    if health is None or health.rests_until is None:
        return True
    # One probe after the rest: whoever moves the instant on may ask, everybody else waits for what it finds.
    probe = SourceHealth.objects.filter(source=source.code, rests_until=health.rests_until, rests_until__lte=at)
    return probe.update(rests_until=at + timedelta(seconds=source.rest_seconds)) == 1


def _note_failure(source: Source, error: CallError, at: datetime) -> None:
    if error == CallError.NOT_CONFIGURED:
        return
    with transaction.atomic():
        SourceHealth.objects.bulk_create([SourceHealth(source=source.code)], ignore_conflicts=True)
        row = SourceHealth.objects.filter(source=source.code)
        row.update(failures=F("failures") + 1, last_failure_at=at, last_error=error)
        row.filter(failures__gte=source.failures_before_rest).update(
            rests_until=at + timedelta(seconds=source.rest_seconds)
        )


def _note_success(source: Source, at: datetime) -> None:
    SourceHealth.objects.bulk_create([SourceHealth(source=source.code)], ignore_conflicts=True)
    stale = Q(last_success_at=None) | Q(last_success_at__lt=at) | ~Q(failures=0)
    SourceHealth.objects.filter(stale, source=source.code).update(
        failures=0, rests_until=None, last_success_at=at, last_error=CallError.NONE
    )
