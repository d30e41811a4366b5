"""Where fees stand, by their facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, QuerySet

from services.cases.models import Application, Case
from services.payments.enums import AT_WINDOW, FactKind, FeeState
from services.payments.models import Attempt, FeeDue, PaymentFact
from workflows.queries.together import Sentence


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A fee and where it stands. paid_fen, given_back_fen: by its facts; open_attempt: the payment under way."""

    due: FeeDue
    state: FeeState
    paid_fen: int
    given_back_fen: int
    paid_at: datetime | None
    open_attempt: Attempt | None

    @property
    def can_be_paid(self) -> bool:
        """Whether there is something to pay now."""
        return self.state in (FeeState.DUE, FeeState.STARTED)

    @property
    def holds_back(self) -> bool:
        """Whether the result waits for this fee."""
        return self.due.waits and self.state in (FeeState.TO_ASSESS, FeeState.DUE, FeeState.STARTED)


def with_facts(rows: QuerySet[FeeDue]) -> QuerySet[FeeDue]:
    """Return fees with what their state is read from: three queries, however many fees."""
    facts = Prefetch("facts", PaymentFact.objects.select_related("attempt").order_by("at", "id"), to_attr="known_facts")
    attempts = Prefetch("attempts", Attempt.objects.filter(closed_at__isnull=True), to_attr="open_attempts")
    related = ("case__service__item", "case__department", "case__application__bundle", "case__application__service")
    return rows.select_related(*related).prefetch_related(facts, attempts)


def standing_of(due: FeeDue) -> Standing:
    """Return where a fee of `with_facts` stands."""
    facts: Sequence[PaymentFact] = due.known_facts  # type: ignore[attr-defined]
    opened: Sequence[Attempt] = due.open_attempts  # type: ignore[attr-defined]
    paid = sum(fact.amount_fen or 0 for fact in facts if fact.kind == FactKind.PAID)
    back = sum(fact.amount_fen or 0 for fact in facts if fact.kind == FactKind.REFUNDED)
    owed = sum(fact.amount_fen or 0 for fact in facts if fact.kind == FactKind.REFUND_OWED)
    cancelled = any(fact.kind == FactKind.CANCELLED for fact in facts)
    return Standing(
        due=due,
        state=_state(due, paid=paid, owed=owed, back=back, cancelled=cancelled, started=bool(opened)),
        paid_fen=paid,
        given_back_fen=back,
        paid_at=next((fact.at for fact in facts if fact.kind == FactKind.PAID), None),
        open_attempt=opened[0] if opened else None,
    )


def _state(due: FeeDue, *, paid: int, owed: int, back: int, cancelled: bool, started: bool) -> FeeState:
    if cancelled:
        if paid > back:
            return FeeState.REFUND_OWED if owed > back else FeeState.PAID
        return FeeState.REFUNDED if back else FeeState.CANCELLED
    if due.amount_fen is None:
        return FeeState.TO_ASSESS
    if due.amount_fen == 0:
        return FeeState.NOTHING
    if paid - owed >= due.amount_fen:
        return FeeState.PAID
    return FeeState.STARTED if started else FeeState.DUE


#: Whether an application, by `key`, has fees. Most have none, and the rows with everything around them are dear.
SOME_FEES: Sentence[tuple[bool]] = Sentence(
    "select exists (select from payments_feedue f join cases_case c on c.id = f.case_id"
    " where c.application_id = %(key)s)"
)


def fees_of_application(application: Application) -> list[Standing]:
    """Return the fees of an application's cases and where each stands, in the order they were demanded."""
    rows = FeeDue.objects.filter(case__application=application).order_by("demanded_at", "id")
    return [standing_of(due) for due in with_facts(rows)]


def standings(dues: Iterable[FeeDue]) -> list[Standing]:
    """Return where some fees of `with_facts` stand."""
    return [standing_of(due) for due in dues]


def fee_holds_back(case: Case) -> bool:
    """Return whether a case's result waits for one of its fees."""
    rows = FeeDue.objects.filter(case=case, waits=True)
    return any(standing_of(due).holds_back for due in with_facts(rows))


def fees_to_assess(departments: Iterable[str]) -> QuerySet[FeeDue]:
    """Return the fees of some departments' cases that are not cancelled and not paid, the oldest first."""
    over = PaymentFact.objects.filter(kind__in=(FactKind.CANCELLED, FactKind.PAID)).values("due_id")
    rows = FeeDue.objects.filter(case__department__code__in=set(departments)).exclude(pk__in=over)
    return rows.order_by("demanded_at", "id")


def owed_at_window(due: FeeDue) -> list[Attempt]:
    """Return the payments made at the window whose money is owed back."""
    back = PaymentFact.objects.filter(due=due, kind=FactKind.REFUNDED).values("attempt_id")
    owed = PaymentFact.objects.filter(due=due, kind=FactKind.REFUND_OWED).values("attempt_id")
    return list(due.attempts.filter(means__in=AT_WINDOW, pk__in=owed).exclude(pk__in=back))
