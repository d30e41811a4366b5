"""What payments do when the workflows tell what happened, inside the same transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from services.cases.enums import CaseState
from services.cases.models import Case
from services.payments.models import FeeDue
from services.payments.operations.demanding import demand_fees, issue_what_waited
from services.payments.operations.paying import fees_end
from workflows.models import Run
from workflows.signals import RunFinished, TaskDone

if TYPE_CHECKING:
    from portal.accounts.models import User

#: Outcomes of a step after which a case is accepted: then its fees are demanded.
_ACCEPTING = frozenset({"accept", "grant"})
#: How a case can end without its result, as the rules on giving back name it.
_ENDINGS = {CaseState.WITHDRAWN: "withdrawn", CaseState.REFUSED: "refused"}


def follow(sender: object, *, root: Run, effects: Sequence[Any], by: User | None, at: datetime, **_: Any) -> None:
    """Demand the fees of accepted cases and end those of cases that end without a result. The root is locked."""
    for run in _accepted(effects):
        case = _case(run)
        if case.accepted_at is not None:
            demand_fees(case, at=at)
    for effect in effects:
        if isinstance(effect, RunFinished) and effect.run.subject_kind == "case":
            _end(effect.run, by=by, at=at)


def _accepted(effects: Sequence[Any]) -> Iterator[Run]:
    for effect in effects:
        if isinstance(effect, TaskDone) and effect.task.subject_kind == "case" and effect.task.outcome in _ACCEPTING:
            yield effect.task.run


def _case(run: Run) -> Case:
    if Run.case.is_cached(run):
        return run.case
    rows = Case.objects.select_related("application__bundle", "application__service", "service__item", "department")
    return rows.select_related("run").get(pk=int(run.subject_id))


def _end(run: Run, *, by: User | None, at: datetime) -> None:
    dues = list(FeeDue.objects.filter(case_id=int(run.subject_id)).values_list("pk", flat=True))
    if not dues:
        return
    case = Case.objects.get(pk=int(run.subject_id))
    if case.state != CaseState.GRANTED:
        fees_end(dues, event=_ENDINGS.get(CaseState(case.state), "ended"), at=at, by=by)
    elif case.issued_at is None:  # paid between the issuing step, which let it wait, and the end of the process
        issue_what_waited(case, at=at)
