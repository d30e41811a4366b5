"""What the clocks of one sweep step are about, read for all of them at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from services.cases.enums import CaseState
from services.cases.models import Application, Case
from services.parties.models import Department
from services.parties.references import PartyRef
from services.supervision.enums import KINDS_AFTER_DECISION
from services.supervision.models import SupervisionOrder
from workflows.clocks.effects import ThresholdReached
from workflows.models import Clock
from workflows.queries.keys import among

#: What a supervision order's reply clock is about.
ORDER = "supervision_order"
#: A case that ended like this is nobody's business any more, whatever clock still runs.
GONE = frozenset({CaseState.NOT_COMPETENT, CaseState.NOT_SUPPLIED, CaseState.WITHDRAWN, CaseState.ENDED})
DECIDED = frozenset({CaseState.GRANTED, CaseState.REFUSED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What a clock is about. number: of the case, or of the application for a clock of the whole.

    case_id, case_run_id, order_id: None where it is not about one. parties: who applied and who holds the results.
    filed_by: who is told besides, None for a clerk. lead: code of the bundle's lead department, "" for one service.
    """

    number: str
    case_id: int | None
    case_run_id: int | None
    case_public_id: str
    case_state: str
    order_id: int | None
    order_number: str
    application_id: int
    application_public_id: str
    service: tuple[str, str]
    department: str
    lead: str
    parties: tuple[PartyRef, ...]
    filed_by: int | None
    anchor: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """The subjects and departments behind the clocks of one sweep step. stopped: clocks that run no more."""

    subjects: Mapping[tuple[str, str], Subject]
    departments: Mapping[str, tuple[str, str]]
    stopped: frozenset[int]

    def subject(self, reached: ThresholdReached) -> Subject | None:
        """Return what a clock is about; None for a subject this office does not know."""
        return self.subjects.get((reached.subject_kind, reached.subject_id))

    def is_over(self, reached: ThresholdReached) -> bool:
        """Return whether the matter ended meanwhile, so that telling of its limit would make no sense."""
        if reached.clock_id in self.stopped:
            return True
        subject = self.subject(reached)
        if subject is None:
            return False
        if subject.case_state in GONE:
            return subject.order_id is None
        return subject.case_state in DECIDED and reached.clock_kind not in KINDS_AFTER_DECISION


_OF_APPLICATION = (
    "id",
    "number",
    "public_id",
    "party_kind",
    "party_id",
    "holder_kind",
    "holder_id",
    "filed_by_id",
    "channel",
    "bundle__name_zh",
    "bundle__name_en",
    "service__name_zh",
    "service__name_en",
    "bundle__lead_department__code",
)
_OF_CASE = (
    "id",
    "number",
    "run_id",
    "public_id",
    "state",
    "position",
    "service__name_zh",
    "service__name_en",
    "department__code",
)


def step_of(occurrences: Iterable[ThresholdReached]) -> Step:
    """Return what the clocks of one step are about, in a constant number of queries."""
    reached = list(occurrences)
    keys: dict[str, set[int]] = {}
    for one in reached:
        if one.subject_id.isdigit():
            keys.setdefault(one.subject_kind, set()).add(int(one.subject_id))
    orders = _orders(keys.get(ORDER, set()))
    cases = _cases(keys.get("case", set()) | {about.case for about in orders if about.case is not None})
    wholes = {about.application for about in orders if about.case is None and about.application is not None}
    applications = _applications(keys.get("application", set()) | wholes)
    subjects = {("case", str(key)): subject for key, subject in cases.items()}
    subjects |= {("application", str(key)): subject for key, subject in applications.items()}
    for about in orders:
        base = cases.get(about.case or 0) or applications.get(about.application or 0)
        if base is not None:
            subjects[ORDER, str(about.order)] = replace(
                base, order_id=about.order, order_number=about.number, department=about.department
            )
    stopped = Clock.objects.filter(pk__in=among(one.clock_id for one in reached), stopped_at__isnull=False)
    return Step(
        subjects=subjects,
        departments={code: (zh, en) for code, zh, en in Department.objects.values_list("code", "name_zh", "name_en")},
        stopped=frozenset(stopped.values_list("pk", flat=True)),
    )


def _cases(ids: set[int]) -> dict[int, Subject]:
    if not ids:
        return {}
    fields = [*_OF_CASE, *(f"application__{name}" for name in _OF_APPLICATION)]
    found = {}
    for row in Case.objects.filter(pk__in=among(ids)).order_by().values(*fields):
        whole = {name: row[f"application__{name}"] for name in _OF_APPLICATION}
        found[row["id"]] = Subject(
            number=row["number"],
            case_id=row["id"],
            case_run_id=row["run_id"],
            case_public_id=row["public_id"],
            case_state=row["state"],
            order_id=None,
            order_number="",
            service=(row["service__name_zh"], row["service__name_en"]),
            department=row["department__code"],
            anchor=f"#case-{row['position']}",
            **_people(whole),
        )
    return found


def _applications(ids: set[int]) -> dict[int, Subject]:
    if not ids:
        return {}
    rows = Application.objects.filter(pk__in=ids).order_by().values(*_OF_APPLICATION)
    return {row["id"]: _whole(row) for row in rows}


def _whole(row: dict[str, Any]) -> Subject:
    offer = "bundle" if row["bundle__name_zh"] is not None else "service"
    people = _people(row)
    return Subject(
        number=row["number"] or "",
        case_id=None,
        case_run_id=None,
        case_public_id="",
        case_state="",
        order_id=None,
        order_number="",
        service=(row[f"{offer}__name_zh"], row[f"{offer}__name_en"]),
        department=people["lead"],
        anchor="",
        **people,
    )


def _people(row: dict[str, Any]) -> dict[str, Any]:
    parties = [PartyRef(row["party_kind"], row["party_id"])]
    if row["holder_id"] is not None:
        parties.append(PartyRef(row["holder_kind"], row["holder_id"]))
    return {
        "application_id": row["id"],
        "application_public_id": row["public_id"],
        "lead": row["bundle__lead_department__code"] or "",
        "parties": tuple(dict.fromkeys(parties)),
        "filed_by": None if row["channel"] == "counter" else row["filed_by_id"],
    }


@dataclass(frozen=True, slots=True)
class _OrderAbout:
    order: int
    number: str
    department: str
    case: int | None
    application: int | None


def _orders(ids: set[int]) -> list[_OrderAbout]:
    if not ids:
        return []
    rows = SupervisionOrder.objects.filter(pk__in=ids).order_by()
    return [_OrderAbout(*row) for row in rows.values_list("id", "number", "department", "case_id", "root__application")]
