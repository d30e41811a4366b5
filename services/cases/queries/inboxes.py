"""Narrow a work list: mine, free, late; by step; by number or name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import CharField, Count, F, Q, QuerySet
from django.db.models.functions import Cast

from services.cases.models import Application, Case
from services.cases.permissions import applications_visible_to
from services.parties.models import Organisation, Person
from workflows.models import Task

if TYPE_CHECKING:
    from portal.accounts.models import User

#: Saved filters of a work list, in order.
FILTERS = ("all", "mine", "free", "late")
#: Orders of a work list. Tasks that never fall due come last either way.
_ORDERS = {
    "due": F("due_at").asc(nulls_last=True),
    "-due": F("due_at").desc(nulls_last=True),
    "age": F("opened_at").desc(),
    "-age": F("opened_at").asc(),
}


def _condition(name: str, by: User, at: datetime) -> Q:
    return {"mine": Q(assignee=by), "free": Q(assignee=None), "late": Q(due_at__lt=at)}.get(name, Q())


def filtered(
    tasks: QuerySet[Task], name: str, *, node: str = "", order: str = "", by: User, at: datetime
) -> QuerySet[Task]:
    """Return the tasks of one saved filter and, if asked, of one step, in one of the orders due, -due, age, -age."""
    rows = tasks.filter(_condition(name, by, at))
    if node:
        rows = rows.filter(node=node)
    return rows.order_by(_ORDERS.get(order, _ORDERS["due"]), "id")


def counts(tasks: QuerySet[Task], *, by: User, at: datetime) -> Mapping[str, int]:
    """Return how many tasks each saved filter has, in one query."""
    return tasks.order_by().aggregate(
        **{name: Count("id", filter=_condition(name, by, at) or Q(pk__isnull=False)) for name in FILTERS}
    )


def steps_in(tasks: QuerySet[Task]) -> Sequence[Mapping[str, object]]:
    """Return the steps that occur among tasks with their names and how many, most first."""
    rows = tasks.order_by().values("node", "name_zh", "name_en").annotate(number=Count("id"))
    return list(rows.order_by("-number", "node"))


def applications_found(user: User, text: str, *, at: datetime) -> QuerySet[Application]:
    """Return the filed applications she may see as staff whose number or applicant contains `text`, newest first."""
    text = text.strip()
    visible = applications_visible_to(user, at)
    if not text:
        return visible.none()
    persons = Person.objects.filter(name__icontains=text).values("pk")
    bodies = Organisation.objects.filter(Q(name__icontains=text) | Q(uscc__iexact=text)).values("pk")
    numbered = Case.objects.filter(number__icontains=text).values("application_id")
    return visible.filter(
        Q(number__icontains=text)
        | Q(pk__in=numbered)
        | Q(party_kind="person", party_id__in=persons)
        | Q(party_kind="organisation", party_id__in=bodies)
        | Q(holder_kind="organisation", holder_id__in=bodies)
    ).select_related("bundle", "service")


def tasks_about_applications(tasks: QuerySet[Task], applications: QuerySet[Application]) -> QuerySet[Task]:
    """Return those of the tasks that are about one of the applications or their cases."""
    own = applications.order_by().annotate(key=Cast("pk", CharField())).values("key")
    cases = Case.objects.filter(application__in=applications.order_by().values("pk"))
    theirs = cases.annotate(key=Cast("pk", CharField())).values("key")
    return tasks.filter(
        Q(subject_kind="application", subject_id__in=own) | Q(subject_kind="case", subject_id__in=theirs)
    )
