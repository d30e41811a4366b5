"""Issue official papers and take them out of force."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from services.documents.enums import PaperStatus
from services.documents.facts import check_facts, storable, words
from services.documents.models import Paper, PaperCounter
from services.documents.numbering import number_text
from services.documents.seals import seal_adapter
from services.parties.models import Department
from workflows.wake import wake

if TYPE_CHECKING:
    from portal.accounts.models import User

RENDER_TASK = "services.documents.tasks.render_papers_task"
# These facts have columns of their own.
_COLUMNS = ("holder", "title", "valid_from", "valid_until", "outside_number")


class UnknownDepartmentError(Exception):
    """A paper was asked for in the name of a department that is not registered."""


@transaction.atomic
def issue_paper(
    *,
    kind: str,
    department: str,
    subject_kind: str,
    subject_id: str | int,
    facts: Mapping[str, Any],
    language: str = "zh-hans",
    by: User | None,
    at: dt.datetime,
) -> Paper:
    """Give a paper its number, fix its facts and owe its file.

    Effects: the counter row of (department, kind, year) is locked until the caller's transaction ends, so numbers have
    no gaps and no doubles; one Paper row; a wake-up for the file, which is rendered after the commit or on first
    opening. Issue papers of several kinds in one transaction always in the order of `PaperKind`, or two transactions
    may wait for each other.

    Args:
        kind: a `PaperKind`.
        department: code of the department that issues in its own name.
        subject_kind, subject_id: what it is about, e.g. ("case", "34").
        facts: see docs/papers.md; `holder` with a `name` always. `remedies` and `contact` default to the department's.
        language: "zh-hans" or "en" (a translation for information).
        by: who issues it; None for the system.
        at: when; its local year counts.

    Raises:
        MissingFactsError, UnknownDepartmentError, ValueError (another language).
    """
    if language not in ("zh-hans", "en"):
        raise ValueError(f"Papers are written in zh-hans or en, not in {language}.")
    body = Department.objects.filter(code=department).first()
    if body is None:
        raise UnknownDepartmentError(department)
    full: dict[str, Any] = storable({**_department_facts(body), **facts})
    check_facts(kind, full)
    specimen = seal_adapter().specimen
    year = at.astimezone(ZoneInfo(settings.TIME_ZONE)).year
    serial = _next_serial(department, kind, year)
    paper = Paper.objects.create(
        number=number_text(kind=kind, department=department, year=year, serial=serial, specimen=specimen),
        kind=kind,
        department=department,
        department_zh=body.name_zh,
        department_en=body.name_en,
        subject_kind=subject_kind,
        subject_id=str(subject_id),
        **_titles(kind, full.get("title")),
        language=language,
        facts={key: value for key, value in full.items() if key not in _COLUMNS},
        holder=full["holder"],
        outside_number=full.get("outside_number") or "",
        specimen=specimen,
        issued_at=at,
        issued_by=by,
        valid_from=_date(full.get("valid_from")),
        valid_until=_date(full.get("valid_until")),
        render_after=at,
    )
    wake(RENDER_TASK)
    return paper


@transaction.atomic
def revoke_paper(
    *, paper: Paper, reason: str, by: User | None, at: dt.datetime, status: str = PaperStatus.REVOKED
) -> Paper:
    """Take a paper out of force; the verification page then says so. Doing it twice keeps the first reason.

    status: REVOKED (撤销, Licensing Law art. 69) or CANCELLED (注销, art. 70).
    """
    locked = Paper.objects.select_for_update().get(pk=paper.pk)
    if locked.status == PaperStatus.VALID:
        locked.status, locked.status_reason = status, reason
        locked.status_changed_at, locked.status_changed_by = at, by
        locked.save(update_fields=["status", "status_reason", "status_changed_at", "status_changed_by"])
    return locked


def _department_facts(body: Department) -> dict[str, Any]:
    remedies = {
        "reconsideration": {"zh": body.reconsideration_zh, "en": body.reconsideration_en},
        "court": {"zh": body.court_zh, "en": body.court_en},
    }
    known = all(any(pair.values()) for pair in remedies.values())
    contact = {
        "zh": "，".join(filter(None, [body.phone, body.address_zh])),
        "en": ", ".join(filter(None, [body.phone, body.address_en])),
    }
    return {"contact": contact, **({"remedies": remedies} if known else {})}


def _next_serial(department: str, kind: str, year: int) -> int:
    key = {"department": department, "kind": kind, "year": year}
    counter = PaperCounter.objects.select_for_update().filter(**key).first()
    if counter is None:
        # Two first papers of a year may arrive together: the unique constraint lets one row in, both then queue on it.
        PaperCounter.objects.bulk_create([PaperCounter(**key)], ignore_conflicts=True)
        counter = PaperCounter.objects.select_for_update().get(**key)
    counter.last += 1
    counter.save(update_fields=["last"])
    return counter.last


def _titles(kind: str, own: Any) -> dict[str, str]:
    default = words().kinds[kind]
    if isinstance(own, Mapping):
        return {"title_zh": own.get("zh") or default.title_zh, "title_en": own.get("en") or default.title_en}
    return {"title_zh": own or default.title_zh, "title_en": own or default.title_en}


def _date(value: str | None) -> dt.date | None:
    return dt.date.fromisoformat(value[:10]) if value else None
