"""Demand the fees of a case, set their amounts, reduce them, and cancel what is no longer due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from services.cases.models import Case, NumberSeries
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.issuing import issue_after_waiting
from services.cases.operations.papers import deliver, issue_case_paper
from services.cases.operations.telling import tell_applicants_of_case
from services.catalogue.models import Fee
from services.catalogue.queries import situation_of
from services.payments.enums import FactKind, FeeState
from services.payments.models import FeeDue, PaymentFact
from services.payments.permissions import departments_that_assess
from services.payments.queries.fees import fee_holds_back, standing_of, with_facts
from workflows.models import Run
from workflows.operations.history import Fact, record_facts
from workflows.operations.locking import lock_root

if TYPE_CHECKING:
    from portal.accounts.models import User

#: Largest amount a department may set, in fen: one billion yuan.
LARGEST_FEN = 100_000_000_000


class FeeClosedError(Exception):
    """The fee is paid, given back or no longer due: nothing about it can change."""


class WrongAmountError(ValueError):
    """The amount or the reduction is not possible. The message is a sentence for the person who tried."""


def demand_fees(case: Case, *, at: datetime) -> list[FeeDue]:
    """Demand every fee of a case's service that its situation calls for; twice is once. The caller holds the lock.

    A reduction whose condition the situation fulfils applies by itself. Effects: the fees and their facts, a paper and
    notices for each with an amount. Nothing waits for it but the result, where the law lets it.
    """
    known = set(case.fees_due.values_list("line", flat=True))
    situation = situation_of(case.application.offer, case.application.situation)
    wanted = [fee for fee in case.service.fees.all() if fee.order not in known and situation.holds(fee.condition)]
    return [_demand(case, fee, situation, at=at) for fee in wanted]


def _demand(case: Case, fee: Fee, situation: Any, *, at: datetime) -> FeeDue:
    rules = [one for one in fee.exemptions if one.get("when") and situation.holds(one["when"])]
    best = max(rules, key=lambda one: int(one["percent"]), default=None)
    due = FeeDue.objects.create(
        number=_next_number(at),
        case=case,
        line=fee.order,
        name_zh=fee.name_zh,
        name_en=fee.name_en,
        rate_zh=fee.rate_zh,
        rate_en=fee.rate_en,
        basis_zh=fee.basis_zh,
        basis_en=fee.basis_en,
        full_fen=int(fee.amount * 100) if fee.amount else None,
        reduction=best["code"] if best else "",
        reduction_percent=best["percent"] if best else 0,
        reductions=fee.exemptions,
        waits=fee.waits,
        waits_basis_zh=fee.waits_basis_zh,
        waits_basis_en=fee.waits_basis_en,
        kept_when=fee.kept_when,
        demanded_at=at,
    )
    note_fact(due, FactKind.DEMANDED, at=at, amount_fen=due.amount_fen)
    if best:
        note_fact(due, FactKind.REDUCED, at=at, amount_fen=due.amount_fen, note=best["code"])
    if due.amount_fen:
        _tell_amount(due, at=at)
    return due


def _next_number(at: datetime) -> str:
    year = timezone.localtime(at).year
    series, _created = NumberSeries.objects.get_or_create(key=f"fees:{year}")
    series = NumberSeries.objects.select_for_update().get(pk=series.pk)
    series.last += 1
    series.save(update_fields=["last"])
    return f"JF-{year}-{series.last:06d}"


def _tell_amount(due: FeeDue, *, at: datetime, round: int = 0) -> None:
    """Issue the notice of a fee and tell the applicant."""
    amount = yuan(due.amount_fen or 0)
    paper = issue_case_paper(
        due.case,
        "fee_notice",
        by=None,
        at=at,
        fee=_pair(due, "name"),
        rate=_pair(due, "rate"),
        fee_basis=_pair(due, "basis"),
        amount={"zh": f"{amount}元", "en": f"{amount} yuan"},
        payment_number=due.number,
        waits=due.waits or None,
        window_only=not due.case.service.pays_online or None,
    )
    deliver(paper, due.case.application, at=at)
    tell_fee(due, "fee_due", at=at, round=round)


def tell_fee(due: FeeDue, kind: str, *, at: datetime, round: int = 0, amount_fen: int | None = None) -> None:
    """Owe the applicant a notice about a fee. amount_fen: the money it is about, if it is not what is due now."""
    amount = yuan(due.amount_fen or 0 if amount_fen is None else amount_fen)
    params = {"fee_zh": due.name_zh, "fee_en": due.name_en, "amount": amount}
    tell_applicants_of_case(due.case, kind, at=at, round=due.pk * 100 + round, **params)


def _pair(due: FeeDue, name: str) -> Mapping[str, str]:
    return {"zh": getattr(due, f"{name}_zh"), "en": getattr(due, f"{name}_en")}


def yuan(fen: int) -> str:
    """Return fen as yuan with two decimals, such as 1234.50; exact, for any whole number."""
    sign = "-" if fen < 0 else ""
    whole, rest = divmod(abs(fen), 100)
    return f"{sign}{whole}.{rest:02d}"


def note_fact(
    due: FeeDue, kind: FactKind, *, at: datetime, by: User | None = None, amount_fen: int | None = None, **more: Any
) -> PaymentFact:
    """Write down what happened to a fee, beside it and in the history of its application, whose row is locked."""
    fact = PaymentFact.objects.create(due=due, kind=kind, amount_fen=amount_fen, by=by, at=at, **more)
    root = lock_root(_root_id(due.case))
    detail = {"fee": due.pk, "number": due.number, "fen": amount_fen}
    run_id = due.case.run_id or root.pk
    record_facts(root=root, facts=[Fact(run_id=run_id, kind=f"fee_{kind}", detail=detail)], by=by, at=at)
    return fact


def _root_id(case: Case) -> int:
    run_id = case.application.run_id
    if run_id is None:
        raise ValueError("A draft owes no fee.")
    return run_id


def locked_due(due_id: int) -> tuple[Run, FeeDue]:
    """Lock the root of a fee's application and return it with the fee as it is now. Raises FeeDue.DoesNotExist."""
    root = lock_root(FeeDue.objects.values_list("case__application__run_id", flat=True).get(pk=due_id))
    return root, with_facts(FeeDue.objects.filter(pk=due_id)).get()


@transaction.atomic
def assess_fee(*, due_id: int, full_fen: int, by: User, at: datetime) -> FeeDue:
    """Set the amount of a fee that the guide gives only a rate for; the same amount again changes nothing.

    full_fen: before reductions, in fen. Effects: the amount, its fact, a paper and notices.
    Raises NotAllowedError, FeeClosedError, WrongAmountError.
    """
    _root, due = locked_due(due_id)
    _check_assessor(due, by, at)
    if not 0 < full_fen <= LARGEST_FEN:
        raise WrongAmountError(_("Enter an amount in yuan, more than 0 and at most 1,000,000,000."))
    if due.full_fen == full_fen:
        return due
    if (
        standing_of(due).state not in (FeeState.TO_ASSESS, FeeState.DUE)
        or due.case.service.fees.filter(order=due.line, amount__isnull=False).exists()
    ):
        raise FeeClosedError("The guide sets this amount, or a payment is under way.")
    due.full_fen = full_fen
    due.save(update_fields=["full_fen"])
    note_fact(due, FactKind.ASSESSED, at=at, by=by, amount_fen=due.amount_fen)
    if due.amount_fen:
        _tell_amount(due, at=at, round=due.facts.filter(kind=FactKind.ASSESSED).count())
    return due


@transaction.atomic
def reduce_fee(*, due_id: int, code: str, by: User, at: datetime) -> FeeDue:
    """Apply one of the reductions the guide names for a fee; twice is once.

    Effects: the reduction and its fact, notices; a result that waits for nothing more now is issued.
    Raises NotAllowedError, FeeClosedError, WrongAmountError.
    """
    _root, due = locked_due(due_id)
    _check_assessor(due, by, at)
    rule = next((one for one in due.reductions if one["code"] == code), None)
    if rule is None:
        raise WrongAmountError(_("Choose one of the reductions the guide names for this fee."))
    if due.reduction == code:
        return due
    if standing_of(due).state not in (FeeState.TO_ASSESS, FeeState.DUE):
        raise FeeClosedError("The fee is paid, or a payment is under way.")
    due.reduction, due.reduction_percent = code, int(rule["percent"])
    due.save(update_fields=["reduction", "reduction_percent"])
    note_fact(due, FactKind.REDUCED, at=at, by=by, amount_fen=due.amount_fen, note=code)
    tell_fee(due, "fee_reduced", at=at)
    issue_what_waited(due.case, at=at)
    return due


def issue_what_waited(case: Case, *, at: datetime) -> None:
    """Issue and deliver a granted result that waited for a fee, once no fee holds it back any more."""
    if not fee_holds_back(case):
        issue_after_waiting(case_id=case.pk, at=at)


def _check_assessor(due: FeeDue, by: User, at: datetime) -> None:
    if due.case.department.code not in departments_that_assess(by, at):
        raise NotAllowedError("Only the department that decides a case sets and reduces its fees.")
