"""What counts as done when nobody did it in time: acceptance, withdrawal, grant. Each only where a rule says so.

The consequences of a clock call these. Each locks the case, reads again whether the silence still lasts, and does
nothing where somebody was faster or the law has acted before.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from services.cases.enums import CaseState, DeemedKind
from services.cases.models import Case, DeemedAct
from services.cases.operations.papers import deliver, issue_case_paper, remedies_of
from services.cases.operations.projection import project
from services.cases.operations.releasing import after_check
from services.cases.operations.steps import accept
from services.cases.operations.telling import tell_applicants_of_case
from services.catalogue.enums import DecisionPlace, RegionSetting
from services.catalogue.limit_rules import Cited
from workflows.enums import OPEN_TASK_STATES, ClockKind
from workflows.models import Clock, Run, Task
from workflows.operations.locking import lock_root, lock_task
from workflows.operations.runs import cancel_run
from workflows.operations.tasks import complete_task_by_rule

log = logging.getLogger(__name__)

#: Whose silence ends which clock, and the region's rule without which it means nothing.
WITHDRAWALS = {
    ClockKind.CORRECTION: (CaseState.SUPPLEMENT, RegionSetting.OVERDUE_CORRECTION_WITHDRAWN),
    ClockKind.DEFERRED_DOCUMENTS: (CaseState.ACCEPTED, RegionSetting.OVERDUE_DEFERRED_WITHDRAWN),
}
#: How each step of a drawing ends when the whole is granted by law.
TOWARDS_A_GRANT = ("grant", "agree", "recommend_grant", "forward")


@dataclass(frozen=True, kw_only=True)
class _Silence:
    """A clock that ran out and still runs, under the lock of its root, with its case as it is now."""

    root: Run
    clock: Clock
    case: Case


def _silence(clock_id: int, at: datetime) -> _Silence | None:
    root = lock_root(Clock.objects.values_list("root_id", flat=True).get(pk=clock_id))
    clock = Clock.objects.get(pk=clock_id)
    if clock.subject_kind != "case" or clock.stopped_at is not None or clock.due_at is None or clock.due_at > at:
        return None
    if DeemedAct.objects.filter(clock=clock).exists():
        return None
    rows = Case.objects.select_related("application__bundle", "application__service", "service__item", "department")
    return _Silence(root=root, clock=clock, case=rows.get(pk=int(clock.subject_id)))


def _record(silence: _Silence, kind: DeemedKind, rule: Cited, *, effective_at: datetime, at: datetime) -> None:
    DeemedAct.objects.create(
        case=silence.case,
        kind=kind,
        clock=silence.clock,
        citation_zh=rule.zh,
        citation_en=rule.en,
        effective_at=effective_at,
        done_at=at,
    )


@transaction.atomic
def deem_accepted(*, clock_id: int, at: datetime) -> bool:
    """Accept a case whose applicant was not told in time what is missing (APL art. 32(4)); returns whether it was.

    It counts as accepted from the day the documents were received: state, review clocks and paper are back-dated to it.
    Effects: as an acceptance, by nobody; the check of its process is ended by law; a deemed act; paper, notices.
    """
    silence = _silence(clock_id, at)
    if silence is None or silence.clock.kind != ClockKind.ONE_TIME_NOTICE or silence.case.state != CaseState.FILED:
        return False
    case, rule = silence.case, silence.case.service.rules.silence_accepts
    if rule is None:
        return False
    received = silence.clock.started_at
    _record(silence, DeemedKind.ACCEPTANCE, rule, effective_at=received, at=at)
    case.deemed_accepted = True
    accept(case, root=silence.root, by=None, at=at, since=received, deemed_by=rule)
    _end_open_step(case, ("accept",), rule, at)
    # What was recorded as missing and never told cannot be asked any more; the other cases need not wait for this one.
    after_check(case, root_id=silence.root.pk, by=None, at=at)
    return True


def _end_open_step(case: Case, outcomes: tuple[str, ...], rule: Cited, at: datetime) -> Task | None:
    """End the case's open step that offers one of these outcomes, the first of them that it offers, by law."""
    if case.run_id is None:
        return None
    for task in Task.objects.filter(run_id=case.run_id, state__in=OPEN_TASK_STATES).order_by("id"):
        outcome = next((one for one in outcomes if one in task.outcomes), None)
        if outcome is not None:
            return complete_task_by_rule(lock_task(task.pk), outcome=outcome, rule=rule.en, at=at)
    return None


@transaction.atomic
def deem_withdrawn(*, clock_id: int, at: datetime) -> bool:
    """End a case whose applicant did not hand in in time what was asked; returns whether it was.

    Only where the region has enacted so and the service uses it; by default nothing happens and the window looks again.
    Effects: the case's run ends as withdrawn and its bundle goes on; a deemed act; paper with remedies, notices.
    """
    silence = _silence(clock_id, at)
    if silence is None or silence.clock.kind not in WITHDRAWALS:
        return False
    state, setting = WITHDRAWALS[ClockKind(silence.clock.kind)]
    case, rule = silence.case, silence.case.service.rules.setting(setting)
    if rule is None or case.state != state or case.run_id is None:
        return False
    due_on = silence.clock.due_on
    _record(silence, DeemedKind.WITHDRAWAL, rule, effective_at=at, at=at)
    case.end_reason_zh = f"逾期未补交，依据{rule.zh}，视为撤回申请。您可随时重新申请。"
    case.end_reason_en = (
        f"What was asked for did not come in time; under {rule.en} the application counts as withdrawn. "
        "You may apply anew at any time."
    )
    project(case, CaseState.WITHDRAWN, root=silence.root, by=None, at=at)
    paper = issue_case_paper(
        case,
        "withdrawal_notice",
        by=None,
        at=at,
        asked_on=timezone.localdate(silence.clock.started_at),
        due_on=due_on,
        rule={"zh": rule.zh, "en": rule.en},
        remedies=remedies_of(case.department),
    )
    deliver(paper, case.application, at=at)
    tell_applicants_of_case(
        case, "deemed_withdrawal", at=at, reason_zh=case.end_reason_zh, reason_en=case.end_reason_en
    )
    cancel_run(run_id=case.run_id, outcome="withdrawn", by=None, at=at)
    return True


@transaction.atomic
def deem_granted(*, clock_id: int, at: datetime) -> bool:
    """Grant a case that nobody decided within its statutory limit; returns whether it was.

    Only where a rule of the region says so, the service uses it, and the decision is made here. Effects: every open
    step ends by law towards the grant; papers that say so, a deemed act, notices.
    """
    silence = _silence(clock_id, at)
    if silence is None or silence.clock.kind != ClockKind.STATUTORY or silence.case.state != CaseState.ACCEPTED:
        return False
    case, rule = silence.case, silence.case.service.rules.setting(RegionSetting.TACIT_APPROVAL)
    if rule is None or case.service.decision_place != DecisionPlace.HERE:
        return False
    _record(silence, DeemedKind.GRANT, rule, effective_at=at, at=at)
    tell_applicants_of_case(case, "tacit_approval", at=at, rule_zh=rule.zh, rule_en=rule.en)
    project(case, CaseState.GRANTED, root=silence.root, by=None, at=at)
    while (ended := _end_open_step(case, TOWARDS_A_GRANT, rule, at)) is not None:
        if ended.outcome == "grant":
            break
    return True
